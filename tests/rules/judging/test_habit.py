from __future__ import annotations

import random
from math import exp

import pytest

from canary.rules.judging.habit import PRIOR_DATA, SURE_PART, UNHEARD, UNPROVEN_CLUSTER, Habit, habit_of
from canary.rules.rollouts.codec import decode, encode

DAY = 1440


def poisson(draw, mean):
    bar, number, product = exp(-mean), 0, draw.random()
    while product > bar:
        number, product = number + 1, product * draw.random()
    return number


def a_day(per_minute, *, cluster=1, seed=1):
    """Data points of a day's minutes, with this average per minute, in clusters of this size."""
    draw = random.Random(seed)
    return [cluster * poisson(draw, per_minute / cluster) for _ in range(DAY)]


def test_half_of_what_the_quietest_quarter_gave_is_expected():
    requests = [100] * DAY
    data = [4] * 360 + [2] * 360 + [1] * 360 + [3] * 360
    assert habit_of(data, requests).per_request == pytest.approx(SURE_PART * 0.01)


def test_a_metric_without_a_datum_is_unheard():
    assert habit_of([0] * DAY, [100] * DAY) == UNHEARD
    assert habit_of([], []) == UNHEARD


def test_the_time_before_the_first_datum_does_not_count():
    assert habit_of([0] * 1000 + [1] * 440, [100] * DAY).per_request == pytest.approx(SURE_PART * 0.01)


def test_quarters_without_requests_tell_nothing():
    data, requests = [2] * 720 + [0] * 720, [100] * 720 + [0] * 720
    assert habit_of(data, requests).per_request == pytest.approx(SURE_PART * 0.02)
    assert habit_of([1], [0]).per_request == 0.0


def test_a_quarter_without_data_leaves_nothing_to_expect():
    assert habit_of([2] * 360 + [0] * 1080, [100] * DAY).per_request == 0.0


@pytest.mark.parametrize("cluster", [1, 3, 8])
def test_clusters_are_measured(cluster):
    assert habit_of(a_day(6.0, cluster=cluster), [600] * DAY).clustered == pytest.approx(cluster, rel=0.15)


def test_few_data_prove_little():
    few = habit_of(a_day(0.01), [1] * DAY).clustered
    assert 1.5 < few < UNPROVEN_CLUSTER
    assert habit_of([1] + [0] * 20, [1] * 21).clustered == UNPROVEN_CLUSTER


def test_an_import_of_a_few_minutes_does_not_count():
    data = a_day(6.0)
    data[700:705] = [5000] * 5
    assert habit_of(data, [600] * DAY).clustered == pytest.approx(1.0, abs=0.1)


def test_traffic_that_rises_and_falls_is_no_cluster():
    draw = random.Random(2)
    requests = [100 + minute % 30 * 40 for minute in range(DAY)]
    data = [poisson(draw, n * 0.01) for n in requests]
    assert habit_of(data, requests).clustered < 1.15


def test_data_in_minutes_without_requests_do_no_harm():
    assert habit_of([1] * DAY, [0] * DAY) == Habit(0.0, UNPROVEN_CLUSTER)
    assert habit_of([3] * DAY, [300, 0] * 720).clustered >= 1.0
    assert PRIOR_DATA > 0


def test_it_comes_back_from_json_exactly():
    habit = habit_of(a_day(6.0), [600] * DAY)
    assert decode(Habit, encode(habit)) == habit
