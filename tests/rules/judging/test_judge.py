from __future__ import annotations

import json
import random
from dataclasses import replace
from math import exp, isfinite, log
from statistics import median
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.beginning import begin_evidence, begin_step
from canary.rules.judging.counts import Counts
from canary.rules.judging.evidence_json import to_json
from canary.rules.judging.judge import Evidence, fold, fold_cold, fold_shift
from tests.builders import families

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARM = st.integers(0, 5000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
COUNTS = st.tuples(ARM, ARM).map(lambda arms: Counts(*arms[0], *arms[1]))
STAKES = {"errors": 0.5, "slow_p99": 0.3, "business_CheckoutFailed": 0.2}
MINUTE = st.dictionaries(st.sampled_from(sorted(STAKES)), COUNTS)
DELTA = {"errors": 0.005, "slow_p99": 0.05, "business_CheckoutFailed": 0.01}
HISTORY = [(600, minute % 2) for minute in range(400)]
GOOD = Counts(60, 0, 540, 0)
ALL_FAILING = Counts(60, 60, 540, 1)


def evidence_of(
    history: Sequence[tuple[int, int]] = (), *, stakes: Mapping[str, float] | None = None, alpha: float = 0.01
) -> Evidence:
    stakes = stakes or {"errors": 1.0}
    histories = {metric: history if metric == "errors" else [] for metric in stakes}
    return begin_evidence(histories, families=families(*stakes), stakes=stakes, alpha=alpha)


def look_at(evidence: Evidence, *minutes: Counts, metric: str = "errors") -> Evidence:
    for counts in minutes:
        evidence = fold(evidence, {metric: counts})
    return evidence


def set_to(evidence: Evidence, *, live: float, assisted: float) -> Evidence:
    """The evidence for its one metric, with e-values of the given logarithms, above 0."""
    ((name, metric),) = evidence.metrics.items()
    known = replace(metric, minutes=10**9, shift_minutes=10**3, live=(live,), assisted=(assisted,))
    return replace(evidence, metrics={name: known})


# Fixed at the start


def test_starts_at_an_e_value_of_1():
    evidence = evidence_of(HISTORY, stakes=STAKES)
    assert evidence.log_e == pytest.approx(0.0, abs=1e-12)
    assert evidence.log_e_assisted == pytest.approx(0.0, abs=1e-12)
    assert not evidence.is_condemned
    assert not evidence.is_safe


def test_says_which_metrics_have_a_history():
    evidence = evidence_of(HISTORY, stakes=STAKES)
    assert evidence.has_history("errors")
    assert not evidence.has_history("slow_p99")
    assert evidence.history.bases["errors"].phi == 1.0
    assert evidence.history.bases["slow_p99"].phi == 4.0


def test_refuses_to_look_at_a_metric_that_was_not_there_at_the_start():
    with pytest.raises(ValueError, match=r"metrics are fixed at the start, got \['slow_p99'\] beside \['errors'\]"):
        fold(evidence_of(), {"slow_p99": GOOD})


def test_leaves_the_evidence_it_was_given_alone():
    before = evidence_of(HISTORY)
    written = json.dumps(to_json(before))
    look_at(before, ALL_FAILING)
    assert json.dumps(to_json(before)) == written


# The fold


@given(minute=MINUTE)
def test_folds_the_metrics_of_a_minute_in_any_order(minute: dict[str, Counts]):
    evidence = evidence_of(HISTORY, stakes=STAKES)
    one_by_one = evidence
    for metric in reversed(minute):
        one_by_one = fold(one_by_one, {metric: minute[metric]})
    assert one_by_one == fold(evidence, minute)


@given(minutes=st.lists(MINUTE, max_size=6))
def test_is_the_weighted_mean_of_its_metrics(minutes: list[dict[str, Counts]]):
    together = evidence_of(HISTORY, stakes=STAKES)
    alone = {metric: evidence_of(HISTORY if metric == "errors" else (), stakes={metric: 1.0}) for metric in STAKES}
    for minute in minutes:
        together = fold(together, minute)
        for metric, counts in minute.items():
            alone[metric] = fold(alone[metric], {metric: counts})
    largest = max(alone[metric].log_e for metric in STAKES)
    mean = sum(stake * exp(alone[metric].log_e - largest) for metric, stake in STAKES.items())
    assert together.log_e == pytest.approx(largest + log(mean), abs=1e-9)
    assert all(together.metrics[metric].log_e == alone[metric].metrics[metric].log_e for metric in STAKES)


def test_a_metric_that_is_not_read_says_nothing():
    before = look_at(evidence_of(HISTORY, stakes=STAKES), ALL_FAILING)
    after = fold(before, {"slow_p99": GOOD})
    assert after.metrics["errors"] == before.metrics["errors"]
    assert fold(before, {}) == before


@pytest.mark.parametrize("silent", [Counts(0, 0, 0, 0), Counts(0, 0, 540, 540), Counts(60, 60, 0, 0)])
def test_one_silent_arm_is_no_evidence(silent: Counts):
    before = look_at(evidence_of(HISTORY), ALL_FAILING)
    after = look_at(before, silent)
    assert after.log_e == before.log_e
    assert after.log_e_assisted == before.log_e_assisted


@pytest.mark.parametrize("huge", [10**6, 10**9, 10**12, 10**15])
def test_judges_huge_counts(huge: int):
    good = look_at(evidence_of(HISTORY), *[Counts(huge, huge // 1000, 9 * huge, 9 * huge // 1000)] * 3)
    worse = look_at(evidence_of(HISTORY), *[Counts(huge, huge // 100, 9 * huge, 9 * huge // 1000)] * 3)
    assert isfinite(good.log_e)
    assert not good.is_condemned
    assert worse.is_condemned
    assert worse.log_e > huge / 1000


# The roll-back rule


def test_condemns_once_the_mean_of_live_and_assisted_reaches_1_over_alpha():
    assert evidence_of(alpha=0.01).log_bar == pytest.approx(log(100))
    assert set_to(evidence_of(), live=log(100), assisted=log(100)).is_condemned
    assert not set_to(evidence_of(), live=log(99.9), assisted=log(99.9)).is_condemned
    assert set_to(evidence_of(), live=log(400), assisted=0.0).is_condemned
    assert not set_to(evidence_of(), live=log(390), assisted=0.0).is_condemned


def test_the_strength_is_a_mean():
    evidence = set_to(evidence_of(), live=log(30), assisted=log(50))
    assert evidence.log_strength == pytest.approx(log(0.25 * 30 + 0.75 * 50))
    assert set_to(evidence_of(), live=log(30), assisted=log(30)).log_strength == pytest.approx(log(30))


def test_condemns_a_slow_canary_with_the_help_of_history_from_a_live_e_of_10_on():
    slow = evidence_of(stakes={"slow_p99": 1.0})
    assert set_to(slow, live=log(10.001), assisted=log(131)).is_condemned
    assert not set_to(slow, live=log(9.9), assisted=log(1e9)).is_condemned
    assert not set_to(slow, live=log(10.001), assisted=log(129)).is_condemned


@pytest.mark.parametrize("metric", ["errors", "business_CheckoutFailed"])
def test_history_makes_the_evidence_of_failures_at_most_five_times_as_strong(metric: str):
    failing = evidence_of(stakes={metric: 1.0})
    strong = set_to(failing, live=log(20.001), assisted=log(1e9))
    assert strong.log_strength == pytest.approx(log(5 * 20.001))
    assert strong.log_strength_of(metric) == pytest.approx(log(5 * 20.001))
    assert strong.is_condemned
    assert not set_to(failing, live=log(19.99), assisted=log(1e9)).is_condemned
    assert set_to(failing, live=log(50), assisted=log(60)).log_strength == pytest.approx(log(0.25 * 50 + 0.75 * 60))


def test_is_suspicious_once_the_evidence_leans_against_the_canary():
    assert not evidence_of().is_suspicious
    assert set_to(evidence_of(), live=log(1.51), assisted=log(1.51)).is_suspicious
    assert not set_to(evidence_of(), live=log(1.49), assisted=log(1.49)).is_suspicious
    assert not set_to(evidence_of(stakes={"slow_p99": 1.0}), live=log(0.99), assisted=log(99)).is_suspicious


def test_asks_for_more_where_alpha_is_smaller():
    assert set_to(evidence_of(alpha=0.1), live=log(40), assisted=0.0).is_condemned
    assert not set_to(evidence_of(alpha=0.001), live=log(3900), assisted=0.0).is_condemned


def test_history_condemns_earlier_than_live_minutes_alone():
    evidence = evidence_of([(12, int(minute % 35 == 0)) for minute in range(1440)])
    assert evidence.history.bases["errors"].phi == pytest.approx(1.0, abs=0.01)
    while not evidence.is_condemned:
        evidence = look_at(evidence, Counts(6, 1, 6, 0))
    assert log(10) <= evidence.log_e < evidence.log_bar <= evidence.log_e_assisted


def test_condemns_for_one_metric_among_several():
    evidence = evidence_of(stakes=STAKES)
    assert look_at(evidence, *[ALL_FAILING] * 2, metric="business_CheckoutFailed").is_condemned


# Safe enough


def test_is_safe_once_every_metric_is():
    evidence = begin_step(evidence_of(HISTORY, stakes=STAKES), DELTA)
    evidence = look_at(evidence, *[GOOD] * 100)
    evidence = look_at(evidence, *[GOOD] * 100, metric="slow_p99")
    assert not evidence.is_safe
    assert look_at(evidence, *[GOOD] * 100, metric="business_CheckoutFailed").is_safe


def test_a_new_step_must_be_proven_safe_again():
    evidence = look_at(begin_step(evidence_of(HISTORY), {"errors": 0.005}), *[GOOD] * 50)
    assert evidence.is_safe
    anew = begin_step(evidence, {"errors": 0.005})
    assert not anew.is_safe
    assert anew.log_e == evidence.log_e


def test_claims_no_safety_without_a_delta():
    assert not look_at(evidence_of(HISTORY), *[GOOD] * 200).is_safe


# Simulated: fixed seeds, each arm's requests independent unless said otherwise


def binomial(rng: random.Random, n: int, rate: float) -> int:
    """The number of bad requests among n, drawn by the gaps between them."""
    if rate > 0.5:
        return n - binomial(rng, n, 1.0 - rate)
    if rate <= 0.0:
        return 0
    bad, seen = 0, int(log(1.0 - rng.random()) / log(1.0 - rate)) + 1
    while seen <= n:
        bad, seen = bad + 1, seen + int(log(1.0 - rng.random()) / log(1.0 - rate)) + 1
    return bad


def bursts(rng: random.Random, n: int, rate: float) -> int:
    """Incidents of three bad requests each."""
    return min(n, 3 * binomial(rng, n, rate / 3))


def simulated_history(rng: random.Random, rpm: int, rate: float, *, burst: bool = False) -> list[tuple[int, int]]:
    draw = bursts if burst else binomial
    return [(rpm, draw(rng, rpm, rate)) for _ in range(400)]


def minutes_to_condemn(
    rng: random.Random,
    *,
    base: float,
    canary: float,
    rpm: int = 600,
    since: int = 0,
    outage: range = range(0),
    burst: bool = False,
    minutes: int = 45,
) -> int | None:
    """After how many minutes of a rollout at 10, 25, 50 % the canary was condemned; None if it never was."""
    evidence = evidence_of(simulated_history(rng, rpm, base, burst=burst))
    draw = bursts if burst else binomial
    for minute in range(minutes):
        nc = binomial(rng, rpm, (0.10, 0.25, 0.50)[minute * 3 // minutes])
        shared = 0.2 if minute in outage else 0.0
        ec = draw(rng, nc, shared + (canary if minute >= since else base))
        evidence = look_at(evidence, Counts(nc, ec, rpm - nc, draw(rng, rpm - nc, shared + base)))
        if evidence.is_condemned:
            return minute + 1
    return None


GOOD_WORLDS = {
    "alike": {"base": 0.005, "canary": 0.005},
    "alike and rarely failing": {"base": 0.0005, "canary": 0.0005},
    "alike with little traffic": {"base": 0.01, "canary": 0.01, "rpm": 60},
    "better": {"base": 0.02, "canary": 0.005},
    "an outage of both": {"base": 0.005, "canary": 0.005, "outage": range(8, 15)},
    "failing in bursts": {"base": 0.005, "canary": 0.005, "burst": True},
}


@pytest.mark.parametrize("world", GOOD_WORLDS.values(), ids=GOOD_WORLDS.keys())
def test_hardly_ever_condemns_a_good_canary(world: dict[str, float]):
    rng = random.Random(11)
    condemned = [minutes_to_condemn(rng, **world) for _ in range(60)]
    assert sum(minutes is not None for minutes in condemned) <= 1


BAD_WORLDS = {
    "failing altogether": ({"base": 0.001, "canary": 1.0}, 1),
    "failing altogether with little traffic": ({"base": 0.001, "canary": 1.0, "rpm": 6}, 9),
    "5 points worse": ({"base": 0.001, "canary": 0.051}, 2),
    "5 points worse with less traffic": ({"base": 0.001, "canary": 0.051, "rpm": 60}, 13),
    "1 point worse": ({"base": 0.001, "canary": 0.011}, 10),
    "5 points worse, once an outage of both is over": ({"base": 0.001, "canary": 0.051, "outage": range(10), "rpm": 6000}, 13),
    "5 points worse in bursts": ({"base": 0.001, "canary": 0.051, "burst": True}, 4),
}


@pytest.mark.parametrize(("world", "minutes"), BAD_WORLDS.values(), ids=BAD_WORLDS.keys())
def test_finds_a_bad_canary_within_minutes(world: dict[str, float], minutes: int):
    rng = random.Random(12)
    found = [minutes_to_condemn(rng, **world) or 999 for _ in range(101)]
    assert median(found) <= minutes


def test_finds_a_fault_that_begins_after_three_hours():
    rng = random.Random(13)
    world = {"base": 0.001, "canary": 0.051, "since": 180, "minutes": 240}
    found = [minutes_to_condemn(rng, **world) or 999 for _ in range(5)]
    assert 181 <= median(found) <= 184


def safe_steps(rng: random.Random, canary: float, *, runs: int = 30, minutes: int = 30) -> int:
    """How often a step of a rollout at 25 % of 600 requests per minute was called safe in any of its minutes."""
    safe = 0
    for _ in range(runs):
        evidence = begin_step(evidence_of(simulated_history(rng, 600, 0.005)), {"errors": 0.005})
        for _ in range(minutes):
            minute = Counts(150, binomial(rng, 150, canary), 450, binomial(rng, 450, 0.005))
            evidence = look_at(evidence, minute)
            if evidence.is_safe:
                safe += 1
                break
    return safe


def test_calls_a_good_canary_safe_under_traffic():
    assert safe_steps(random.Random(14), 0.005) >= 28


def test_hardly_ever_calls_a_canary_safe_that_is_worse_by_delta():
    assert safe_steps(random.Random(15), 0.010) <= 3
    assert safe_steps(random.Random(16), 0.020) == 0


# A minute in which the weight rises


def test_a_release_that_fails_at_once_is_condemned_in_the_minute_of_its_weight_change():
    evidence = fold_shift(evidence_of(HISTORY), {"errors": Counts(30, 30, 570, 1)}, share=0.1)
    assert evidence.is_condemned


def test_an_outage_that_began_in_the_minute_of_a_weight_change_condemns_no_release():
    """All of the canary's requests are affected, and a small part of base's."""
    evidence = fold_shift(evidence_of(HISTORY), {"errors": Counts(60, 12, 1140, 108)}, share=0.1)
    assert evidence.log_e < 0.0


def test_a_metric_unknown_at_the_start_is_refused_in_the_minute_of_a_weight_change():
    with pytest.raises(ValueError, match="metrics are fixed at the start"):
        fold_shift(evidence_of(), {"slow_p50": GOOD}, share=0.1)


# A minute in which new instances start cold


def test_a_cold_start_condemns_no_release_but_constant_slowness_does():
    history = [(6000, 3000 - minute % 7) for minute in range(1440)]
    evidence = begin_evidence({"slow_p50": history}, families=families("slow_p50"), stakes={"slow_p50": 1.0}, alpha=0.01)
    cold = slower = evidence
    for _ in range(3):
        cold = fold_cold(cold, {"slow_p50": Counts(600, 330, 5400, 2700)}, share=0.1, cold=0.1)
        slower = fold_cold(slower, {"slow_p50": Counts(600, 475, 5400, 2700)}, share=0.1, cold=0.1)
    assert cold.log_e < 0.0
    assert slower.is_condemned


def test_a_metric_unknown_at_the_start_is_refused_in_a_cold_minute():
    with pytest.raises(ValueError, match="metrics are fixed at the start"):
        fold_cold(evidence_of(), {"slow_p50": GOOD}, cold=0.1)


def test_a_step_waits_for_an_outage_of_failures_and_not_for_a_slow_hour():
    stakes = {"errors": 0.5, "slow_p99": 0.5}
    calm = begin_evidence(dict.fromkeys(stakes, HISTORY), families=families(*stakes), stakes=stakes, alpha=0.01)
    out = Counts(60, 12, 540, 108)
    evidence = fold(calm, {"errors": out, "slow_p99": out})
    assert evidence.in_outage == ("errors", "slow_p99")
    assert evidence.newly_in_outage == ("errors",)
