from __future__ import annotations

import pytest

from canary.rules.judging.missing import (
    NO_BAD_COUNTS,
    WAIT_SECONDS,
    WINDOW_MINUTES,
    BadCounts,
    is_silent_instrument,
    missing_sentence,
    note_bad_count,
    odd_values_sentence,
)
from canary.rules.rollouts.codec import decode, encode


def after(told):
    """The state after minutes written as text: + with a bad count, - without."""
    counts = NO_BAD_COUNTS
    for minute in told:
        counts = note_bad_count(counts, is_there=minute == "+")
    return counts


@pytest.mark.parametrize("told", ["", "-", "+++", "-++++", "+-+++++", "-++++-++++", "-++++" * 40])
def test_one_minute_in_five_is_forgiven(told):
    assert not is_silent_instrument(after(told))


@pytest.mark.parametrize("told", ["--", "-+-", "+++--", "-++++-+++-", "+" * 300 + "-" * 5, "-+++" * 40])
def test_more_than_one_minute_in_five_is_a_silent_instrument(told):
    assert is_silent_instrument(after(told))


def test_an_instrument_that_counts_again_is_no_longer_silent():
    assert not is_silent_instrument(after("-" * 30 + "+" * 5))
    assert is_silent_instrument(after("-" * 30 + "+" * 4))


def test_a_missing_count_is_waited_for_two_minutes():
    assert WAIT_SECONDS == 120


def test_the_sentence_has_both_numbers():
    assert missing_sentence("errors", after("+-+-+++-")) == (
        "errors has no count of bad requests, or one above its requests, in 3 of 8 minutes with requests"
    )


def test_the_sentence_of_a_metric_that_the_user_writes_says_what_to_write():
    assert odd_values_sentence("business_Pay", after("+-+-+++-")) == (
        "business_Pay has values other than 0 and 1: in 3 of 8 minutes with samples its Sum is below 0 or above its "
        "SampleCount; write 0 or 1 for each request"
    )


def test_it_stays_small_and_comes_back_from_json_exactly():
    counts = after("+-" * 100)
    assert len(counts.there) == WINDOW_MINUTES
    assert decode(BadCounts, encode(counts)) == counts
