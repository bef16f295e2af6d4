"""What begins and ends a watch besides its looks, and what is then to be reported."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.watched import (
    Notice,
    PromotionWatch,
    WatchEnd,
    begin_watch,
    cut_short,
    end_watch,
    is_watched,
    note_reason,
    notices_of_end,
)
from tests.builders import NOON, a_policy, a_rollout

WATCH = PromotionWatch(NOON, NOON + 900)


def a_watched(**changes):
    return a_rollout(policy=a_policy(watch_seconds=900), phase=Phase.WATCHING, watch=replace(WATCH, **changes))


def ended(end, **changes):
    return end_watch(a_watched(), replace(WATCH, end=end, **changes), NOON + 60)


def test_a_promoted_release_is_watched_for_as_long_as_its_policy_says():
    promoted = replace(a_watched(), watch=None, phase=Phase.MOVING_BASE)
    assert is_watched(promoted)
    assert begin_watch(promoted, NOON) == a_watched()


def test_no_release_is_watched_twice_or_against_its_policy():
    assert not is_watched(a_watched())
    assert not is_watched(a_rollout(policy=a_policy(watch_seconds=0)))


def test_another_rollout_cuts_a_watch_short():
    found = cut_short(a_watched(), NOON + 60, by="run-2")
    assert (found.phase, found.ended_at) == (Phase.PROMOTED, NOON + 60)
    assert (found.watch.end, found.watch.cut_short_by, found.watch.ended_at) == (WatchEnd.CUT_SHORT, "run-2", NOON + 60)


def test_the_reason_that_was_noted_first_stays():
    assert (
        cut_short(a_watched(reason="the execution was stopped"), NOON, reason="other").watch.reason
        == "the execution was stopped"
    )
    assert cut_short(a_watched(), NOON, reason="other").watch.reason == "other"


def test_a_promotion_that_nobody_watches_says_so():
    found = cut_short(a_rollout(phase=Phase.MOVING_BASE), NOON, reason="nobody")
    assert found.watch == PromotionWatch(NOON, NOON, end=WatchEnd.CUT_SHORT, ended_at=NOON, reason="nobody")


def test_the_reason_of_the_promotion_is_not_replaced_by_that_of_its_watch():
    found = note_reason(replace(a_watched(), reason="no worse than base"), "stopped")
    assert (found.reason, found.watch.reason) == ("no worse than base", "stopped")
    assert note_reason(a_rollout(), "stopped").reason == "stopped"


@pytest.mark.parametrize(
    ("rollout", "notices"),
    [
        (a_rollout(phase=Phase.ROLLED_BACK), (Notice.ENDED,)),
        (a_rollout(phase=Phase.PROMOTED), (Notice.PROMOTED,)),
        (ended(WatchEnd.OVER, is_told=True), ()),
        (ended(WatchEnd.OVER), (Notice.PROMOTED,)),
        (ended(WatchEnd.OVER, is_told=True, unseen=("no data",)), (Notice.WATCH_ENDED,)),
        (ended(WatchEnd.CUT_SHORT, is_told=True), (Notice.WATCH_ENDED,)),
        (ended(WatchEnd.CONDEMNED), (Notice.PROMOTED, Notice.WATCH_ENDED)),
    ],
)
def test_only_what_is_new_and_worth_it_is_reported(rollout, notices):
    assert notices_of_end(rollout) == notices
