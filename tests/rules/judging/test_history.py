from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.dispersion import UNPROVEN_PHI
from canary.rules.judging.history import (
    NOTHING_SEEN,
    PRIOR,
    DecayedCounts,
    History,
    even_minutes,
    freeze_history,
    from_json,
    odd_minutes,
    to_json,
)
from tests.builders import families

MINUTES = st.lists(st.integers(0, 10_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n + 1))), max_size=200)


def test_states_priors_under_thirty_minutes():
    frozen = freeze_history([(100, 1)] * 29)
    assert not frozen.is_known
    assert frozen.slow == PRIOR
    assert frozen.slices == ()
    assert frozen.phi == UNPROVEN_PHI == 4.0
    assert frozen.slow.rate == pytest.approx(0.01, rel=0.05)


def test_knows_the_base_from_thirty_minutes_on():
    assert freeze_history([(100, 1)] * 30).is_known


def test_counts_neither_silent_nor_impossible_minutes():
    assert not freeze_history([(100, 1)] * 29 + [(0, 0)] * 50 + [(3, 4)] * 50).is_known
    assert freeze_history([(0, 0), (3, 4), (100, 1)] * 60) == freeze_history([(100, 1)] * 60)


def test_takes_rates_from_odd_minutes_and_slices_from_even_ones():
    frozen = freeze_history([(1000, 7), (100, 1)] * 60)
    assert frozen.slow.bad / frozen.slow.requests == pytest.approx(0.01)
    assert frozen.slices == ((18_000, 126),) * 3 + ((6000, 42),)
    assert sum(requests for requests, _ in frozen.slices) == 60 * 1000


def test_lends_the_minutes_left_over_as_a_smaller_slice():
    frozen = freeze_history([(10, 1)] * 30)
    assert frozen.slices == ((150, 15),)
    assert freeze_history([(10, 1)] * 42).slices == ((180, 18), (30, 3))


def test_remembers_what_the_last_minutes_were_like():
    calm, worse = [(100, 1)] * 400, [(100, 10)] * 20
    recent = freeze_history(calm + worse).recent
    assert recent.bad / recent.requests == pytest.approx(0.1, rel=0.02)
    assert recent.requests == pytest.approx(100 * (1 - 0.9**20) / 0.1)
    assert freeze_history(calm[:3]).recent == NOTHING_SEEN


def test_uses_every_minute_once():
    minutes = list(range(11))
    assert sorted([*odd_minutes(minutes), *even_minutes(minutes)]) == minutes
    assert odd_minutes(minutes)[0] == 1
    assert even_minutes(minutes)[0] == 0


def test_starts_with_at_most_thirty_minutes_of_weight():
    assert freeze_history([(100, 1)] * 600).slow == DecayedCounts(pytest.approx(3000.0), pytest.approx(30.0))
    assert freeze_history([(100, 1)] * 40).slow == DecayedCounts(pytest.approx(2000.0), pytest.approx(20.0))


def test_predicts_a_rate_strictly_between_0_and_1():
    assert DecayedCounts(0.0, 0.0).rate == 0.5
    assert DecayedCounts(99.0, 0.5).rate == pytest.approx(0.01)
    assert 0.0 < DecayedCounts(1e300, 0.0).rate < 1e-9
    assert 1.0 - 1e-9 < DecayedCounts(1e300, 1e300).rate < 1.0


def test_forgets_with_every_minute_seen():
    assert DecayedCounts(100.0, 10.0).after(60, 6, decay=0.5) == DecayedCounts(110.0, 11.0)


@given(errors=MINUTES, slow=MINUTES)
def test_returns_from_json_unchanged(errors: list[tuple[int, int]], slow: list[tuple[int, int]]):
    bases = {"errors": freeze_history(errors), "slow_p99": freeze_history(slow, is_coarse=True)}
    stakes = {"errors": 2 / 3, "slow_p99": 1 / 3}
    history = History(alpha=0.01, families=families(*bases), stakes=stakes, bases=bases)
    assert from_json(json.loads(json.dumps(to_json(history), allow_nan=False))) == history


def test_a_day_of_history_is_a_few_kilobytes():
    frozen = freeze_history([(60_000, 60)] * 1440)
    assert len(frozen.slices) == 40
    history = History(0.01, families("errors"), {"errors": 1.0}, {"errors": frozen})
    assert len(json.dumps(to_json(history))) < 3_000


def test_what_callers_do_clusters_in_time_and_not_between_the_arms():
    minutes = [(600, 90 if minute % 9 == 0 else 3) for minute in range(1440)]
    fine, coarse = freeze_history(minutes), freeze_history(minutes, is_coarse=True)
    assert coarse.phi == fine.phi == fine.live_phi > 5.0
    assert coarse.live_phi == 1.0
    assert coarse.is_coarse
    assert not fine.is_coarse


def test_a_coarse_metric_stays_coarse_without_history():
    assert freeze_history([], is_coarse=True).is_coarse
    assert not freeze_history([], is_coarse=True).is_known
