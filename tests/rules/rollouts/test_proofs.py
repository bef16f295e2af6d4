"""What a proof is bound to, the request that is built of it, and what is read of an answer of STS."""

from dataclasses import replace
from urllib.parse import parse_qsl

import botocore.session
import pytest

from canary.rules.rollouts.proofs import (
    LONGEST_ANSWER,
    CallerIdentity,
    CallerProof,
    FunctionPlace,
    binding_of,
    find_age,
    find_misplaced,
    place_of,
    query_of,
    read_error,
    read_identity,
    signed_epoch,
)

PLACE = FunctionPlace("aws", "eu-west-1", "123456789012", "canary-OperateRollout")
PROOF = CallerProof("r" * 32, "AKIA/20260131/eu-west-1/sts/aws4_request", "20260131T120000Z", 60, "f" * 64, "to+ken/=")
CALL = {"verb": "abort", "target": "orders", "reason": "OPS-1"}
ARN = "arn:aws:sts::123456789012:assumed-role/oncall/alice"
NOON = 1769860800.0


def an_answer(
    arn=ARN, account="123456789012", *, before="", inside="", after="", namespace="https://sts.amazonaws.com/doc/2011-06-15/"
):
    return (
        f'{before}<GetCallerIdentityResponse xmlns="{namespace}"><GetCallerIdentityResult>'
        f"<Arn>{arn}</Arn><UserId>AROA:alice</UserId><Account>{account}</Account>{inside}</GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>{after}</GetCallerIdentityResponse>"
    ).encode()


@pytest.mark.parametrize(
    ("place", "call", "request_id"),
    [
        (replace(PLACE, account="210987654321"), CALL, PROOF.request_id),
        (replace(PLACE, region="us-east-1"), CALL, PROOF.request_id),
        (replace(PLACE, function="canary-AuthorizeRollout"), CALL, PROOF.request_id),
        (PLACE, {**CALL, "verb": "pause"}, PROOF.request_id),
        (PLACE, {**CALL, "target": "pay"}, PROOF.request_id),
        (PLACE, {**CALL, "on_behalf_of": "eve"}, PROOF.request_id),
        (PLACE, CALL, "s" * 32),
    ],
)
def test_each_part_of_a_call_changes_what_its_proof_is_bound_to(place, call, request_id):
    assert binding_of(place, call, request_id) != binding_of(PLACE, CALL, PROOF.request_id)


def test_the_binding_is_of_the_call_without_its_proof_in_whatever_order():
    turned = dict(reversed(CALL.items()))

    assert binding_of(PLACE, {**turned, "proof": {"any": "thing"}}, "r" * 32) == binding_of(PLACE, CALL, "r" * 32)


def test_the_request_asks_for_the_caller_and_for_nothing_else():
    asked = dict(parse_qsl(query_of(PROOF), strict_parsing=True))

    assert asked == {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": PROOF.credential,
        "X-Amz-Date": PROOF.signed_at,
        "X-Amz-Expires": "60",
        "X-Amz-Security-Token": "to+ken/=",
        "X-Amz-Signature": "f" * 64,
        "X-Amz-SignedHeaders": "host;x-canary-call",
    }
    assert "X-Amz-Security-Token" not in query_of(replace(PROOF, security_token=""))


@pytest.mark.parametrize(
    ("arn", "place"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:canary-OperateRollout", PLACE),
        ("arn:aws:lambda:eu-west-1:123456789012:function:canary-OperateRollout:$LATEST", PLACE),
        ("arn:aws:lambda:eu-west-1:123456789012:function:canary-OperateRollout:live", PLACE),
        ("arn:aws:lambda:eu-west-1::function:canary-OperateRollout", None),
        ("", None),
    ],
)
def test_a_place_is_read_from_a_functions_arn(arn, place):
    assert place_of(arn) == place


def test_sts_is_that_of_the_region_and_its_partition():
    """The domains are those that botocore knows."""
    for partition in botocore.session.Session().get_data("endpoints")["partitions"]:
        place = replace(PLACE, partition=partition["partition"])
        assert place.sts_host == f"sts.eu-west-1.{partition['dnsSuffix']}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"credential": "AKIA/20260131/us-east-1/sts/aws4_request"}, "signed for Region us-east-1"),
        ({"signed_at": "20260131T250000Z"}, "is no time"),
        ({"signed_at": "20260130T120000Z"}, "with a key of the day 20260131"),
    ],
)
def test_a_proof_that_is_misplaced_by_its_own_text_is_found(changes, said):
    found = find_misplaced(replace(PROOF, **changes), PLACE)

    assert found is said or said in found


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, None),
        (60, None),
        (-60, None),
        (61, "the proof was valid for 60 seconds and is 61 old"),
        (-61, "the proof is signed 61 seconds ahead of AWS's clock"),
    ],
)
def test_a_proof_is_valid_for_a_minute_by_the_clock_of_aws(seconds, said):
    assert signed_epoch(PROOF) == NOON
    assert find_age(PROOF, NOON + seconds) == said


@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:user/people/alice",
        "arn:aws-us-gov:sts::123456789012:federated-user/bob",
    ],
)
def test_the_caller_is_read(arn):
    assert read_identity(an_answer(arn)) == CallerIdentity(arn, "123456789012")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html></html>",
        b"\xff\xfe<",
        an_answer()[:-3],
        an_answer(namespace="https://evil.example/"),
        an_answer(before='<!DOCTYPE a [<!ENTITY e "x">]>', arn="&e;"),
        an_answer(inside="<!-- hidden -->"),
        an_answer(account="210987654321"),
        an_answer(arn="arn:aws:iam::123456789012:user/alice<b>/../root</b>"),
        an_answer(arn="arn:aws:iam::123456789012:user/alice\nadmin"),
        an_answer(arn="arn:aws:iam::123456789012:user/älice"),
        an_answer(arn="arn:aws:iam::123456789012:role/oncall"),
        an_answer(arn=f"arn:aws:iam::123456789012:user/{'a' * 1201}"),
        an_answer(arn=""),
        an_answer(inside="<Arn>arn:aws:iam::123456789012:root</Arn>"),
        an_answer(inside="<Account>123456789012<Arn>x</Arn></Account>"),
        an_answer(after="<GetCallerIdentityResult><Arn>x</Arn></GetCallerIdentityResult>"),
        b"<x>" + an_answer() + b"</x>",
        an_answer(inside=" " * LONGEST_ANSWER),
    ],
)
def test_an_answer_that_is_not_exactly_one_names_nobody(body):
    assert read_identity(body) is None


def test_a_refusal_is_read_on_one_line_and_cut():
    body = (
        b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no\r\n\x1b[31m" + b"x" * 999 + b"</Message></Error>"
    )
    code, message = read_error(body)

    assert code == "SignatureDoesNotMatch"
    assert (message[:5], len(message), message.isprintable()) == ("no   ", 300, True)
    assert read_error(b"nothing") == ("", "")
