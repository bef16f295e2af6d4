"""Who may act on a target: abort, guard and sweeper take over; a late or redriven execution changes nothing more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from canary_machine.definition import load, states_of
from embedded_aws.faults.calls import Fault, Mode, TaskFault, TaskMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rig import Rig

MINUTE = 60


def abort(rig: Rig, reason: str = "OPS-9") -> dict[str, Any]:
    call = {"verb": "abort", "target": "orders", "reason": reason}
    answer = rig.aws.client("lambda").invoke(FunctionName=rig.controller.operator, Payload=json.dumps(call))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return dict(json.load(answer["Payload"]))


def test_abort_removes_the_canary_at_once(rig: Rig):
    before = rig.aliases()
    rig.publish()
    arn = rig.start()
    rig.settle(150)
    assert "canarySettings" in rig.stage
    answer = abort(rig)

    assert answer["answer"] == "WAIT"
    assert "canarySettings" not in rig.stage
    ended = rig.finish(arn)
    assert (ended.status, ended.error) == ("ABORTED", "RolledBack")
    assert ended.cause.startswith("aborted: OPS-9; base gets all traffic again")
    rig.settle(5 * MINUTE)
    assert rig.is_at_rest()
    assert rig.aliases() == before
    owned = rig.record_of(arn)
    assert (owned.rollout.phase, owned.rollout.reason) == ("rolled_back", "aborted: OPS-9")


def test_abort_without_a_rollout_does_nothing(rig: Rig):
    assert abort(rig) == {"target": "orders", "answer": "NOTHING_TO_ABORT"}


def test_abort_of_an_unknown_target_is_refused_with_those_that_are_registered(rig: Rig):
    call = {"verb": "abort", "target": "payments"}
    answer = rig.aws.client("lambda").invoke(FunctionName=rig.controller.operator, Payload=json.dumps(call))
    told = json.load(answer["Payload"])

    assert told["answer"] == "REFUSED"
    assert "no target payments is registered; registered targets: orders" in told["reason"]


def test_a_wrong_operator_call_is_refused_with_what_to_do(rig: Rig):
    answer = rig.aws.client("lambda").invoke(FunctionName=rig.controller.operator, Payload='{"verb": "stop"}')
    told = json.load(answer["Payload"])

    assert "FunctionError" not in answer
    assert told["answer"] == "REFUSED"
    assert "abort" in told["reason"]
    assert "target" in told["reason"]


def test_abort_after_the_commit_point_is_refused_and_the_promotion_goes_on(rig: Rig):
    versions = rig.publish()
    arn = rig.start()
    rig.settle(300)
    rig.aws.clock.run_until(lambda: rig.record_of(arn).rollout.phase == "moving_base", limit=3600)
    rig.settle(5)
    answer = abort(rig)
    ended = rig.finish(arn)
    rig.settle(10 * MINUTE)

    assert (answer["answer"], answer["phase"]) == ("REFUSED", "moving_base")
    assert answer["reason"].endswith("take the release back with: canary rollback orders")
    assert (ended.status, ended.error) == ("SUCCEEDED", None)
    assert rig.is_at_rest()
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions
    assert rig.record_of(arn).rollout.phase == "promoted"


def all_states() -> Iterator[str]:
    ends = {"Succeed", "Fail", "Parallel"}
    on_the_way = (name for name, state in states_of(load()) if state["Type"] not in ends)
    return (name for name in on_the_way if name not in {"MakeSafe", "WhichEnding", "SafetySettle"})


@pytest.mark.parametrize("delivery", ["once", pytest.param("twice", marks=pytest.mark.slow), "never"])
def test_a_stopped_execution_is_made_safe_by_guard_and_sweeper(rig: Rig, delivery: str):
    rig.aws.events.deliver = delivery
    before = rig.aliases()
    rig.publish()
    arn = rig.start()
    rig.settle(200)
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn)
    rig.settle(6 * MINUTE)
    assert "canarySettings" not in rig.stage
    rig.settle(4 * MINUTE)

    assert rig.is_at_rest()
    assert rig.aliases() == before
    assert rig.record_of(arn).rollout.phase == "rolled_back"


def test_an_execution_that_was_taken_over_ends_refused_and_touches_nothing(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(200)
    owned = rig.record_of(arn)
    rig.records.take_over(owned, "operator:test")
    ended = rig.finish(arn)

    assert ended.ending == "Refused"
    assert "is now owned by sweeper; this execution changed nothing more" in ended.cause
    rig.settle(10 * MINUTE)
    assert rig.is_at_rest()


def test_the_sweeper_removes_a_canary_that_came_back_after_the_end(rig: Rig):
    rig.publish(FAILING_SHARE=0.5)
    arn = rig.start()
    assert rig.finish(arn).ending == "RolledBack"
    intent = rig.record_of(arn).rollout.intent
    stage = rig.target.stage
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[
            {"op": "replace", "path": "/canarySettings/deploymentId", "value": intent.deployment_id},
            {"op": "replace", "path": "/canarySettings/stageVariableOverrides/lambdaAlias", "value": "canary"},
            {"op": "replace", "path": "/canarySettings/percentTraffic", "value": "50.0"},
        ],
    )
    rig.settle(6 * MINUTE)
    assert "canarySettings" not in rig.stage
    rig.settle(5 * MINUTE)
    assert rig.is_at_rest()


def test_the_sweeper_leaves_a_canary_of_someone_else_alone(rig: Rig):
    rig.publish()
    rig.run()
    stage = rig.target.stage
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "5.0"}],
    )
    rig.settle(12 * MINUTE)

    assert rig.stage["canarySettings"]["percentTraffic"] == 5.0


def test_a_late_writer_does_not_bring_the_canary_back_for_good(rig: Rig):
    rig.publish()
    rig.aws.faults.add(TaskFault("ShiftTraffic", TaskMode.TIMES_OUT, runs_after=45))
    arn = rig.start()
    ended = rig.finish(arn)
    rig.settle(6 * MINUTE)

    assert ended.ending == "RolledBack"
    assert rig.is_at_rest()


def test_while_the_restoring_calls_are_refused_an_operator_is_asked_for(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(200)
    refused = Fault(None, "apigateway", "UpdateStage", Mode.REFUSED, until=rig.aws.clock.now() + 20 * MINUTE)
    rig.aws.faults.add(refused)
    fire = {"AlarmName": "orders-payment-failures", "StateValue": "ALARM", "StateReason": "payments fail"}
    rig.aws.client("cloudwatch").set_alarm_state(**fire)
    ended = rig.finish(arn)

    assert ended.ending == "NeedsOperator"
    assert "aws apigateway update-stage --rest-api-id" in ended.cause
    assert "op=remove,path=/canarySettings" in ended.cause
    owned = rig.record_of(arn)
    assert (owned.rollout.needs_operator, owned.lock.rollout_id) == (True, owned.rollout.rollout_id)
    rig.settle(refused.until + 5 * MINUTE - rig.aws.clock.now())
    assert "canarySettings" not in rig.stage
    rig.settle(4 * MINUTE)
    assert rig.is_at_rest()
    assert rig.record_of(arn).rollout.phase == "rolled_back"
    assert not rig.record_of(arn).rollout.needs_operator


def stop(rig: Rig, arn: str) -> None:
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn)


def fire(rig: Rig, arn: str) -> None:  # noqa: ARG001 - called like the others
    name = "orders-payment-failures"
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")


@pytest.mark.parametrize(
    ("call", "is_parked"),
    [(stop, False), pytest.param(lambda rig, _: abort(rig), False, marks=pytest.mark.slow), (fire, True)],
)
def test_a_takeover_asks_for_an_operator_while_aws_refuses(rig: Rig, call: Callable[[Rig, str], Any], is_parked: bool):  # noqa: FBT001
    rig.publish()
    arn = rig.start(**({"policy": {"progression": "scheduled"}} if is_parked else {}))
    rig.settle(130)
    if is_parked:
        assert rig.finish(arn).ending == "Parked"
    rig.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    call(rig, arn)
    rig.settle(30)
    assert rig.record_of(arn).rollout.needs_operator

    rig.aws.faults.clear()
    rig.settle(900)
    assert rig.is_at_rest()
    assert not rig.record_of(arn).rollout.needs_operator


def test_a_variable_that_someone_adds_during_the_flip_is_told_and_stays(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(300)
    rig.aws.clock.run_until(lambda: rig.record_of(arn).rollout.phase == "moving_base", limit=3600)
    rig.aws.clock.run_until(lambda: rig.states(arn)[-1] == "FlipSettle", limit=600)
    stage = rig.target.stage
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/variables/theirs", "value": "1"}],
    )
    assert rig.finish(arn).ending == "Promoted"
    assert rig.stage["variables"]["theirs"] == "1"
    assert 'someone else changed stage variable theirs from absent to "1"' in rig.record_of(arn).rollout.reason
