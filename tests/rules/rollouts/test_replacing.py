"""Which of two rollouts is newer, and what a newer start does about the older one that holds its target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.releases.problems import Problem
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.replacing import (
    MOST_REPLACEMENTS,
    Await,
    GiveWay,
    TakeAtOnce,
    overdue_problem,
    replacement_reason,
    successor_of,
    way_with,
)
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.succession import Successor
from tests.builders import EXECUTION, NOON, a_rollout

NEWER = Successor(NOON + 10, "run-2")
HELD = [phase for phase in Phase if phase is not Phase.WATCHING]
GIVE_WAY = {Phase.PREPARING, Phase.SHIFTING, Phase.PARKED, Phase.TAKING_ALL}


def a_holder(**changes):
    return a_rollout(**{"requested_at": NOON, "phase": Phase.SHIFTING, **changes})


@pytest.mark.parametrize("phase", HELD)
def test_a_rollout_gives_way_until_base_starts_to_move_and_is_waited_for_afterwards(phase):
    way = way_with(a_holder(phase=phase), EXECUTION, NEWER)
    assert way == (GiveWay() if phase in GIVE_WAY else Await(is_ours_to_finish=False))


@pytest.mark.parametrize("changes", [{}, {"needs_operator": True}, {"requested_at": NOON + 20}])
def test_a_rollout_that_is_only_watched_is_in_nobodys_way(changes):
    assert way_with(a_holder(phase=Phase.WATCHING, **changes), EXECUTION, NEWER) == TakeAtOnce()


def test_the_rollback_of_a_replaced_rollout_is_finished_by_the_start():
    holder = a_holder(phase=Phase.ROLLING_BACK, replaced_by=Successor(NOON + 5, "run-1b"))
    assert way_with(holder, "replacement:run-1b", NEWER) == Await(is_ours_to_finish=True)


@pytest.mark.parametrize("phase", HELD)
@pytest.mark.parametrize("start", [Successor(NOON - 0.001, "run-9"), Successor(NOON, "run-0")])
def test_a_start_that_began_earlier_or_at_the_same_time_with_a_lesser_id_is_refused(phase, start):
    way = way_with(a_holder(phase=phase), EXECUTION, start)
    assert isinstance(way, Problem)
    assert "it began at 2026-01-31T12:00:00Z, later than this start" in way.value
    assert way.fix == holder_problem(a_holder(phase=phase), EXECUTION).fix


def test_for_two_of_the_same_millisecond_the_greater_id_is_the_newer():
    assert way_with(a_holder(), EXECUTION, Successor(NOON, "run-2")) == GiveWay()


def test_a_start_older_than_the_one_that_replaces_gives_up_by_its_name():
    holder = a_holder(phase=Phase.ROLLING_BACK, replaced_by=Successor(NOON + 11, "run-3"))
    way = way_with(holder, "sweeper", NEWER)
    assert (way.field, way.value) == (
        "target",
        "rollout run-1 gives way on orders to rollout run-3, which began at 2026-01-31T12:00:11Z, later than this start",
    )
    assert way.fix == "start again if this release is wanted all the same"


@pytest.mark.parametrize("phase", HELD)
def test_a_rollout_that_needs_an_operator_is_left_to_one(phase):
    holder = a_holder(phase=phase, needs_operator=True)
    assert way_with(holder, "sweeper", NEWER) == holder_problem(holder, "sweeper")


@pytest.mark.parametrize("phase", HELD)
def test_a_revert_is_never_replaced(phase):
    way = way_with(a_holder(phase=phase, reverts="run-0"), EXECUTION, NEWER)
    assert isinstance(way, Problem)
    assert way.value.endswith("; a revert is never replaced")


def test_a_rollout_recorded_without_a_time_is_older_than_any_start():
    assert way_with(a_rollout(), EXECUTION, Successor(1.0, "a")) == GiveWay()


def test_a_wait_that_is_too_long_names_the_rollout_that_does_not_end():
    found = overdue_problem(a_holder(phase=Phase.MOVING_BASE), EXECUTION)
    assert "being promoted" in found.value
    assert found.value.endswith(f"this start waited {MOST_REPLACEMENTS} times for its end")


def test_the_reason_of_a_replaced_rollout_names_the_newer_one_and_its_execution():
    said = replacement_reason(NEWER, EXECUTION)
    assert said == f"replaced by the newer rollout run-2 (execution {EXECUTION}, on_newer: replace)"


def test_what_replaced_a_rollout_is_recorded_without_loss():
    rollout = a_holder(replaced_by=NEWER)
    assert decode(Rollout, encode(rollout)) == rollout


ids = st.text("abc-", min_size=1, max_size=3)
starts = st.builds(Successor, st.sampled_from([NOON, NOON + 0.001, NOON + 1]), ids)


@given(st.lists(starts, min_size=2, unique=True))
def test_of_any_starts_exactly_one_gives_way_to_no_other(found):
    def gives_way(one, other):
        holder = a_holder(rollout_id=one.rollout_id, requested_at=one.requested_at)
        return way_with(holder, EXECUTION, other) == GiveWay()

    lasting = [one for one in found if not any(gives_way(one, other) for other in found if other != one)]
    assert lasting == [max(found)]
    assert successor_of(a_holder(requested_at=max(found).requested_at)).requested_at == max(found).requested_at
