"""Asks STS who signed a call. The request is built here from the parts of the caller's signature, and sent once.

It goes to STS of the function's own Region and partition and nowhere else. No redirect is followed, and only the first
kilobytes of an answer are read. The function's own credentials have no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError

from canary.rules.rollouts.proofs import HEADER, LONGEST_ANSWER, CallerIdentity, find_age, query_of, read_error, read_identity

if TYPE_CHECKING:
    from canary.rules.rollouts.proofs import CallerProof

CONNECT_SECONDS, READ_SECONDS = 2, 3
"""STS answers in some tens of milliseconds. A verb that takes traffic from a bad release does not wait longer for a name."""

BUSY = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "RequestThrottled"})
"""The codes by which STS says that it did not check the proof."""


@dataclass(frozen=True, slots=True)
class WrongProof:
    """STS refused the request: the proof is wrong, of another call, or too old."""

    reason: str


@dataclass(frozen=True, slots=True)
class UncheckedProof:
    """Nobody checked the proof, because STS did not or could not answer."""

    reason: str


def ask_sts(
    proof: CallerProof, binding: str, *, host: str, endpoint_url: str | None
) -> CallerIdentity | WrongProof | UncheckedProof:
    """Who signed the proof for the call that `binding` is the digest of. `endpoint_url`: an AWS that is not AWS itself."""
    url = f"{endpoint_url or f'https://{host}'}/?{query_of(proof)}"
    request = AWSRequest(method="GET", url=url, headers={"Host": host, HEADER: binding}, stream_output=True)
    http = URLLib3Session(timeout=(CONNECT_SECONDS, READ_SECONDS))
    try:
        answer: Any = http.send(request.prepare())
        body = answer.raw.read(LONGEST_ANSWER + 1)
    except (BotoCoreError, HTTPError, OSError) as error:  # whose texts have the address, and so the signature
        return UncheckedProof(f"STS ({host}) did not answer ({type(error).__name__})")
    finally:
        http.close()
    if answer.status_code == HTTPStatus.OK:
        return _read(proof, body, str(answer.headers.get("Date", "")), host)
    return _refused(int(answer.status_code), body, host)


def _read(proof: CallerProof, body: bytes, date: str, host: str) -> CallerIdentity | WrongProof | UncheckedProof:
    """The caller, if the proof is as young as it says by STS' own clock: STS itself takes it for fifteen minutes."""
    found = read_identity(body)
    try:
        answered_at = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return UncheckedProof(f"STS ({host}) gave an answer without its date")
    if found is None:
        return UncheckedProof(f"STS ({host}) gave an answer that names no caller")
    age = find_age(proof, answered_at)
    return WrongProof(age) if age else found


def _refused(status: int, body: bytes, host: str) -> WrongProof | UncheckedProof:
    code, message = read_error(body)
    found = f"{code}: {message}" if code else f"HTTP {status}"
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and code and code not in BUSY
    if is_refusal:
        return WrongProof(f"STS refuses the proof, which is too old, of another call or of other credentials ({found})")
    return UncheckedProof(f"STS ({host}) did not check the proof ({found})")
