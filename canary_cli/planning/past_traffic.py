"""Base's past, as far as a plan needs it: the last day by minute as the judge freezes it, and two weeks by hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.aws.histories import FrozenHistory
from canary.rules.checks.forecast import Traffic
from canary.rules.checks.hours import CountedHour, judge_hours
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import stakes

if TYPE_CHECKING:
    from canary.rules.checks.hours import HourOfDay
    from canary.rules.judging.judge import Evidence
    from canary.rules.targets.policy import Policy


@dataclass(frozen=True, slots=True)
class PastTraffic:
    """Base's past. ``frozen``: what PrepareRelease would freeze now. ``hours``: those of two weeks that had requests."""

    traffic: Traffic
    frozen: FrozenHistory
    hours: tuple[CountedHour, ...] = ()

    @property
    def per_minute(self) -> float:
        """Base's requests per minute in two weeks, from the first hour that had some; the last day's without any."""
        if not self.hours:
            return self.traffic.per_minute
        first, last = self.hours[0].begins, self.hours[-1].begins
        return sum(one.requests for one in self.hours) / ((last - first) / 60 + 60)

    @property
    def error_rate(self) -> float:
        """The part of base's requests that failed in two weeks, 0 to 1."""
        requests = sum(one.requests for one in self.hours)
        return sum(one.failed for one in self.hours) / requests if requests else 0.0

    def evidence(self, policy: Policy) -> Evidence | None:
        """The evidence with which a rollout would begin now; None if nothing would be judged."""
        families = self.frozen.families
        if not families:
            return None
        return begin_evidence(self.frozen.minutes, families=families, stakes=stakes(families), alpha=policy.alpha)

    def hours_of_day(self, policy: Policy) -> tuple[HourOfDay, ...]:
        """Which hours of the day have enough traffic."""
        evidence = self.evidence(policy)
        return judge_hours(policy, evidence, self.hours) if evidence else ()
