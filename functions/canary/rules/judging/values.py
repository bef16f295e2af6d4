"""What base's past says about the values of the user's own metrics: whether they are 0 or 1, and whether they show anything.

Only their number and their sum in each minute are known. A sum below 0 or above the number shows that some value is neither 0
nor 1. If all values were 1, the metric is written for failures only: both arms always have a rate of 100 %, however many
requests fail. This module does not know where the numbers come from, nor what a rollout does about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.judging.counts import is_possible
from canary.rules.judging.families import Family
from canary.rules.judging.missing import WRITE_BOTH, odd_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Minutes = Sequence[tuple[int, int]]

FEWEST_SAMPLES = 20
"""Fewer samples may all be bad because of one short outage."""


def possible_minutes(minutes: Minutes) -> list[tuple[int, int]]:
    """The minutes, given as (requests, bad), that do not contradict themselves."""
    return [minute for minute in minutes if is_possible(*minute)]


def find_always_bad(histories: Mapping[str, Minutes], families: Mapping[str, Family]) -> tuple[str, ...]:
    """The business metrics in which every sample of base was bad, so that no canary can be worse."""
    business = (metric for metric in histories if families[metric] is Family.BUSINESS)
    return tuple(metric for metric in business if _is_always_bad(possible_minutes(histories[metric])))


def always_bad_sentence(metric: str) -> str:
    """What to do about a metric of which only failures are written."""
    advice = "write 0 for each request that did not fail, otherwise nothing can be compared"
    return f"every value of {metric} in the last day was 1; {advice}"


def odd_values_sentence(metric: str, minutes: Minutes) -> str | None:
    """What is wrong with the values of a metric in the last day, with the newest example; None if they can all be 0 and 1."""
    odd = [minute for minute in minutes if not is_possible(*minute)]
    if not odd:
        return None
    samples, bad = odd[-1]
    found = odd_values(metric, len(odd), f"{len(minutes)} minutes of the last day")
    return f"{found}, such as {bad} with {samples} samples; {WRITE_BOTH}"


def _is_always_bad(minutes: Minutes) -> bool:
    samples, bad = sum(n for n, _ in minutes), sum(n for _, n in minutes)
    return samples >= FEWEST_SAMPLES and bad == samples
