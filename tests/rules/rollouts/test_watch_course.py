"""What begins and ends a watch besides its looks, and what is then to be reported."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.watch_course import (
    EndReport,
    begin_watch,
    cut_short,
    describe_end,
    end_watch,
    is_after_watch,
    is_to_be_reverted,
    is_watched,
    name_of_revert,
    note_reason,
    reports_of_end,
)
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary.rules.targets.policy import AfterPromotion
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
        (a_rollout(phase=Phase.ROLLED_BACK), (EndReport.ENDED,)),
        (a_rollout(phase=Phase.PROMOTED), (EndReport.PROMOTED,)),
        (ended(WatchEnd.OVER), (EndReport.PROMOTED,)),
        (ended(WatchEnd.OVER, is_told=True), (EndReport.WATCH_OVER,)),
        (ended(WatchEnd.OVER, is_told=True, unseen=("no data",)), (EndReport.WATCH_ENDED,)),
        (ended(WatchEnd.CUT_SHORT, is_told=True), (EndReport.WATCH_ENDED,)),
        (ended(WatchEnd.CONDEMNED), (EndReport.PROMOTED, EndReport.WATCH_ENDED)),
    ],
)
def test_only_what_is_new_and_worth_it_is_reported(rollout, notices):
    assert reports_of_end(rollout) == notices


@pytest.mark.parametrize(
    ("watch", "sentence"),
    [
        (WATCH, None),
        (replace(WATCH, end=WatchEnd.OVER), "The watch is over, and nothing spoke against the release."),
        (replace(WATCH, end=WatchEnd.CUT_SHORT, cut_short_by="run-2"), "The watch is cut short by rollout run-2."),
        (replace(WATCH, end=WatchEnd.CUT_SHORT, reason="an edit"), "The watch is cut short: an edit."),
        (
            replace(WATCH, end=WatchEnd.CONDEMNED, reason="an alarm"),
            "The watch condemns the release: an alarm. The release stays.",
        ),
        (
            replace(WATCH, end=WatchEnd.CONDEMNED, reverted_by="r"),
            "The watch condemns the release. Rollout r takes the release back.",
        ),
    ],
)
def test_the_end_of_a_watch_is_said_in_a_sentence(watch, sentence):
    assert describe_end(watch) == sentence


def test_only_a_condemned_release_is_taken_back_and_only_if_the_policy_says_so():
    condemned = ended(WatchEnd.CONDEMNED)
    assert is_to_be_reverted(condemned)
    notify = a_policy(watch_seconds=900, after_promotion=AfterPromotion.NOTIFY)
    assert not is_to_be_reverted(replace(condemned, plan=replace(condemned.plan, policy=notify)))
    assert not is_to_be_reverted(ended(WatchEnd.OVER))
    assert not is_to_be_reverted(a_rollout())


def test_the_revert_of_a_watch_has_a_name_of_its_own():
    assert name_of_revert(a_rollout()) == "run-1-watch-revert"
    assert len(name_of_revert(a_rollout(rollout_id="x" * 80))) == 80
    revert = a_rollout(rollout_id="run-1-watch-revert", reverts="run-1")
    assert is_after_watch(revert)
    assert not is_after_watch(a_rollout())
    assert not is_after_watch(a_rollout(reverts="run-0"))


def test_a_revert_is_not_watched_and_reported_as_one():
    revert = a_rollout(policy=a_policy(watch_seconds=900), reverts="run-0")
    assert not is_watched(revert)
    assert reports_of_end(replace(revert, phase=Phase.PROMOTED)) == (EndReport.REVERTED,)
