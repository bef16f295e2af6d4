"""How one unit of stake is spread over a metric's minutes, so that enough is left to bet on a fault that begins late.

    minute 0        0.60
    minutes 1..29   0.25 evenly
    minute t >= 30  0.15 * 30 / (t (t + 1)), which sums to 0.15 and never ends

These are parts of seven tenths of the unit. The other three tenths are for the minutes of weight changes, when most faults
begin: each such minute stakes half of what is left of them.

Stakes are kept as logarithms: no float holds exp(-1000) or exp(1000).
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EVEN_MINUTES = 30

STEADY = 0.7

AT_ONCE, EVENLY = 0.6, 0.25

IN_THE_END = 1.0 - AT_ONCE - EVENLY

STAKED_AT_SHIFT = 0.5

_SHIFTS_OF_A_FLOAT = 1000
"""After more weight changes the rest would be too small for a float, so it stays at about 1e-302."""


def stake(minute: int) -> float:
    """The part of one unit that is staked in the `minute`-th minute of evidence, counted from 0."""
    if minute == 0:
        return STEADY * AT_ONCE
    if minute < EVEN_MINUTES:
        return STEADY * EVENLY / (EVEN_MINUTES - 1)
    return STEADY * IN_THE_END * EVEN_MINUTES / (minute * (minute + 1))


def unstaked(minutes: int) -> float:
    """The part of the unit that is not staked yet after so many minutes: seven tenths less the sum of their stakes."""
    if minutes == 0:
        return STEADY
    if minutes < EVEN_MINUTES:
        return STEADY * (IN_THE_END + EVENLY * (EVEN_MINUTES - minutes) / (EVEN_MINUTES - 1))
    return STEADY * IN_THE_END * EVEN_MINUTES / minutes


def kept_for_shifts(shift_minutes: int) -> float:
    """The part of the unit that is still reserved for weight changes after so many minutes of them."""
    return (1.0 - STEADY) * (1.0 - STAKED_AT_SHIFT) ** min(shift_minutes, _SHIFTS_OF_A_FLOAT)


def log_staked(stakes: tuple[float, ...], added: float, log_shares: tuple[float, ...]) -> list[float]:
    """Logarithms of the stake on each bet once `added` is divided among them, before the minute is played.

    `log_shares`: each bet's part of it, as a logarithm.
    """
    log_new = log(added)
    new = [log_new + log_share for log_share in log_shares]
    return log_added(stakes, new) if stakes else new


def log_added(stakes: tuple[float, ...], new: list[float]) -> list[float]:
    """Element-wise sums of two rows of numbers; numbers and sums are given as logarithms."""
    pairs = zip(stakes, new, strict=True)
    return [held + log1p(exp(more - held)) if held > more else more + log1p(exp(held - more)) for held, more in pairs]


def log_sum(logs: Iterable[float]) -> float:
    """Ln of the sum of at least one number, given as logarithms of any size."""
    numbers = list(logs)
    largest = max(numbers)
    return largest + log(sum([exp(number - largest) for number in numbers]))
