"""Sample requests and answers of operations, by their parameters, bodies and responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from laptop.definitions.documents import DefinitionError, mapping_of
from laptop.definitions.operations import READS, Answer, Sent
from laptop.definitions.references import resolve
from laptop.definitions.values import JSON, NUMBER, Values, in_path, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from laptop.definitions.documents import Json
    from laptop.definitions.paths import Placed

OK, NO_CONTENT, REDIRECT, CLIENT_ERROR = 200, 204, 300, 400
_VARIABLE = re.compile(r"\{([^{}]*)\}")


class Answers:
    """The samples of one document."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._is_swagger = "swagger" in root
        self._requests = Values(root, is_answer=False)
        self._replies = Values(root, is_answer=True)

    @property
    def loose(self) -> list[str]:
        """The schemas that no sample fits."""
        return [*self._requests.loose, *self._replies.loose]

    def answer(self, operation: Json, where: str) -> Answer:
        """What a stand-in answers: the first success of the operation's responses."""
        responses = operation.get("responses")
        responses = {str(key): each for key, each in responses.items()} if isinstance(responses, dict) else {}
        key, status = _success(responses)
        response = resolve(self._root, responses.get(key), f"{where}.responses.{key}")
        if status == NO_CONTENT or not isinstance(response, dict):
            return Answer(status)
        kind, body = self._body(response, operation, f"{where}.responses.{key}")
        return Answer(status, kind, body)

    def sent(self, placed: Placed, parameters: list[Json], operation: Json, where: str, *, is_bare: bool) -> Sent:
        """What a client sends: required parameters, and a body if the operation takes one; a bare request has none."""
        verb = where.partition(" ")[0]
        by_name = {str(one.get("name")): one for one in parameters if one.get("in") == "path"}
        path = self._path(placed, by_name, where)
        required = [one for one in parameters if one.get("required") is True]
        query = tuple((str(one["name"]), self._text(one, where)) for one in required if one.get("in") == "query")
        headers = {str(one["name"]): self._text(one, where) for one in required if one.get("in") == "header"}
        cookies = [f"{one['name']}={self._text(one, where)}" for one in required if one.get("in") == "cookie"]
        headers |= {"Cookie": "; ".join(cookies)} if cookies else {}
        if verb in READS or is_bare:
            return Sent(path, query, headers)
        kind, body = self._request_body(parameters, operation, where)
        return Sent(path, query, {**headers, **({"Content-Type": kind} if kind else {})}, body if kind else None)

    def _path(self, placed: Placed, parameters: Mapping[str, Json], where: str) -> str:
        """The resource's path with a value for each variable, written as the definition does."""

        def of_name(found: re.Match[str]) -> str:
            name = found[1].removesuffix("+")
            return self._in_path(parameters.get(name), where)

        def of_variable(found: re.Match[str]) -> str:
            spelled = placed.spelled.get(found[1].removesuffix("+"), found[0])
            return _VARIABLE.sub(of_name, spelled)

        return _VARIABLE.sub(of_variable, placed.path)

    def _in_path(self, parameter: Json | None, where: str) -> str:
        """A number that differs from request to request, unless the definition names values."""
        if parameter is None:
            return NUMBER
        schema = resolve(self._root, parameter.get("schema", parameter), f"{where}.{parameter.get('name')}")
        names_one = isinstance(schema, dict) and schema.keys() & {"enum", "example", "examples", "default", "const", "pattern"}
        return in_path(self._text(parameter, where)) if names_one or "example" in parameter else NUMBER

    def _text(self, parameter: Json, where: str) -> str:
        return self._requests.parameter(parameter, f"{where}.{parameter.get('name')}")

    def _request_body(self, parameters: list[Json], operation: Json, where: str) -> tuple[str | None, str]:
        if not self._is_swagger:
            body = resolve(self._root, operation.get("requestBody"), f"{where}.requestBody")
            contents = body.get("content") if isinstance(body, dict) else None
            return self._requests.content(mapping_of(contents, f"{where}.requestBody.content"), f"{where}.requestBody")
        kinds = self._kinds(operation, "consumes", where)
        whole = next((one for one in parameters if one.get("in") == "body"), None)
        if whole is not None:
            value = self._requests.value(whole.get("schema") or {}, f"{where}.{whole.get('name')}")
            kind = JSON if JSON in kinds else str(kinds[0])
            return kind, text_of(value, kind)
        fields = {str(one["name"]): self._text(one, where) for one in parameters if one.get("in") == "formData"}
        form = "application/x-www-form-urlencoded"
        return (form, text_of(fields, form)) if fields else (None, "")

    def _body(self, response: Json, operation: Json, where: str) -> tuple[str | None, str]:
        if not self._is_swagger:
            return self._replies.content(mapping_of(response.get("content"), f"{where}.content"), where)
        kinds = self._kinds(operation, "produces", where)
        kind = JSON if JSON in kinds else str(kinds[0])
        examples = response.get("examples")
        if isinstance(examples, dict) and examples:
            kind = kind if kind in examples else next(iter(examples))
            return kind, text_of(examples[kind], kind)
        if "schema" not in response:
            return None, ""
        return kind, text_of(self._replies.value(response["schema"], where), kind)

    def _kinds(self, operation: Json, key: str, where: str) -> list[Any]:
        """The content types of Swagger 2.0, the operation's own first."""
        kinds = operation.get(key) or self._root.get(key) or [JSON]
        if not isinstance(kinds, list):
            raise DefinitionError(f"{where}: {key} must be a list, got {kinds!r}", f"write it as a list, such as [{JSON}]")
        return kinds


def _success(responses: Mapping[str, Any]) -> tuple[str, int]:
    """The key and the status of the first success: 2xx, else a redirection, else the default."""
    found = sorted(
        (int(key.replace("X", "0").replace("x", "0")), key) for key in responses if re.fullmatch(r"[1-5](\d\d|XX|xx)", key)
    )
    for least, most in ((OK, REDIRECT), (REDIRECT, CLIENT_ERROR)):
        for status, key in found:
            if least <= status < most:
                return key, status
    return "default", OK
