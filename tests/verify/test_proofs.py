"""What the question about proofs makes of the answers of STS; the embedded AWS gives those that are meant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest

import verify.questions.proofs
from embedded_aws.embedded import EmbeddedAws
from verify.account.aws import Aws, Place
from verify.questions.proofs import ShippedProof
from verify.scratch.replies import Reply

if TYPE_CHECKING:
    from verify.account.clock import Clock
    from verify.scratch.scratch import Scratch

PLACE = Place("aws", "123456789012", "eu-west-1")


def scratch(endpoint_url: str) -> Scratch:
    keys = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}
    client = boto3.Session(**keys, region_name="eu-west-1").client("sts", endpoint_url=endpoint_url)
    clock = cast("Clock", SimpleNamespace(sleep=lambda _: None))
    return cast("Scratch", SimpleNamespace(aws=Aws(lambda _: client, clock, PLACE)))


def test_as_it_is_meant():
    with EmbeddedAws() as aws:
        answer = ShippedProof().ask(scratch(aws.endpoint_url))

    assert answer.word == "as-meant"
    assert answer.evidence[1:4] == ("as signed: HTTP 200", "with another value: HTTP 403", "without it: HTTP 403")
    assert answer.evidence[4].startswith("20 seconds after it was signed for 1: HTTP 200")


@pytest.mark.parametrize("statuses", [(200, 200, 200), (403, 403, 403), (200, 403, 200), (0, 0, 0)])
def test_anything_else_is_not_as_meant(monkeypatch: pytest.MonkeyPatch, statuses: tuple[int, ...]):
    given = iter((*statuses, 403))
    monkeypatch.setattr(verify.questions.proofs, "get", lambda *_: Reply(next(given), {}))
    answer: Any = ShippedProof().ask(scratch("https://sts.eu-west-1.amazonaws.com"))

    assert answer.word == "otherwise"
    assert answer.evidence[0] == "signed for sts.eu-west-1.amazonaws.com"
