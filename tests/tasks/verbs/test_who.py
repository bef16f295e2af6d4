"""Who called a verb: what STS vouches for, what is only claimed, and every proof that is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.edge.request import parse_operator_call
from canary.tasks.common.entry import LambdaCall
from canary.tasks.verbs.who import find_caller
from embedded_aws.faults.calls import Fault, Mode
from tests.edge.test_proofs import PROOF as PROOF_PARTS
from tests.proofs import CALLER, OPERATOR, Signed, signed

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground

ABORT = {"verb": "abort", "target": "orders", "reason": "OPS-9"}
PAUSE = {"verb": "pause", "target": "orders", "reason": "OPS-9"}


def test_the_caller_that_sts_vouches_for_is_recorded(ground: Ground):
    walk = ground.walk().shift()
    answer = ground.invoke(OPERATOR, signed(ground, ABORT))

    assert answer["answer"] == "WAIT"
    assert walk.record.reason == f"aborted by {CALLER}: OPS-9"
    [action] = walk.record.actions
    assert (action.verb, action.reason, action.caller.arn, action.caller.unproven) == ("abort", "OPS-9", CALLER, "")
    assert action.caller.request_id


def test_a_role_session_is_recorded_as_it_is(ground: Ground):
    walk = ground.walk().shift()
    ground.invoke(OPERATOR, signed(ground, ABORT, session="alice@example.com"))

    assert walk.record.actions[0].caller.arn == "arn:aws:sts::123456789012:assumed-role/oncall/alice@example.com"


def test_without_a_proof_the_caller_is_claimed(ground: Ground):
    walk = ground.walk().shift()
    ground.invoke(OPERATOR, {**ABORT, "on_behalf_of": "alice"})

    [action] = walk.record.actions
    assert (action.caller.arn, action.caller.claimed) == (None, "alice")
    assert walk.record.reason == "aborted by someone (claimed: alice): OPS-9"


def test_a_signal_carries_its_caller_to_the_look_that_hears_it(ground: Ground):
    walk = ground.walk().shift()
    assert ground.invoke(OPERATOR, signed(ground, PAUSE))["answer"] == "ACCEPTED"
    walk.look()

    [action] = walk.record.actions
    assert (action.verb, action.caller.arn) == ("pause", CALLER)
    assert walk.record.steering.pause.by == CALLER


def test_a_promotion_carries_its_caller(ground: Ground):
    walk = ground.walk().shift()
    promote = {"verb": "promote", "target": "orders", "reason": "OPS-9"}
    answer = ground.invoke("AuthorizeRollout", signed(ground, promote, function="AuthorizeRollout"))
    walk.look()

    assert answer["answer"] == "ACCEPTED", answer
    assert walk.record.steering.promotion.by == CALLER


FORGED = {
    "another verb": (lambda one: {**one.call, "verb": "pause"}, "SignatureDoesNotMatch"),
    "another target": (lambda one: {**one.call, "target": "pay"}, "SignatureDoesNotMatch"),
    "another reason": (lambda one: {**one.call, "reason": "other"}, "SignatureDoesNotMatch"),
    "on another's behalf": (lambda one: {**one.call, "on_behalf_of": "eve"}, "SignatureDoesNotMatch"),
    "another request id": (lambda one: one.changed(request_id="0" * 32), "SignatureDoesNotMatch"),
    "another signature": (lambda one: one.changed(signature="0" * 64), "SignatureDoesNotMatch"),
    "a longer validity": (lambda one: one.changed(expires_seconds=59), "SignatureDoesNotMatch"),
    "another function": (lambda one: signed(one.ground, ABORT, function="AuthorizeRollout"), "SignatureDoesNotMatch"),
    "no binding": (lambda one: one.signed_without_binding(), "SignatureDoesNotMatch"),
    "another host": (lambda one: one.signed_for_host("sts.evil.example"), "SignatureDoesNotMatch"),
    "another Region": (
        lambda one: one.changed(credential=one.proof["credential"].replace("eu-west-1", "us-east-1")),
        "is in eu",
    ),
    "another day": (lambda one: one.changed(signed_at="20200101T000000Z"), "with a key of the day 2026"),
    "no time": (lambda one: one.changed(signed_at="20260105T250000Z"), "which is no time"),
    "a foreign token": (lambda one: one.changed(security_token="FwoGZXIvYXdzEB"), "InvalidClientTokenId"),
    "a URL": (lambda one: {**one.call, "proof": "https://sts.evil.example/?Action=GetCallerIdentity"}, "not a mapping"),
    "a URL as a part": (lambda one: one.changed(url="https://sts.evil.example/"), "unknown field"),
    "a host as a part": (lambda one: one.changed(host="sts.evil.example"), "unknown field"),
    "signed headers as a part": (lambda one: one.changed(signed_headers="host"), "unknown field"),
    "a query in the credential": (
        lambda one: one.changed(credential="AKIA/20260105/eu-west-1/sts/aws4_request&X=1"),
        "credential",
    ),
    "another service": (lambda one: one.changed(credential="AKIA/20260105/eu-west-1/iam/aws4_request"), "credential"),
    "a minute too long": (lambda one: one.changed(expires_seconds=61), "from 1 to 60"),
    "a very long token": (lambda one: one.changed(security_token="x" * 100_000), "100000 characters"),
    "a token with a line end": (lambda one: one.changed(security_token="x\r\nHost: evil"), "session token"),
    "no signature": (lambda one: one.changed(signature=""), "64 hexadecimal digits"),
}


def test_a_forged_proof_is_refused_and_does_nothing(ground: Ground):
    walk = ground.walk().shift()
    for name, (forge, said) in FORGED.items():
        answer = ground.invoke(OPERATOR, forge(Signed(ground, signed(ground, ABORT))))

        assert answer["answer"] == "REFUSED", name
        assert said in answer["reason"], (name, answer["reason"])
        assert "xxxxxxxxxx" not in answer["reason"], name
        assert (ground.percent, walk.record.actions) == (25.0, ()), name


def test_a_proof_of_another_verb_promotes_nothing(ground: Ground):
    walk = ground.walk().shift()
    answer = ground.invoke("AuthorizeRollout", {"verb": "promote", "target": "orders", "proof": signed(ground, ABORT)["proof"]})

    assert answer["answer"] == "REFUSED"
    assert answer["reason"].startswith("proof: ")
    assert (ground.percent, walk.owned.signal) == (25.0, None)


def test_an_expired_proof_is_refused(ground: Ground):
    walk = ground.walk().shift()
    call = signed(ground, ABORT)
    ground.rig.settle(90)
    answer = ground.invoke(OPERATOR, call)

    assert answer["answer"] == "REFUSED"
    assert "the proof was valid for 60 seconds and is 9" in answer["reason"]
    ground.rig.settle(900)
    assert "SignatureDoesNotMatch: Signature expired" in ground.invoke(OPERATOR, call)["reason"]
    assert walk.record.actions == ()


def test_a_proof_is_used_once(ground: Ground):
    """A repeated call works, as a retry must, but its caller is only claimed from the second time on."""
    walk = ground.walk().shift()
    call = signed(ground, PAUSE)
    ground.invoke(OPERATOR, call)
    walk.look()
    ground.rig.settle(10)
    ground.invoke(OPERATOR, {"verb": "resume", "target": "orders"})
    walk.look()
    ground.rig.settle(10)
    answer = ground.invoke(OPERATOR, call)
    walk.look()

    assert answer["answer"] == "ACCEPTED"
    arns = [(action.verb, action.caller.arn) for action in walk.record.actions]
    assert arns == [("pause", CALLER), ("resume", None), ("pause", None)]
    assert walk.record.actions[2].caller.unproven.startswith("the proof was used before")


@pytest.mark.parametrize("mode", [Mode.UNSENT, Mode.THROTTLED])
def test_without_an_answer_of_sts_the_verb_works_and_the_caller_is_claimed(ground: Ground, mode: Mode):
    walk = ground.walk().shift()
    call = signed(ground, ABORT)
    ground.aws.faults.add(Fault(OPERATOR, "sts", "GetCallerIdentity", mode))
    answer = ground.invoke(OPERATOR, call)

    assert (answer["answer"], ground.percent) == ("WAIT", None)
    [action] = walk.record.actions
    assert action.caller.arn is None
    assert action.caller.unproven.startswith("STS (sts.eu-west-1.amazonaws.com) did not ")
    assert "Signature=" not in action.caller.unproven


def test_a_caller_of_another_account_is_refused(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    walk = ground.walk().shift()
    call = signed(ground, ABORT)
    monkeypatch.setattr(
        "moto.sts.models.STSBackend.get_caller_identity", lambda *_: ("A", "arn:aws:iam::210987654321:root", "210987654321")
    )
    answer = ground.invoke(OPERATOR, call)

    assert answer["answer"] == "REFUSED"
    assert "the proof is of arn:aws:iam::210987654321:root, and this controller is in account 123456789012" in answer["reason"]
    assert walk.record.actions == ()


def test_a_function_that_does_not_know_its_place_takes_the_caller_as_claimed(tools: Tools, capsys: pytest.CaptureFixture[str]):
    call, _ = parse_operator_call({**ABORT, "proof": PROOF_PARTS})
    caller, wrong = find_caller({**ABORT, "proof": PROOF_PARTS}, call, replace(tools, call=LambdaCall("id")))

    assert wrong == ()
    assert (caller.arn, caller.unproven) == (None, "the function does not know its own ARN, got ''")
    assert '"CallerNotProven":[1.0]' in capsys.readouterr().out  # an alarm reads it


def test_a_wrong_proof_is_counted_too(tools: Tools, capsys: pytest.CaptureFixture[str]):
    given = {**ABORT, "proof": PROOF_PARTS}
    call, _ = parse_operator_call(given)
    caller, wrong = find_caller(
        given,
        call,
        replace(tools, call=LambdaCall("id", "arn:aws:lambda:us-east-1:123456789012:function:canary-OperateRollout")),
    )

    assert (caller.arn, [problem.field for problem in wrong]) == (None, ["proof"])
    assert '"CallerNotProven":[1.0]' in capsys.readouterr().out
