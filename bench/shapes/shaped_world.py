"""A world with a trouble: requests arrive and are split as in `bench.world`, and the trouble says which are bad and counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.shapes.latency import WARM_UP, misses_limits
from bench.shapes.trouble import BASE, CANARY, DAY, Arm, Live, Trouble
from bench.world import MINUTE, SLOW, Minute, World
from canary.rules.looks.sources import CLIENT_ERRORS

if TYPE_CHECKING:
    from bench.world import Four


@dataclass(slots=True)
class ShapedWorld(World):
    """One run of a cell with a trouble. ``warms_up``: the canary is slow for five minutes after each weight change."""

    trouble: Trouble = field(default_factory=Trouble)
    warms_up: bool = False
    has_misses: bool = False
    live: Live = field(init=False)

    def __post_init__(self) -> None:
        super(ShapedWorld, self).__post_init__()
        self.live = self.trouble.begin(self.cell, self.rng)
        if self.has_misses:
            self.limits = misses_limits(self.cell.traffic, self.rng)

    def history(self) -> dict[str, list[tuple[int, int]]]:
        """The base's last day by metric, as (requests, bad) per minute, as it was counted."""
        traffic, rate = self.cell.traffic, self.cell.base_rate
        bad = self.live.past_bad()
        good = self.rng.poisson(max(traffic * (1.0 - rate), 0.0), DAY)
        clients = self.rng.binomial(good, self._caller_rates(DAY))
        requests, bad = self.live.past_counted(good + bad, bad)
        n = requests.tolist()
        told = {"errors": list(zip(n, bad.tolist(), strict=True)), CLIENT_ERRORS: list(zip(n, clients.tolist(), strict=True))}
        if self.limits is not None:
            slow = self.limits.slow_of_all(self.rng.multinomial(requests, self.limits.base))
            told |= {metric: list(zip(n, counts, strict=True)) for metric, counts in zip(SLOW, slow, strict=True)}
        return told

    def minute(self, index: int) -> Minute:
        """The counts of the minute from `index` * 60. Every weight change up to its end must have been made."""
        truth = self._truth(index * MINUTE)
        calm = self.cell.base_rate
        canary, base = truth.bad + truth.good, self._base_mean
        ec = self.live.bad(Arm(CANARY, index, canary, truth.bad, calm * canary)) if canary else 0
        eb = self.live.bad(Arm(BASE, index, base, truth.rates[1] * base, calm * base)) if base else 0
        nc = ec + int(self.rng.poisson(max(canary - ec, 0.0)))
        nb = eb + int(self.rng.poisson(max(base - eb, 0.0)))
        errors: Four = self.live.counted((nc, ec, nb, eb))
        nc, ec, nb, eb = errors
        rates = self._client_rates(truth)
        clients = (nc, int(self.rng.binomial(nc - ec, rates[0])), nb, int(self.rng.binomial(nb - eb, rates[2])))
        if self.limits is None or truth.shares is None:
            return Minute(errors, (), None, truth, clients, rates)
        one = self.rng.multinomial(nc, truth.shares[0]).tolist()
        other = self.rng.multinomial(nb, truth.shares[1]).tolist()
        pairs = zip(self.limits.slow(one), self.limits.slow(other), strict=True)
        return Minute(errors, tuple((nc, c, nb, b) for c, b in pairs), (one, other), truth, clients, rates)

    def _cold(self, start: float) -> float:
        if not self.warms_up:
            return super(ShapedWorld, self)._cold(start)
        since = min((start + MINUTE - at for at, _ in self.switches if at < start + MINUTE), default=1e9)
        return next((share for seconds, share in WARM_UP if since <= seconds), 0.0)
