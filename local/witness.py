"""What clients got, counted on every simulated request: the measure that neither logs nor metrics can miss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.served import Served

SERVER_ERROR = 500


@dataclass(slots=True)
class ArmSeen:
    """One arm's requests: how many, how many answered 5xx, and every latency in milliseconds."""

    requests: int = 0
    bad: int = 0
    latencies: list[int] = field(default_factory=list)

    def slower_than(self, limit_ms: float) -> int:
        """Requests that took longer than the limit."""
        return sum(latency > limit_ms for latency in self.latencies)


class Witness:
    """Sees every request to a stage from its making, or its last `restart`, on. To be given to the data plane."""

    def __init__(self) -> None:
        self.base = ArmSeen()
        self.canary = ArmSeen()

    def __call__(self, served: Served) -> None:
        """One request."""
        arm = self.canary if served.arm == "canary" else self.base
        arm.requests += 1
        arm.latencies.append(served.latency)
        if served.status >= SERVER_ERROR:
            arm.bad += 1

    def restart(self) -> None:
        """Forget what was seen."""
        self.base, self.canary = ArmSeen(), ArmSeen()

    @property
    def requests(self) -> int:
        """Of both arms."""
        return self.base.requests + self.canary.requests

    @property
    def harmed(self) -> int:
        """Canary requests answered 5xx beyond what base would have done with them."""
        return self._beyond(self.canary.bad, self.base.bad)

    def slowed(self, limit_ms: float) -> int:
        """Canary requests slower than the limit beyond what base would have made of them."""
        return self._beyond(self.canary.slower_than(limit_ms), self.base.slower_than(limit_ms))

    def _beyond(self, canary: int, base: int) -> int:
        expected = self.canary.requests * base / self.base.requests if self.base.requests else 0
        return max(0, round(canary - expected))
