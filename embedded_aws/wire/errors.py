"""How an AWS error looks on the wire: in the shape of the protocol that the request used.

Decides the shape, and the code and status with which each service denies or throttles (docs/aws.md#error-shapes). The
caller says which request is refused, and why.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "application/x-www-form-urlencoded"
"""The content type of a request in the query protocol, whose errors are XML."""

_REQUEST_ID = "00000000-0000-0000-0000-000000000000"


class Refusal(NamedTuple):
    """An error code with its HTTP status and message."""

    code: str
    status: int
    message: str


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


_DENIED = {
    "apigateway": ("AccessDeniedException", 403),
    "cloudformation": ("AccessDenied", 403),
    "cloudwatch": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "lambda": ("AccessDeniedException", 403),
    "sns": ("AuthorizationError", 403),
    "sts": ("AccessDenied", 403),
}
_BY_SIGNATURE = {"monitoring": "cloudwatch"}
_THROTTLED = {
    "apigateway": ("TooManyRequestsException", 429),
    "cloudwatch": ("Throttling", 400),
    "lambda": ("TooManyRequestsException", 429),
    "sts": ("Throttling", 400),
}


def denied(service: str, operation: str) -> Refusal:
    """The caller may not do this. ``service`` is its boto3 name."""
    code, status = _DENIED.get(service, ("AccessDeniedException", 400))
    principal = "arn:aws:sts::123456789012:assumed-role/canary/session"
    return Refusal(code, status, f"User: {principal} is not authorized to perform: {service}:{operation}")


def denial(service: str, message: str) -> Refusal:
    """IAM's own refusal. ``service`` is its name in signatures."""
    code, status = _DENIED.get(_BY_SIGNATURE.get(service, service), ("AccessDeniedException", 400))
    return Refusal(code, status, message)


def expired(service: str) -> Refusal:
    """Temporary credentials were used after they expired; ``service`` as in `denial`."""
    denied_code, status = _DENIED.get(_BY_SIGNATURE.get(service, service), ("AccessDeniedException", 400))
    code = "ExpiredToken" if denied_code == "AccessDenied" else "ExpiredTokenException"
    return Refusal(code, status, "The security token included in the request is expired")


def throttled(service: str) -> Refusal:
    """The caller did this too often."""
    code, status = _THROTTLED.get(service, ("ThrottlingException", 400))
    return Refusal(code, status, "Too Many Requests" if status == 429 else "Rate exceeded")  # noqa: PLR2004 - HTTP's name for it


def answer(refusal: Refusal, request_headers: Mapping[str, str]) -> Answer:
    """The refusal as an HTTP answer to a request with these headers (names in lower case)."""
    content_type = request_headers.get("content-type", "")
    if request_headers.get("smithy-protocol") == "rpc-v2-cbor":
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", refusal.code, "message", refusal.message)))
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    elif content_type.startswith(FORM):
        body, headers = _xml(refusal).encode(), {"Content-Type": "text/xml"}
    else:
        body = json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
        headers = {"Content-Type": content_type or "application/json", "x-amzn-ErrorType": refusal.code}
    return Answer(refusal.status, headers | {"x-amzn-RequestId": _REQUEST_ID}, body)


def _xml(refusal: Refusal) -> str:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error><RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    )


def _cbor_text(text: str) -> bytes:
    """A CBOR text string; its length always takes two bytes here."""
    encoded = text.encode()
    return b"\x79" + len(encoded).to_bytes(2, "big") + encoded
