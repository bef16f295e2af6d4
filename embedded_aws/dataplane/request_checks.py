"""Request validation: what a method's validator finds missing or invalid before the integration is called.

Decides the two answers in docs/aws.md#request-validation. Schemas are read as JSON schema draft 4.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped]  # it has no stubs of its own
from referencing import Registry
from referencing.jsonschema import DRAFT4

from embedded_aws.dataplane.mapping_templates import JSON, header

if TYPE_CHECKING:
    from embedded_aws.apigateway.definition.frozen import Checks
    from embedded_aws.dataplane.served import Served

BAD_REQUEST = 400


def passes(served: Served, checks: Checks) -> bool:
    """Whether the request passes; if not, this answers it."""
    missing = [name for name in checks.required_parameters if not _has(served, name)]
    if missing:
        names = ", ".join(name.rpartition(".")[2] for name in missing)
        served.answer_error(BAD_REQUEST, f"Missing required request parameters: [{names}]", "BAD_REQUEST_PARAMETERS")
        return False
    if checks.body_schemas and not _is_valid(served, checks):
        served.answer_error(BAD_REQUEST, "Invalid request body", "BAD_REQUEST_BODY")
        return False
    return True


def _has(served: Served, parameter: str) -> bool:
    place, _, name = parameter.removeprefix("method.request.").partition(".")
    if place == "header":
        return bool(header(served.request.headers, name))
    if place == "querystring":
        return any(key == name for key, _ in served.request.query)
    return name in served.parameters


def _is_valid(served: Served, checks: Checks) -> bool:
    """Whether the body matches its content type's schema; a content type without a schema is not checked."""
    kind = (header(served.request.headers, "Content-Type") or JSON).partition(";")[0].strip()
    schema = checks.body_schemas.get(kind)
    if schema is None:
        return True
    try:
        body = json.loads(served.request.body or "{}")
    except ValueError:
        return False
    return bool(_validator(schema).is_valid(body))


@lru_cache(maxsize=256)
def _validator(text: str) -> Any:  # noqa: ANN401 (jsonschema is untyped)
    """The validator of one schema, with the models that it may refer to."""
    given = json.loads(text)
    known = [(address, DRAFT4.create_resource(model)) for address, model in given["models"].items()]
    return Draft4Validator(given["schema"], registry=Registry().with_resources(known))
