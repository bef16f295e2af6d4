"""The results of every judge in one cell: counts and sums that can be added up, and the figures derived from them.

This module does not know which cells there are or how they are reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

from bench.cells import Cell
from bench.oracles import arms_only, wald, wald_on_evidence
from bench.peers import CODEDEPLOY_SECONDS, PEERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rollout import Tape

CONTROLLER = "this controller"
LATER = "this controller, metric delay of two minutes"
JUDGE = "its judge alone"
ALARMS = "its alarms alone"
OWN_SCHEDULE = "CodeDeploy, its own 10 % for 5 minutes"
WALD = "oracle: Wald's test, both rates known"
WALD_ON_EVIDENCE = "oracle: the same on the minutes that are evidence"
ARMS_ONLY = "oracle: rates known, arms compared"


@dataclass(slots=True)
class Tally:
    """One judge in one cell: runs, how many of them it ended, requests harmed, minutes to the rollback and to the promotion."""

    runs: int = 0
    back: int = 0
    harm: float = 0.0
    harm_squared: float = 0.0
    minutes_back: float = 0.0
    minutes_promoted: float = 0.0

    def add(self, *, harm: float, back_after: float | None, promoted_after: float) -> None:
        """Add one run."""
        self.runs += 1
        self.harm += harm
        self.harm_squared += harm * harm
        if back_after is None:
            self.minutes_promoted += promoted_after
        else:
            self.back += 1
            self.minutes_back += back_after

    def merge(self, other: Tally) -> None:
        """Add the other's runs."""
        for name in ("runs", "back", "harm", "harm_squared", "minutes_back", "minutes_promoted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def back_share(self) -> float:
        """The share of runs that it ended."""
        return self.back / self.runs

    @property
    def missed_share(self) -> float:
        """The share of runs that it let through."""
        return 1.0 - self.back_share

    @property
    def back_error(self) -> float:
        """The standard error of both shares. It is never 0: it is computed as if half a run more had gone the other way."""
        share = (self.back + 0.5) / (self.runs + 1.0)
        return sqrt(share * (1.0 - share) / self.runs)

    @property
    def mean_harm(self) -> float:
        """Requests harmed per run."""
        return self.harm / self.runs

    @property
    def harm_error(self) -> float:
        """The standard error of the mean harm, relative to it."""
        variance = max(self.harm_squared / self.runs - self.mean_harm**2, 0.0)
        return sqrt(variance / self.runs) / self.mean_harm if self.mean_harm else 0.0


@dataclass(slots=True)
class CellResult:
    """A cell under a policy: each judge's tally; ``to_last_step`` sums the minutes until the last weight was set."""

    policy: str
    cell: Cell
    tallies: dict[str, Tally] = field(default_factory=dict)
    to_last_step: float = 0.0

    def add(self, tape: Tape) -> None:
        """Add one rollout."""
        self.to_last_step += (tape.shifts[-1] - tape.began) / 60.0
        for judge, stopped, promoted in _stops(tape, self.policy):
            fault = max(tape.world.fault or 0.0, tape.began)
            self.tallies.setdefault(judge, Tally()).add(
                harm=_harm(tape, stopped, promoted) if not self.cell.release.is_good else 0.0,
                back_after=None if stopped is None else max(stopped - fault, 0.0) / 60.0,
                promoted_after=(promoted - tape.began) / 60.0,
            )

    def merge(self, other: CellResult) -> None:
        """Add more measurements of the same cell."""
        self.to_last_step += other.to_last_step
        for judge, tally in other.tallies.items():
            self.tallies.setdefault(judge, Tally()).merge(tally)


def _stops(tape: Tape, policy: str) -> Iterator[tuple[str, float | None, float]]:
    """When each judge would have rolled back, or else promoted."""
    end = tape.promoted_at
    yield CONTROLLER, _earlier(tape.judge_at, tape.alarm_at), end
    yield LATER, _earlier(tape.judge_later_at, tape.alarm_at), end
    if not tape.world.cell.has_history:
        return  # only the controller is reported there
    yield JUDGE, tape.judge_at, end
    yield ALARMS, tape.alarm_at, end
    for name, peer in PEERS.items():
        stopped = peer(tape)
        yield name, stopped, end
        if name == "CodeDeploy" and policy.startswith("standard"):
            own_end = tape.began + CODEDEPLOY_SECONDS
            yield OWN_SCHEDULE, stopped if stopped is not None and stopped <= own_end else None, own_end
    if not tape.world.cell.release.is_good:
        yield WALD, wald(tape), end
        yield WALD_ON_EVIDENCE, wald_on_evidence(tape), end
        yield ARMS_ONLY, arms_only(tape), end


def _harm(tape: Tape, stopped: float | None, promoted: float) -> float:
    if stopped is None and promoted < tape.promoted_at:
        return tape.harm(promoted) + tape.world.final_excess()
    return tape.harm(stopped)


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((at for at in (one, other) if at is not None), default=None)
