"""What the questions about metric filters make of minutes that no embedded AWS would report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from verify.questions.filtered_minutes import ABSENT, FAST, P99, REQUESTS, FilteredMinutes
from verify.questions.filters import FilterDefault, FilterDelay, FilterPercentiles, FilterTimestamp
from verify.questions.measured_minutes import MeasuredMinutes

if TYPE_CHECKING:
    from collections.abc import Callable

    from verify.scratch.scratch import Scratch

FIRST, SECOND, SILENT, LATE = 600, 660, 720, 780
SENT = {FIRST: 6, SECOND: 6}
AS_EXPECTED: dict[str, dict[int, float]] = {
    REQUESTS: {FIRST: 8, SECOND: 6},
    ABSENT: {FIRST: 0, SECOND: 0},
    P99: {FIRST: 700, SECOND: 2},
    FAST: {FIRST: 7, SECOND: 6},
}


class Pace:
    poll_seconds = 5.0


class Measured:
    """Stands for a scratch account whose minutes are measured."""

    pace = Pace()

    def __init__(self, found: FilteredMinutes) -> None:
        self._found = found

    def recall(self, _: Callable[[Scratch], FilteredMinutes]) -> FilteredMinutes:
        return self._found


def measured(*, missing_until: float = 0.0, **changes: Any) -> Scratch:
    """The scratch account; ``missing_until`` is how long after a minute its count was last seen to be too low."""
    minutes = MeasuredMinutes("stage1", sent=dict(SENT))
    minutes.counted = {**AS_EXPECTED, **changes}
    minutes.delays = {REQUESTS: {FIRST: missing_until + 5, SECOND: missing_until}}
    minutes.missing = {REQUESTS: {FIRST: missing_until}}
    return cast("Scratch", Measured(FilteredMinutes(minutes, FIRST, SILENT, LATE, (1.5, 2.5, 9.0))))


@pytest.mark.parametrize(
    ("seconds", "word"), [(0, "45-seconds"), (46, "45-seconds"), (60, "2-minutes"), (121, "2-minutes"), (300, "300-seconds")]
)
def test_a_delay_is_what_was_last_missing(seconds: float, word: str) -> None:
    answer = FilterDelay().ask(measured(missing_until=seconds))

    assert answer.word == word
    assert "lines were ingested 1.5 s to 9.0 s after their own time, median 2.5 s" in answer.evidence


@pytest.mark.parametrize(
    ("requests", "word"),
    [
        ({FIRST: 8, SECOND: 6}, "event-time"),
        ({FIRST: 6, SECOND: 6, LATE: 2}, "arrival"),
        ({FIRST: 7, SECOND: 6, LATE: 1}, "event-time and arrival"),
        ({FIRST: 6, SECOND: 6, SILENT: 2}, "another-minute"),
    ],
)
def test_a_late_line_counts_where_it_is_more_than_was_sent(requests: dict[int, float], word: str) -> None:
    assert FilterTimestamp().ask(measured(**{REQUESTS: requests})).word == word


@pytest.mark.parametrize(
    ("absent", "word"),
    [
        ({FIRST: 0, SECOND: 0}, "with-lines"),
        ({FIRST: 0, SECOND: 0, SILENT: 0}, "every-minute"),
        ({}, "never"),
        ({SECOND: 0}, "in-part"),
        ({FIRST: 1, SECOND: 0}, "not-the-default"),
        ({FIRST: 0, SECOND: 0, SILENT: 3}, "not-the-default"),
    ],
)
def test_a_default_is_a_zero_where_nothing_matched(absent: dict[int, float], word: str) -> None:
    assert FilterDefault().ask(measured(**{ABSENT: absent})).word == word


@pytest.mark.parametrize(
    ("p99", "fast", "word"),
    [
        ({FIRST: 700}, {FIRST: 7}, "yes"),
        ({FIRST: 690}, {FIRST: 6.7}, "yes"),
        ({FIRST: 700}, {FIRST: 8}, "otherwise"),
        ({FIRST: 27}, {FIRST: 7}, "otherwise"),
        ({}, {FIRST: 7}, "only-TC"),
        ({FIRST: 700}, {}, "only-p99"),
        ({}, {}, "no"),
    ],
)
def test_percentiles_are_those_of_the_lines(p99: dict[int, float], fast: dict[int, float], word: str) -> None:
    assert FilterPercentiles().ask(measured(**{P99: p99, FAST: fast})).word == word
