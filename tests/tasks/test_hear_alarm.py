"""HearAlarm: looks at once at the held rollouts of the targets that have this alarm."""

from __future__ import annotations

from typing import Any

from tests.tasks.test_advance_rollout import held
from tests.tasks.walk import Ground, Walk, iso

PAYMENTS = "orders-payment-failures"


def hear(ground: Ground, walk: Walk, alarm: str = PAYMENTS) -> dict[str, Any]:
    detail = {"alarmName": alarm, "state": {"value": "ALARM"}}
    return ground.invoke("HearAlarm", {"detail": detail, "time": iso(walk.now)})


def test_a_firing_alarm_of_a_held_rollout_takes_the_canary_away(ground: Ground):
    walk = held(ground)
    walk.pause(60)
    ground.fire()

    assert hear(ground, walk) == {"alarm": PAYMENTS, "targets": {"orders": "WAIT"}}
    assert ground.percent is None
    assert (walk.held.lock.owner, walk.record.phase) == ("alarm", "rolling_back")
    assert f"alarm {PAYMENTS} is firing" in walk.record.reason


def test_an_alarm_that_does_not_fire_is_only_looked_at(ground: Ground):
    walk = held(ground)
    walk.pause(60)

    assert hear(ground, walk)["targets"] == {"orders": "HELD"}
    assert (walk.record.phase, walk.record.tally.held_looks, ground.percent) == ("held", 1, 25.0)


def test_an_execution_hears_its_alarms_itself(ground: Ground):
    walk = ground.walk().shift()
    ground.fire()

    assert hear(ground, walk)["targets"] == {"orders": "NOT_HELD"}
    assert ground.percent == 25.0


def test_a_target_at_rest_has_nothing_to_lose(ground: Ground):
    assert hear(ground, ground.walk())["targets"] == {"orders": "NOT_HELD"}


def test_an_alarm_of_nobodys_is_nobodys(ground: Ground):
    assert hear(ground, held(ground), "another") == {"alarm": "another", "targets": {}}
