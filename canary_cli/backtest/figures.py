"""The figures of a backtest, counted from its replays. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import TYPE_CHECKING

from canary.rules.checks.hours import HOUR_SECONDS, HOURS
from canary_cli.backtest.releases import Fault
from canary_cli.backtest.replaying import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canary.rules.targets.policy import Policy
    from canary_cli.backtest.replaying import Replay

ROLLED_BACK = frozenset({Ending.CONDEMNED, Ending.ALARMED})
MOST = 0.9


@dataclass(frozen=True, slots=True)
class FaultFigures:
    """One fault under one policy: how many rollouts caught it, promoted it, or were held for lack of traffic.

    ``median_minutes``: from the start to the rollback, of those that caught it; nine in ten of them took at most
    ``most_minutes``. Both are None if none did.
    """

    fault: Fault
    replayed: int
    caught: int
    promoted: int
    held: int
    median_minutes: float | None
    most_minutes: float | None


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """One policy: how releases of the same code would have ended, and what it would have caught.

    ``replayed``: starts with an ending; ``cut_off``: those so near the end of the data that a rollout may outlast it.
    ``rolled_back``: false rollbacks, ``by_alarms`` of them by the alarms. ``held``: rollouts that had too little traffic when
    their extension was used up. ``false_hours`` and ``held_hours``: the hours of the day (0 to 23, UTC) at which those began.
    ``median_minutes``: until the promotion.
    """

    policy: str
    longest_minutes: float
    replayed: int
    cut_off: int
    rolled_back: int
    by_alarms: int
    held: int
    promoted: int
    median_minutes: float | None
    false_hours: tuple[int, ...]
    held_hours: tuple[int, ...]
    faults: tuple[FaultFigures, ...]

    @property
    def false_share(self) -> float | None:
        """The part of good releases that was rolled back."""
        return self.rolled_back / self.replayed if self.replayed else None


def figures_of(policy: Policy, longest_seconds: float, replays: Sequence[Replay]) -> PolicyFigures:
    """The figures of one policy from its replays. `longest_seconds`: how long one may last."""
    own = [one for one in replays if one.policy == policy.name]
    good = [one for one in own if one.fault is Fault.NONE]
    ended = [one for one in good if one.ending is not Ending.CUT_OFF]
    false = [one for one in ended if one.ending in ROLLED_BACK]
    held = [one for one in ended if one.ending is Ending.UNPROVEN]
    promoted = [one.minutes for one in ended if one.ending is Ending.PROMOTED]
    faults = [one for one in Fault if one is not Fault.NONE and any(replay.fault is one for replay in own)]
    return PolicyFigures(
        policy=policy.name,
        longest_minutes=longest_seconds / 60,
        replayed=len(ended),
        cut_off=len(good) - len(ended),
        rolled_back=len(false),
        by_alarms=sum(one.ending is Ending.ALARMED for one in false),
        held=len(held),
        promoted=len(promoted),
        median_minutes=median(promoted) if promoted else None,
        false_hours=_hours_of(false),
        held_hours=_hours_of(held),
        faults=tuple(_fault_figures(one, [replay for replay in own if replay.fault is one]) for one in faults),
    )


def _fault_figures(fault: Fault, replays: Iterable[Replay]) -> FaultFigures:
    ended = [one for one in replays if one.ending is not Ending.CUT_OFF]
    caught = sorted(one.minutes for one in ended if one.ending in ROLLED_BACK)
    return FaultFigures(
        fault=fault,
        replayed=len(ended),
        caught=len(caught),
        promoted=sum(one.ending is Ending.PROMOTED for one in ended),
        held=sum(one.ending is Ending.UNPROVEN for one in ended),
        median_minutes=median(caught) if caught else None,
        most_minutes=caught[ceil(MOST * len(caught)) - 1] if caught else None,
    )


def _hours_of(replays: Iterable[Replay]) -> tuple[int, ...]:
    return tuple(sorted({int(one.at // HOUR_SECONDS) % HOURS for one in replays}))
