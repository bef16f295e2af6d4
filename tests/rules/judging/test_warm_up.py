import numpy as np
import pytest

from canary.rules.judging.families import Family
from canary.rules.judging.warm_up import (
    FEWEST_REQUESTS,
    MINUTES,
    MOST,
    UNKNOWN,
    USUAL,
    SeenChange,
    allowed_warm_up,
    is_known,
    is_longer_than_usual,
    learn,
)

NOON = 1_764_244_800
FAMILIES = {"errors": Family.ERRORS, "slow_p50": Family.SLOW, "slow_p99": Family.SLOW}
RATES = {"slow_p50": 0.5, "slow_p99": 0.01}
SHARES = (0.4, 0.2, 0.1, 0.05, 0.03)
BASE = 5000


def minutes_of(cold, *, shifts, minutes, requests=600, later=0.0, base=RATES):
    """Each minute's counts: `cold` says by minutes after the change which part of the canary's requests is slow beyond base's.

    `later`: what is slow at any time. The minute before each change is that of the change itself.
    """
    told = []
    for minute in range(NOON - 60, NOON - 60 + 60 * minutes, 60):
        after = (minute - NOON) // 60 % (minutes // len(shifts))
        share = cold[after] if after < len(cold) else 0.0
        slow = 1.0 - (1.0 - share) * (1.0 - later)
        counts = {
            metric: (requests, round(requests * (rate + (1.0 - rate) * slow)), BASE, round(BASE * rate))
            for metric, rate in base.items()
        }
        told.append((minute, {"errors": (requests, 30, BASE, 5), **counts}))
    return told


def a_release(cold=SHARES, *, steps=3, bake=15, **more):
    """A release whose canary is slow in these shares in the minutes after each weight change."""
    shifts = [float(NOON - 30 + 60 * bake * step) for step in range(steps)]
    return minutes_of(cold, shifts=shifts, minutes=bake * steps, **more), shifts


def learned(*args, **more):
    return learn(*a_release(*args, **more), FAMILIES)


def a_seen_change(counts):
    return SeenChange({"slow_p99": tuple(counts)}, {"slow_p99": 0.0})


class TestWhatIsAllowed:
    def test_is_what_the_targets_definition_says_whatever_was_seen(self):
        assert allowed_warm_up((0.3,), ()) == (0.3,)
        assert allowed_warm_up((), learned()) == ()

    def test_is_half_of_the_requests_for_five_minutes_until_enough_was_seen(self):
        assert allowed_warm_up(None, ()) == UNKNOWN == (0.5,) * MINUTES
        few = learned(requests=60)
        assert sum(four[0] for change in few for four in change.counts["slow_p99"]) == 18 * 60 > FEWEST_REQUESTS
        assert (is_known(few), is_known(few[:2])) == (True, False)
        assert allowed_warm_up(None, few[:2]) == UNKNOWN
        assert not is_longer_than_usual(few[:2])

    def test_is_the_usual_where_no_release_was_slow(self):
        assert allowed_warm_up(None, learned(())) == USUAL
        assert allowed_warm_up(None, learned(USUAL)) == USUAL

    @pytest.mark.parametrize("requests", [600, 6000])
    def test_is_more_than_the_releases_showed_and_at_most_half(self, requests):
        allowed = allowed_warm_up(None, learned(requests=requests))
        assert all(true < share <= MOST for true, share in zip(SHARES, allowed, strict=True))
        assert all(share < 1.3 * true + 0.1 for true, share in zip(SHARES, allowed, strict=True))

    def test_is_as_much_in_the_first_minute_as_while_the_change_spread(self):
        (change,) = learn(*a_release((0.1,), steps=1), FAMILIES)
        slow = {"slow_p99": ((600, 240, BASE, 50), *change.counts["slow_p99"][1:])}
        assert allowed_warm_up(None, [SeenChange(slow, {"slow_p99": 0.0})])[0] > 0.4

    def test_never_falls_below_the_usual(self):
        late = a_seen_change([(600, 6, BASE, 50)] * 4 + [(600, 90, BASE, 50)] * 2)
        allowed = allowed_warm_up(None, [late])
        assert allowed[:2] == pytest.approx(USUAL, abs=0.02)
        assert allowed[0] >= USUAL[0]
        assert allowed[3] > 0.14

    def test_is_half_in_a_minute_in_which_no_canary_had_a_request(self):
        seen = a_seen_change([(600, 300, BASE, 50)] * 5 + [(0, 0, 0, 0)])
        assert allowed_warm_up(None, [seen])[4] == MOST

    def test_is_as_much_as_the_slowest_change_showed(self):
        slow, calm = learned(requests=600)[:1], learned(())[:1]
        assert allowed_warm_up(None, [*slow, *calm])[0] > 0.4


