"""What metric filters report about a stage's access log, and when.

All questions read the same minutes, which `filtered_minutes` measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.questions import filtered_minutes
from verify.questions.filtered_minutes import ABSENT, FAST, LATE_MS, LIMIT_MS, P99, REQUESTS, FilteredMinutes, counted_late
from verify.questions.metrics import delay_word
from verify.questions.question import Question
from verify.scratch.answer import Answer
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

HOW = "add the controller's metric filters to a stage's access log, send requests in whole minutes, and "
DELAYS = (("45-seconds", 45.0), ("2-minutes", 120.0))
"""A look uses only minutes that are older than the policy's `metric_delay_seconds`, 120 by default."""
NEAR_ENOUGH = 0.5
"""An interpolated count may be a fraction (docs/aws.md#statistics)."""


class FilterQuestion(Question):
    """A question about the filtered minutes."""

    parts = frozenset({Part.API, Part.LOG})

    @property
    def measurement(self) -> Callable[[Pace], Budget]:
        """The minutes; the question that is asked first measures them."""
        return filtered_minutes.budget

    def budget(self, pace: Pace) -> Budget:
        """Nothing in addition."""
        del pace
        return Budget()


class FilterDelay(FilterQuestion):
    """When a filter's count of a minute is complete."""

    slug = "filter-delay"
    how = f"{HOW}read the filters' metrics until they show all requests"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        found = scratch.recall(filtered_minutes.measure)
        delays = found.minutes.delays[REQUESTS].values()
        evidence = f"all lines of {len(delays)} minutes counted {min(delays):.0f} s to {max(delays):.0f} s after the minute"
        word = delay_word(found.minutes, [REQUESTS], DELAYS)
        return Answer(word, (evidence, found.describe_writing(), f"read every {scratch.pace.poll_seconds:g} s"))


class FilterTimestamp(FilterQuestion):
    """Whether a late line changes a minute that was already reported."""

    slug = "filter-timestamp"
    how = f"{HOW}some minutes later write two more lines with a time in the first of these minutes"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        found = scratch.recall(filtered_minutes.measure)
        counted = counted_late(found)
        words = {found.first: "event-time", found.late: "arrival"}
        where = ", ".join(f"{value:g} in the minute {at - found.first:g} s after the first" for at, value in counted.items())
        word = " and ".join(words.get(at, "another-minute") for at in counted)
        return Answer(word, (f"of {len(LATE_MS)} late lines counted: {where}", found.describe_writing()))


class FilterDefault(FilterQuestion):
    """Whether a zero shows that there were lines."""

    slug = "filter-default"
    how = f"{HOW}none in another minute, and read what a filter that no line matches reports by its default value"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        found = scratch.recall(filtered_minutes.measure)
        with_lines = [found.reported(ABSENT, minute) for minute in found.minutes.sent]
        silent = found.reported(ABSENT, found.silent)
        evidence = (f"in minutes with lines: {_shown(*with_lines)}", f"in a minute without lines: {_shown(silent)}")
        if any(with_lines) or silent:
            return Answer("not-the-default", evidence)
        if None in with_lines:
            return Answer("never" if not any(value == 0 for value in with_lines) else "in-part", evidence)
        return Answer("with-lines" if silent is None else "every-minute", evidence)


def _shown(*values: float | None) -> str:
    return ", ".join("nothing" if value is None else f"{value:g}" for value in values)


class FilterPercentiles(FilterQuestion):
    """Whether the single values of a field are available for counting and sorting."""

    slug = "filter-percentiles"
    how = f"{HOW}write two lines with 27 and 700 ms, and read p99 and TC(:{LIMIT_MS}) of the latency"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        found = scratch.recall(filtered_minutes.measure)
        minute = min(counted_late(found))
        p99, fast = found.reported(P99, minute), found.reported(FAST, minute)
        evidence = (f"p99 is {_shown(p99)}", f"TC(:{LIMIT_MS}) is {_shown(fast)}, {_expected(found, minute)} lines expected")
        given = {"p99": p99 is not None, "TC": fast is not None}
        if not all(given.values()):
            return Answer("no" if not any(given.values()) else f"only-{'p99' if given['p99'] else 'TC'}", evidence)
        is_right = p99 is not None and p99 > LIMIT_MS and abs((fast or 0) - _expected(found, minute)) <= NEAR_ENOUGH
        return Answer("yes" if is_right else "otherwise", evidence)


def _expected(found: FilteredMinutes, minute: int) -> int:
    """The number of lines in a minute within the limit. Those of the requests are, because a mock answers them."""
    return found.minutes.sent.get(minute, 0) + sum(latency <= LIMIT_MS for latency in LATE_MS)
