from datetime import timedelta, timezone
from math import log

import pytest

from canary.rules.reports.amounts import (
    clock,
    evidence,
    in_utc,
    interval_points,
    lasting,
    moment,
    percent,
    plural,
    points,
    span,
    times,
    weight,
)
from canary.rules.reports.evidence_report import Estimate
from tests.builders import NOON

CET = timezone(timedelta(hours=1), "CET")


def in_cet(at):
    return in_utc(at).astimezone(CET)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0.0, "0 %"),
        (0.029, "2.9 %"),
        (0.00047, "0.047 %"),
        (0.0005, "0.050 %"),
        (0.1239, "12.4 %"),
        (1.0, "100 %"),
        (0.0042, "0.42 %"),
        (0.00002, "0.0020 %"),
    ],
)
def test_a_rate_has_two_digits_that_count(rate, said):
    assert percent(rate) == said


def test_a_difference_has_its_sign_and_the_decimals_of_its_interval():
    assert points(0.028) == "+2.8"
    assert points(-0.028) == "\N{MINUS SIGN}2.8"
    assert points(0.0000001) == "0.0000"
    assert interval_points(Estimate(0.028, 0.019, 0.041)) == ("+2.8", "+1.9", "+4.1")
    assert interval_points(Estimate(0.0, -0.006, 0.009)) == ("0.00", "\N{MINUS SIGN}0.60", "+0.90")


@pytest.mark.parametrize(
    ("e", "said"), [(137, "137"), (0.4, "0.4"), (2509.4, "2,509"), (0.01, "< 0.1"), (9.96, "10.0"), (1e22, "10²²")]
)
def test_evidence_is_written_with_the_digits_that_matter(e, said):
    assert evidence(log(e)) == said


def test_times_as_often_has_two_digits():
    assert (times(58.2), times(2.34), times(1234.0)) == ("58", "2.3", "1,234")


def test_instants_are_written_in_the_readers_zone():
    assert (clock(NOON, in_utc), clock(NOON, in_cet)) == ("12:00", "13:00")
    assert moment(NOON, in_cet) == "2026-01-31 13:00:00 CET"
    assert span(NOON, NOON + 1440, in_cet) == "2026-01-31 13:00\N{EN DASH}13:24 CET"
    assert span(NOON, NOON + 86_400, in_utc) == "2026-01-31 12:00\N{EN DASH}2026-02-01 12:00 UTC"


def test_a_count_has_its_noun():
    assert (plural(1, "look"), plural(1204, "look"), weight(12.5)) == ("1 look", "1,204 looks", "12.5 %")


def test_a_duration_has_its_two_largest_units():
    assert [lasting(seconds) for seconds in (45, 720, 12_000, 187_200)] == ["45 s", "12 min", "3 h 20 min", "2 d 4 h"]
