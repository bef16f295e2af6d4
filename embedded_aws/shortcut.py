"""The direct path from a boto3 client of this process into the embedded AWS: without sockets, and through the faults.

Decides, for each request that botocore is about to send, whether it goes to the embedded AWS of this process, and what
happens to it there. It patches botocore's classes rather than its sessions, so existing clients take the path too. While an
embedded AWS is open, botocore also reads its service models once per process, takes local time for UTC as in Lambda, and,
if the caller is an actor, waits in simulated time before a retry. A client's requests keep the user agent that the client
was created with, without what botocore adds per request. Requests to other addresses are left alone.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import botocore.endpoint
import botocore.session
import botocore.useragent
import botocore.utils
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session
from botocore.loaders import create_loader

from embedded_aws.faults.calls import Mode
from embedded_aws.time.actors import Actor
from embedded_aws.wire import repeats
from embedded_aws.wire.errors import FORM, answer, denied, throttled
from embedded_aws.wire.presigned import presigned_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.loaders import Loader
    from botocore.model import OperationModel

    from embedded_aws.faults.calls import Faults
    from embedded_aws.time.clock import Clock
    from embedded_aws.wire.errors import Answer

INSIDE = "http://127.0.0.1:0"  # nothing can ever connect to this address; it is the same for every embedded AWS

_calling = threading.local()


class Shortcut:
    """One embedded AWS, as botocore sees it."""

    def __init__(
        self,
        url: str,
        handle: Callable[[str, dict[str, Any]], Answer],
        *,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._urls = (url, INSIDE)
        self._handle = handle
        self._clock = clock
        self._faults = faults

    def takes(self, url: object) -> bool:
        """Whether a request to this URL is meant for this embedded AWS."""
        return str(url).startswith(self._urls)

    def send(self, request: AWSPreparedRequest, service: str, operation: str) -> AWSResponse:
        """Answer a request at once."""
        with self._clock.busy():
            mode = self._faults.before_call(service, operation)
            if mode is None:
                given = self._handle(service, _environ(request))
            else:
                refusal = throttled(service) if mode is Mode.THROTTLED else denied(service, operation)
                given = answer(refusal, {name.lower(): _text(value) for name, value in request.headers.items()})
        return AWSResponse(request.url, given.status, given.headers, _Body(given.body))

    def call(self, service: str, operation: str, send: Callable[[], Any]) -> Any:  # noqa: ANN401 - botocore's
        """One call: all its attempts, the faults that concern it as a whole, and then its end."""
        given = self._faults.around(service, operation, send, self)
        self._faults.after_call(service, operation)
        return given

    def sleep(self, seconds: float) -> None:
        """Make the caller wait if it is an actor; for a caller from outside, simulated time does not pass."""
        if Actor.here() is not None:
            self._clock.sleep(seconds)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Start an actor that runs the action after some seconds."""

        def spawn() -> None:
            self._clock.spawn(action, name="late call")

        self._clock.call_at(self._clock.now() + seconds, spawn, name="late call")


@contextmanager
def opened(shortcut: Shortcut) -> Iterator[None]:
    """Route requests to this embedded AWS around the network for the length of a with block."""
    patches = (
        (Endpoint, "make_request", _make_request(shortcut, Endpoint.make_request)),
        (URLLib3Session, "send", _send(shortcut, URLLib3Session.send)),
        (botocore.endpoint, "time", SimpleNamespace(sleep=_pause)),
        (botocore.session, "create_loader", _shared_loader),
        (botocore.utils, "get_tzinfo_options", lambda: (lambda: UTC,)),
        (botocore.useragent.UserAgentString, "rebuild_and_replace_user_agent_handler", _keep_user_agent),
        *repeats.patches(shortcut.takes),
    )
    with ExitStack() as stack:
        for owner, name, value in patches:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)
        yield


def _make_request(shortcut: Shortcut, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap one call: all its attempts, and then its end."""

    def make_request(endpoint: Endpoint, operation: OperationModel, request: dict[str, Any]) -> Any:  # noqa: ANN401
        def send() -> Any:  # noqa: ANN401 - as the original
            outer, _calling.operation = getattr(_calling, "operation", None), operation
            try:
                return original(endpoint, operation, request)
            finally:
                _calling.operation = outer

        if not shortcut.takes(endpoint.host):
            return send()
        return shortcut.call(operation.service_model.service_name, operation.name, send)

    return make_request


def _send(shortcut: Shortcut, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap one attempt of a call."""

    def send(session: URLLib3Session, request: AWSPreparedRequest) -> Any:  # noqa: ANN401 - as the original
        if not shortcut.takes(request.url):
            return original(session, request)
        if presigned := presigned_of(urlsplit(str(request.url)).query):  # sent without a client, and so without a call
            request.headers["Content-Type"] = FORM
            service, name = presigned.service, presigned.operation
            return shortcut.call(service, name, lambda: shortcut.send(request, service, name))
        operation = _calling.operation
        return shortcut.send(request, operation.service_model.service_name, operation.name)

    return send


def _pause(seconds: float) -> None:
    """Wait before another attempt."""
    actor = Actor.here()
    if actor is None:
        time.sleep(seconds)
    else:
        actor.clock.sleep(seconds)


def _keep_user_agent(_: object, operation_name: str, request: object, **__: object) -> None:
    """Reuse the user agent: building it anew takes longer than everything else that botocore does for a request."""


@cache
def _shared_loader(search_path: str | None = None) -> Loader:
    return create_loader(search_path)


class _Body(io.BytesIO):
    """An answer's body, readable in the way botocore reads it from urllib3."""

    def stream(self, amount: int = 65536, **_: object) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk

    def read(self, amount: int | None = -1, **_: object) -> bytes:
        return super().read(-1 if amount is None else amount)


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    """The request as a WSGI environ."""
    url = urlsplit(str(request.url))
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    raw = f"{url.path}?{url.query}" if url.query else url.path
    environ: dict[str, Any] = {
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": url.netloc,
        "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
        "QUERY_STRING": url.query,
        "RAW_URI": raw,
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": raw,
        "SCRIPT_NAME": "",
        "SERVER_NAME": url.hostname or "",
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(content),
        "wsgi.multiprocess": False,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": url.scheme,
        "wsgi.version": (1, 0),
    }
    headers: Any = request.headers
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = _text(value)
    return environ


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
