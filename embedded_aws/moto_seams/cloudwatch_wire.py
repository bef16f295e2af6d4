"""CloudWatch on the wire: its refusals in its three protocols, and RPC v2 CBOR, the protocol that moto does not know.

The shapes are recorded from AWS (docs/aws.md#cloudwatch-errors). botocore does the CBOR encoding itself: it has both
directions, because a client needs both.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from botocore.model import OperationModel
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

CBOR = "application/cbor"
FORM = "application/x-www-form-urlencoded"
HTTP_BAD_REQUEST = 400

_NAMESPACE = "com.amazonaws.cloudwatch.v2010_08_01"
_TYPES = {
    "InvalidFormat": f"{_NAMESPACE}#InvalidFormatFault",
    "InvalidParameterCombination": f"{_NAMESPACE}#InvalidParameterCombinationException",
    "InvalidParameterValue": f"{_NAMESPACE}#InvalidParameterValueException",
    "LimitExceeded": f"{_NAMESPACE}#LimitExceededFault",
    "MissingParameter": f"{_NAMESPACE}#MissingRequiredParameterException",
    "Throttling": "com.amazon.coral.availability#ThrottlingException",
    "ValidationError": "com.amazon.coral.validate#ValidationException",
}
"""The names in JSON and CBOR of errors whose code in the query protocol is a different word."""

_STATUS = {"ResourceNotFound": 404, "ResourceNotFoundException": 404, "ResourceConflict": 409}
_REQUEST_ID = "00000000-0000-0000-0000-000000000000"


class Refusal(NamedTuple):
    """An error code with its HTTP status, and its message if it has one."""

    code: str
    message: str | None
    status: int


def refusal(code: str, message: str | None) -> Refusal:
    """The refusal with the status that CloudWatch gives its code."""
    return Refusal(code, message, _STATUS.get(code, HTTP_BAD_REQUEST))


def write_refusal(refused: Refusal, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str | bytes]:
    """The refusal in the protocol of a request with these headers."""
    content_type = headers.get("Content-Type", "")
    if content_type.startswith(FORM):
        return refused.status, {"Content-Type": "text/xml"}, _xml(refused)
    body = {"__type": _TYPES.get(refused.code, f"{_NAMESPACE}#{refused.code}")}
    if refused.message is not None:
        body["message"] = refused.message
    # Without the query mode, RPC protocols use one status for every error that is the caller's fault.
    is_query_mode = headers.get("X-Amzn-Query-Mode", "").lower() == "true"
    status = refused.status if is_query_mode or refused.status > 500 else HTTP_BAD_REQUEST  # noqa: PLR2004 (a server's fault)
    answered = {"x-amzn-query-error": f"{refused.code};Sender"}
    if content_type.startswith(CBOR):
        return status, answered | _cbor_headers(), _cbor_map(body)
    return status, answered | {"Content-Type": content_type or "application/x-amz-json-1.0"}, json.dumps(body)


def read_cbor(body: bytes) -> dict[str, Any]:
    """A request's parameters."""
    parser = RpcV2CBORParser()
    if not body:
        return {}
    parsed: dict[str, Any] = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    return parsed


def write_cbor(result: Mapping[str, Any], operation: OperationModel) -> tuple[int, dict[str, str], bytes]:
    """An operation's answer."""
    written = bytearray()
    if operation.output_shape is None:
        return 200, _cbor_headers(), _cbor_map({})
    RpcV2CBORSerializer()._serialize_data_item(written, result, operation.output_shape)  # noqa: SLF001 (there is no public name)
    return 200, _cbor_headers(), bytes(written)


def _cbor_headers() -> dict[str, str]:
    return {"Content-Type": CBOR, "smithy-protocol": "rpc-v2-cbor"}


def _cbor_map(texts: Mapping[str, str]) -> bytes:
    """A map of fewer than 24 texts; each length takes two bytes."""
    written = bytes([0xA0 + len(texts)])
    for text in (text for pair in texts.items() for text in pair):
        encoded = text.encode()
        written += b"\x79" + len(encoded).to_bytes(2, "big") + encoded
    return written


def _xml(refused: Refusal) -> str:
    message = "" if refused.message is None else f"<Message>{escape(refused.message)}</Message>"
    return (
        '<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error><Type>Sender</Type>'
        f"<Code>{escape(refused.code)}</Code>{message}</Error><RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    )
