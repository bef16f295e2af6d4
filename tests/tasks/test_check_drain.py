"""CheckDrain: DRAINED, WAIT, or ROLL_BACK with its reason."""

from __future__ import annotations

import pytest

from embedded_aws.dataplane.measurement_faults import Lines
from tests.tasks.walk import Ground, TaskFailedError


def test_a_drain_waits_until_a_minute_has_shown_it(ground: Ground):
    walk = ground.walk().take_all()
    since = walk.entered
    first = walk.drain()
    walk.pause(240)
    second = walk.drain()

    assert (first["drain"], first["wait_seconds"]) == ("WAIT", 60)
    assert second["drain"] == "DRAINED"
    assert "base had no request in the minute" in second["reason"]
    assert (walk.record.drained_from, walk.record.tally.drains) == (since, 2)
    assert walk.record.reason == ""


def test_a_firing_alarm_rolls_back_and_is_the_reason(ground: Ground):
    walk = ground.walk().take_all()
    ground.fire()
    answer = walk.drain()

    assert answer["drain"] == "ROLL_BACK"
    assert "is firing" in answer["reason"]
    assert walk.record.reason == answer["reason"]


def test_a_weight_that_someone_changed_rolls_back(ground: Ground):
    walk = ground.walk().take_all()
    ground.patch("/canarySettings/percentTraffic", "60.0")
    answer = walk.drain()

    assert answer["drain"] == "ROLL_BACK"
    assert "changed from 100 % to 60" in answer["reason"]


def test_a_log_that_is_not_written_shows_no_drain(ground: Ground):
    walk = ground.walk().take_all()
    ground.aws.measurement.add(Lines(None, times=0))
    walk.pause(60)
    walk.drain()
    walk.pause(14 * 60)
    answer = walk.drain()
    ground.aws.measurement.clear()

    assert answer["drain"] == "ROLL_BACK"
    assert "the access log is late or not written" in answer["reason"]
    assert walk.record.reason == answer["reason"]


def test_a_target_without_access_log_is_drained_by_lambdas_metrics(ground: Ground):
    walk = ground.walk(name="orders-bare", access_log_group=None).take_all()
    walk.pause(240)
    answer = walk.drain()

    assert answer["drain"] == "DRAINED"
    assert "the canary had" in answer["reason"]


def test_weights_of_an_alias_settle_for_a_minute(ground: Ground):
    walk = ground.walk(ground.ship).take_all()
    first = walk.drain()
    walk.pause(60)
    second = walk.drain()

    assert (first["drain"], second["drain"]) == ("WAIT", "DRAINED")
    assert second["reason"] == "the weights have settled for a minute"


def test_a_rollout_past_its_commit_point_has_no_drain_to_check(ground: Ground):
    walk = ground.walk().move_base()
    with pytest.raises(TaskFailedError, match="is moving_base; it has no drain to check") as failed:
        walk.drain()

    assert failed.value.kind == "OwnershipLostError"
