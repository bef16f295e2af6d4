"""The dashboard's server over real sockets: what it shows, what its buttons do, and forged requests."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from canary_cli.dashboard import feed, server
from canary_cli.dashboard.guard import TOKEN_HEADER
from canary_cli.dashboard.server import opened
from canary_cli.dashboard.source import Choice, Heard, PageVerb, Press, PressError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOSTILE = "</script><script>alert(1)</script>"


@dataclass
class Fake:
    """A source that answers at once and remembers what it was asked."""

    choices: tuple[Choice, ...] = (Choice("bad", "Bad", "rolled back"),)
    read: int = 0
    asked: list[object] = field(default_factory=list)
    is_read: threading.Event = field(default_factory=threading.Event)

    def snapshot(self) -> Mapping[str, Any]:
        self.read += 1
        self.is_read.set()
        return {"trouble": None, "targets": [], "said": HOSTILE, "read": self.read}

    def report(self, rollout: str) -> str:
        if rollout != "r 1":
            raise PressError(f"no rollout {rollout}", "name another")
        return "<!doctype html><title>r</title>"

    def propose(self, press: Press) -> Heard:
        self.asked.append(("propose", press))
        return Heard(("what will change",))

    def act(self, press: Press) -> Heard:
        self.asked.append(("act", press))
        if press.rollout == "old":
            raise PressError("another rollout", "look again")
        return Heard(("done",))

    def begin(self, choice: str) -> Heard:
        self.asked.append(("begin", choice))
        return Heard(("begun",))


class Client:
    """What a browser or a forger sends."""

    def __init__(self, page: server.Opened) -> None:
        self.page = page

    def ask(self, method: str, path: str, body: object = None, **head: str | None) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=10)
        named = {"Host": f"127.0.0.1:{self.page.port}", **{name.replace("_", "-"): value for name, value in head.items()}}
        given = {name: value for name, value in named.items() if value is not None}
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, raw, given)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        kind = answer.getheader("Content-Type") or ""
        return answer.status, json.loads(text) if kind == "application/json" else text, dict(answer.getheaders())

    def press(self, path: str, body: object, **changed: str | None) -> tuple[int, Any]:
        own = {"Origin": f"http://127.0.0.1:{self.page.port}", "Content_Type": "application/json"}
        status, answer, _ = self.ask("POST", path, body, **{**own, TOKEN_HEADER: self.page.token, **changed})
        return status, answer


@contextmanager
def served(fake: Fake, *, allow_verbs: bool = True, seconds: float = 0.01) -> Iterator[Client]:
    with opened(fake, port=0, allow_verbs=allow_verbs, seconds=seconds) as page:
        yield Client(page)


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Fake, Client]]:
    fake = Fake()
    with served(fake) as made:
        yield fake, made


@pytest.fixture
def client(shared: tuple[Fake, Client]) -> Client:
    """Of a server that all tests share which open no stream."""
    return shared[1]


@pytest.fixture
def asked(shared: tuple[Fake, Client]) -> list[object]:
    """What the shared server's source is asked in this test."""
    shared[0].asked.clear()
    return shared[0].asked


PAUSE = {"verb": "pause", "target": "orders", "rollout": "r1", "reason": " OPS-1 "}


def test_the_page_may_call_its_own_server_alone(client: Client):
    status, page, head = client.ask("GET", "/")
    policy = head["Content-Security-Policy"]
    nonces = {*re.findall(r"nonce-([\w-]+)", policy), *re.findall(r'nonce="([^"]+)"', page)}

    assert status == 200
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert len(nonces) == 1
    assert (head["Cache-Control"], head["X-Content-Type-Options"], head["Referrer-Policy"]) == (
        "no-store",
        "nosniff",
        "no-referrer",
    )
    assert client.page.token not in page
    assert not re.findall(r"(?:src|href)=\"?(?:https?:)?//", page)
    assert client.ask("GET", "/")[2]["Content-Security-Policy"] != policy


def test_the_token_is_new_each_time_and_only_in_the_part_that_no_browser_sends(fake: Fake):
    with served(fake) as one, served(fake) as two, served(fake, allow_verbs=False) as three:
        assert one.page.token != two.page.token
        assert len(one.page.token or "") >= 40
        assert one.page.url == f"http://127.0.0.1:{one.page.port}/#token={one.page.token}"
        assert three.page.url == f"http://127.0.0.1:{three.page.port}/"


def test_a_report_can_neither_run_nor_reach_anything(client: Client):
    status, page, head = client.ask("GET", "/reports/r%201")
    assert (status, page) == (200, "<!doctype html><title>r</title>")
    assert head["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert head["Content-Security-Policy"].endswith("; sandbox")
    assert client.ask("GET", "/reports/../secret")[:2] == (404, {"message": "no rollout ../secret", "fix": "name another"})


def test_the_buttons_reach_the_source(client: Client, asked: list[object]):
    press = Press(PageVerb.PAUSE, "orders", "r1", "OPS-1")
    assert client.press("/propose", PAUSE) == (200, {"lines": ["what will change"], "is_done": True})
    assert client.press("/verbs", PAUSE) == (200, {"lines": ["done"], "is_done": True})
    assert client.press("/releases", {"choice": "bad"}) == (200, {"lines": ["begun"], "is_done": True})
    assert asked == [("propose", press), ("act", press), ("begin", "bad")]
    assert client.press("/verbs", {**PAUSE, "rollout": "old"}) == (409, {"message": "another rollout", "fix": "look again"})


@pytest.mark.parametrize("path", ["/propose", "/verbs", "/releases"])
@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": None}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({TOKEN_HEADER: None}, 401),
        ({TOKEN_HEADER: "x" * 43}, 401),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Length": "1000000"}, 413),
    ],
)
def test_a_forged_button_changes_nothing(
    client: Client, asked: list[object], path: str, changed: dict[str, str | None], status: int
):
    got, answer = client.press(path, PAUSE, **changed)
    assert got == status
    assert {*answer} == {"message", "fix"}
    assert asked == []


