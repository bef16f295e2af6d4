from itertools import pairwise

import pytest

from canary.rules.judging.families import Family
from canary.rules.judging.warm_up import (
    MINUTES,
    MOST,
    UNKNOWN,
    USUAL,
    SeenChange,
    allowed_warm_up,
    is_longer_than_usual,
    learn,
)

NOON = 1_764_244_800
FAMILIES = {"errors": Family.ERRORS, "slow_p50": Family.SLOW, "slow_p99": Family.SLOW}
SHARES = (0.4, 0.2, 0.1, 0.05, 0.03)
NOTHING = SeenChange((600,) * MINUTES, (0.0,) * MINUTES)


def a_release(shares=SHARES, *, requests=600, ratio=1.0, steps=3, bake=15, errors=0):
    """A release whose canary is slow in these shares after each weight change, and `ratio` times as often as base later."""
    shifts = [float(NOON - 30 + 60 * bake * step) for step in range(steps)]
    minutes = []
    for minute in range(NOON, NOON + 60 * bake * steps, 60):
        after = (minute - NOON) // 60 % bake
        cold = shares[after] if after < len(shares) else 0.0
        slow = {
            metric: (requests, round(requests * (cold + (1 - cold) * min(rate * ratio, 1.0))), 5000, round(5000 * rate))
            for metric, rate in (("slow_p50", 0.5), ("slow_p99", 0.01))
        }
        minutes.append((minute, {"errors": (requests, errors, 5000, 0), **slow}))
    return minutes, shifts


class TestWhatIsAllowed:
    def test_is_what_the_targets_definition_says_whatever_was_seen(self):
        assert allowed_warm_up((0.3,), None) == (0.3,)
        assert allowed_warm_up((), (SeenChange((600,) * 5, (300.0,) * 5),)) == ()

    def test_is_half_of_the_requests_for_five_minutes_until_a_release_was_promoted(self):
        assert allowed_warm_up(None, None) == UNKNOWN == (0.5,) * 5

    def test_is_the_usual_where_no_change_showed_more(self):
        assert allowed_warm_up(None, ()) == USUAL
        assert allowed_warm_up(None, (NOTHING,)) == USUAL

    @pytest.mark.parametrize("requests", [60, 600, 6000])
    def test_is_a_little_more_than_the_releases_showed_and_at_most_half(self, requests):
        minutes, shifts = a_release(requests=requests)
        allowed = allowed_warm_up(None, learn(minutes, shifts, FAMILIES))
        assert len(allowed) == MINUTES
        assert all(true <= share <= MOST for true, share in zip(SHARES, allowed, strict=True))
        if requests == 6000:
            assert all(share < true + 0.03 for true, share in zip(SHARES, allowed, strict=True))

    def test_never_falls_below_the_usual(self):
        late = SeenChange((600,) * 5, (0.0, 0.0, 0.0, 60.0, 60.0))
        assert allowed_warm_up(None, (late,))[:2] == USUAL

    def test_is_half_in_a_minute_that_no_change_had_a_request_in(self):
        change = SeenChange((600, 600, 600, 600, 0), (300.0, 60.0, 0.0, 0.0, 0.0))
        assert allowed_warm_up(None, (change,))[4] == MOST

    def test_is_as_much_as_the_slowest_change_showed(self):
        slowest = SeenChange((600,) * 5, (240.0, 120.0, 0.0, 0.0, 0.0))
        alone, among = allowed_warm_up(None, (slowest,)), allowed_warm_up(None, (NOTHING, slowest, NOTHING))
        assert alone == among


class TestWhatOneReleaseShows:
    def test_each_weight_change_on_its_own(self):
        changes = learn(*a_release(), FAMILIES)
        assert len(changes) == 3
        assert {change.requests for change in changes} == {(600,) * MINUTES}
        assert all(more > less for change in changes for more, less in pairwise(change.slow))

    def test_a_release_that_is_slower_for_good_shows_no_warm_up(self):
        changes = learn(*a_release((), ratio=3.0), FAMILIES)
        assert changes
        assert not is_longer_than_usual(changes)

    def test_what_is_slower_for_good_is_not_part_of_its_warm_up(self):
        slower, usual = (learn(*a_release(ratio=ratio), FAMILIES) for ratio in (1.8, 1.0))
        assert sum(slower[0].slow) <= sum(usual[0].slow)

    def test_failures_are_no_warm_up(self):
        assert not is_longer_than_usual(learn(*a_release((), errors=300), FAMILIES))

    def test_without_later_minutes_nothing_is_known(self):
        assert learn(*a_release(bake=5), FAMILIES) == ()

    def test_counts_that_are_not_whole_and_minutes_before_the_first_change_are_left_out(self):
        minutes, shifts = a_release()
        before = [(NOON - 300, {"slow_p99": (600, 600, 5000, 50)})]
        lost = [(minute, {**counts, "slow_p99": (600, None, 5000, None)}) for minute, counts in minutes]
        assert learn([*before, *minutes], shifts, FAMILIES) == learn(minutes, shifts, FAMILIES)
        assert learn(lost, shifts, FAMILIES) != ()
        only = [(minute, {"slow_p99": counts["slow_p99"]}) for minute, counts in lost]
        assert learn(only, shifts, FAMILIES) == ()

    def test_a_minute_of_the_change_itself_shows_nothing(self):
        minutes, shifts = a_release()
        during = [(NOON - 60, {"slow_p99": (600, 600, 5000, 50)})]
        assert learn([*during, *minutes], shifts, FAMILIES) == learn(minutes, shifts, FAMILIES)


class TestLongerThanUsual:
    def test_is_not_what_chance_explains(self):
        assert not is_longer_than_usual((SeenChange((60,) * 5, (6.0, 2.0, 1.0, 0.0, 0.0)),))

    def test_is_one_clear_minute(self):
        assert is_longer_than_usual((SeenChange((6000,) * 5, (0.0, 0.0, 0.0, 0.0, 60.0)),))

    def test_is_what_several_minutes_show_together(self):
        some = SeenChange((60,) * 5, (9.0, 4.0, 3.0, 3.0, 2.0))
        assert is_longer_than_usual((some,))
        assert not is_longer_than_usual((SeenChange((60,) * 5, (9.0, 0.0, 0.0, 0.0, 0.0)),))
