"""Bets in a minute in which cold starts may have made some of the canary's requests bad, however good the release is.

A fraction `cold` of the canary's requests may be bad because an instance had just started. So the hypothesis that the bets are
against is no longer that both arms have the same bad rate, but that the odds of the canary's requests being bad are at most so
many times those of base's. This module does not know stakes, time, metrics or history.
"""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

from canary.rules.judging.bets import is_common, log_share_bets, tempered

if TYPE_CHECKING:
    from canary.rules.judging.bets import Effects

EXPLAINS_LITTLE = 0.3
"""Cold starts explain little if they make at most this many times as many requests bad as are bad anyway."""


def explains_little(cold: float, b: float) -> bool:
    """Whether a minute can be judged like any other once cold starts are allowed for: base's bad rate is `b`.

    Otherwise most of what is bad may come from cold starts. A canary that has fewer of them than allowed for would then lose
    the stakes of bets that are right, minute by minute.
    """
    return cold <= EXPLAINS_LITTLE * b


def share_if_cold(share: float, b: float, cold: float) -> float:
    """The largest share of the bad requests that is the canary's if cold starts make a fraction `cold` of its requests bad.

    It follows from the odds of both arms' bad rates, where base's rate is `b`.
    """
    odds = odds_if_cold(b, cold)
    return odds * share / (1.0 - share + odds * share)


def odds_if_cold(b: float, cold: float) -> float:
    """How many times base's odds of a bad request the canary's are, if it is as good but for its cold starts."""
    a = cold + (1.0 - cold) * b
    return a * (1.0 - b) / (b * (1.0 - a))


def log_cold_bets(
    nc: float, ec: float, nb: float, eb: float, *, b: float, cold: float, phi: float, effects: Effects
) -> list[float]:
    """Ln e of all bets, for `nc` and `nb` above 0; `b` is the base rate predicted from earlier minutes.

    Where bad requests are common, ratios are bet on the odds: ``ec ln r - nc ln(1 + (r - 1) m / nc)``, where m is the most bad
    requests of the canary to expect. Otherwise, and for rises, a bad request was the canary's with the share of
    `share_if_cold` at most. Jumps are not bet on.
    """
    bad = ec + eb
    share = share_if_cold(nc / (nc + nb), b, cold)
    won = log_share_bets(nc, ec, nb, eb, share=share, b=b, phi=phi, effects=effects)
    if not is_common(nc, nb, bad, b):
        return won
    rate = most_bad(nc, nb, bad, odds_if_cold(b, cold)) / nc
    on_odds = [(ec * log_r - nc * log(1.0 + above * rate)) / tempered(phi, log_r) for above, log_r in effects.ratios]
    return on_odds + won[len(on_odds) :]


def most_bad(nc: float, nb: float, bad: float, odds: float) -> float:
    """At least the expected number of the canary's bad requests, given how many are bad in both arms together.

    Given that total, the number has Fisher's noncentral hypergeometric distribution. It is a sum of independent draws, at most
    `nc` of them, so the expectation of ``r ** ec`` is at most ``(1 + (r - 1) mean / nc) ** nc``. The mean m and the variance v
    satisfy ``odds ((nc - m) (bad - m) + v) = m (nb - bad + m) + v``, and v is at most ``m (nc - m) / nc``. With that for v, the
    smaller root of the quadratic is at least the mean.
    """
    squared = (odds - 1.0) * (1.0 - 1.0 / max(nc, 1.0))
    linear = odds * (nc + bad) + nb - bad - (odds - 1.0)
    constant = odds * nc * bad
    root = 2.0 * constant / (linear + sqrt(max(linear * linear - 4.0 * squared * constant, 0.0)))
    return min(root, nc, bad)
