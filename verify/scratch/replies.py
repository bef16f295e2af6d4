"""Requests to the scratch API's invoke URL, one at a time, each on a new connection unless a kept connection is asked for.

A kept connection would stay with one of API Gateway's hosts, and not show how long the others lag behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from email.message import Message

TIMEOUT_SECONDS = 15.0
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
USER_AGENT = 'canary-verify "quoted\\"'
"""It contains quotes and a backslash, because one of the questions is how the access log prints them."""
_IDS = ("x-amzn-requestid", "x-amz-apigw-id")
"""The headers with a request's id in the access log, and its extended id."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``status`` is 0 if none arrived; ``body`` is empty if it is not a JSON object."""

    status: int
    body: dict[str, Any]
    request_id: str | None = None


Get = Callable[[str], Reply]
"""Sends one GET to a URL. Every outcome is a reply."""

GetKept = Callable[[str, int], list[Reply]]
"""Sends a number of GETs to a URL over one connection; returns fewer replies if the other side closes it early."""

BreakOff = Callable[[str], None]
"""Sends one GET to a URL and closes the connection."""


def get(url: str, headers: Mapping[str, str] = NO_HEADERS) -> Reply:
    """One GET over the network, with these further headers."""
    request = Request(url, headers={"Connection": "close", "User-Agent": USER_AGENT, **headers})  # noqa: S310 - made from an API's id
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            return reply(answer.status, answer.read(), _id_of(answer.headers))
    except HTTPError as error:
        with error:
            return reply(error.code, error.read(), _id_of(error.headers))
    except (URLError, OSError):
        return Reply(0, {})


def get_kept(url: str, number: int) -> list[Reply]:
    """A number of GETs over one network connection."""
    place, replies = urlsplit(url), list[Reply]()
    make = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = make(place.netloc, timeout=TIMEOUT_SECONDS)
    try:
        for _ in range(number):
            connection.request("GET", place.path, headers={"User-Agent": USER_AGENT})
            answer = connection.getresponse()
            replies.append(reply(answer.status, answer.read(), _id_of(answer.headers)))
            if connection.sock is None:
                break
    except (HTTPException, OSError):
        replies.append(Reply(0, {}))
    finally:
        connection.close()
    return replies


def break_off(url: str) -> None:
    """One GET over the network whose sender closes the connection before an answer can arrive."""
    place = urlsplit(url)
    make = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = make(place.netloc, timeout=TIMEOUT_SECONDS)
    with suppress(HTTPException, OSError):
        connection.request("GET", place.path, headers={"User-Agent": "canary-verify"})
    connection.close()


def reply(status: int, content: bytes, request_id: str | None) -> Reply:
    """A reply from what was received."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    return Reply(status, body if isinstance(body, dict) else {}, request_id)


def _id_of(headers: Message) -> str | None:
    return next((found for name in _IDS if (found := headers.get(name))), None)
