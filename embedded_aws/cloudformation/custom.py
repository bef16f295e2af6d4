"""Custom resources: the function that ServiceToken names is invoked, and its PUT to ResponseURL decides the outcome.

The URL points to the embedded AWS's own server. The server accepts the PUT without taking the clock's turn, because the
function that sends it is running and holds the turn. A function that ends without a reply is not waited for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from embedded_aws.awslambda.errors import LambdaError
from embedded_aws.cloudformation.resource import Made, ResourceError, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Invoke = Callable[[str, dict[str, Any]], object]

PREFIX = "/_aws/cloudformation-reply/"
LONGEST_REPLY = 4096
_SIGNATURE = "AWSAccessKeyId=EMBEDDED&Expires=4102444800&Signature=embedded"


class Replies:
    """Collects what functions send to the URLs that they were given; a WSGI application below `PREFIX`."""

    def __init__(self) -> None:
        self._expected: set[str] = set()
        self._bodies: dict[str, bytes] = {}

    def expect(self, name: str) -> str:
        """Await a reply by this name; returns the path and query of its URL, which looks like a presigned URL of S3."""
        self._expected.add(name)
        return f"{PREFIX}{quote(name, safe='')}?{_SIGNATURE}"

    def take(self, name: str) -> bytes | None:
        """The reply sent to that URL, None if there is none; no further reply is accepted there."""
        self._expected.discard(name)
        return self._bodies.pop(name, None)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Accept one PUT. A PUT with a content type does not match the signature (docs/aws.md#custom-resource-reply)."""
        name = environ["PATH_INFO"].encode("latin-1").decode().removeprefix(PREFIX)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        is_signed = environ.get("QUERY_STRING") == _SIGNATURE and not environ.get("CONTENT_TYPE")
        if environ["REQUEST_METHOD"] != "PUT" or name not in self._expected or not is_signed:
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]
        self._bodies[name] = body
        start_response("200 OK", [])
        return [b""]


class CustomResources:
    """Calls functions. `endpoint` returns the URL of the embedded AWS's server, `new_id` an id for a request."""

    def __init__(self, invoke: Invoke, replies: Replies, *, endpoint: Callable[[], str], new_id: Callable[[], str]) -> None:
        self._invoke = invoke
        self._replies = replies
        self._endpoint = endpoint
        self._new_id = new_id
        self.kind = ResourceType(self._create, self._delete, self._update, frozenset({"ServiceToken"}))

    def _create(self, task: Task) -> Made:
        return self._ask(task, "Create", {})

    def _update(self, task: Task) -> Made:
        return self._ask(task, "Update", {"OldResourceProperties": _texts(task.before)})

    def _delete(self, task: Task) -> None:
        self._ask(task, "Delete", {})

    def _ask(self, task: Task, request: str, more: Mapping[str, Any]) -> Made:
        request_id = self._new_id()
        name = f"{task.stack_id}|{task.logical_id}|{request_id}"
        event = {
            "RequestType": request,
            "ServiceToken": task.properties["ServiceToken"],
            "ResponseURL": f"{self._endpoint()}{self._replies.expect(name)}",
            "StackId": task.stack_id,
            "RequestId": request_id,
            "LogicalResourceId": task.logical_id,
            "ResourceType": task.kind,
            "ResourceProperties": _texts(task.properties),
            **({"PhysicalResourceId": task.physical_id} if task.physical_id else {}),
            **more,
        }
        try:
            self._invoke(task.properties["ServiceToken"], event)
        except LambdaError as error:
            raise ResourceError(_refusal(error)) from error
        finally:
            body = self._replies.take(name)
        return _judge(event, body)


def _refusal(error: LambdaError) -> str:
    """Why the function was not invoked at all (docs/aws.md#custom-resource-missing)."""
    return f"{error} (Service: AWSLambda; Status Code: {error.status}; Error Code: {error.code})"


def _judge(event: Mapping[str, Any], body: bytes | None) -> Made:
    """The resource that the reply reports.

    Raises:
        ResourceError: it reports FAILED, or there is no reply that CloudFormation accepts.
    """
    if body is None:
        raise ResourceError(
            "CloudFormation did not receive a response from your Custom Resource. "
            f"Please check your logs for requestId [{event['RequestId']}]."
        )
    if len(body) > LONGEST_REPLY:
        raise ResourceError("Response object is too long.")
    reply = _read(body)
    wrong = [name for name in ("StackId", "RequestId", "LogicalResourceId") if reply.get(name) != event[name]]
    if wrong or reply.get("Status") not in {"SUCCESS", "FAILED"}:
        raise ResourceError(
            f"Invalid response object: Value of property {wrong[0] if wrong else 'Status'} is not what it must be"
        )
    physical_id = reply.get("PhysicalResourceId") or event.get("PhysicalResourceId")
    if reply["Status"] == "FAILED":
        raise ResourceError(
            f"Received response status [FAILED] from custom resource. Message returned: {reply.get('Reason', '')} "
            f"(RequestId: {event['RequestId']})",
            left_behind=Made(physical_id) if physical_id else None,
        )
    if not physical_id:
        raise ResourceError("Invalid PhysicalResourceId")
    return Made(physical_id, reply.get("Data") or {})


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ResourceError("Invalid Json") from error
    if not isinstance(found, dict):
        raise ResourceError("Response is not an object")
    return found


def _texts(value: Any) -> Any:  # noqa: ANN401 - JSON-like
    """The value as a function receives it: CloudFormation turns every number and boolean into text."""
    if isinstance(value, list):
        return [_texts(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return {key: _texts(each) for key, each in value.items()} if hasattr(value, "items") else str(value)
