"""Few failures in one minute of a canary that has few requests: perhaps one incident, which says no more than one failure.

A client that tries again at once, or a batch, turns one failure into two or three. In an outage of base, these may be the
canary's before base has shown that it is one. Where the canary has many requests, a few failures weigh little anyway.
"""

from __future__ import annotations

from math import exp, factorial

FEW_REQUESTS = 20
MOST_FAILURES = 3

RARE = 0.03
"""Where base fails more often than this, a few failures in a minute need no incident."""


def as_one(won: list[float], *, requests: float, failures: float, usual: float, phi: float) -> list[float]:
    """What the bets win in a minute if the canary's `failures` of so many `requests` may be one incident.

    `won`: ln e of each bet. `usual`: the predicted base rate. Failures that are `phi` times as dispersed as independent ones
    were already counted as that many times fewer. What the bets lose stays, so they are still e-values.
    """
    if not 1 < failures <= MOST_FAILURES or not _may_be_one(requests, usual) or phi >= failures:
        return won
    return [log_e if log_e < 0.0 else log_e * phi / failures for log_e in won]


def expected_as_one(mean: float, *, requests: float, usual: float, phi: float) -> float:
    """How many failures a minute is expected to count for if so many are, independently, and `as_one` is applied."""
    if not _may_be_one(requests, usual):
        return mean
    chances = {failures: exp(-mean) * mean**failures / factorial(failures) for failures in range(2, MOST_FAILURES + 1)}
    return mean - sum([chance * max(failures - phi, 0.0) for failures, chance in chances.items()])


def _may_be_one(requests: float, usual: float) -> bool:
    return requests <= FEW_REQUESTS and usual < RARE
