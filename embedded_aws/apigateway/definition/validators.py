"""Request validators: what is checked in a request before its integration is called (docs/aws.md#request-validation)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.draft import Draft, Json, found, without
from embedded_aws.apigateway.definition.patching import is_true, replacements
from embedded_aws.apigateway.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_FOUND = "Invalid Request Validator identifier specified"
_NO_NAME = "Request Validator name cannot be blank"


def create_validator(draft: Draft, validator_id: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """CreateRequestValidator."""
    validator = a_validator(validator_id, body.get("name") or "", body)
    return replace(draft, validators={**draft.validators, validator_id: validator}), validator


def a_validator(validator_id: str, name: str, body: Mapping[str, Any]) -> Json:
    """A validator as GetRequestValidator shows it."""
    if not name:
        raise BadRequestError(_NO_NAME)
    flags = {field: bool(body.get(field)) for field in ("validateRequestBody", "validateRequestParameters")}
    return {"id": validator_id, "name": name, **flags}


def validator_of(draft: Draft, validator_id: str) -> Json:
    """One validator."""
    return found(draft.validators, validator_id, NOT_FOUND)


def update_validator(draft: Draft, validator_id: str, operations: Sequence[Mapping[str, Any]]) -> tuple[Draft, Json]:
    """UpdateRequestValidator."""
    validator = dict(validator_of(draft, validator_id))
    for field, value in replacements(operations, ("/name", "/validateRequestParameters", "/validateRequestBody")):
        if field == "name" and not value:
            raise BadRequestError(_NO_NAME)
        validator[field] = value if field == "name" else is_true(value)
    return replace(draft, validators={**draft.validators, validator_id: validator}), validator


def delete_validator(draft: Draft, validator_id: str) -> Draft:
    """DeleteRequestValidator."""
    validator_of(draft, validator_id)
    return replace(draft, validators=without(draft.validators, validator_id))
