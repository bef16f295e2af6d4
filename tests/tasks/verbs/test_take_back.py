"""Rollback and revert: what OperateRollout answers, which execution it begins, and that it begins one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws import executions
from canary.aws.errors import RecordsRefusedError
from canary.aws.records import Records
from canary.edge.request import OperatorCall
from canary.rules.rollouts.actions import UNKNOWN_CALLER
from canary.rules.rollouts.grants import MOST_REVERTS, VALID_SECONDS, Grant, GrantKind, names_of_reverts
from canary.rules.rollouts.steering import DirectVerb
from canary.tasks.verbs import take_back as module
from canary.tasks.verbs.take_back import take_back
from tests.aws.stubs import refusal
from tests.tasks.test_check_revert import check, revert_of
from tests.tasks.test_trouble import delete_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.aws.record_reads import Owned
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground, Walk


@pytest.fixture
def promoted(ground: Ground) -> Walk:
    """A rollout that was promoted."""
    return ground.walk().promote()


@pytest.fixture(autouse=True)
def stopped(ground: Ground) -> Iterator[None]:
    """Stops what a test began."""
    yield
    client, machine = ground.aws.client("stepfunctions"), ground.rig.controller.machine_arn
    for one in client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        executions.stop(client, one["executionArn"], error="Over", cause="the test is over")


def operate(ground: Ground, verb: str, **more: Any) -> dict[str, Any]:
    return ground.invoke("OperateRollout", {"verb": verb, "target": "orders", **more})


def given_to(ground: Ground, execution: str) -> dict[str, Any]:
    """The input of an execution."""
    return dict(json.loads(ground.aws.client("stepfunctions").describe_execution(executionArn=execution)["input"]))


def test_a_promoted_release_is_reverted_by_an_execution_with_a_grant(ground: Ground, promoted: Walk):
    answer = operate(ground, "rollback", reason="OPS-1")
    name = f"{promoted.rollout_id}-revert"

    assert answer == {
        "target": "orders",
        "rollout": promoted.rollout_id,
        "answer": "ACCEPTED",
        "phase": "promoted",
        "reason": f"rollout {promoted.rollout_id} is promoted and at rest, and is reverted",
        "revert": name,
        "execution": f"{promoted.execution}-revert",
        "wait_seconds": 0,
        "takes_back": promoted.rollout_id,
        "now": {"functions": ground.new, "deployment": promoted.record.intent.deployment_id},
        "afterwards": {"functions": ground.old, "deployment": ground.old_deployment},
    }
    assert given_to(ground, answer["execution"]) == {
        "operation": "revert",
        "target": "orders",
        "rollout": promoted.rollout_id,
        "reason": "OPS-1",
    }
    grant = ground.rig.records.read_grants([name])[name]
    assert (grant.rollout, grant.to, grant.reason) == (promoted.rollout_id, None, "OPS-1")


def test_the_same_verb_twice_begins_one_execution(ground: Ground, promoted: Walk):
    first, second = operate(ground, "rollback"), operate(ground, "revert")
    assert (first["answer"], second["answer"]) == ("ACCEPTED", "UNCHANGED")
    assert first["execution"] == second["execution"]
    assert "is reverting it already" in second["reason"]

    ground.rig.settle(60)
    third = operate(ground, "rollback")
    assert (third["answer"], third["execution"], third["takes_back"]) == (
        "UNCHANGED",
        first["execution"],
        promoted.rollout_id,
    )
    assert third["afterwards"] == first["afterwards"]
    assert operate(ground, "revert")["answer"] == "UNCHANGED"
    assert operate(ground, "revert", to=promoted.rollout_id)["answer"] == "REFUSED"


def test_a_revert_to_another_release_waits_for_its_turn(ground: Ground, promoted: Walk):
    operate(ground, "rollback")
    other = operate(ground, "revert", to=promoted.rollout_id)

    assert other["answer"] == "REFUSED"
    assert "is reverting rollout" in other["reason"]


def test_a_revert_that_was_refused_can_be_tried_again_under_the_next_name(ground: Ground, promoted: Walk):
    ground.point("orders-read", "canary", "1", v2=0.5)
    first = operate(ground, "rollback")
    ground.rig.settle(10)
    assert ground.aws.client("stepfunctions").describe_execution(executionArn=first["execution"])["status"] == "FAILED"
    second = operate(ground, "rollback")

    assert (second["answer"], second["revert"]) == ("ACCEPTED", f"{promoted.rollout_id}-revert-2")


def test_a_function_that_died_before_its_execution_began_is_made_up_for(ground: Ground, tools: Tools, promoted: Walk):
    name = f"{promoted.rollout_id}-revert"
    tools.records.give(Grant(name, GrantKind.REVERT, "orders", promoted.now, promoted.rollout_id))
    again = operate(ground, "rollback")

    assert (again["answer"], again["revert"]) == ("ACCEPTED", name)


def test_a_grant_that_is_no_longer_valid_is_left(ground: Ground, tools: Tools, promoted: Walk):
    old = promoted.now - VALID_SECONDS - 1
    tools.records.give(Grant(f"{promoted.rollout_id}-revert", GrantKind.REVERT, "orders", old, promoted.rollout_id))

    assert operate(ground, "rollback")["revert"] == f"{promoted.rollout_id}-revert-2"


def test_no_more_names_are_tried_than_there_are(ground: Ground, tools: Tools, promoted: Walk):
    for name in names_of_reverts(promoted.rollout_id):
        tools.records.give(Grant(name, GrantKind.REVERT, "orders", 1.0, promoted.rollout_id))
    answer = operate(ground, "rollback")

    assert answer["answer"] == "REFUSED"
    assert f"{MOST_REVERTS} executions have tried to revert rollout {promoted.rollout_id}" in answer["reason"]


def test_a_promotion_past_its_commit_point_is_finished_and_then_reverted(ground: Ground):
    walk = ground.walk().move_base()
    assert operate(ground, "abort")["answer"] == "REFUSED"
    answer = operate(ground, "rollback")

    assert (answer["answer"], answer["phase"], answer["wait_seconds"]) == ("ACCEPTED", "moving_base", 60)
    assert answer["takes_back"] == walk.rollout_id
    assert walk.owned.lock.owner == walk.execution


def test_an_earlier_rollout_can_be_named_if_it_was_promoted(ground: Ground, promoted: Walk):
    unknown = operate(ground, "revert", to="nope")
    known = operate(ground, "revert", to=promoted.rollout_id)

    assert unknown["answer"] == "REFUSED"
    assert "rollout nope was never promoted on orders" in unknown["reason"]
    assert (known["answer"], known["afterwards"]["functions"]) == ("ACCEPTED", ground.new)
    assert given_to(ground, known["execution"])["to"] == promoted.rollout_id


def test_without_a_record_there_is_nothing_to_go_by(ground: Ground, promoted: Walk):
    assert operate(ground, "abort") == {"target": "orders", "answer": "NOTHING_TO_ABORT"}
    delete_record(ground, promoted)
    answer = operate(ground, "rollback")

    assert answer["answer"] == "REFUSED"
    assert f"the record of rollout {promoted.rollout_id}, which was promoted last, was deleted" in answer["reason"]


def test_a_lock_without_a_record_and_an_unknown_target_are_reported(ground: Ground):
    walk = ground.walk().begin()
    delete_record(ground, walk)

    assert "which holds orders, was deleted" in operate(ground, "rollback")["reason"]
    assert "registered targets: orders" in operate(ground, "rollback", target="odrers")["reason"]


def test_an_abort_that_meets_the_commit_point_is_weighed_again(ground: Ground, tools: Tools, monkeypatch: pytest.MonkeyPatch):
    walk = ground.walk().take_all()
    real = Records.take_over

    def overtaken(self: Records, owned: Owned, owner: str) -> Owned:
        monkeypatch.undo()
        walk.pause(240)
        walk.task("MoveBase")
        return real(self, owned, owner)

    monkeypatch.setattr(Records, "take_over", overtaken)
    answer = take_back(DirectVerb.ABORT, OperatorCall(DirectVerb.ABORT, "orders", ""), UNKNOWN_CALLER, tools)

    assert (answer["answer"], answer["phase"]) == ("REFUSED", "moving_base")
    assert walk.owned.lock.owner == walk.execution


@pytest.mark.parametrize(("code", "is_tried_again"), [("TransactionConflict", True), ("ThrottlingError", False)])
def test_an_abort_that_a_write_of_the_rollout_is_in_the_way_of_is_made_again(
    ground: Ground, tools: Tools, monkeypatch: pytest.MonkeyPatch, code: str, *, is_tried_again: bool
):
    ground.walk().shift()

    def refuse(*_: object) -> None:
        monkeypatch.undo()
        cause = refusal("TransactionCanceledException")
        cause.response["CancellationReasons"] = [{"Code": "None"}, {"Code": code}]
        raise RecordsRefusedError("the transaction was cancelled") from cause

    monkeypatch.setattr(Records, "take_over", refuse)
    asked = OperatorCall(DirectVerb.ABORT, "orders", "")
    if is_tried_again:
        assert take_back(DirectVerb.ABORT, asked, UNKNOWN_CALLER, tools)["phase"] == "rolling_back"
        return
    with pytest.raises(RecordsRefusedError):
        take_back(DirectVerb.ABORT, asked, UNKNOWN_CALLER, tools)


@pytest.mark.parametrize("step", ["give", "start"])
def test_a_call_that_is_overtaken_again_and_again_is_refused(
    ground: Ground, tools: Tools, promoted: Walk, step: str, monkeypatch: pytest.MonkeyPatch
):
    assert promoted.record.phase == "promoted"
    if step == "give":
        monkeypatch.setattr(Records, "give", lambda *_: False)
    else:
        monkeypatch.setattr(module, "start", lambda *_: None)
    answer = take_back(DirectVerb.ROLLBACK, OperatorCall(DirectVerb.ROLLBACK, "orders", ""), UNKNOWN_CALLER, tools)

    assert answer["answer"] == "REFUSED"
    assert "changed 3 times while rollback was carried out; call it again" in answer["reason"]
    assert ground.percent is None


def an_aborted_revert(ground: Ground, tools: Tools, promoted: Walk) -> Walk:
    """A revert that is being rolled back."""
    revert = revert_of(promoted, tools)
    check(revert, promoted.rollout_id)
    revert.lock()
    revert.task("PrepareRelease")
    revert.task("TakeAllTraffic")
    assert operate(ground, "abort")["phase"] == "rolling_back"
    return revert


def test_a_rollback_while_an_aborted_revert_is_rolled_back_reverts_anew(ground: Ground, tools: Tools, promoted: Walk):
    aborted = an_aborted_revert(ground, tools, promoted)
    answer = operate(ground, "rollback")
    again = operate(ground, "rollback")

    assert (answer["answer"], answer["takes_back"], answer["phase"]) == ("ACCEPTED", promoted.rollout_id, "rolling_back")
    assert answer["revert"] == f"{promoted.rollout_id}-revert-2"
    assert answer["afterwards"]["functions"] == ground.old
    assert f"rollout {aborted.rollout_id}, which was to take rollout {promoted.rollout_id} back, is" in answer["reason"]
    assert 0 < answer["wait_seconds"] <= 61
    assert (again["answer"], again["revert"]) == ("UNCHANGED", answer["revert"])


def test_what_an_aborted_revert_was_to_take_back_may_be_gone(ground: Ground, tools: Tools, promoted: Walk):
    an_aborted_revert(ground, tools, promoted)
    delete_record(ground, promoted)
    answer = operate(ground, "rollback")

    assert answer["answer"] == "REFUSED"
    assert f"the record of rollout {promoted.rollout_id}, which was promoted last, was deleted" in answer["reason"]
