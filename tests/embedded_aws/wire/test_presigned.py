"""Presigned requests of STS: answered as AWS answers them, with their signature checked where the secret is known."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded_aws.embedded import EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "sts.eu-west-1.amazonaws.com"
HEADER = "x-some-binding"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as opened:
        yield opened


def presigned(keys: Credentials, bound: str = "one") -> str:
    """The path and query that botocore signs, with a further header."""
    request = AWSRequest("GET", f"https://{HOST}/?Action=GetCallerIdentity&Version=2011-06-15", {HEADER: bound})
    SigV4QueryAuth(keys, "sts", "eu-west-1", expires=60).add_auth(request)
    return str(request.url).removeprefix(f"https://{HOST}")


def get(aws: EmbeddedAws, path: str, bound: str = "one", host: str = HOST) -> tuple[int, str]:
    """Status and body, over HTTP."""
    request = urllib.request.Request(f"{aws.endpoint_url}{path}", headers={HEADER: bound, "Host": host})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def session(aws: EmbeddedAws, name: str = "alice") -> Any:
    role = f"arn:aws:iam::{aws.account}:role/oncall"
    given = aws.client("sts").assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


OWN = Credentials("embedded", "embedded")


def test_the_signer_is_named(aws: EmbeddedAws):
    status, body = get(aws, presigned(OWN))
    assert (status, f"<Arn>arn:aws:iam::{aws.account}:user/embedded</Arn>" in body) == (200, True)

    status, body = get(aws, presigned(session(aws)))
    assert (status, f"<Arn>arn:aws:sts::{aws.account}:assumed-role/oncall/alice</Arn>" in body) == (200, True)


@pytest.mark.parametrize(
    ("bound", "host"), [("two", HOST), ("", HOST), ("one", "sts.us-east-1.amazonaws.com"), ("one", "evil.example")]
)
def test_another_header_or_host_than_what_was_signed_does_not_match(aws: EmbeddedAws, bound: str, host: str):
    for keys in (OWN, session(aws)):
        status, body = get(aws, presigned(keys), bound, host)
        assert (status, "<Code>SignatureDoesNotMatch</Code>" in body) == (403, True)


def test_spaces_around_and_in_a_header_are_signed_as_one(aws: EmbeddedAws):
    assert get(aws, presigned(OWN, "one  two"), "one two")[0] == 200


def test_a_missing_or_foreign_token_is_invalid(aws: EmbeddedAws):
    alice, bob = session(aws), session(aws, "bob")
    for token in (None, bob.token):
        status, body = get(aws, presigned(Credentials(alice.access_key, alice.secret_key, token)))
        assert (status, "<Code>InvalidClientTokenId</Code>" in body) == (403, True)


def test_a_signature_lasts_fifteen_minutes_whatever_it_says(aws: EmbeddedAws):
    path = presigned(OWN)
    aws.clock.run_for(14 * 60)
    assert get(aws, path)[0] == 200
    aws.clock.run_for(2 * 60)
    status, body = get(aws, path)
    assert status == 403
    assert "Signature expired: " in body
    assert "- 15 min.)" in body


def test_a_signature_of_the_future_is_not_current(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch):
    aws.clock.run_for(3600)
    path = presigned(OWN)
    monkeypatch.setattr(aws.permissions, "_now", lambda: aws.clock.now() - 1000)

    assert "Signature not yet current" in get(aws, path)[1]


def test_the_token_of_a_session_that_is_over_is_expired(aws: EmbeddedAws):
    keys = session(aws)
    aws.clock.run_for(3700)

    status, body = get(aws, presigned(keys))
    assert (status, "<Code>ExpiredToken</Code>" in body) == (403, True)


def test_a_key_whose_secret_is_not_known_is_taken_as_it_is(aws: EmbeddedAws):
    status, body = get(aws, presigned(Credentials("any", "any")), "two")

    assert (status, f"<Arn>arn:aws:iam::{aws.account}:user/any</Arn>" in body) == (200, True)