class TestWhatOneReleaseShows:
    def test_each_weight_change_on_its_own_with_the_minutes_of_the_change(self):
        changes = learned()
        assert len(changes) == 3
        assert [len(change.counts["slow_p50"]) for change in changes] == [MINUTES + 1] * 3
        assert changes[0].counts["slow_p99"][:2] == ((600, 6, BASE, 50), (600, 244, BASE, 50))

    def test_what_is_slower_for_good_is_no_warm_up(self):
        assert not is_longer_than_usual(learned((), later=0.3))
        slower, usual = (allowed_warm_up(None, learned(requests=6000, later=later)) for later in (0.3, 0.0))
        assert slower == pytest.approx(usual, abs=0.02)

    def test_what_both_arms_suffer_is_no_warm_up(self):
        minutes, shifts = a_release(())
        outage = {"slow_p50": (600, 480, BASE, 4000), "slow_p99": (600, 480, BASE, 4000)}
        told = [(minute, {**counts, **outage} if NOON + 120 <= minute < NOON + 240 else counts) for minute, counts in minutes]
        assert not is_longer_than_usual(learn(told, shifts, FAMILIES))

    def test_metrics_that_are_not_judged_or_not_slow_are_left_out(self):
        minutes, shifts = a_release()
        told = [(minute, {"client_errors": (600, 600, BASE, 0), **counts}) for minute, counts in minutes]
        assert learn(told, shifts, FAMILIES) == learn(minutes, shifts, FAMILIES)

    def test_without_later_minutes_nothing_is_known(self):
        assert learned(bake=5) == ()

    def test_counts_that_are_not_whole_and_minutes_before_the_first_change_are_left_out(self):
        minutes, shifts = a_release()
        before = [(NOON - 300, {"slow_p99": (600, 600, BASE, 50)})]
        assert learn([*before, *minutes], shifts, FAMILIES) == learn(minutes, shifts, FAMILIES)
        for lost in ((600, None, BASE, None), (0, 0, BASE, 50), (600, 6, 0, 0)):
            told = [(minute, {**counts, "slow_p99": lost}) for minute, counts in minutes]
            assert {metric for change in learn(told, shifts, FAMILIES) for metric in change.counts} == {"slow_p50"}

    def test_the_minutes_in_which_a_change_spreads_are_added_up(self):
        minutes, shifts = a_release(steps=1)
        (change,) = learn([(NOON - 60, minutes[0][1]), *minutes], shifts, FAMILIES)
        assert change.counts["slow_p99"][0][0] == 1200


@pytest.mark.parametrize("traffic", [60, 600, 6000, 60_000])
def test_canaries_that_are_like_base_are_hardly_ever_called_slow_at_first(traffic):
    rng = np.random.default_rng(5)
    weights = (0.1, 0.25, 0.5)

    def change(weight):
        told = {}
        for metric, rate in RATES.items():
            nc, nb = rng.poisson(traffic * weight, MINUTES + 1), rng.poisson(traffic * (1 - weight), MINUTES + 1)
            columns = nc, rng.binomial(nc, rate), nb, rng.binomial(nb, rate)
            told[metric] = tuple(zip(*(column.tolist() for column in columns), strict=True))
        return SeenChange(told, dict.fromkeys(RATES, 0.0))

    runs = [[change(weight) for _ in range(releases) for weight in weights] for releases in (1, 5) for _ in range(50)]
    assert sum(map(is_longer_than_usual, runs)) <= 1
