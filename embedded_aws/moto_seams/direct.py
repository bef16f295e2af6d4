"""moto's answer to one request, without the web framework around it.

For each request, Flask makes contexts, and reads and writes headers that only a browser needs. That takes as long as moto's
answer. A client of this process needs the answer alone. What moto's views would do with the request is done here.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.core.utils import convert_to_flask_response
from moto.moto_server.werkzeug_app import BackendRequest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from embedded_aws.wire.errors import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOOKS = [
    "moto.core.utils.convert_to_flask_response",
    "moto.moto_server.werkzeug_app.BackendRequest",
]
FORMS = ("application/x-www-form-urlencoded", "multipart/")
NO_FORM: ImmutableMultiDict[str, Any] = ImmutableMultiDict()
BAD_REQUEST = 400
OK = 200


class Part:
    """One part of moto, which remembers which of its views answers which path."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._views: dict[tuple[str, str], Callable[..., Any] | None] = {}

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The answer to a request."""
        asked = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if asked not in self._views:
            self._views[asked] = self._find(environ)
        view = self._views[asked]
        return call_app(self._app, environ) if view is None else _call_view(view, environ)

    def _find(self, environ: dict[str, Any]) -> Callable[..., Any] | None:
        """The view of this path; None if the framework has to answer."""
        url_map = getattr(self._app, "url_map", None)
        if url_map is None:
            return None
        try:
            endpoint, _ = url_map.bind_to_environ(environ).match()
        except HTTPException:
            return None
        view = getattr(self._app, "view_functions", {}).get(endpoint)
        found: Callable[..., Any] | None = view.callback if isinstance(view, convert_to_flask_response) else None
        return found


def _call_view(view: Callable[..., Any], environ: dict[str, Any]) -> Answer:
    request = _request(environ)
    try:
        given = view(request, request.raw_url, dict(request.headers))
    except ClientError as error:
        given = BAD_REQUEST, {}, error.response["Error"]["Message"]
    except HTTPException as error:
        return call_app(error, environ)
    status, headers, content = given if len(given) == 3 else (OK, {}, given)  # noqa: PLR2004 - as moto tells them apart
    if isinstance(content, str | bytes) and isinstance(headers, dict):
        body = content.encode() if isinstance(content, str) else content
        return Answer(int(status), {"Content-Length": str(len(body))} | {name: str(of) for name, of in headers.items()}, body)
    return call_app(Response(content, status, headers), environ)


def _request(environ: dict[str, Any]) -> Any:  # noqa: ANN401 - moto is untyped here
    """The request as moto reads it; a body that is no form is handed over as it is, without searching it for one."""
    request = BackendRequest(environ)
    if not environ.get("CONTENT_TYPE", "").startswith(FORMS) and "HTTP_CONTENT_ENCODING" not in environ:
        body = environ["wsgi.input"].read()
        vars(request).update(form=NO_FORM, files=NO_FORM, stream=BytesIO(body), _cached_data=body)
    return request


def call_app(app: WsgiApp, environ: dict[str, Any]) -> Answer:
    """The answer of a WSGI application."""
    status, headers = 500, dict[str, str]()

    def start_response(line: str, items: list[tuple[str, str]], _: object = None) -> None:
        nonlocal status
        status = int(line.partition(" ")[0])
        headers.update(items)

    body = b"".join(app(environ, start_response))
    return Answer(status, headers, body)
