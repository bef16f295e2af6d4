"""The embedded AWS over HTTP, on loopback: moto's application, the execute-api beside it, and the clock paused meanwhile.

Decides which part answers a request, and that nothing else acts meanwhile. moto and the seams decide the answers of AWS.
What no record settles is answered with 501.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from datetime import datetime
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer

from embedded_aws.moto_seams.application import QuietRequestHandler, application_for
from embedded_aws.moto_seams.direct import Part, call_app
from embedded_aws.wire.errors import FORM, Answer, Refusal, answer
from embedded_aws.wire.presigned import presigned_of
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.unknowns import NotRecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from embedded_aws.iam.permissions import Permissions
    from embedded_aws.time.clock import Clock
    from embedded_aws.wire.presigned import Presigned

    WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOST = "127.0.0.1"
_JAVASCRIPT = "aws-sdk-js/"
_SIGNED = re.compile(r"\d{8}T\d{6}Z")


class Application:
    """The WSGI application, for clients outside this process and for the shortcut of those inside it.

    The parts ``beside`` AWS's own services are chosen by a prefix of the path, and take their turn themselves.
    """

    def __init__(self, clock: Clock, permissions: Permissions, beside: Mapping[str, WsgiApp]) -> None:
        self._clock = clock
        self._permissions = permissions
        self._beside = beside
        self._parts: dict[str, Part] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request, for whichever part it is."""
        path = str(environ.get("PATH_INFO", ""))
        for prefix, app in self._beside.items():
            if path.startswith(prefix):
                return app(environ, partial(self._dated, start_response))
        _presigned(environ)
        with self._clock.busy():
            given = self._answer(partial(call_app, application_for(environ)), environ)
        start_response(f"{given.status} ", list(given.headers.items()))
        return [given.body]

    def handle(self, service: str, environ: dict[str, Any]) -> Answer:
        """Answer a request to a service that the caller names, so that moto need not find it out."""
        part = self._parts.get(service)
        if part is None:
            part = self._parts[service] = Part(application_for(environ))
        return self._answer(part.answer, environ)

    def _answer(self, ask: Callable[[dict[str, Any]], Answer], environ: dict[str, Any]) -> Answer:
        given = self._ask(ask, environ)
        given.headers.setdefault("Date", _date_of_signing(environ) or self._date())
        return given

    def _dated(self, start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], *rest: object) -> Any:  # noqa: ANN401 - WSGI's
        return start_response(status, [*headers, ("Date", self._date())], *rest)

    def _date(self) -> str:
        """AWS's own time, which callers read in each answer."""
        return formatdate(self._clock.now(), usegmt=True)

    def _ask(self, ask: Callable[[dict[str, Any]], Answer], environ: dict[str, Any]) -> Answer:
        try:
            presigned = _presigned(environ)
            if presigned and (refusal := self._permissions.refuse_presigned(presigned, environ)):
                return answer(refusal, {"content-type": FORM})
            if refusal := self._permissions.refuse(environ):
                return answer(refusal, _request_headers(environ))
            return ask(environ)
        except NotRecorded as gap:
            return answer(Refusal("NotRecorded", 501, str(gap)), _request_headers(environ))
        except (NotBuiltError, NotImplementedError) as gap:
            return answer(Refusal("NotBuilt", 501, f"the embedded AWS does not do this: {gap}"), _request_headers(environ))


class Server:
    """An HTTP server in its own threads. It has an address as soon as it is created, and answers until `close`.

    Raises:
        OSError: another program listens on the port.

    """

    def __init__(self, application: Application, port: int) -> None:
        with socket.create_server((HOST, port)) as listener:
            self._http = _HttpServer(listener, application)
        self._thread = threading.Thread(target=self._serve, name="embedded AWS", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The URL at which it listens."""
        return f"http://{HOST}:{self._http.port}"

    def close(self) -> None:
        """Stop, disconnect every client, and free the port."""
        self._http.is_closing = True
        socket.create_connection((HOST, self._http.port)).close()  # ends the wait for a connection
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()

    def _serve(self) -> None:
        while not self._http.is_closing:
            self._http.handle_request()


class _HttpServer(ThreadedWSGIServer):
    """werkzeug's server, which also tracks its connections: clients keep them open, and a thread waits on each."""

    def __init__(self, listener: socket.socket, application: Application) -> None:
        host, port = listener.getsockname()
        super().__init__(host, port, application, QuietRequestHandler, fd=listener.fileno())
        self.is_closing = False
        self._connections: dict[threading.Thread, Any] = {}

    def verify_request(self, *_: object) -> bool:
        return not self.is_closing

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.pop(threading.current_thread(), None)

    def hang_up(self) -> None:
        for thread, connection in list(self._connections.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


def _date_of_signing(environ: Mapping[str, Any]) -> str | None:
    """When the AWS SDK for JavaScript signed the request; None for other callers.

    If an answer's date is five minutes off, the SDK concludes that its own clock is wrong and repeats every refused call. On
    a clock that runs faster than real time it would repeat for ever.
    """
    signed = str(environ.get("HTTP_X_AMZ_DATE", ""))
    if _JAVASCRIPT not in str(environ.get("HTTP_USER_AGENT", "")) or not _SIGNED.fullmatch(signed):
        return None
    return formatdate(datetime.strptime(signed, "%Y%m%dT%H%M%S%z").timestamp(), usegmt=True)


def _presigned(environ: dict[str, Any]) -> Presigned | None:
    """The parts of a presigned request, which gets the header by which moto finds out what is asked, and by whom."""
    presigned = presigned_of(str(environ.get("QUERY_STRING", "")))
    if presigned:
        environ["HTTP_AUTHORIZATION"] = presigned.header
    return presigned


def _request_headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    return headers | {"content-type": environ.get("CONTENT_TYPE", "")}
