"""How many requests a canary harmed, and whether chance alone makes as many of two arms that are alike.

Counted minute by minute, because an outage that hits both arms while the canary's weight is high would otherwise count
against the canary. An estimate for people: what decides over a rollout is the judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt

CHANCE = 0.001
"""Harm counts as more than chance where arms that are alike show as much in fewer than one rollout of a thousand."""

MOST_SUMMED = 1000
"""Bad requests up to which the binomial's tail is summed; beyond, its normal approximation does."""


@dataclass(frozen=True, slots=True)
class Harm:
    """Summed over minutes: requests and bad requests of canary (`nc`, `ec`) and base (`nb`, `eb`), and what they say.

    ``expected``: the bad requests that the canary would have if the arms' bad requests were shared out by their requests.
    ``excess``: the canary's bad requests less those that base's rate of the same minute would have made of its requests.
    """

    nc: int = 0
    ec: int = 0
    nb: int = 0
    eb: int = 0
    expected: float = 0.0
    excess: float = 0.0

    def plus(self, *, nc: int, ec: int, nb: int, eb: int) -> Harm:
        """With one minute more. Where base had no request in it, base's rate until then stands in.

        Counts that still contradict each other say no more than that every request was bad.
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
        """Canary requests that were bad beyond what base would have done with them, rounded."""
        return max(0, round(self.excess))

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the canary had more of the bad requests than chance gives it."""
        bad = self.ec + self.eb
        return self.ec > self.expected and _tail(self.ec, bad, self.expected / bad) < CHANCE


def _tail(least: int, tries: int, share: float) -> float:
    """The probability of at least so many successes in so many tries; `share` is above 0 and below 1."""
    if tries > MOST_SUMMED:
        return erfc((least - 0.5 - tries * share) / sqrt(2 * tries * share * (1 - share))) / 2
    return sum(
        exp(_log_ways(tries, many) + many * log(share) + (tries - many) * log(1 - share)) for many in range(least, tries + 1)
    )


def _log_ways(tries: int, many: int) -> float:
    """Ln of the number of ways to choose `many` of `tries`."""
    return lgamma(tries + 1) - lgamma(many + 1) - lgamma(tries - many + 1)
