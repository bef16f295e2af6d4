"""What clients got, counted on every simulated request. Unlike logs and metrics, this measure misses nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.rules.judging.harm import Harm
from canary.rules.judging.minutes import MINUTE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.dataplane.served import Served

SERVER_ERROR = 500
NOTHING = (0, 0)


@dataclass(slots=True)
class ArmSeen:
    """One arm's requests and 5xx answers, and for each request its minute, latency in milliseconds and whether it is 5xx."""

    requests: int = 0
    bad: int = 0
    seen: list[tuple[int, int, bool]] = field(default_factory=list)

    def by_minute(self, is_bad: Callable[[int, bool], bool]) -> Mapping[int, tuple[int, int]]:
        """Per minute, the number of requests and of bad ones, judged by latency and answer."""
        requests, bad = Counter[int](), Counter[int]()
        for minute, latency, is_error in self.seen:
            requests[minute] += 1
            bad[minute] += is_bad(latency, is_error)
        return {minute: (requests[minute], bad[minute]) for minute in requests}


class Witness:
    """Counts every request to a stage from its creation, or from the last `restart`. Pass it to the data plane."""

    def __init__(self) -> None:
        self.base = ArmSeen()
        self.canary = ArmSeen()

    def __call__(self, served: Served) -> None:
        """Count one request."""
        arm = self.canary if served.arm == "canary" else self.base
        is_error = served.status >= SERVER_ERROR
        arm.requests += 1
        arm.bad += is_error
        arm.seen.append((int(served.at // MINUTE_SECONDS), served.latency, is_error))

    def restart(self) -> None:
        """Forget all requests so far."""
        self.base, self.canary = ArmSeen(), ArmSeen()

    @property
    def requests(self) -> int:
        """The requests of both arms."""
        return self.base.requests + self.canary.requests

    def harmed(self) -> Harm:
        """The harm by canary requests answered with 5xx."""
        return self._compare(lambda _, is_error: is_error)

    def slowed(self, limit_ms: float) -> Harm:
        """The harm by canary requests slower than the limit."""
        return self._compare(lambda latency, _: latency > limit_ms)

    def _compare(self, is_bad: Callable[[int, bool], bool]) -> Harm:
        base, canary = self.base.by_minute(is_bad), self.canary.by_minute(is_bad)
        harm = Harm()
        for minute in sorted({*base, *canary}):
            (nb, eb), (nc, ec) = base.get(minute, NOTHING), canary.get(minute, NOTHING)
            harm = harm.plus(nc=nc, ec=ec, nb=nb, eb=eb)
        return harm
