"""Values by schema, as texts: bodies, query parameters, headers and parts of paths."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from embedded_aws.dataplane.sample_values import SampleError, sample
from laptop.definitions.references import resolve
from laptop.definitions.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from laptop.definitions.documents import Json

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NUMBER = "{n}"
"""In a path: a new number for each request."""
LONGEST_TEXT = 200


class Values:
    """The values of one document, for answers or for requests. ``loose`` names the schemas that no sample fits."""

    def __init__(self, root: Json, *, is_answer: bool) -> None:
        self._root = root
        self._schemas = Schemas(root, is_answer=is_answer)
        self.loose: list[str] = []

    def value(self, schema: Any, where: str) -> Any:  # noqa: ANN401 - any JSON
        """A value for a schema: an example of its own, or a sample that fits; else a sample that does not fit it.

        Raises:
            DefinitionError: a reference in the schema leads nowhere.

        """
        plain = self._schemas.plain(schema, where)
        if "example" in plain:
            return plain["example"]
        try:
            return sample(plain)
        except SampleError:
            self.loose.append(where)
            return sample(plain, is_checked=False)

    def content(self, contents: Mapping[str, Any], where: str) -> tuple[str | None, str]:
        """The content type, JSON if there is a choice, and the text of a body of OpenAPI 3; None without a body.

        Raises:
            DefinitionError: as above.

        """
        kind = next((each for each in contents if _is_json(each)), next(iter(contents), None))
        if kind is None:
            return None, ""
        given = contents[kind] if isinstance(contents[kind], dict) else {}
        if "example" in given:
            return kind, text_of(given["example"], kind)
        if isinstance(given.get("examples"), dict) and given["examples"]:
            first = resolve(self._root, next(iter(given["examples"].values())), f"{where}.examples")
            if isinstance(first, dict) and "value" in first:
                return kind, text_of(first["value"], kind)
        if "schema" not in given:
            return (kind, "{}") if _is_json(kind) else (kind, "")
        return kind, text_of(self.value(given["schema"], where), kind)

    def parameter(self, parameter: Json, where: str) -> str:
        """The text of a parameter: the first item of a list.

        Raises:
            DefinitionError: as above.

        """
        if "example" in parameter:
            return scalar(parameter["example"])
        if isinstance(parameter.get("content"), dict):
            return self.content(parameter["content"], where)[1]
        schema = parameter.get("schema", parameter)
        return scalar(self.value(schema, where))


def text_of(value: Any, kind: str) -> str:  # noqa: ANN401 - any JSON
    """A value as a body of a content type."""
    if kind.startswith(FORM) and isinstance(value, dict):
        return urlencode({key: scalar(each) for key, each in value.items()})
    if isinstance(value, str) and (not _is_json(kind) or value.lstrip().startswith(("{", "["))):
        return value  # an example is often written as the text of its JSON
    return json.dumps(value)


def scalar(value: Any) -> str:  # noqa: ANN401 - any JSON
    """A value as the text of a parameter."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        value = json.dumps(value)
    return str(value)[:LONGEST_TEXT]


def in_path(text: str) -> str:
    """A parameter's text in a path; a part of a path cannot be empty."""
    return quote(text, safe="") or NUMBER


def _is_json(kind: str) -> bool:
    bare = kind.partition(";")[0].strip().lower()
    return bare == JSON or bare.endswith("+json")