@pytest.mark.parametrize("path", ["/propose", "/verbs", "/releases"])
def test_a_verb_is_no_get_and_a_read_only_dashboard_has_none(client: Client, fake: Fake, asked: list[object], path: str):
    status, answer, head = client.ask("GET", f"{path}", **{TOKEN_HEADER: client.page.token})
    assert (status, head["Allow"]) == (405, "POST")
    assert "GET changes nothing" in answer["message"]
    assert client.ask("PUT", path, {})[0] == 501
    with served(fake, allow_verbs=False) as quiet:
        assert quiet.press(path, PAUSE, **{TOKEN_HEADER: ""})[0] == 403
        assert quiet.press(path, PAUSE, **{TOKEN_HEADER: "None"})[0] == 403
    assert fake.asked == asked == []


@pytest.mark.parametrize("path", ["/", "/events", "/reports/r1", "/nope"])
@pytest.mark.parametrize("head", [{"Host": "evil.example"}, {"Host": "evil.example:80"}, {"Origin": "http://evil.example"}])
def test_a_foreign_site_reads_nothing(client: Client, path: str, head: dict[str, str]):
    status, answer, _ = client.ask("GET", path, **head)
    assert status == 403
    assert "is not this dashboard's" in answer["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "the body is no JSON"),
        (b"\xff", "the body is no JSON"),
        (b"[]", "the body is an object, got list"),
        (b'{"verb": "destroy"}', "verb is one of pause, resume, promote, abort, rollback, got 'destroy'"),
        (b'{"verb": "pause"}', "target is missing"),
        (b'{"verb": ["pause"], "target": "orders"}', "verb is a text, got ['pause']"),
    ],
)
def test_a_body_that_no_button_sends_is_refused(client: Client, asked: list[object], body: bytes, said: str):
    status, answer = client.press("/verbs", body)
    assert status == 409
    assert said in answer["message"]
    assert asked == []


def test_unknown_addresses_are_told(client: Client):
    assert client.ask("GET", "/nope")[0] == 404
    assert client.press("/nope", {})[0] == 404


class Stream:
    """The lines of a stream of events."""

    def __init__(self, page: server.Opened) -> None:
        self.socket = socket.create_connection(("127.0.0.1", page.port), timeout=10)
        self.socket.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode())
        self.lines = self.socket.makefile("r", encoding="utf-8")

    def until(self, start: str) -> str:
        return next(line for line in self.lines if line.startswith(start))

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def test_the_stream_says_what_the_page_may_offer_and_then_each_snapshot(fake: Fake):
    with served(fake) as client:
        stream = Stream(client.page)
        assert "200" in stream.until("HTTP/1.1")
        assert stream.until("event") == "event: about\n"
        about = json.loads(stream.until("data: ")[6:])
        assert (about["allows_verbs"], about["choices"][0]["title"]) == (True, "Bad")
        read = [json.loads(stream.until("data: ")[6:])["read"] for _ in range(3)]
        assert read == sorted({*read})
        stream.close()


def test_a_button_makes_the_page_read_again_at_once(fake: Fake):
    with served(fake, seconds=60) as client:
        stream = Stream(client.page)
        stream.until("event")
        stream.until("data: ")
        assert json.loads(stream.until("data: ")[6:])["read"] == 1
        client.press("/verbs", PAUSE)
        assert json.loads(stream.until("data: ")[6:])["read"] == 2
        stream.close()


def test_aws_is_asked_only_while_a_page_is_open(fake: Fake):
    with served(fake) as client:
        client.ask("GET", "/")
        assert not fake.is_read.wait(0.1)
        stream = Stream(client.page)
        assert fake.is_read.wait(10)
        stream.close()


def test_a_stream_without_news_shows_that_it_is_alive(fake: Fake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "ALIVE_SECONDS", 0.05)
    with served(fake, seconds=60) as client:
        stream = Stream(client.page)
        assert stream.until(": ") == ": alive\n"
        stream.close()


def test_a_feed_that_fails_ends_its_streams(fake: Fake, monkeypatch: pytest.MonkeyPatch):
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    monkeypatch.setattr(fake, "snapshot", lambda: {"no": object()})
    with served(fake) as client:
        stream = Stream(client.page)
        assert [*stream.lines][-1] == "\n"
        stream.close()
    assert len(told) == 1


def test_too_many_pages_are_refused(fake: Fake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed, "MOST_PAGES", 1)
    with served(fake) as client:
        stream = Stream(client.page)
        stream.until("event")
        status, answer, _ = client.ask("GET", "/events")
        assert (status, answer["message"]) == (503, "too many pages are open")
        stream.close()


def test_a_port_that_is_taken_is_an_error(fake: Fake, client: Client):
    with (
        pytest.raises(server.PageNotServedError, match="in use"),
        opened(fake, port=client.page.port, allow_verbs=False, seconds=1),
    ):
        pass
