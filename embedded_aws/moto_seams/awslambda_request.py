"""One Lambda request, read from moto's response class into what the calls need, and the answers to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from embedded_aws.awslambda.errors import InvalidParameterValueError, LambdaError

Moto: TypeAlias = Any  # an object of moto, which is untyped
Answer = tuple[int, dict[str, Any], str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request about a function: name and qualifier, the rest of its path, its query, headers and body.

    For a request about an event source mapping, the name is the mapping's id. If the path names nothing, the name is empty.
    """

    backend: Moto
    function: str
    qualifier: str | None
    path: tuple[str, ...]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON body; empty if there is none."""
        found: Mapping[str, Any] = json.loads(self.text or "{}")
        return found

    def asked(self, name: str) -> str | None:
        """A parameter of the query."""
        return self.query.get(name, [None])[0]

    def latest(self) -> Moto:
        """The function itself, as moto keeps it; refuses one that does not exist."""
        return self.backend.get_function(self.function)


def parse_call(response: Moto) -> Call:
    """The request in moto's response object."""
    _, _, _, *path = (unquote(part) for part in response.path.split("?")[0].rstrip("/").split("/"))
    named = path.pop(0) if path else ""
    query = parse_qs(response.parsed_url.query)
    function, qualifier = split_name(named)
    asked = query.get("Qualifier", [None])[0]
    if qualifier and asked and qualifier != asked:
        raise InvalidParameterValueError("The derived qualifier from the function name does not match the specified qualifier.")
    body = response.body.decode() if isinstance(response.body, bytes) else response.body
    headers = {name.lower(): text for name, text in response.headers.items()}
    return Call(response.backend, function, qualifier or asked, tuple(path), query, headers, body or "")


def split_name(named: str) -> tuple[str, str | None]:
    """Split a name, a qualified name, or a whole or partial ARN into function name and qualifier."""
    _, found, rest = named.partition("function:")
    name, _, qualifier = (rest if found else named).partition(":")
    return name, qualifier or None


def answer(status: int, body: Mapping[str, Any] | None = None) -> Answer:
    """An answer in moto's form, which takes the status from the headers."""
    return status, {"status": status, "Content-Type": "application/json"}, "" if body is None else json.dumps(body)


def refuse(error: LambdaError) -> Answer:
    """A refusal in Lambda's words."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code, "status": error.status}
    return error.status, headers, json.dumps(error.body())
