"""What counts of a canary's requests say about its share, and the connections that are kept for them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from verify.questions.splits import Sample, word_of
from verify.scratch.replies import Reply, get_kept

if TYPE_CHECKING:
    from collections.abc import Iterator


def arms(canary: int, of: int) -> list[bool]:
    return [number < canary for number in range(of)]


def mixed(percent: int, canary: int, of: int = 2000) -> Sample:
    return Sample(percent, arms(canary, of), [[True, False] * 25] * 2 if percent == 50 else [])


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        ([mixed(1, 20), mixed(10, 210), mixed(50, 990)], "as-set-each"),
        ([mixed(1, 4), mixed(10, 200), mixed(50, 1000)], "as-set-each"),
        ([mixed(1, 20), mixed(10, 200), mixed(50, 760)], "within-a-third"),
        ([mixed(1, 20), mixed(10, 130), mixed(50, 700)], "within-a-third"),
        ([mixed(1, 20), mixed(10, 200), mixed(50, 400)], "21.4-at-50"),
        ([mixed(1, 100), mixed(10, 200), mixed(50, 1000)], "5.0-at-1"),
        ([mixed(1, 20), mixed(10, 200), Sample(50, arms(500, 1000), [[True] * 50, [False] * 50])], "as-set-by-connection"),
        (
            [mixed(1, 20), mixed(10, 500), Sample(50, arms(500, 1000), [[True] * 50, [False] * 50])],
            "as-set-by-connection-but-not-as-set",
        ),
        ([mixed(1, 20), mixed(10, 200), Sample(50, arms(500, 1000), [[True], [False]])], "as-set-each"),
    ],
)
def test_counts_have_their_word(samples: list[Sample], word: str) -> None:
    assert word_of(samples) == word


class Answering(BaseHTTPRequestHandler):
    """Answers, and counts the connections."""

    protocol_version = "HTTP/1.1"
    connections = 0
    answers = 0
    closes_after = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_GET(self) -> None:
        type(self).answers += 1
        body = b'{"arm": "base"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-requestid", f"r{self.answers}")
        if self.answers == self.closes_after:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is written."""


@pytest.fixture
def handler() -> type[Answering]:
    return type("Handler", (Answering,), {})


@pytest.fixture
def address(handler: type[Answering]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/stage/open"
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_go_over_one_connection(address: str, handler: type[Answering]) -> None:
    replies = get_kept(address, 5)

    assert replies == [Reply(200, {"arm": "base"}, f"r{number}") for number in range(1, 6)]
    assert handler.connections == 1


def test_a_connection_that_the_other_side_closes_is_not_opened_again(address: str, handler: type[Answering]) -> None:
    handler.closes_after = 2

    assert len(get_kept(address, 5)) == 2
    assert handler.connections == 1


def test_a_missing_answer_is_a_reply_too() -> None:
    assert get_kept("http://127.0.0.1:9/stage/open", 5) == [Reply(0, {})]
