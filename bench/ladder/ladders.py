"""The ladders that are compared, each as a policy: weights, how long a step bakes at most, whether it may end early."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bench.policies import POLICIES
from canary.rules.targets.policy import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.policy import Policy

FAST = POLICIES["fast"]
HEADS = ((), (5,), (10,), (5, 25), (10, 25), (1, 5, 25))
LASTS = (50, 75, 90)
BY_CLOCK = ((10, 50), (10, 25, 50))
SHORT, LONG = 5, 10
NOT_BEFORE = (20, 45, 60)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Weights in percent, the most minutes of a step, whether a step may end early, and the earliest promotion in minutes."""

    weights: tuple[int, ...]
    minutes: int = LONG
    is_early: bool = True
    not_before: int = FAST.not_before_seconds // 60

    @property
    def name(self) -> str:
        """Its name in tables."""
        weights = ", ".join(map(str, self.weights))
        promoted = "" if self.not_before == FAST.not_before_seconds // 60 else f", promoted from minute {self.not_before} on"
        return f"{weights}; {self.minutes} min{', early' if self.is_early else ''}{promoted}"

    @property
    def policy(self) -> Policy:
        """The policy `fast` with this ladder."""
        return replace(
            FAST,
            name=self.name,
            steps=tuple(Step(Decimal(weight), self.minutes * 60) for weight in self.weights),
            early_advance=self.is_early,
            not_before_seconds=self.not_before * 60,
        )


SHIPPED = Ladder(tuple(int(step.weight_percent) for step in FAST.steps))
"""The ladder of `fast` as it is."""

REFERENCE = Ladder((1, 5, 25, 90))
"""The ladder of `fast` before the search, with which all others are compared."""


def ladders() -> Iterator[Ladder]:
    """Every ladder, the one that all are compared with first."""
    yield REFERENCE
    yield from (other for other in _others() if other != REFERENCE)


def _others() -> Iterator[Ladder]:
    for head in HEADS:
        for last in LASTS:
            if not head or head[-1] < last:
                yield Ladder((*head, last))
    for minutes in (SHORT, LONG):
        for weights in BY_CLOCK:
            yield Ladder(weights, minutes, is_early=False)
    for not_before in NOT_BEFORE:
        yield replace(REFERENCE, not_before=not_before)
