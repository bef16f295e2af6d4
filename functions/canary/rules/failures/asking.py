"""What the logs are asked about: a time range, and what each arm ran in it.

AWS knows the stage's present access-log format only. Lines that were written in an older one are found as far as they have the
same fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.failures.query import WhichArm
from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.rollouts.rollout import Rollout

LONGEST_SECONDS = 24 * 3_600
LATE_SECONDS = 60
"""The last lines of a rollout arrive after its end."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time range in epoch seconds. ``is_cut``: the rollout took longer than a query may read."""

    begins_at: float
    ends_at: float
    is_cut: bool = False


def span_of(rollout: Rollout | None, now: float, seconds: float | None) -> Span:
    """The last `seconds`; without them the rollout's own time, and without a rollout the longest time."""
    if seconds is not None:
        return Span(now - seconds, now)
    if rollout is None:
        return Span(now - LONGEST_SECONDS, now)
    ends_at = now if rollout.ended_at is None else min(now, rollout.ended_at + LATE_SECONDS)
    begins_at = max(rollout.started_at, ends_at - LONGEST_SECONDS)
    return Span(begins_at, ends_at, is_cut=begins_at > rollout.started_at)


def versions_of(rollout: Rollout, span: Span) -> Mapping[WhichArm, Mapping[str, str]]:
    """What each arm ran of each function; after the rollout's end there is only base."""
    before, release = rollout.snapshot.live, {**rollout.snapshot.live, **rollout.intent.versions}
    if rollout.ended_at is not None and span.begins_at > rollout.ended_at:
        return {WhichArm.CANARY: {}, WhichArm.BASE: release if rollout.phase is Phase.PROMOTED else before}
    return {WhichArm.CANARY: release, WhichArm.BASE: before}
