from __future__ import annotations

import random

import pytest

from canary.rules.judging.dispersion import SPARSE_PHI, UNPROVEN_PHI, dispersion


def independent(rng: random.Random, minutes: int, requests: int, rate: float) -> list[tuple[int, int]]:
    return [(requests, sum(rng.random() < rate for _ in range(requests))) for _ in range(minutes)]


def bursts(rng: random.Random, minutes: int, requests: int, rate: float) -> list[tuple[int, int]]:
    """Incidents of four bad requests each."""
    return [(requests, 4 * sum(rng.random() < rate / 4 for _ in range(requests))) for _ in range(minutes)]


def with_bursts(minutes: list[tuple[int, int]], bursts: dict[int, int], *, lasting: int = 1) -> list[tuple[int, int]]:
    """The minutes with so many more bad requests in these minutes and in those after them."""
    more = {begin + later: size for begin, size in bursts.items() for later in range(lasting)}
    return [(requests, bad + more.get(number, 0)) for number, (requests, bad) in enumerate(minutes)]


def test_independent_requests_are_hardly_dispersed():
    rng = random.Random(1)
    assert dispersion(independent(rng, 720, 100, 0.02)) < 1.15
    assert dispersion(independent(rng, 720, 6, 0.01)) < 1.15


def test_bursts_of_four_are_dispersed_four_times():
    assert dispersion(bursts(random.Random(2), 1440, 400, 0.02)) == pytest.approx(4.0, rel=0.2)


def test_dispersion_is_never_under_1():
    assert dispersion([(100, 5)] * 300) == 1.0


def test_dispersion_of_one_block_follows_pearsons_formula():
    block = [(10, 1)] * 15 + [(10, 3)] * 15
    pearson = sum((x - 2.0) ** 2 / (10 * 0.2 * 0.8) for _, x in block) / 29
    assert pearson < 1.0
    burst = [(10, 0)] * 27 + [(10, 8)] * 3
    expected = (27 * 0.8**2 + 3 * 7.2**2) / (10 * 0.08 * 0.92) / 29
    assert dispersion(block * 2 + burst * 3) == pytest.approx(expected)


def test_an_old_outage_does_not_blind():
    rng = random.Random(3)
    quiet = independent(rng, 600, 60, 0.01)
    outage = [(60, 40)] * 7
    assert dispersion(quiet[:300] + outage + quiet[300:]) < 1.3


def test_drift_over_the_day_does_not_blind():
    rng = random.Random(4)
    day = [minute for hour in range(24) for minute in independent(rng, 30, 200, 0.01 + 0.002 * hour)]
    assert dispersion(day) < 1.3


def test_stays_conservative_where_bursts_could_not_have_shown():
    assert dispersion([(600, 1)] * 89) == UNPROVEN_PHI
    assert dispersion([(600, 0)] * 720) == SPARSE_PHI
    assert dispersion([(600, 600)] * 720) == SPARSE_PHI
    assert dispersion([(600, 0)] * 660 + [(600, 1)] * 60) == SPARSE_PHI
    assert dispersion([(600, 0)] * 630 + [(600, 1)] * 90) == 1.0


def test_two_bursts_of_a_day_count_with_their_size():
    calm = independent(random.Random(5), 720, 600, 0.0002)
    assert dispersion(calm) == pytest.approx(1.0, abs=0.2)
    assert dispersion(with_bursts(calm, {100: 20, 500: 20})) > 5.0


def test_a_burst_that_chance_explains_changes_nothing():
    calm = independent(random.Random(6), 720, 600, 0.0002)
    assert dispersion(with_bursts(calm, {100: 2})) < 1.2


def test_an_instance_that_is_sick_for_minutes_counts_by_more_than_one_minute_shows():
    rng = random.Random(7)
    calm = independent(rng, 720, 600, 0.001)
    times = range(10, 720, 40)
    alone = dispersion(with_bursts(calm, dict.fromkeys(times, 30)))
    lasting = dispersion(with_bursts(calm, dict.fromkeys(times, 30), lasting=2))
    assert lasting > 1.3 * alone > 20.0


def test_two_outages_that_last_are_left_out():
    calm = independent(random.Random(8), 720, 60, 0.01)
    outage = [(60, 40)] * 5
    assert dispersion(calm[:100] + outage + calm[100:400] + outage + calm[400:]) < 1.4


def test_a_day_in_which_every_block_holds_an_outage_is_measured_all_the_same():
    assert dispersion(([(600, 1)] * 20 + [(600, 300)] * 10) * 3) > 100.0
