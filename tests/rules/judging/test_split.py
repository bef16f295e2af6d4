from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise
from math import comb, exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.split import (
    AT_STEPS,
    BAND,
    FACTORS,
    FALSE_ALARMS,
    LATER,
    LOG_BAR,
    LOG_CAP,
    NO_SPLIT_EVIDENCE,
    PARTS,
    SplitEvidence,
    fold_split,
    is_off_split,
    seen_share,
    split_sentence,
)
from canary.rules.rollouts.codec import decode, encode

SHARES = st.sampled_from((0.01, 0.05, 0.1, 0.25, 0.5, 0.9))


def share_of(share, factor=1.0):
    odds = factor * share / (1.0 - share)
    return odds / (1.0 + odds)


def binomial(requests, share):
    return [comb(requests, k) * share**k * (1.0 - share) ** (requests - k) for k in range(requests + 1)]


def folded(*minutes, share=0.5, evidence=NO_SPLIT_EVIDENCE):
    for canary, base in minutes:
        evidence = fold_split(evidence, canary=canary, base=base, share=share)
    return evidence


def minutes_until_off(share, *, canary, base, evidence=NO_SPLIT_EVIDENCE):
    for minute in range(1, 200):
        evidence = fold_split(evidence, canary=canary, base=base, share=share)
        if is_off_split(evidence):
            return minute
    raise AssertionError("never found")


def expected_e(evidence, requests, share, factor):
    """The evidence expected after one more minute of this many requests, drawn at `factor` times the weight's odds."""
    chances = binomial(requests, share_of(share, factor))
    after = (fold_split(evidence, canary=k, base=requests - k, share=share) for k in range(requests + 1))
    return sum(chance * exp(one.log_e) for chance, one in zip(chances, after, strict=True))


# The guarantee


@given(
    shares=st.lists(SHARES, min_size=1, max_size=4),
    counts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4),
    requests=st.integers(1, 30),
    factor=st.floats(1 / BAND, BAND),
)
def test_a_minute_gains_nothing_in_expectation_while_the_odds_are_in_the_band(shares, counts, requests, factor):
    evidence = NO_SPLIT_EVIDENCE
    for share, (canary, base) in zip(shares, counts, strict=False):
        evidence = fold_split(evidence, canary=canary, base=base, share=share)
    assert expected_e(evidence, requests, shares[-1], factor) <= exp(evidence.log_e) * (1.0 + 1e-9)


@pytest.mark.parametrize("factor", [1 / BAND, BAND])
def test_a_large_first_minute_wastes_nothing_at_the_edge_of_the_band(factor):
    assert 0.97 < expected_e(NO_SPLIT_EVIDENCE, 60, 0.5, factor) <= 1.0


