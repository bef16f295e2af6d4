"""Schemas as models: each named schema becomes a model, and so does a schema written inside an operation.

Decides how references are rewritten (docs/aws.md#openapi-models). How AWS names a schema without a name is an open question.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.models import a_model, reference
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedded_aws.apigateway.openapi.document import Document, Json
    from embedded_aws.wire.unknowns import Unknowns

_NAMED = re.compile(r"#/(?:definitions|components/schemas)/(?P<name>[^/]+)")


class Schemas:
    """The models of one import. ``known`` are the names of the API's other models."""

    def __init__(
        self, document: Document, api_id: str, *, known: Iterable[str], new_id: Callable[[], str], unknowns: Unknowns
    ) -> None:
        self._api_id = api_id
        self._new_id = new_id
        self._unknowns = unknowns
        self._known_names = _checked(document.schemas) | set(known)
        self.models: dict[str, Json] = {}
        for name, schema in document.schemas.items():
            self._add(name, schema)

    def model_of(self, schema: Json) -> str:
        """The name of the model for an operation's schema."""
        pointer = _NAMED.fullmatch(schema.get("$ref", ""))
        if pointer:
            return self._referred(pointer["name"])
        name = self._unnamed(schema)
        self._add(name, schema)
        return name

    def _unnamed(self, schema: Json) -> str:
        if self._unknowns.ask("name-of-inline-model") == "anew-each-time":
            return f"MODEL{self._new_id()}"
        return f"MODEL{hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:6]}"

    def _add(self, name: str, schema: Json) -> None:
        description = schema.get("description")
        self.models[name] = a_model(self._new_id(), name, self._rewritten(schema), description=description)

    def _rewritten(self, part: Any) -> Any:  # noqa: ANN401 (any JSON)
        """The schema with references to other models in AWS's form."""
        if isinstance(part, list):
            return [self._rewritten(each) for each in part]
        if not isinstance(part, dict):
            return part
        pointer = _NAMED.fullmatch(part["$ref"]) if isinstance(part.get("$ref"), str) else None
        if pointer:
            return {"$ref": reference(self._api_id, self._referred(pointer["name"]))}
        return {key: self._rewritten(each) for key, each in part.items()}

    def _referred(self, name: str) -> str:
        if name in self._known_names:
            return name
        raise NotBuiltError(f"the document refers to the schema {name}, which it does not contain; add it")


def _checked(names: Iterable[str]) -> set[str]:
    wrong = sorted(name for name in names if not (name.isascii() and name.isalnum()))
    if wrong:
        raise NotBuiltError(f"no record says how the schema name {wrong[0]} is imported; use letters and digits only")
    return set(names)
