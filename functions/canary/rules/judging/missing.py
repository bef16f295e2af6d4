"""A count of bad requests that is missing: how long it is waited for, and when its instrument is silent.

A missing bad count beside requests is never read as 0. It is waited for, then the metric is left out of that minute and the
others are folded. Where that happens too often, the instrument that counts the bad requests is silent. Which counts may be
missing is not known here. A filter with a default value has a count in each minute with a line of its log
(docs/aws.md#metric-filter-default); a trimmed count has none where every request was slow.
"""

from __future__ import annotations

from dataclasses import dataclass

WAIT_SECONDS = 120
"""A bad count is waited for so long after its minute was due."""

WINDOW_MINUTES = 20
ONE_IN = 5
"""More than one minute in five of the last twenty without a bad count: the instrument is silent."""


@dataclass(frozen=True, slots=True)
class BadCounts:
    """Of one metric's last twenty judged minutes with requests, oldest first: whether the bad count was there."""

    there: tuple[bool, ...] = ()


NO_BAD_COUNTS = BadCounts()


def note_bad_count(counts: BadCounts, *, is_there: bool) -> BadCounts:
    """One judged minute more in which the metric had requests."""
    return BadCounts((*counts.there, is_there)[-WINDOW_MINUTES:])


def is_silent_instrument(counts: BadCounts) -> bool:
    """Whether the count is missing in more than one minute of five. Fewer minutes than five count as five."""
    return ONE_IN * _missing(counts) > max(len(counts.there), ONE_IN)


def missing_sentence(name: str, counts: BadCounts) -> str:
    """The minutes behind it: "errors has no count of bad requests in 3 of 8 minutes with requests"."""
    return f"{name} has no count of bad requests in {_missing(counts)} of {len(counts.there)} minutes with requests"


def _missing(counts: BadCounts) -> int:
    return counts.there.count(False)
