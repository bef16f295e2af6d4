"""AdvanceRollout: takes a rollout that waits for exactly this advance, and leaves everything else alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.tasks.test_park_rollout import park, shifted
from tests.tasks.walk import Ground, Walk, iso

if TYPE_CHECKING:
    from canary.rules.targets.target import Target


def advance(walk: Walk, execution: str = "second", **given: Any) -> dict[str, Any]:
    event = {
        "input": {"operation": "advance", "target": walk.target.name} | given,
        "rollout_id": execution,
        "execution": walk.execution.replace(walk.rollout_id, execution),
        "now": iso(walk.now),
    }
    return walk.ground.invoke("AdvanceRollout", event)


def parked(ground: Ground, target: Target | None = None, **changes: Any) -> Walk:
    walk = shifted(ground, target, **changes)
    walk.entered = walk.now
    park(walk)
    return walk


def test_a_parked_rollout_is_taken(ground: Ground):
    walk = parked(ground)
    answer = advance(walk)

    assert answer == {"start": "ADVANCE", "target": "orders", "reason": "", "rollout_id": walk.rollout_id}
    assert (walk.record.phase, walk.record.park_after, walk.record.tally.advances) == ("shifting", 1, 1)
    assert walk.owned.lock.owner == walk.record.execution
    assert walk.record.execution.endswith(":second")


def test_a_retry_of_the_same_execution_has_it_already(ground: Ground):
    walk = parked(ground)
    first, before = advance(walk), walk.owned

    assert advance(walk) == first
    assert walk.owned.lock == before.lock


def test_another_execution_comes_too_late(ground: Ground):
    walk = parked(ground)
    advance(walk)
    answer = advance(walk, "third")

    assert answer["start"] == "UNCHANGED"
    assert "is running on orders" in answer["reason"]


def test_nothing_parked_is_nothing_to_do(ground: Ground):
    answer = advance(ground.walk())

    assert (answer["start"], answer["reason"]) == ("UNCHANGED", "no rollout is parked on orders")


def test_the_same_scheduled_time_advances_once(ground: Ground):
    walk = parked(ground)
    at = iso(walk.now)
    advance(walk, scheduled_at=at)

    assert walk.owned.lock.scheduled_at == walk.record.scheduled_at
    assert advance(walk, "third", scheduled_at=at)["reason"] == "this scheduled time was already handled"


def test_a_late_delivery_is_refused(ground: Ground):
    walk = parked(ground)
    answer = advance(walk, scheduled_at=iso(walk.now - 7200))

    assert answer["start"] == "REFUSED"
    assert "scheduled_at: 120 minutes late where 60 are allowed" in answer["reason"]
    assert walk.record.phase == "parked"


def test_a_time_far_ahead_is_refused_and_spends_nothing(ground: Ground):
    walk = parked(ground)
    answer = advance(walk, scheduled_at="2099-01-31T12:00:00Z")

    assert answer["start"] == "REFUSED"
    assert "minutes ahead where 5 are allowed" in answer["reason"]
    assert (walk.record.phase, walk.owned.lock.scheduled_at) == ("parked", None)


def test_an_unknown_target_is_refused_with_those_that_are_registered(ground: Ground):
    answer = advance(ground.walk(), target="odrers")

    assert (answer["start"], answer["target"]) == ("REFUSED", "odrers")
    assert "no target odrers is registered; registered targets: orders" in answer["reason"]


def test_every_problem_of_an_advance_is_reported_at_once(ground: Ground):
    walk = ground.walk()
    answer = advance(walk, target="odrers", scheduled_at=iso(walk.now - 7200))

    assert "120 minutes late" in answer["reason"]
    assert "no target odrers is registered" in answer["reason"]


def test_bad_input_is_refused_with_every_problem(ground: Ground):
    answer = advance(ground.walk(), release={}, scheduled_at=5)

    assert answer["start"] == "REFUSED"
    assert "release: a parked rollout keeps what it was started with; remove release" in answer["reason"]
    assert "scheduled_at: not a time with an offset, got 5" in answer["reason"]


def test_who_advances_is_recorded_as_claimed(ground: Ground):
    walk = parked(ground)
    advance(walk, reason="OPS-2", on_behalf_of="alice", AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID="arn:parent")
    [action] = walk.record.actions

    assert (action.verb, action.reason, action.caller.arn) == ("advance", "OPS-2", None)
    assert action.caller.claimed == "alice; execution arn:parent"
    assert action.caller.request_id == walk.record.execution
