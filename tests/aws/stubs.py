"""Clients written by hand for the few answers that the embedded AWS cannot give."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, message: str = "no") -> ClientError:
    """AWS's refusal with this code."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Scripted:
    """A client whose operations answer what is scripted, in order, and raise where that is an error."""

    def __init__(self, **answers: list[Any]) -> None:
        self._answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            answer = self._answers[operation].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Changed:
    """A real client, some of whose operations are replaced."""

    def __init__(self, client: Any, **operations: Any) -> None:
        self._client = client
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return self._operations.get(name) or getattr(self._client, name)
