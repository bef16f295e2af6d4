"""The data plane over HTTP: ``/_aws/execute-api/<api id>/<stage>/<path>`` is the stage's invoke URL.

Decides how a WSGI request becomes a request to a stage at the present simulated time, and how its answer becomes a WSGI
response.
"""

from __future__ import annotations

import base64
from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from embedded_aws.dataplane.served import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from embedded_aws.dataplane.dataplane import DataPlane

PREFIX = "/_aws/execute-api/"
_SAFE = "/:@!$&'()*+,;=~-._%"


class ExecuteApi:
    """A WSGI application. ``busy`` is entered while a request is served, so that nothing else runs meanwhile."""

    def __init__(
        self,
        dataplane: DataPlane,
        *,
        now: Callable[[], float],
        busy: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._dataplane = dataplane
        self._now = now
        self._busy = busy

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one HTTP request."""
        with self._busy():
            self._dataplane.catch_up()
            served = self._dataplane.serve(_request(environ, self._now()))
        body = served.body.encode()
        headers = [
            *served.headers,
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", served.request_id),
            ("x-amz-apigw-id", served.extended_request_id),
        ]
        start_response(f"{served.status} {_reason(served.status)}", headers)
        return [body]


def _request(environ: dict[str, Any], now: float) -> Request:
    raw, _, _ = str(environ.get("RAW_URI") or quote(_path(environ), safe=_SAFE)).partition("?")
    api_id, _, rest = raw.partition(PREFIX)[2].partition("/")
    stage, _, path = rest.partition("/")
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body, is_base64 = _body(content)
    return Request(
        api_id=api_id,
        stage=stage,
        method=environ["REQUEST_METHOD"],
        path=f"/{path}",
        at=now,
        headers=_headers(environ),
        query=parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        body=body,
        is_base64=is_base64,
        source_ip=environ.get("REMOTE_ADDR") or "127.0.0.1",
        connection=str(environ.get("REMOTE_PORT", "")),
    )


def _path(environ: dict[str, Any]) -> str:
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode("utf-8", "replace")


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """The client's headers; WSGI loses the case of their names, which HTTP ignores anyway."""
    names = [name for name in environ if name.startswith("HTTP_") and name != "HTTP_HOST"]
    headers = {_spelled(name[5:]): str(environ[name]) for name in names}
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    return headers


def _spelled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("_"))


def _body(content: bytes) -> tuple[str | None, bool]:
    if not content:
        return None, False
    try:
        return content.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(content).decode("ascii"), True


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
