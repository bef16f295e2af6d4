from dataclasses import replace

import pytest

from canary.rules.judging.warm_up import UNKNOWN, USUAL, SeenChange
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.warm_ups import (
    ENOUGH_KEPT,
    MOST_KEPT,
    NOTHING_SEEN,
    SeenRelease,
    SeenReleases,
    find_warm_up_notes,
    shows_warm_up,
    with_warm_up,
)
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary.rules.targets.target import Metrics
from tests.builders import a_rollout, a_target


def a_change(*slow, requests=600):
    counts = tuple((requests, requests * one // 100, 5000, 0) for one in (*slow, 0, 0, 0, 0, 0, 0)[:6])
    return SeenChange({"slow_p99": counts}, {"slow_p99": 0.0})


SLOW_AT_FIRST, WARM, FEW = a_change(40, 40, 20, 10, 5, 3), a_change(), a_change(requests=10)
SAID = a_target(metrics=Metrics(warm_up=(0.3, 0.2)))


def seen(*changes):
    return NOTHING_SEEN.after(SeenRelease("run-1", changes))


def test_each_release_is_kept_once_and_only_the_newest_ones():
    kept = NOTHING_SEEN
    for number in (*range(ENOUGH_KEPT + 2), ENOUGH_KEPT):
        kept = kept.after(SeenRelease(f"run-{number}", (WARM,)))
    assert [one.rollout_id for one in kept.releases] == ["run-5", "run-6", "run-4", "run-3", "run-2"]
    assert kept.changes == (WARM,) * ENOUGH_KEPT


def test_more_releases_are_kept_where_few_requests_come():
    kept = NOTHING_SEEN
    for number in range(MOST_KEPT + 5):
        kept = kept.after(SeenRelease(f"run-{number}", (FEW,)))
        if number == 2 * ENOUGH_KEPT:
            assert len(kept.releases) == 2 * ENOUGH_KEPT + 1
    assert len(kept.releases) == 17, "the newest 17 have 1,000 requests"
    assert NOTHING_SEEN.after(SeenRelease("run-1", (a_change(requests=1),))).releases != ()


def test_a_release_that_shows_nothing_is_not_kept():
    assert seen() == NOTHING_SEEN
    assert seen(WARM).after(SeenRelease("run-2", ())) == seen(WARM)
    assert NOTHING_SEEN.changes == ()


@pytest.mark.parametrize(
    ("changes", "is_shown"),
    [
        ({}, True),
        ({"phase": Phase.ROLLED_BACK}, False),
        ({"phase": Phase.WATCHING}, False),
        ({"reverts": "run-0"}, False),
        ({"is_drill": True}, False),
        ({"watch": PromotionWatch(0.0, 1.0, end=WatchEnd.CONDEMNED)}, False),
        ({"watch": PromotionWatch(0.0, 1.0, end=WatchEnd.OVER)}, True),
    ],
)
def test_a_promoted_release_shows_it(changes, is_shown):
    assert shows_warm_up(replace(a_rollout(phase=Phase.PROMOTED), **changes)) is is_shown


def test_a_rollout_begins_with_what_the_definition_says_or_else_was_seen():
    assert with_warm_up(SAID, seen(SLOW_AT_FIRST)).metrics.warm_up == (0.3, 0.2)
    assert with_warm_up(a_target(), NOTHING_SEEN).metrics.warm_up == UNKNOWN
    assert with_warm_up(a_target(), SeenReleases(is_unreadable=True)).metrics.warm_up == UNKNOWN
    assert with_warm_up(a_target(), seen(WARM)).metrics.warm_up == USUAL
    assert with_warm_up(a_target(), seen(SLOW_AT_FIRST)).metrics.warm_up[0] == 0.5


def test_a_start_says_what_is_unusual():
    (longer,) = find_warm_up_notes(a_target(), seen(SLOW_AT_FIRST))
    assert longer == (
        "earlier releases were slow at first, so 50 %, 25 %, 13 %, 6 %, 4 % of the canary's requests may be slow in the "
        "minutes after each weight change; metrics.warm_up sets other shares"
    )
    (unreadable,) = find_warm_up_notes(a_target(), SeenReleases(is_unreadable=True))
    assert unreadable == (
        "what earlier releases showed of the warm-up cannot be read, because someone edited the item warm_up#orders of the "
        "records' table; delete it"
    )
    assert [*find_warm_up_notes(a_target(), seen(WARM)), *find_warm_up_notes(a_target(), NOTHING_SEEN)] == []
    assert [*find_warm_up_notes(SAID, seen(SLOW_AT_FIRST))] == []
