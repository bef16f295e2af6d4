"""What the releases of a backtest are: the same code as base, or the same code with one fault from its first minute on.

The first answers how often a policy would have cried wolf, the others how soon it would have caught each fault.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

TAIL_TIMES = 1.5
"""How many times as long the slowest requests take under the fault of latency."""


class Fault(enum.StrEnum):
    """What is wrong with a release."""

    NONE = "none"
    ONE_POINT = "+1 point"
    FIVE_POINTS = "+5 points"
    TWICE = "x2"
    SLOW_TAIL = "p99 1.5 times"
    LOST_ROUTE = "a lost route"


@dataclass(frozen=True, slots=True)
class Harm:
    """What a fault does to the canary's requests.

    ``points`` are added to the error rate (0.01 is one point), and ``ratio`` multiplies it. ``has_slow_tail``: requests slower
    than two thirds of the p99 limit become slower than the limit. ``lost``: the part of the requests that get a 403 instead of
    an answer.
    """

    points: float = 0.0
    ratio: float = 1.0
    has_slow_tail: bool = False
    lost: float = 0.0

    @property
    def is_of_errors(self) -> bool:
        """Whether it makes requests fail."""
        return self.points > 0.0 or self.ratio > 1.0

    def turned_bad(self, rate: float) -> float:
        """The part of the good requests that fails because of the fault, where base's error rate is `rate`."""
        worse = min(rate * self.ratio + self.points, 1.0)
        return min(max((worse - rate) / (1.0 - rate), 0.0), 1.0) if rate < 1.0 else 0.0


def harm_of(fault: Fault, lost_share: float) -> Harm:
    """The harm of a fault. `lost_share`: the part of all requests that a lost route had."""
    return {
        Fault.NONE: Harm(),
        Fault.ONE_POINT: Harm(points=0.01),
        Fault.FIVE_POINTS: Harm(points=0.05),
        Fault.TWICE: Harm(ratio=2.0),
        Fault.SLOW_TAIL: Harm(has_slow_tail=True),
        Fault.LOST_ROUTE: Harm(lost=lost_share),
    }[fault]
