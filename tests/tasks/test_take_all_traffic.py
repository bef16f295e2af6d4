"""TakeAllTraffic: records the phase, then sets weight 100."""

from __future__ import annotations

import pytest

from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import Ground, TaskFailedError


def test_the_canary_gets_every_request(ground: Ground):
    walk = ground.walk().shift()
    walk.pause(60)

    assert walk.task("TakeAllTraffic") == {"weight_percent": 100.0, "wait_seconds": 30}
    assert ground.percent == 100.0
    assert (walk.record.phase, walk.record.shifts) == ("taking_all", (walk.now - 60, walk.now))
    assert {live for live, _ in ground.rig.aliases().values()} == {"1"}


def test_the_phase_is_written_before_the_weight_and_a_retry_sets_it(ground: Ground):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault("TakeAllTraffic", "apigateway", "UpdateStage", Mode.KILLED_BEFORE, times=1))
    with pytest.raises(TaskFailedError):
        walk.task("TakeAllTraffic")
    assert (walk.record.phase, ground.percent) == ("taking_all", 25.0)
    before = walk.record
    walk.task("TakeAllTraffic")

    assert ground.percent == 100.0
    assert walk.record == before


def test_a_rollout_that_has_not_shifted_cannot_take_all(ground: Ground):
    walk = ground.walk().begin()
    with pytest.raises(TaskFailedError, match="is preparing; it cannot take all traffic") as failed:
        walk.task("TakeAllTraffic")

    assert failed.value.kind == "OwnershipLostError"
    assert ground.percent is None


def test_an_alias_gives_every_invocation_to_the_new_version(ground: Ground):
    walk = ground.walk(ground.ship).shift()
    walk.task("TakeAllTraffic")

    assert ground.alias("orders-ship", "live") == ("1", {ground.new_ship["orders-ship"]: 1.0})
