"""How a caller proves who it is: it signs a request that only STS can check, and the function lets STS check it.

The request is `sts:GetCallerIdentity`, signed as a presigned URL by the caller's own credentials. One of its signed headers
carries a digest of the call: the function's account, Region and name, the verb, the target, every other argument, and the
caller's own request id. So the proof of one call proves no other. Only the parts of the signature travel with a call. The
request itself is built here, so that its host, its action and its list of signed headers are never the caller's choice.

This module knows the texts, and makes no call.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = "x-canary-call"
"""The signed header that carries the digest of the call (docs/aws.md#caller-identity)."""

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNED_HEADERS = f"host;{HEADER}"
LONGEST_SECONDS = 60
"""How long a proof may be valid, at most."""

ACTION = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
TIME = "%Y%m%dT%H%M%SZ"
"""How Signature Version 4 writes a time, always in UTC."""

DOMAINS = MappingProxyType(
    {
        "aws-cn": "amazonaws.com.cn",
        "aws-eusc": "amazonaws.eu",
        "aws-iso": "c2s.ic.gov",
        "aws-iso-b": "sc2s.sgov.gov",
        "aws-iso-e": "cloud.adc-e.uk",
        "aws-iso-f": "csp.hci.ic.gov",
    }
)
"""By partition, the domain of its services where it is not that of most (docs/aws.md#partitions)."""

NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"
ARN = r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):(?:root|(?:user|assumed-role|federated-user)/[!-~]{1,1200})"
LONGEST_ANSWER = 8192
"""Bytes of an answer of STS; an identity takes some 500."""

PROOF = "proof"
"""The key of a call that holds the proof; the digest covers every other key."""


@dataclass(frozen=True, slots=True)
class CallerProof:
    """The parts of a presigned request. ``credential``: the access key's id with date, Region and service."""

    request_id: str
    credential: str
    signed_at: str
    expires_seconds: int
    signature: str
    security_token: str = ""


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """Which function a call is for."""

    partition: str
    region: str
    account: str
    function: str

    @property
    def sts_host(self) -> str:
        """The host of STS in the function's own Region (docs/aws.md#caller-identity)."""
        return f"sts.{self.region}.{DOMAINS.get(self.partition, 'amazonaws.com')}"


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """A caller as STS names it."""

    arn: str
    account: str


def place_of(function_arn: str) -> FunctionPlace | None:
    """The place of a function by its ARN, with or without a qualifier; None if the text is no such ARN."""
    found = re.fullmatch(r"arn:([\w-]+):lambda:([\w-]+):(\d{12}):function:([\w-]+)(?::[\w$-]+)?", function_arn, re.ASCII)
    return FunctionPlace(*found.groups()) if found else None


def binding_of(place: FunctionPlace, call: Mapping[str, Any], request_id: str) -> str:
    """The digest that the signed header carries: a SHA-256 of everything that the call says but its proof."""
    said = {key: value for key, value in call.items() if key != PROOF}
    text = json.dumps([place.account, place.region, place.function, request_id, said], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def query_of(proof: CallerProof) -> str:
    """The query of the request, sorted and encoded as it is signed, with the signature if there is one."""
    parts = {
        **ACTION,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": proof.credential,
        "X-Amz-Date": proof.signed_at,
        "X-Amz-Expires": str(proof.expires_seconds),
        "X-Amz-SignedHeaders": SIGNED_HEADERS,
        **({"X-Amz-Security-Token": proof.security_token} if proof.security_token else {}),
        **({"X-Amz-Signature": proof.signature} if proof.signature else {}),
    }
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(parts.items()))


def find_misplaced(proof: CallerProof, place: FunctionPlace) -> str | None:
    """Why a proof cannot be one for this function, as far as its own text shows; None if nothing speaks against it."""
    _, date, region, *_ = proof.credential.rsplit("/", 4)
    if region != place.region:
        return f"the proof is signed for Region {region}, and this controller is in {place.region}"
    if not _is_time(proof.signed_at):
        return f"the proof is signed at {proof.signed_at}, which is no time"
    if not proof.signed_at.startswith(date):
        return f"the proof is signed at {proof.signed_at} with a key of the day {date}"
    return None


def find_age(proof: CallerProof, now: float) -> str | None:
    """Why a proof is too old, or not valid yet, at `now` by AWS's clock (epoch seconds); None if it is valid."""
    age = now - signed_epoch(proof)
    if -LONGEST_SECONDS <= age <= proof.expires_seconds:
        return None
    expired = f"the proof was valid for {proof.expires_seconds} seconds and is {age:.0f} old"
    return expired if age > 0 else f"the proof is signed {-age:.0f} seconds ahead of AWS's clock"


def signed_epoch(proof: CallerProof) -> float:
    """When a proof was signed by its own text, in epoch seconds."""
    return datetime.strptime(proof.signed_at, TIME).replace(tzinfo=UTC).timestamp()


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text, TIME)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


def read_identity(body: bytes) -> CallerIdentity | None:
    """The caller in an answer of GetCallerIdentity; None if it is not exactly such an answer.

    A document type or an entity is never read: STS sends none, and they can make one text look like another.
    """
    if len(body) > LONGEST_ANSWER or b"<!" in body:
        return None
    try:
        root = ET.fromstring(body)  # noqa: S314 - nothing but plain elements of a short answer gets here
    except ET.ParseError:
        return None
    if root.tag != f"{NAMESPACE}GetCallerIdentityResponse":
        return None
    results = root.findall(f"{NAMESPACE}GetCallerIdentityResult")
    found = [(part.tag, part.text or "", len(part)) for result in results for part in result]
    texts = {tag.removeprefix(NAMESPACE): text for tag, text, _ in found}
    is_plain = len(results) == 1 and len(found) == len(texts) and not any(parts for *_, parts in found)
    arn, account = texts.get("Arn", ""), texts.get("Account", "")
    named = re.fullmatch(ARN, arn, re.ASCII)
    return CallerIdentity(arn, account) if is_plain and named and named[1] == account else None


def read_error(body: bytes) -> tuple[str, str]:
    """Code and message of a refusal of STS, on one line each and cut; both empty if it cannot be read."""
    text = body[:LONGEST_ANSWER].decode(errors="replace")
    code, message = (re.search(rf"<{name}>([^<]*)</{name}>", text) for name in ("Code", "Message"))
    return _line(code[1] if code else "", 100), _line(message[1] if message else "", 300)


def _line(text: str, longest: int) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:longest]
