"""A count of bad requests that is missing or cannot be right: how long to wait for it, and when its instrument is silent.

If a minute has requests but no count of bad ones, that is never read as 0. A count below 0 or above the requests is never used
either. The look waits for the count; after that the metric is left out of the minute and the others are folded. If this happens
too often, the instrument that counts the bad requests is silent. A filter with a default value has a count in each minute in
which its log has a line (docs/aws.md#metric-filter-default); a trimmed count has none if every request was slow. This module
does not know which counts may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass

WAIT_SECONDS = 120
"""How long after its minute was due to wait for a bad count that is missing or cannot be right."""

WRITE_BOTH = "write 0 or 1 for each request"
"""What to do about a metric whose values are not those of a yes-or-no property."""

WINDOW_MINUTES = 20
ONE_IN = 5
"""An instrument is silent if more than one in five of the last twenty minutes have no bad count that can be right."""

RECOVERED_MINUTES = 5
"""It is no longer silent once so many minutes in a row have one: a filter that was gone for some minutes is back."""


@dataclass(frozen=True, slots=True)
class BadCounts:
    """For each of a metric's last twenty judged minutes with requests, oldest first: whether a bad count can be right."""

    there: tuple[bool, ...] = ()


NO_BAD_COUNTS = BadCounts()


def note_bad_count(counts: BadCounts, *, is_there: bool) -> BadCounts:
    """Add one judged minute in which the metric had requests."""
    return BadCounts((*counts.there, is_there)[-WINDOW_MINUTES:])


def is_silent_instrument(counts: BadCounts) -> bool:
    """Whether more than one minute in five has no count that can be right, and the last five are not all right again.

    Fewer than five minutes count as five.
    """
    last = counts.there[-RECOVERED_MINUTES:]
    has_recovered = len(last) == RECOVERED_MINUTES and all(last)
    return ONE_IN * _missing(counts) > max(len(counts.there), ONE_IN) and not has_recovered


def missing_sentence(name: str, counts: BadCounts) -> str:
    """What is wrong with a metric that AWS counts, and in how many minutes."""
    found = f"in {_missing(counts)} of {len(counts.there)} minutes with requests"
    return f"{name} has no count of bad requests, or one above its requests, {found}"


def odd_values_sentence(name: str, counts: BadCounts) -> str:
    """The same for a metric that the user writes, one value for each request."""
    return f"{odd_values(name, _missing(counts), f'{len(counts.there)} minutes with samples')}; {WRITE_BOTH}"


def odd_values(name: str, odd: int, minutes: str) -> str:
    """In how many `minutes` ("8 minutes with samples") such a metric shows values that are neither 0 nor 1."""
    return f"{name} has values other than 0 and 1: in {odd} of {minutes} its Sum is below 0 or above its SampleCount"


def _missing(counts: BadCounts) -> int:
    return counts.there.count(False)
