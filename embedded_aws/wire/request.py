"""An AWS request as it arrives over HTTP, parsed far enough to know who signed it and which operation it asks for.

Decides by the request alone, whatever its protocol. Other modules decide what the operation does and who may call it. The
names of REST operations come from botocore's service models.
"""

from __future__ import annotations

import io
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote

from botocore.loaders import create_loader
from botocore.parsers import RpcV2CBORParser

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/(\w+)")
_REST = frozenset({"lambda", "s3", "scheduler", "xray"})


class Signature(NamedTuple):
    """The credentials, Region and service that a request is signed for."""

    access_key_id: str
    region: str
    service: str


class Asked(NamedTuple):
    """An operation with its arguments from body, path and query, under the names they have there."""

    service: str
    operation: str
    arguments: Mapping[str, Any]


def signature_of(environ: Mapping[str, Any]) -> Signature | None:
    """Who signed the request; None if it is unsigned."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return Signature(*found.groups()) if found else None


def read_request(environ: dict[str, Any], service: str) -> Asked:
    """Parse the operation that the request asks for; its body can be read again afterwards.

    Raises:
        LookupError: the request names no operation of the service.
    """
    path = str(environ["PATH_INFO"]).encode("latin-1").decode()
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return Asked(service, str(target).rpartition(".")[2], json.loads(_body(environ) or b"{}"))
    if found := _CBOR_PATH.fullmatch(path):
        return Asked(service, found[1], _read_cbor(_body(environ)))
    if service in _REST:
        return _read_rest(environ, service, path)
    text = _body(environ).decode() or str(environ.get("QUERY_STRING", ""))
    form = {name: values[0] for name, values in parse_qs(text).items()}
    if "Action" not in form:
        raise LookupError(f"a request to {service} names no operation: {environ['REQUEST_METHOD']} {path}")
    return Asked(service, form["Action"], form)


def read_json(environ: dict[str, Any]) -> dict[str, Any]:
    """The JSON body, an empty object if there is no body; it can be read again afterwards."""
    found: dict[str, Any] = json.loads(_body(environ) or b"{}")
    return found


def raw_path(environ: Mapping[str, Any]) -> str:
    """The path as it was sent, still percent-encoded."""
    return str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")[0]


def _body(environ: dict[str, Any]) -> bytes:
    content: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(content)
    return content


def _read_cbor(body: bytes) -> dict[str, Any]:
    parser = RpcV2CBORParser()
    read: dict[str, Any] = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
    return read


def _read_rest(environ: dict[str, Any], service: str, path: str) -> Asked:
    query = {name: values[0] for name, values in parse_qs(str(environ.get("QUERY_STRING", ""))).items()}
    for method, pattern, operation in _routes(service):
        found = pattern.fullmatch(raw_path(environ).rstrip("/"))
        if found and method == environ["REQUEST_METHOD"]:
            named = {name: unquote(value) for name, value in found.groupdict().items()}
            return Asked(service, operation, {**query, **named})
    raise LookupError(f"{service} has no operation for {environ['REQUEST_METHOD']} {path}")


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """The service's operations with their methods and paths, those with the fewest path parameters first."""
    operations = create_loader().load_service_model(service, "service-2")["operations"]
    routes = []
    for name, operation in operations.items():
        uri = operation["http"]["requestUri"].partition("?")[0].rstrip("/")
        pattern = re.sub(r"\{(\w+)\+?\}", lambda found: f"(?P<{found[1]}>[^/]+)", uri.replace(".", r"\."))
        routes.append((operation["http"]["method"], re.compile(pattern), name))
    return sorted(routes, key=lambda route: route[1].pattern.count("("))
