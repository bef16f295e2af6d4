"""The server on loopback: the page, its stream of snapshots, the reports, and what the buttons ask for."""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from canary_cli.dashboard.feed import Feed, TooManyPagesError
from canary_cli.dashboard.guard import Guard, Refused
from canary_cli.dashboard.page import HEADERS, REPORT_POLICY, make_page
from canary_cli.dashboard.presses import read_choice, read_press
from canary_cli.dashboard.source import Heard, PressError, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ADDRESS = "127.0.0.1"
ALIVE_SECONDS = 15.0
"""After so long without news a stream says that it is alive."""
POLL_SECONDS = 0.1
"""How often the server looks whether it is to end."""
REPORTS = "/reports/"
NONE: Mapping[str, str] = MappingProxyType({})
CHANGES: Mapping[str, Callable[[Source, bytes], Heard]] = {
    "/propose": lambda source, given: source.propose(read_press(given)),
    "/verbs": lambda source, given: source.act(read_press(given)),
    "/releases": lambda source, given: source.begin(read_choice(given)),
}
"""What a button asks for, by path. All of it needs the token."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A dashboard that is served. ``token`` is None where it is read-only."""

    port: int
    token: str | None

    @property
    def url(self) -> str:
        """The address to open. A browser never sends the part after the ``#``."""
        return f"http://{ADDRESS}:{self.port}/{f'#token={self.token}' if self.token else ''}"


class PageNotServedError(Exception):
    """Nothing can listen on the port."""


@contextmanager
def opened(source: Source, *, port: int, allow_verbs: bool, seconds: float) -> Iterator[Opened]:
    """Serve while the block runs. ``port`` 0 is any free one; ``seconds`` pass between two readings.

    Raises:
        PageNotServedError: the port is in use, or this user may not listen on it.

    """
    token = secrets.token_urlsafe(32) if allow_verbs else None
    feed = Feed(source, seconds=seconds)
    try:
        server = _Server(source, feed, port, token)
    except OSError as error:
        raise PageNotServedError(f"the page cannot be served on port {port}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="dashboard", daemon=True)
    feed.start()
    thread.start()
    try:
        yield Opened(server.server_address[1], token)
    finally:
        feed.close()
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, source: Source, feed: Feed, port: int, token: str | None) -> None:
        self.source = source
        self.feed = feed
        super().__init__((ADDRESS, port), _Handler)
        self.guard = Guard(self.server_address[1], token)

    def server_bind(self) -> None:
        """Bind without asking the network for this machine's name, as the base class does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """A browser that leaves is no error; everything else is one, and is told on stderr."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Show the page, its stream or a report."""
        if refused := self.server.guard.refuse_any(self.headers):
            self._refuse(refused)
        elif self.path == "/":
            page, policy = make_page()
            more = {"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin"}
            self._send(HTTPStatus.OK, page, "text/html; charset=utf-8", more)
        elif self.path == "/events":
            self._stream()
        elif self.path.startswith(REPORTS):
            self._show_report(unquote(self.path.removeprefix(REPORTS)))
        elif self.path in CHANGES:
            fix = "press its button on the page"
            self._refuse(Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"GET changes nothing, and {self.path} does", fix))
        else:
            self._refuse(self._unknown())

    def do_POST(self) -> None:
        """Say what a verb would change, carry it out, or start a release."""
        guard = self.server.guard
        if refused := guard.refuse_any(self.headers) or guard.refuse_change(self.headers):
            self._refuse(refused)
            return
        given = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path not in CHANGES:
            self._refuse(self._unknown())
            return
        try:
            heard = CHANGES[self.path](self.server.source, given)
        except PressError as error:
            self._refuse(Refused(HTTPStatus.CONFLICT, error.message, error.fix))
            return
        self._send_json(HTTPStatus.OK, asdict(heard))
        self.server.feed.hurry()

    def _show_report(self, rollout: str) -> None:
        try:
            page = self.server.source.report(rollout)
        except PressError as error:
            self._refuse(Refused(HTTPStatus.NOT_FOUND, error.message, error.fix))
            return
        self._send(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": REPORT_POLICY})

    def _stream(self) -> None:
        """Server-sent events until the page or the server goes away."""
        feed = self.server.feed
        try:
            with feed.opened() as stale:
                self._send_head(HTTPStatus.OK, "text/event-stream", {"Connection": "close"})
                self.close_connection = True
                about = {
                    "allows_verbs": self.server.guard.token is not None,
                    "choices": [*map(asdict, self.server.source.choices)],
                }
                self.wfile.write(b"event: about\ndata: " + json.dumps(about).encode() + b"\n\n")
                number = stale
                while not feed.is_closed:
                    news = feed.wait(number, ALIVE_SECONDS)
                    number = news.number if news else number
                    self.wfile.write(f"data: {news.text}\n\n".encode() if news else b": alive\n\n")
        except TooManyPagesError:
            fix = "close the page in other windows"
            self._refuse(Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open", fix))

    def _about(self) -> dict[str, Any]:
        """What the page may offer."""
        source = self.server.source
        return {"allows_verbs": self.server.guard.token is not None, "choices": [asdict(one) for one in source.choices]}

    def _unknown(self) -> Refused:
        return Refused(HTTPStatus.NOT_FOUND, f"there is no {self.path!r} here", "open / for the page")

    def _refuse(self, refused: Refused) -> None:
        """Answer with the reason. What the request may still send is not read."""
        self.close_connection = True
        more = {"Connection": "close", **({"Allow": "POST"} if refused.status is HTTPStatus.METHOD_NOT_ALLOWED else {})}
        self._send_json(refused.status, {"message": refused.message, "fix": refused.fix}, more)

    def _send_json(self, status: HTTPStatus, answer: Mapping[str, Any], more: Mapping[str, str] = NONE) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json", more)

    def _send(self, status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] = NONE) -> None:
        self._send_head(status, kind, {"Content-Length": str(len(body)), **more})
        self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, kind: str, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def version_string(self) -> str:
        """Name the program, and not its versions."""
        return "canary"

    def log_message(self, *_: object) -> None:
        """Write nothing: the start-up line is all that the command says."""
