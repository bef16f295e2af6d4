from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.minutes import MinuteUse, classify, cold_share
from canary.rules.judging.warm_up import USUAL

NOON = 1_700_000_040
assert NOON % 60 == 0
MUCH_LATER = NOON + 86_400.0


def use(minute: int, *shifts: float, now: float = MUCH_LATER, delay: int = 120) -> MinuteUse:
    return classify(minute, shifts=shifts, now=now, metric_delay_seconds=delay, warm_up=USUAL)


def test_waits_until_the_delay_after_a_minutes_end_has_passed():
    assert use(NOON, now=NOON + 60 + 119.9) is MinuteUse.NOT_COMPLETE
    assert use(NOON, now=NOON + 60 + 120.0) is MinuteUse.FULL


def test_takes_the_delay_from_the_policy():
    assert use(NOON, now=NOON + 60.0, delay=0) is MinuteUse.FULL
    assert use(NOON, now=NOON + 60 + 299.0, delay=300) is MinuteUse.NOT_COMPLETE


def test_calls_a_minute_that_is_still_running_not_complete():
    assert use(NOON, now=NOON + 30.0, delay=0) is MinuteUse.NOT_COMPLETE


def test_is_not_complete_first_of_all():
    assert use(NOON, NOON + 10.0, now=NOON + 61.0) is MinuteUse.NOT_COMPLETE


@pytest.mark.parametrize("second", [0.0, 0.5, 29.9, 30.0, 59.9])
def test_a_minute_with_a_weight_change_in_it_is_no_evidence(second: float):
    assert use(NOON, NOON + second) is MinuteUse.NOT_EVIDENCE


def test_a_minute_that_begins_while_a_change_still_spreads_is_no_evidence():
    assert use(NOON, NOON - 29.9) is MinuteUse.NOT_EVIDENCE
    assert use(NOON, NOON - 30.0) is MinuteUse.COLD


def test_reads_only_errors_in_the_two_minutes_after_a_change_has_spread():
    assert use(NOON, NOON - 89.9) is MinuteUse.COLD
    assert use(NOON, NOON - 90.0) is MinuteUse.WARMING
    assert use(NOON, NOON - 149.9) is MinuteUse.WARMING
    assert use(NOON, NOON - 150.0) is MinuteUse.FULL


def test_a_change_after_the_minute_leaves_it_alone():
    assert use(NOON, NOON + 60.0) is MinuteUse.FULL
    assert use(NOON, NOON + 3600.0) is MinuteUse.FULL


def test_reads_everything_where_nothing_was_changed():
    assert use(NOON) is MinuteUse.FULL


def test_the_strictest_of_several_changes_holds_in_any_order():
    changes = (NOON - 600.0, NOON - 100.0, NOON - 10.0, NOON + 900.0)
    assert use(NOON, *changes) is MinuteUse.NOT_EVIDENCE
    assert use(NOON, *reversed(changes)) is MinuteUse.NOT_EVIDENCE
    assert use(NOON, NOON - 600.0, NOON - 100.0) is MinuteUse.WARMING
    assert use(NOON, NOON - 60.0, NOON - 100.0) is MinuteUse.COLD


def test_a_change_at_second_40_costs_two_minutes_and_two_of_latency():
    shift = NOON + 40.0
    uses = [use(NOON + 60 * later, shift) for later in range(-1, 5)]
    assert uses == [
        MinuteUse.FULL,
        MinuteUse.NOT_EVIDENCE,
        MinuteUse.NOT_EVIDENCE,
        MinuteUse.COLD,
        MinuteUse.WARMING,
        MinuteUse.FULL,
    ]


@given(second=st.floats(-400.0, 400.0))
def test_folds_no_minute_that_overlaps_the_half_minute_after_a_change(second: float):
    shift = NOON + second
    overlaps = -30.0 < second < 60.0
    assert (use(NOON, shift) is MinuteUse.NOT_EVIDENCE) == overlaps


def test_a_target_that_says_so_warms_up_for_longer():
    said = (0.4, 0.2, 0.1)
    uses = [
        classify(NOON + 60 * k, shifts=[NOON - 30.0], now=MUCH_LATER, metric_delay_seconds=120, warm_up=said) for k in range(4)
    ]
    assert uses == [MinuteUse.COLD, MinuteUse.WARMING, MinuteUse.WARMING, MinuteUse.FULL]
    assert [cold_share(NOON + 60 * k, shifts=[NOON - 30.0], warm_up=said) for k in range(4)] == [0.4, 0.2, 0.1, 0.0]


def test_the_first_share_holds_for_the_minutes_of_the_change_too():
    assert cold_share(NOON, shifts=[NOON + 59.0, NOON - 600.0], warm_up=(0.4, 0.2)) == 0.4
    assert cold_share(NOON, shifts=[NOON + 60.0], warm_up=(0.4, 0.2)) == 0.0


def test_without_a_warm_up_every_settled_minute_is_evidence():
    assert classify(NOON, shifts=[NOON - 30.0], now=MUCH_LATER, metric_delay_seconds=120, warm_up=()) is MinuteUse.FULL
