"""Hand-written clients for the few answers that the embedded AWS cannot give."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, message: str = "no") -> ClientError:
    """AWS's error with this code."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Scripted:
    """A client whose operations give scripted answers in order, and raise those that are errors."""

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
    """A real client with some of its operations replaced."""

    def __init__(self, client: Any, **operations: Any) -> None:
        self._client = client
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return self._operations.get(name) or getattr(self._client, name)
