"""A scheduled rollout is parked after each step: an advance takes the next step, and the canary is watched in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.targets.policy import Progression
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import QUICK, Ended, Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEDULED = replace(QUICK, progression=Progression.SCHEDULED, max_parked_seconds=7200)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Rig(aws, policy=SCHEDULED)


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def advance(rig: Rig, **more: Any) -> Ended:
    rig.settle(60)
    return rig.finish(rig.start(operation="advance", **more))


def percent(rig: Rig) -> float | None:
    settings = rig.stage.get("canarySettings")
    return settings["percentTraffic"] if settings else None


def parked_since_start(rig: Rig, **numbers: Any) -> str:
    """The ARN of the execution that left a rollout with these numbers parked after its first step."""
    rig.publish(**numbers)
    arn = rig.start()
    assert rig.finish(arn).ending == "Parked"
    return arn


def fire(rig: Rig) -> None:
    """The user's alarm fires."""
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName="orders-payment-failures", StateValue="ALARM", StateReason="a test")


def test_each_step_is_an_execution_and_the_last_one_promotes(rig: Rig):
    old = rig.stage["deploymentId"], {name: pair[0] for name, pair in rig.aliases().items()}
    versions = rig.publish()
    first = rig.start()
    ended = rig.finish(first)

    assert (ended.status, ended.ending, ended.output["outcome"]) == ("SUCCEEDED", "Parked", "parked")
    assert percent(rig) == 25.0
    owned = rig.record_of(first)
    assert (owned.rollout.phase, owned.lock.owner) == (Phase.PARKED, "parked")

    second = advance(rig, reason="the morning shift is in")
    assert (second.ending, second.states.count("ShiftTraffic"), percent(rig)) == ("Parked", 1, 50.0)
    assert second.states[:7] == ["Begin", "WhichOperation", "AdvanceRollout", "WhichStart", "Rollout", "WhichEntry", "BakeOn"]

    third = advance(rig)
    assert (third.ending, third.states.count("ShiftTraffic")) == ("Promoted", 0)
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions
    assert rig.is_at_rest()
    assert rig.half_releases(old, (rig.stage["deploymentId"], versions)) == []
    assert rig.record_of(first).rollout.tally.advances == 2
    assert f"{sum(map(len, (ended.states, second.states, third.states)))} transitions" in third.output["price"]


@pytest.mark.slow
def test_a_second_start_finds_the_rollout_parked(rig: Rig):
    parked_since_start(rig)
    rig.publish()
    ended = rig.run()

    assert ended.ending == "Refused"
    assert "is parked on orders" in ended.cause
    assert percent(rig) == 25.0


@pytest.mark.slow
def test_an_advance_without_anything_parked_changes_nothing(rig: Rig):
    ended = advance(rig)
    assert (ended.status, ended.ending) == ("SUCCEEDED", "Unchanged")
    assert ended.output["reason"] == "no rollout is parked on orders"


def test_an_advance_while_a_rollout_runs_changes_nothing(rig: Rig):
    rig.publish()
    running = rig.start()
    rig.settle(90)
    ended = advance(rig)

    assert ended.ending == "Unchanged"
    assert "is running on orders" in ended.output["reason"]
    assert rig.finish(running).ending == "Parked"


def test_a_delivery_that_comes_twice_advances_once(rig: Rig):
    parked_since_start(rig)
    at = stamp(rig.aws.clock.now())
    assert advance(rig, scheduled_at=at).ending == "Parked"
    again = advance(rig, scheduled_at=at)

    assert (again.ending, percent(rig)) == ("Unchanged", 50.0)
    assert again.output["reason"] == "this scheduled time was already handled"


@pytest.mark.slow
def test_a_start_that_is_delivered_again_after_its_rollback_starts_nothing(rig: Rig):
    rig.publish()
    at = stamp(rig.aws.clock.now())
    first = rig.start(scheduled_at=at)
    rig.settle(120)
    fire(rig)
    assert rig.finish(first).ending == "RolledBack"
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName="orders-payment-failures", StateValue="OK", StateReason="a test")

    assert rig.run(scheduled_at=at).ending == "Unchanged"
    assert rig.is_at_rest()


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["start", "advance"])
def test_a_delivery_that_comes_too_late_is_refused(rig: Rig, operation: str):
    if operation == "advance":
        parked_since_start(rig)
    before = percent(rig)
    rig.publish()
    at = stamp(rig.aws.clock.now() - 1200)
    ended = rig.run(operation=operation, scheduled_at=at, max_lateness_seconds=600)

    assert ended.ending == "Refused"
    assert "scheduled_at: 20 minutes late where 10 are allowed; wait for the next scheduled time" in ended.cause
    assert percent(rig) == before


