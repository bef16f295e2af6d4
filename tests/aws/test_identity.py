"""Asking STS who signed a call: where the request goes, and every answer that vouches for nobody."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session

from canary.aws.identity import UncheckedProof, WrongProof, ask_sts
from canary.rules.rollouts.proofs import CallerIdentity
from tests.rules.rollouts.test_proofs import ARN, NOON, PROOF, an_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "sts.eu-west-1.amazonaws.com"
IN_TIME = {"Date": formatdate(NOON + 5, usegmt=True)}


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes, *, cut: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """A server with one answer, which closes the connection `cut` bytes too early; its URL and what it was asked."""
    asked: list[Any] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers.items())))
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) - cut])

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> CallerIdentity | WrongProof | UncheckedProof:
    with answering(status, IN_TIME if headers is None else headers, body) as (url, _):
        return ask_sts(PROOF, "binding", host=HOST, endpoint_url=url)


def test_sts_gets_the_bound_header_and_its_own_name_as_host():
    with answering(200, IN_TIME, an_answer()) as (url, asked):
        found = ask_sts(PROOF, "binding", host=HOST, endpoint_url=url)
    [(path, headers)] = asked

    assert found == CallerIdentity(ARN, "123456789012")
    assert path.startswith("/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=")
    assert (headers["Host"], headers["x-canary-call"]) == (HOST, "binding")
    assert "Authorization" not in headers


def test_without_another_address_the_request_goes_to_sts_over_tls(monkeypatch: pytest.MonkeyPatch):
    sent: list[Any] = []

    def send(_: object, request: Any) -> None:
        sent.append(request)
        raise EndpointConnectionError(endpoint_url=request.url)

    monkeypatch.setattr(URLLib3Session, "send", send)
    found = ask_sts(PROOF, "binding", host=HOST, endpoint_url=None)

    assert sent[0].url.startswith(f"https://{HOST}/?Action=GetCallerIdentity&")
    assert found == UncheckedProof(f"STS ({HOST}) did not answer (EndpointConnectionError)")


def test_a_redirect_is_not_followed():
    with answering(200, IN_TIME, an_answer()) as (elsewhere, asked):
        found = ask(302, headers={**IN_TIME, "Location": elsewhere})

    assert found == UncheckedProof(f"STS ({HOST}) did not check the proof (HTTP 302)")
    assert asked == []


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken", "AccessDenied"])
def test_a_refusal_of_sts_makes_the_proof_wrong(code: str):
    found = ask(403, f"<ErrorResponse><Error><Code>{code}</Code><Message>why</Message></Error></ErrorResponse>".encode())

    assert isinstance(found, WrongProof)
    assert f"({code}: why)" in found.reason


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"),
        (429, b""),
        (403, b"<html>a proxy</html>"),
        (500, b"<ErrorResponse><Error><Code>InternalFailure</Code></Error></ErrorResponse>"),
        (503, b""),
    ],
)
def test_an_answer_that_checked_nothing_makes_no_proof_wrong(status: int, body: bytes):
    assert isinstance(ask(status, body), UncheckedProof)


@pytest.mark.parametrize(
    "body", [b"", b"<html>a proxy</html>", an_answer(account="210987654321"), an_answer(inside="x" * 10_000)]
)
def test_an_answer_that_names_nobody_vouches_for_nobody(body: bytes):
    assert ask(200, body) == UncheckedProof(f"STS ({HOST}) gave an answer that names no caller")


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_without_the_time_of_sts_nobody_knows_how_old_the_proof_is(headers: dict[str, str]):
    assert ask(200, an_answer(), headers) == UncheckedProof(f"STS ({HOST}) gave an answer without its date")


def test_a_proof_that_is_too_old_by_the_clock_of_sts_is_wrong():
    """STS itself takes a presigned request for fifteen minutes."""
    late = {"Date": formatdate(NOON + 61, usegmt=True)}

    assert ask(200, an_answer(), late) == WrongProof("the proof was valid for 60 seconds and is 61 old")


def test_an_answer_that_breaks_off_vouches_for_nobody():
    with answering(200, IN_TIME, an_answer(), cut=30) as (url, _):
        assert isinstance(ask_sts(PROOF, "binding", host=HOST, endpoint_url=url), UncheckedProof)


def test_no_answer_at_all_vouches_for_nobody_and_the_reason_has_no_signature():
    found = ask_sts(PROOF, "binding", host=HOST, endpoint_url="http://127.0.0.1:1")

    assert isinstance(found, UncheckedProof)
    assert PROOF.signature not in found.reason
