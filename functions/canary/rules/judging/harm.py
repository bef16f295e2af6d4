"""How many requests a canary harmed, and whether chance alone could explain it if both arms were alike.

Harm is counted minute by minute: otherwise an outage that hits both arms while the canary's weight is high would count against
the canary. It is an estimate for the report. The judge decides, and does not use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt

CHANCE = 0.001
"""Harm is beyond chance if two equal arms show as much in fewer than one rollout in a thousand."""

MOST_SUMMED = 1000
"""Up to this many bad requests the binomial tail is summed exactly; above, the normal approximation is used."""


@dataclass(frozen=True, slots=True)
class Harm:
    """Sums over minutes: requests and bad requests of canary (`nc`, `ec`) and base (`nb`, `eb`), and two figures from them.

    ``expected``: the canary's bad requests if all bad requests were divided between the arms in proportion to their requests.
    ``excess``: the canary's bad requests less those expected at base's rate of the same minute.
    """

    nc: int = 0
    ec: int = 0
    nb: int = 0
    eb: int = 0
    expected: float = 0.0
    excess: float = 0.0

    def plus(self, *, nc: int, ec: int, nb: int, eb: int) -> Harm:
        """The harm with one more minute. If base had no request in it, base's rate so far is used.

        An arm with more bad requests than requests counts as if every request was bad.
        """
        ec, eb = min(ec, nc), min(eb, nb)
        requests, bad = self.nb + nb, self.eb + eb
        rate = eb / nb if nb else bad / requests if requests else 0.0
        return Harm(
            nc=self.nc + nc,
            ec=self.ec + ec,
            nb=requests,
            eb=bad,
            expected=self.expected + (nc * (ec + eb) / (nc + nb) if nc else 0.0),
            excess=self.excess + ec - nc * rate,
        )

    @property
    def requests(self) -> int:
        """How many more of the canary's requests were bad than at base's rate, rounded."""
        return max(0, round(self.excess))

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the canary had more of the bad requests than chance explains."""
        bad = self.ec + self.eb
        return self.ec > self.expected and _tail(self.ec, bad, self.expected / bad) < CHANCE


def _tail(least: int, tries: int, share: float) -> float:
    """The probability of at least `least` successes in `tries`, each with the probability `share`, above 0 and below 1."""
    if tries > MOST_SUMMED:
        return erfc((least - 0.5 - tries * share) / sqrt(2 * tries * share * (1 - share))) / 2
    return sum(
        exp(_log_ways(tries, many) + many * log(share) + (tries - many) * log(1 - share)) for many in range(least, tries + 1)
    )


def _log_ways(tries: int, many: int) -> float:
    """Ln of the number of ways to choose `many` of `tries`."""
    return lgamma(tries + 1) - lgamma(many + 1) - lgamma(tries - many + 1)