@pytest.mark.slow
def test_an_advance_that_cannot_be_read_is_refused_with_every_problem(rig: Rig):
    ended = rig.run(operation="advance", policy="fast", scheduled_at="tomorrow")

    assert ended.ending == "Refused"
    assert "policy: a parked rollout keeps what it was started with; remove policy" in ended.cause
    assert 'scheduled_at: not a time with an offset, got "tomorrow"' in ended.cause


def test_an_alarm_that_fires_while_parked_rolls_back_within_a_minute(rig: Rig):
    first = parked_since_start(rig)
    fire(rig)
    rig.settle(60)
    assert percent(rig) is None
    rig.settle(240)

    assert rig.is_at_rest()
    record = rig.record_of(first).rollout
    assert record.phase is Phase.ROLLED_BACK
    assert "alarm orders-payment-failures is firing" in record.reason


def test_an_alarm_that_is_over_when_its_event_comes_rolls_back_anyway(rig: Rig):
    first = parked_since_start(rig)
    rig.settle(400)
    fire(rig)
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName="orders-payment-failures", StateValue="OK", StateReason="a test")
    rig.settle(300)

    assert rig.is_at_rest()
    assert "fired since the last look and has recovered" in rig.record_of(first).rollout.reason


def test_a_canary_that_breaks_while_parked_is_rolled_back_by_the_sweepers_looks(rig: Rig):
    """The step was too short to show that one request in ten fails; the time in which it is parked is not."""
    first = parked_since_start(rig, FAILING_SHARE=0.1)
    rig.settle(3600)

    assert rig.is_at_rest()
    record = rig.record_of(first).rollout
    assert record.tally.parked_looks > 0
    assert "errors" in record.reason


def test_a_rollout_that_no_one_advances_rolls_back(rig: Rig):
    rig.publish()
    first = rig.start(policy={"max_parked_seconds": 3600})
    assert rig.finish(first).ending == "Parked"
    rig.settle(3600 + 600)

    assert rig.is_at_rest()
    assert "parked for 1 h without an advance" in rig.record_of(first).rollout.reason


def test_a_parked_rollout_is_aborted_at_once(rig: Rig):
    parked_since_start(rig)
    answer = rig.aws.client("lambda").invoke(
        FunctionName=rig.controller.operator, Payload=b'{"verb": "abort", "target": "orders", "reason": "no"}'
    )
    assert b'"WAIT"' in answer["Payload"].read()
    assert percent(rig) is None
    rig.settle(300)
    assert rig.is_at_rest()


@pytest.mark.slow
def test_an_advance_that_is_stopped_is_made_safe_by_the_guard(rig: Rig):
    first = parked_since_start(rig)
    arn = rig.start(operation="advance")
    rig.settle(45)
    assert percent(rig) == 50.0
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn, cause="a test")
    rig.settle(400)

    assert rig.is_at_rest()
    assert rig.record_of(first).rollout.phase is Phase.ROLLED_BACK


@pytest.mark.slow
def test_notifications_report_the_parking_and_the_end(rig: Rig):
    events, function = rig.aws.client("events"), "arn:aws:lambda:eu-west-1:123456789012:function:orders-read"
    rule = events.put_rule(Name="tell", EventPattern='{"source": ["canary"]}')["RuleArn"]
    rig.aws.client("lambda").add_permission(
        FunctionName="orders-read",
        StatementId="tell",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="tell", Targets=[{"Id": "reader", "Arn": function}])
    parked_since_start(rig)
    advance(rig)
    advance(rig)
    rig.settle(5)

    told = [delivery.event for delivery in rig.aws.events.deliveries if delivery.target == function]
    assert [(event["detail-type"], event["detail"]["phase"]) for event in told] == [
        ("Rollout Started", "preparing"),
        ("Rollout Shifted", "shifting"),
        ("Rollout Parked", "parked"),
        ("Rollout Shifted", "shifting"),
        ("Rollout Parked", "parked"),
        ("Rollout Promoted", "promoted"),
    ]
