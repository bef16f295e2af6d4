"""The alarms as a look sees them: which fires, which could not fire, and which has no data.

What follows from that is decided in `canary.rules.looks.verdict`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from collections.abc import Iterator


class AlarmState(enum.StrEnum):
    """An alarm's state as a look sees it. BROKEN: CloudWatch could not evaluate it. GONE: it does not exist."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    BROKEN = "BROKEN"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class AlarmReading:
    """One alarm. ``is_ours``: it is one of the controller's alarms of canary against base, which may have no data.

    ``changed_at``: when its state last changed (epoch seconds), if that is known.
    """

    name: str
    state: AlarmState
    is_ours: bool
    detail: str = ""
    changed_at: float | None = field(default=None, compare=False)


def alarms_against(alarms: tuple[AlarmReading, ...], tolerated: tuple[str, ...]) -> str | None:
    """Why the alarms forbid the promotion, or None. A gone or broken alarm fails closed."""
    return firing(alarms, tolerated) or next(iter(alarm_faults(alarms)), None)


def firing(alarms: tuple[AlarmReading, ...], tolerated: tuple[str, ...]) -> str | None:
    """The first alarm that fires and is not tolerated, as a sentence."""
    return next(iter(all_firing(alarms, tolerated)), None)


def all_firing(alarms: tuple[AlarmReading, ...], tolerated: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The alarms that fire and are not tolerated, one sentence each."""
    found = (alarm for alarm in alarms if alarm.state is AlarmState.ALARM and alarm.name not in tolerated)
    return tuple(f"alarm {alarm.name} is firing: {alarm.detail}" for alarm in found)


def alarm_faults(alarms: tuple[AlarmReading, ...]) -> tuple[str, ...]:
    """The alarms that could not fire even if they should, one sentence each."""
    return tuple(_alarm_faults(alarms))


def _alarm_faults(alarms: tuple[AlarmReading, ...]) -> Iterator[str]:
    for alarm in alarms:
        match alarm.state:
            case AlarmState.GONE:
                yield f"alarm {alarm.name} no longer exists, so it cannot stop the rollout; create it again"
            case AlarmState.BROKEN:
                yield f"alarm {alarm.name} cannot be evaluated ({alarm.detail}); fix it"
            case AlarmState.OK | AlarmState.ALARM | AlarmState.INSUFFICIENT_DATA:
                continue
            case _:
                assert_never(alarm.state)


def silent_alarm(alarms: tuple[AlarmReading, ...]) -> str | None:
    """The first of the user's own alarms that has no data, as a sentence."""
    for alarm in alarms:
        if alarm.state is AlarmState.INSUFFICIENT_DATA and not alarm.is_ours:
            return f"alarm {alarm.name} has no data"
    return None
