"""Models in an exported document: those that a method uses, and those that they refer to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.models import JSON
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from embedded_aws.apigateway.definition.draft import Draft
    from embedded_aws.apigateway.openapi.document import Json

_REFERENCE = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/(?P<name>\w+)")


def exported_schemas(draft: Draft, *, is_swagger: bool) -> dict[str, Json]:
    """The schemas by name."""
    schemas: dict[str, Json] = {}
    waiting = [name for _, method in draft.methods() for name in models_of(method)]
    while waiting:
        name = waiting.pop(0)
        if name in schemas or name not in draft.models:
            continue
        model = draft.models[name]
        if model.get("contentType", JSON) != JSON:
            raise NotBuiltError(f"the model {name} is for {model['contentType']}; an export supports {JSON} only")
        schema = {key: part for key, part in json.loads(model["schema"]).items() if key != "$schema"}
        waiting += _referred(schema)
        schemas[name] = _rewritten(schema, is_swagger=is_swagger)
    return schemas


def models_of(method: Json) -> list[str]:
    """The models that a method names, its responses included."""
    responses = method.get("methodResponses", {}).values()
    found = [*method.get("requestModels", {}).values()]
    return found + [name for response in responses for name in response.get("responseModels", {}).values()]


def pointer(name: str, *, is_swagger: bool) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": f"#/{'definitions' if is_swagger else 'components/schemas'}/{name}"}


def _referred(part: Any) -> list[str]:  # noqa: ANN401 (any JSON)
    if isinstance(part, list):
        return [name for each in part for name in _referred(each)]
    if not isinstance(part, dict):
        return []
    found = _REFERENCE.fullmatch(str(part.get("$ref", "")))
    return [found["name"]] if found else [name for each in part.values() for name in _referred(each)]


def _rewritten(part: Any, *, is_swagger: bool) -> Any:  # noqa: ANN401 (any JSON)
    if isinstance(part, list):
        return [_rewritten(each, is_swagger=is_swagger) for each in part]
    if not isinstance(part, dict):
        return part
    found = _REFERENCE.fullmatch(str(part.get("$ref", "")))
    if found:
        return pointer(found["name"], is_swagger=is_swagger)
    return {key: _rewritten(each, is_swagger=is_swagger) for key, each in part.items()}
