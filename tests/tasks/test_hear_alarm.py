"""HearAlarm: looks at once at the parked rollouts of every target with this alarm."""

from __future__ import annotations

from typing import Any

import pytest

from demo.controller import TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.test_advance_rollout import parked
from tests.tasks.walk import Ground, TaskFailedError, Walk, edit_record, iso

PAYMENTS = "orders-payment-failures"


def hear(ground: Ground, walk: Walk, alarm: str = PAYMENTS) -> dict[str, Any]:
    detail = {"alarmName": alarm, "state": {"value": "ALARM"}}
    return ground.invoke("HearAlarm", {"detail": detail, "time": iso(walk.now)})


def test_a_firing_alarm_of_a_parked_rollout_removes_the_canary(ground: Ground):
    walk = parked(ground)
    walk.pause(60)
    ground.fire()

    assert hear(ground, walk) == {"alarm": PAYMENTS, "targets": {"orders": "WAIT"}}
    assert ground.percent is None
    assert (walk.owned.lock.owner, walk.record.phase) == ("alarm", "rolling_back")
    assert f"alarm {PAYMENTS} is firing" in walk.record.reason


def test_an_alarm_that_does_not_fire_is_only_looked_at(ground: Ground):
    walk = parked(ground)
    walk.pause(60)

    assert hear(ground, walk)["targets"] == {"orders": "PARKED"}
    assert (walk.record.phase, walk.record.tally.parked_looks, ground.percent) == ("parked", 1, 25.0)


def test_an_execution_hears_its_alarms_itself(ground: Ground):
    walk = ground.walk().shift()
    ground.fire()

    assert hear(ground, walk)["targets"] == {}
    assert ground.percent == 25.0


def test_a_target_at_rest_has_nothing_to_lose(ground: Ground):
    assert hear(ground, ground.walk())["targets"] == {}


def test_an_alarm_is_heard_whatever_the_parameters_say(ground: Ground):
    walk = parked(ground)
    walk.pause(60)
    ground.fire()
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)

    assert hear(ground, walk)["targets"] == {"orders": "WAIT"}
    assert ground.percent is None


def test_a_record_of_another_schema_does_not_stop_the_other_targets(ground: Ground):
    other, walk = parked(ground, ground.ship), parked(ground)
    walk.pause(60)
    ground.fire()
    edit_record(ground, other, schema_version={"N": "99"})

    assert hear(ground, walk)["targets"] == {"orders": "WAIT"}


def test_an_alarm_that_one_target_could_not_hear_is_delivered_again(ground: Ground):
    walk = parked(ground)
    other = parked(ground, ground.ship, alarms=(PAYMENTS,))
    walk.pause(60)
    ground.fire()
    ground.aws.faults.add(Fault("HearAlarm", "cloudwatch", "DescribeAlarms", Mode.REFUSED, times=1))
    with pytest.raises(TaskFailedError, match=f"alarm {PAYMENTS} could not be handled for every parked rollout") as failed:
        hear(ground, walk)

    assert failed.value.kind == "ExceptionGroup"
    assert {walk.record.phase, other.record.phase} == {"parked", "rolling_back"}


def test_an_alarm_of_no_target_is_ignored(ground: Ground):
    assert hear(ground, parked(ground), "another") == {"alarm": "another", "targets": {}}
