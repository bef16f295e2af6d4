"""SweepTargets: works from the records, and one target's trouble does not affect the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.events import TickEvent
from canary.rules.rollouts.phases import Phase
from canary.tasks.sweep_targets import sweep_targets
from demo.controller import TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.test_advance_rollout import parked
from tests.tasks.walk import Ground, Walk, edit_record, iso

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools

FULL, BETWEEN = 0, 120
"""Seconds into a period of five minutes."""


def sweep(ground: Ground, into: int = FULL) -> dict[str, Any]:
    """The tick this many seconds into the previous period: a tick is never ahead of the clock."""
    return dict(sweep_whole(ground, into)["targets"])


def sweep_whole(ground: Ground, into: int) -> dict[str, Any]:
    """The answer, including what other calls were asked to sweep."""
    due = (ground.aws.clock.now() // 300 - 1) * 300 + into
    return ground.invoke("SweepTargets", {"time": iso(due)})


def test_a_target_at_rest_is_left(ground: Ground):
    assert sweep(ground) == {"orders": "AT_REST"}
    assert sweep(ground, BETWEEN) == {}


def test_a_dead_rollout_is_taken_over_and_made_safe(ground: Ground):
    walk = ground.walk().shift()
    assert sweep(ground, BETWEEN) == {"orders": "WAIT"}
    assert (ground.percent, walk.owned.lock.owner) == (None, "sweeper")
    assert walk.record.reason == "the execution ended without making its target safe"
    walk.pause(61)
    assert sweep(ground, BETWEEN) == {"orders": "WAIT"}
    walk.pause(31)
    assert sweep(ground, BETWEEN) == {"orders": "SAFE"}

    assert ground.rig.is_at_rest()
    assert walk.record.phase == "rolled_back"


def test_a_running_execution_keeps_its_rollout(ground: Ground):
    arn = ground.rig.start()
    ground.rig.settle(100)
    assert sweep(ground) == {"orders": "OWNED"}
    assert ground.rig.record_of(arn).lock.owner == arn
    ground.aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert sweep(ground) == {"orders": "WAIT"}

    assert ground.percent is None


def test_what_a_parameter_says_does_not_matter(ground: Ground):
    walk = ground.walk().shift()
    ssm = ground.aws.client("ssm")
    ssm.put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)

    assert sweep(ground, BETWEEN) == {"orders": "WAIT"}
    assert ground.percent is None
    ssm.delete_parameter(Name=f"{TARGET_PREFIX}orders")
    walk.pause(62)
    assert sweep(ground, BETWEEN) == {"orders": "WAIT"}
    walk.pause(32)
    assert sweep(ground, BETWEEN) == {"orders": "SAFE"}
    assert ground.rig.is_at_rest()


def test_each_held_target_is_swept_by_a_separate_call(ground: Ground):
    walks = {"orders": ground.walk().shift(), "orders-ship": ground.walk(ground.ship).shift()}
    answer = sweep_whole(ground, BETWEEN)

    ((here, word),) = answer["targets"].items()
    (there,) = answer["passed_on"]
    assert (word, {here, there}) == ("WAIT", {*walks})
    assert (walks[here].record.phase, walks[there].record.phase) == ("rolling_back", "shifting")
    ground.rig.settle(1)
    assert walks[there].record.phase == "rolling_back"


def test_free_targets_are_looked_at_in_groups_of_ten(ground: Ground):
    ssm = ground.aws.client("ssm")
    names = [f"free-{number}" for number in range(12)]
    for name in names:
        ssm.put_parameter(Name=f"{TARGET_PREFIX}{name}", Type="String", Value="{")
    try:
        answer = sweep_whole(ground, FULL)
    finally:
        for name in names:
            ssm.delete_parameter(Name=f"{TARGET_PREFIX}{name}")

    assert {*answer["targets"].values()} == {"AT_REST"}
    assert (len(answer["targets"]), len(answer["passed_on"])) == (10, 3)
    assert sorted((*answer["targets"], *answer["passed_on"])) == sorted((*names, "orders"))


def test_everything_is_swept_here_where_lambda_takes_no_events(ground: Ground):
    ground.walk().shift(), ground.walk(ground.ship).shift()
    ground.aws.faults.add(Fault("SweepTargets", "lambda", "Invoke", Mode.REFUSED))

    assert sweep_whole(ground, BETWEEN) == {"targets": {"orders": "WAIT", "orders-ship": "WAIT"}, "passed_on": []}


def test_without_target_names_the_held_targets_are_swept(ground: Ground):
    ground.walk().shift()
    ground.aws.faults.add(Fault("SweepTargets", "ssm", None, Mode.REFUSED))

    assert sweep(ground) == {"orders": "WAIT"}


def test_one_targets_failure_does_not_stop_the_others(ground: Ground):
    ground.walk().shift(), ground.walk(ground.ship).shift()
    ground.aws.faults.add(Fault("SweepTargets", "lambda", "Invoke", Mode.REFUSED))
    ground.aws.faults.add(Fault("SweepTargets", "stepfunctions", "DescribeExecution", Mode.REFUSED, times=1))
    answers = sorted(sweep(ground, BETWEEN).values())

    assert answers[0].startswith("NOT_SWEPT: AwsRefusedError: ")
    assert answers[1] == "WAIT"


def test_a_canary_that_came_back_after_its_end_is_removed(ground: Ground):
    walk = ground.walk().shift()
    canary = ground.rig.stage["canarySettings"]
    walk.end()
    assert sweep(ground) == {"orders": "AT_REST"}
    restore_canary(ground, canary["deploymentId"])

    assert sweep(ground, BETWEEN) == {}
    assert sweep(ground) == {"orders": "WAIT"}
    assert ground.percent is None
    assert (walk.record.phase, walk.owned.lock.rollout_id) == ("rolling_back", walk.rollout_id)
    assert f"the canary of rollout {walk.rollout_id} came back after its end" in walk.record.reason


def test_a_promoted_canary_that_came_back_is_removed_and_stays_promoted(ground: Ground):
    walk = ground.walk().promote()
    restore_canary(ground, walk.record.intent.deployment_id, percent="0.0")

    assert sweep(ground) == {"orders": "SAFE"}
    assert ground.percent is None
    assert walk.record.phase == "promoted"
    assert {name: live for name, (live, _) in ground.rig.aliases().items()} == ground.new


def test_a_canary_of_someone_else_is_left(ground: Ground):
    ground.walk().shift().end()
    ground.patch("/canarySettings/percentTraffic", "5.0")

    assert sweep(ground) == {"orders": "AT_REST"}
    assert ground.percent == 5.0


def test_an_alias_target_that_is_free_is_at_rest(ground: Ground):
    walk = ground.walk(ground.ship).begin()
    owned = walk.owned
    ground.rig.records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))

    assert sweep(ground) == {"orders": "AT_REST", "orders-ship": "AT_REST"}


def restore_canary(ground: Ground, deployment: str, percent: str = "50.0") -> None:
    """A late writer attaches the canary again, in one list."""
    stage = ground.rig.target.stage
    values = {"deploymentId": deployment, "stageVariableOverrides/lambdaAlias": "canary", "percentTraffic": percent}
    ground.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[
            {"op": "replace", "path": f"/canarySettings/{name}", "value": value} for name, value in values.items()
        ],
    )


def test_a_parked_rollout_is_looked_at_once_a_period(ground: Ground):
    walk = parked(ground)
    ground.rig.settle(400)

    assert sweep(ground, BETWEEN) == {"orders": "PARKED"}
    assert walk.record.tally.parked_looks == 0
    assert sweep(ground) == {"orders": "PARKED"}
    assert (walk.record.tally.parked_looks, walk.record.phase, ground.percent) == (1, "parked", 25.0)


class TestEnds:
    """Ends whose function died after recording them and before reporting them."""

    @pytest.fixture
    def ended(self, ground: Ground) -> Walk:
        walk = ground.walk().begin()
        owned = walk.owned
        ground.rig.records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK, ended_at=walk.now))
        return walk

    def test_an_unreported_end_is_reported(self, ground: Ground, ended: Walk):
        ground.rig.settle(600)
        sweep(ground, BETWEEN)

        assert ended.record.is_end_told

    def test_an_end_that_someone_may_be_telling_is_left(self, ended: Walk, tools: Tools):
        sweep_targets(TickEvent(ended.now + 59), tools)
        assert not ended.record.is_end_told
        sweep_targets(TickEvent(ended.now + 60), tools)
        assert ended.record.is_end_told

    def test_an_end_that_the_bus_does_not_take_is_told_later(self, ground: Ground, ended: Walk):
        ground.rig.settle(600)
        ground.aws.faults.add(Fault("SweepTargets", "events", "PutEvents", Mode.REFUSED, times=1))
        sweep(ground, BETWEEN)
        assert not ended.record.is_end_told
        sweep(ground, BETWEEN)
        assert ended.record.is_end_told

    def test_an_unreadable_end_does_not_stop_the_others(self, ground: Ground, ended: Walk):
        edit_record(ground, ended, schema_version={"N": "99"})
        other = ground.walk(ground.ship).begin()
        ground.rig.records.finish(other.owned, replace(other.record, phase=Phase.ROLLED_BACK, ended_at=other.now))
        ground.rig.settle(600)
        sweep(ground, BETWEEN)

        assert other.record.is_end_told

    def test_a_free_targets_last_record_of_another_schema_holds_nothing(self, ground: Ground, ended: Walk):
        edit_record(ground, ended, schema_version={"N": "99"})

        assert sweep(ground)["orders"] == "AT_REST"
