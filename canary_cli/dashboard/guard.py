"""Who may ask the dashboard, and who may press its buttons: checks of a request's head alone.

Every request must name this server as its host, so no other site's name can be made to point here (DNS rebinding). A request
that changes something must come from this server's own page and carry the token of the start-up line. The token is a header and
not a cookie, so a browser never sends it by itself.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

    Head = Message[str, str]

TOKEN_HEADER = "X-Canary-Token"  # noqa: S105 - the header's name
LONGEST_BODY = 10_000
NAMES = ("127.0.0.1", "localhost")
OWN_SITE = frozenset({"same-origin", "none"})
"""What a browser writes into Sec-Fetch-Site for the page's own requests, and for an address that a person typed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is refused, and with which status."""

    status: HTTPStatus
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks of the server on ``port``. ``token`` is None for a dashboard that is read-only."""

    port: int
    token: str | None

    def refuse_any(self, head: Head) -> Refused | None:
        """Why a request is refused whatever it asks for; None for one that is not."""
        host, origin = head.get("Host") or "", head.get("Origin")
        if host.lower() not in self._hosts():
            fix = "open the address that canary dashboard printed"
            return Refused(HTTPStatus.FORBIDDEN, f"the host {host!r} is not this dashboard's", fix)
        if origin is not None and origin.lower() not in self._origins():
            return Refused(HTTPStatus.FORBIDDEN, f"the origin {origin!r} is not this dashboard's", "use its own page")
        return None

    def refuse_change(self, head: Head) -> Refused | None:
        """Why a request that may change something is refused; None for one that is not. Its host is checked already."""
        if self.token is None:
            fix = "start it with canary dashboard --allow-verbs, or use the command"
            return Refused(HTTPStatus.FORBIDDEN, "this dashboard is read-only", fix)
        site = head.get("Sec-Fetch-Site", "same-origin")
        if head.get("Origin") is None or site.lower() not in OWN_SITE:
            return Refused(HTTPStatus.FORBIDDEN, "the request does not come from the dashboard's page", "use its own page")
        given = head.get(TOKEN_HEADER) or ""
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            fix = "open the whole address that canary dashboard printed, with its token"
            return Refused(HTTPStatus.UNAUTHORIZED, f"the token is {'wrong' if given else 'missing'}", fix)
        return _refuse_body(head)

    def _hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self.port}" for name in NAMES)

    def _origins(self) -> frozenset[str]:
        return frozenset(f"http://{host}" for host in self._hosts())


def _refuse_body(head: Head) -> Refused | None:
    kind = (head.get("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body is JSON, got {kind!r}", "send application/json")
    length = head.get("Content-Length") or ""
    if not (length.isascii() and length.isdigit()):
        return Refused(HTTPStatus.LENGTH_REQUIRED, f"the body's length is needed, got {length!r}", "send Content-Length")
    if len(length) > len(str(LONGEST_BODY)) or int(length) > LONGEST_BODY:
        message = f"a body has at most {LONGEST_BODY} bytes, got {length}"
        return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "send less")
    return None
