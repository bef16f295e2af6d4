"""One API Gateway request, read from moto's response class into what the calls need, and the answers to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from embedded_aws.apigateway.errors import NotFoundError
from embedded_aws.apigateway.stages.patch_operation import check_operations

Moto: TypeAlias = Any  # an object of moto, which is untyped
Answer = tuple[int, dict[str, Any], str | bytes]
DEFAULT_LIMIT, MAX_LIMIT = 25, 500


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its path after /restapis/{id}/, its query, and its body both raw and as JSON."""

    backend: Moto
    api_id: str
    path: tuple[str, ...]
    query: Mapping[str, list[str]]
    raw: bytes
    accepts: str

    @property
    def rest_api(self) -> Moto:
        """The API in moto, which keeps its stages' tags; refuses an API that does not exist."""
        if self.path[:1] == ("resources",) and len(self.path) > 1 and self.api_id not in self.backend.apis:
            raise NotFoundError("Invalid Resource identifier specified")
        return self.backend.get_rest_api(self.api_id)

    @property
    def body(self) -> Mapping[str, Any]:
        """The body as JSON."""
        body: Mapping[str, Any] = json.loads(self.raw or b"{}")
        return body

    @property
    def parameters(self) -> dict[str, str]:
        """The query, with one value per name."""
        return {name: values[0] for name, values in self.query.items()}

    @property
    def stage_operations(self) -> list[Mapping[str, Any]]:
        """A stage's patch list; it is checked where it is applied."""
        return self.body.get("patchOperations") or []

    def operations(self, what: str) -> Sequence[Mapping[str, Any]]:
        """The patch list of an update; ``what`` names the object to update."""
        operations = self.stage_operations
        check_operations(operations, f"update{what}Input")
        return operations

    def embeds(self, what: str) -> bool:
        """Whether the client asked to embed this in the answer."""
        return what in ",".join(self.query.get("embed", [])).lower().split(",")

    def page(self, items: Sequence[dict[str, Any]]) -> Answer:
        """One page of a collection, by the request's limit and position (docs/aws.md#paging)."""
        start = int(self.query.get("position", ["0"])[0])
        limit = int(self.query.get("limit", ["0"])[0]) or DEFAULT_LIMIT
        end = start + min(limit, MAX_LIMIT)
        rest = {"position": str(end)} if end < len(items) else {}
        return answer(200, {"item": items[start:end], **rest})


def parse_call(response: Moto) -> Call:
    """The request in moto's response object."""
    _, _, *path = (unquote(part) for part in response.path.rstrip("/").split("/"))
    body = response.body or b""
    return Call(
        backend=response.backend,
        api_id=path[0] if path else "",
        path=tuple(path[1:]),
        query=parse_qs(response.parsed_url.query, keep_blank_values=True),
        raw=body.encode() if isinstance(body, str) else body,
        accepts=response.headers.get("Accept", ""),
    )


def answer(status: int, body: Mapping[str, Any]) -> Answer:
    """An answer in moto's form, which takes the status from the headers."""
    return status, {"status": status, "Content-Type": "application/json"}, json.dumps(body)


def refuse(status: int, code: str, message: str, *, retry_after: int | None = None) -> Answer:
    """A refusal in the form of the service's protocol."""
    headers = {"Content-Type": "application/json", "X-Amzn-ErrorType": code}
    waiting = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return status, headers | waiting, json.dumps({"__type": code, "message": message})
