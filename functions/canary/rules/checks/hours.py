"""At which hours of the day a rollout may start, from two weeks of base's traffic.

An hour is good if a start in it would get the requests that every step needs, before the step and its extension end. The hours
are those of UTC. This is an expectation from the past, as `forecast` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from canary.rules.checks.forecast import forecast_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.rules.judging.judge import Evidence
    from canary.rules.targets.policy import Policy

HOUR_SECONDS = 3_600
HOURS = 24


@dataclass(frozen=True, slots=True)
class CountedHour:
    """One hour that had requests: its beginning (epoch seconds), base's requests, and how many of them failed."""

    begins: int
    requests: int
    failed: int


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """One hour of the day, 0 to 23 in UTC: base's requests per minute from then until the bakes are over.

    ``minutes``: how long the steps would take together; None if one of them would not get its requests in time.
    """

    hour: int
    per_minute: float
    minutes: float | None

    @property
    def is_good(self) -> bool:
        """Whether every step gets its requests in time."""
        return self.minutes is not None


def judge_hours(policy: Policy, evidence: Evidence, counted: Sequence[CountedHour]) -> tuple[HourOfDay, ...]:
    """Every hour of the day; none without traffic. `evidence` is frozen from base's history."""
    if not counted:
        return ()
    rates = _rates(counted)
    lasts = max(1, ceil(sum(step.bake_seconds for step in policy.steps) / HOUR_SECONDS))
    return tuple(
        _judge(policy, evidence, hour, sum(rates[(hour + later) % HOURS] for later in range(lasts)) / lasts)
        for hour in range(HOURS)
    )


def spans_of(hours: Sequence[int]) -> str:
    """Hours as ranges, in words: `06:00-20:00 UTC`; a range may go past midnight."""
    found = {*hours}
    if len(found) == HOURS:
        return "any hour"
    begins = [hour for hour in sorted(found) if (hour - 1) % HOURS not in found]
    ends = [next(later % HOURS for later in range(begin, begin + HOURS) if later % HOURS not in found) for begin in begins]
    return ", ".join(f"{begin:02}:00-{end:02}:00" for begin, end in zip(begins, ends, strict=True)) + " UTC"


def _rates(counted: Sequence[CountedHour]) -> list[float]:
    """Requests per minute by hour of the day; a day without a value in that hour counts as one without requests."""
    days = len({one.begins // (HOURS * HOUR_SECONDS) for one in counted})
    rates = [0.0] * HOURS
    for one in counted:
        rates[one.begins // HOUR_SECONDS % HOURS] += one.requests / (60 * days)
    return rates


def _judge(policy: Policy, evidence: Evidence, hour: int, per_minute: float) -> HourOfDay:
    steps = forecast_steps(policy, evidence, per_minute)
    if not all(step.fits for step in steps):
        return HourOfDay(hour, per_minute, None)
    bakes = [step.bake_seconds / 60 for step in policy.steps]
    return HourOfDay(hour, per_minute, sum(max(bake, step.minutes or 0.0) for bake, step in zip(bakes, steps, strict=True)))
