"""Whether base has no traffic left after the canary was given all of it, so that base's aliases may move.

Base is drained if a complete minute that began at least a minute after the write has canary requests and no base request that
reached an integration. At the limit it is also drained if neither arm logged a request and Lambda ran none of the canary's
functions. Otherwise, at the limit, the rollout rolls back. Counts of a failing instrument show nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.listening import find_unlogged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.targets.shifters import ShifterKind

MARGIN_SECONDS = 60
LIMIT_SECONDS = 600


class DrainKind(enum.StrEnum):
    """The three answers of CheckDrain."""

    DRAINED = "DRAINED"
    WAIT = "WAIT"
    ROLL_BACK = "ROLL_BACK"


@dataclass(frozen=True, slots=True)
class Drain:
    """The result of a check of the drain, with its reason."""

    kind: DrainKind
    reason: str


@dataclass(frozen=True, slots=True)
class MinuteTraffic:
    """One minute's canary requests, and base requests that reached an integration."""

    canary: int
    base: int


def drain_minutes(since: float, now: float, metric_delay_seconds: int) -> tuple[int, int]:
    """The minutes that may show the drain: start inclusive, end exclusive, epoch seconds."""
    start = -int(-(since + MARGIN_SECONDS) // MINUTE_SECONDS) * MINUTE_SECONDS
    end = int((now - metric_delay_seconds) // MINUTE_SECONDS) * MINUTE_SECONDS
    return start, end


def judge_settling(shifter: ShifterKind, *, since: float, now: float) -> Drain | None:
    """The drain of a shifter whose weights need only settle for a minute; None where requests have to be counted."""
    if shifter.has_counted_drain:
        return None
    if now < since + MINUTE_SECONDS:
        return Drain(DrainKind.WAIT, "the weights settle for a minute")
    return Drain(DrainKind.DRAINED, "the weights have settled for a minute")


def judge_drain(
    minutes: Mapping[int, MinuteTraffic],
    *,
    since: float,
    now: float,
    metric_delay_seconds: int,
    faults: tuple[str, ...] = (),
) -> Drain:
    """Decide from the complete minutes read so far; `since` is the time by which the weight 100 was certainly set.

    `faults`: what is wrong with the instruments, one sentence each. While there are any, no count shows that base is drained.
    """
    if faults:
        is_over = now >= since + LIMIT_SECONDS + metric_delay_seconds
        return Drain(DrainKind.ROLL_BACK if is_over else DrainKind.WAIT, "; ".join(faults))
    for minute, traffic in sorted(minutes.items()):
        if traffic.canary and not traffic.base:
            return Drain(DrainKind.DRAINED, f"base had no request in the minute {minute} and the canary had {traffic.canary}")
    if now < since + LIMIT_SECONDS + metric_delay_seconds:
        return Drain(DrainKind.WAIT, "no minute has shown yet that base has no traffic")
    if is_silent(minutes):
        return Drain(DrainKind.DRAINED, f"neither arm had a request in {LIMIT_SECONDS // 60} minutes")
    base = sum(traffic.base for traffic in minutes.values())
    return Drain(
        DrainKind.ROLL_BACK,
        f"base still had {base} requests although the canary had been given all traffic {LIMIT_SECONDS // 60} minutes before",
    )


def is_silent(minutes: Mapping[int, MinuteTraffic]) -> bool:
    """Whether neither arm logged a request."""
    return not any(traffic.canary or traffic.base for traffic in minutes.values())


def doubt_silence(drain: Drain, minutes: Mapping[int, MinuteTraffic], invoked: int) -> Drain:
    """Check a drain that rests on silence against `invoked`: how often Lambda ran the canary's functions meanwhile.

    If requests are served and not logged, the log says nothing about base, so the rollout rolls back.
    """
    unlogged = find_unlogged(len(minutes), invoked)
    return Drain(DrainKind.ROLL_BACK, "; ".join(unlogged)) if unlogged else drain