def test_evidence_starts_at_one_and_its_stakes_sum_to_one():
    assert NO_SPLIT_EVIDENCE.log_e == 0.0
    assert sum(PARTS) == pytest.approx(1.0)
    evidence = NO_SPLIT_EVIDENCE
    for minute in range(50):
        evidence = fold_split(replace(evidence, stakes=()), canary=0, base=1, share=0.1 + minute // 10 / 10)
        unwon = exp(replace(evidence, stakes=(-700.0,)).log_e)
        assert 0.0 < unwon < AT_STEPS + LATER + 1e-9
    assert unwon == pytest.approx(AT_STEPS / 16 + LATER * 30 / 79)


def test_few_rollouts_are_off_at_the_edge_of_the_band():
    draw = random.Random(5)
    runs, off = 300, 0
    for _ in range(runs):
        evidence, was_off = NO_SPLIT_EVIDENCE, False
        for minute in range(45):
            share = (0.1, 0.25, 0.5)[minute // 15]
            canary = sum(draw.random() < share_of(share, 1 / BAND) for _ in range(40))
            evidence = fold_split(evidence, canary=canary, base=40 - canary, share=share)
            was_off = was_off or is_off_split(evidence)
        off += was_off
    assert off <= 3
    assert pytest.approx(0.001) == FALSE_ALARMS


# Faults


@pytest.mark.parametrize(
    ("share", "canary", "base", "least", "most"),
    [
        (0.5, 75, 150, 3, 4),
        (0.5, 150, 75, 3, 4),
        (0.25, 37, 225, 5, 6),
        (0.1, 15, 270, 10, 12),
        (0.5, 0, 150, 1, 1),
        (0.1, 30, 0, 1, 1),
    ],
)
def test_half_an_arm_or_all_of_it_lost_is_found(share, canary, base, least, most):
    assert least <= minutes_until_off(share, canary=canary, base=base) <= most


def test_a_weight_that_never_took_effect_is_found_in_its_step():
    before = folded(*[(30, 270)] * 13, share=0.1)
    assert minutes_until_off(0.25, canary=30, base=270, evidence=before) <= 5


def test_a_fault_that_begins_within_a_step_is_found():
    before = folded(*[(150, 150)] * 20)
    assert minutes_until_off(0.5, canary=75, base=150, evidence=before) <= 7
    long_before = folded(*[(150, 150)] * 300)
    assert minutes_until_off(0.5, canary=75, base=150, evidence=long_before) <= 9


def test_the_split_recovers_soon_after_the_fault():
    off = folded(*[(75, 150)] * 60)
    assert is_off_split(off)
    assert max(off.stakes) == LOG_CAP
    assert not is_off_split(folded(*[(150, 150)] * 2, evidence=off))


def test_a_split_as_asked_is_never_off():
    assert not is_off_split(NO_SPLIT_EVIDENCE)
    for rate in (1, 10, 100, 10_000):
        assert not any(is_off_split(folded(*[(rate, 9 * rate)] * minutes, share=0.1)) for minutes in (1, 10, 100))


def test_a_difference_within_the_band_is_no_fault():
    assert not is_off_split(folded(*[(130, 170)] * 300))


def test_counts_that_all_arrive_twice_are_no_fault():
    assert not is_off_split(folded(*[(60, 540)] * 100, share=0.1))


# What is kept


def test_a_minute_without_requests_changes_nothing():
    evidence = folded((3, 27), share=0.1)
    assert fold_split(evidence, canary=0, base=0, share=0.1) is evidence


def test_more_stake_is_placed_with_a_new_weight():
    same, new = (fold_split(folded((3, 27), share=0.1), canary=0, base=1, share=share) for share in (0.1, 0.25))
    assert (same.steps, new.steps) == (1, 2)
    assert new.log_e < same.log_e + 1.0
    assert sum(map(exp, new.stakes)) > sum(map(exp, same.stakes))


def test_the_share_seen_is_that_of_the_last_minutes_of_the_step():
    evidence = folded(*[(30, 270)] * 20, *[(15, 285)] * 20, share=0.1)
    assert seen_share(evidence) == pytest.approx(0.05, abs=0.001)
    assert seen_share(folded((50, 50), share=0.25, evidence=evidence)) == 0.5
    assert seen_share(NO_SPLIT_EVIDENCE) == 0.0


def test_the_sentence_says_what_was_asked_and_what_was_seen():
    assert split_sentence(folded((142, 858), share=0.25)) == "the split is off: asked for 25 %, got 14.2 %"
    assert split_sentence(folded((0, 858), share=0.29)) == "the split is off: asked for 29 %, got 0 %"


def test_it_is_small_and_comes_back_from_json_exactly():
    evidence = folded(*[(61, 541)] * 300, share=0.1)
    written = json.dumps(encode(evidence))
    assert len(written) < 250
    assert decode(SplitEvidence, json.loads(written)) == evidence


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 10.0])
def test_a_share_is_a_fraction(share):
    with pytest.raises(ValueError, match="share must be above 0 and below 1, got"):
        fold_split(NO_SPLIT_EVIDENCE, canary=1, base=1, share=share)


@pytest.mark.parametrize("counts", [(-1, 5), (5, -1)])
def test_requests_are_never_negative(counts):
    with pytest.raises(ValueError, match="requests must be 0 or more"):
        folded(counts)


def test_both_directions_of_a_wrong_split_get_equal_bets():
    fewer, more = folded((75, 150)).stakes[:2], folded((150, 75)).stakes[2:]
    assert fewer == pytest.approx(more)
    assert all(one < other for one, other in pairwise((1.0, BAND, *FACTORS)))
    assert log(1 / FALSE_ALARMS) == pytest.approx(LOG_BAR)
