"""Models: named JSON schemas that methods refer to.

Decides which models a new API has, and which schemas are valid (docs/aws.md#default-models).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.draft import Draft, Json, found, given, without
from embedded_aws.apigateway.definition.patching import replacements
from embedded_aws.apigateway.errors import BadRequestError, ConflictError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON = "application/json"
SERVICE_URL = "https://apigateway.amazonaws.com"
_DRAFT_4 = "http://json-schema.org/draft-04/schema#"
_NO_SCHEMA = "Model schema must have at least 1 property or array items defined"
_DEFAULTS: tuple[tuple[str, str, Json], ...] = (
    ("Empty", "This is a default empty schema model", {"title": "Empty Schema", "type": "object"}),
    (
        "Error",
        "This is a default error schema model",
        {"title": "Error Schema", "type": "object", "properties": {"message": {"type": "string"}}},
    ),
)


def default_models(ids: Sequence[str]) -> dict[str, Json]:
    """The two models that CreateRestApi creates; an imported API has neither."""
    return {
        name: a_model(model_id, name, {"$schema": _DRAFT_4, **schema}, description=description)
        for model_id, (name, description, schema) in zip(ids, _DEFAULTS, strict=True)
    }


def a_model(model_id: str, name: str, schema: object, *, description: str | None = None, content_type: str = JSON) -> Json:
    """A model as GetModel shows it; its schema is text."""
    text = schema if isinstance(schema, str) else json.dumps(schema, indent=2)
    shown = {"id": model_id, "name": name, "schema": text, "contentType": content_type}
    return shown | ({"description": description} if description else {})


def create_model(draft: Draft, model_id: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """CreateModel."""
    name = body.get("name") or ""
    if not name:
        raise BadRequestError("Model name must be non-empty")
    if name in draft.models:
        raise ConflictError("Model name already exists for this REST API")
    _check_schema(body.get("schema"))
    model = {"id": model_id, **given(body, "name", "description", "schema", "contentType")}
    return replace(draft, models={**draft.models, name: model}), model


def model_of(draft: Draft, name: str) -> Json:
    """One model."""
    return found(draft.models, name, f"Invalid model name specified: {name}")


def update_model(draft: Draft, name: str, operations: Sequence[Mapping[str, Any]]) -> tuple[Draft, Json]:
    """UpdateModel: the description or the schema."""
    model = dict(model_of(draft, name))
    for field, value in replacements(operations, ("/description", "/schema")):
        if field == "schema":
            _check_schema(value)
        model[field] = value
    return replace(draft, models={**draft.models, name: model}), model


def delete_model(draft: Draft, name: str) -> Draft:
    """DeleteModel."""
    model_of(draft, name)
    return replace(draft, models=without(draft.models, name))


def reference(draft_id: str, name: str) -> str:
    """The URL with which one model's schema refers to another model."""
    return f"{SERVICE_URL}/restapis/{draft_id}/models/{name}"


def _check_schema(schema: str | None) -> None:
    try:
        parsed = json.loads(schema or "")
    except ValueError:
        parsed = None
    if not parsed:
        raise BadRequestError(_NO_SCHEMA)
