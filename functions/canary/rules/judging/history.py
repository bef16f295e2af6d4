"""What a rollout freezes from base's past before its first minute: starting base rate, dispersion, slices.

Odd minutes of the history give the base rate and the dispersion (and, elsewhere, the latency limits). Even minutes are kept as
slices, each lent once to the base of a live minute. So no minute is used twice, except that the newest ones also show whether
base still is what its history says. This module does not know where the minutes come from or what the metric counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from canary.rules.judging.dispersion import UNPROVEN_PHI, chunks, dispersion, total
from canary.rules.judging.families import Family

T = TypeVar("T")

FEWEST_MINUTES = 30
SLOW_START_MINUTES = 30
SLICE_MINUTES = 18
"""A day gives forty slices of this size. Larger slices help more where the canary has far fewer requests than base."""

RECENT_DECAY = 0.9
RECENT_MINUTES = 20


class DecayedCounts(NamedTuple):
    """Base's requests and bad requests so far, as fractions because older minutes count less."""

    requests: float
    bad: float

    @property
    def rate(self) -> float:
        """The predicted bad rate, strictly between 0 and 1 even if no request or only bad requests were seen."""
        rate = (self.bad + 0.5) / (self.requests + 1.0)
        return rate if _SMALLEST_RATE < rate < _LARGEST_RATE else min(max(rate, _SMALLEST_RATE), _LARGEST_RATE)

    def after(self, nb: float, eb: float, *, decay: float) -> DecayedCounts:
        """The counts after one more minute of base."""
        return DecayedCounts(self.requests * decay + nb, self.bad * decay + eb)

    def at_most(self, minutes: int, *, of: int) -> DecayedCounts:
        """The same rate with at most the weight of `minutes` of the `of` minutes in which it was seen."""
        share = min(1.0, minutes / of)
        return DecayedCounts(self.requests * share, self.bad * share)


_SMALLEST_RATE = 1e-12
_LARGEST_RATE = 1.0 - _SMALLEST_RATE

# Without a history: as if fifty good requests had been seen, a rate of about 1 %.
PRIOR = DecayedCounts(50.0, 0.0)


@dataclass(frozen=True, slots=True)
class BaseHistory:
    """One metric's frozen past.

    ``slow``: where the predicted base rate starts. ``recent``: what the last minutes before the rollout were like. ``phi``: the
    over-dispersion by which every ln e is divided. ``slices``: the (requests, bad) lent to the live minutes in turn.
    ``is_known`` is False if there were fewer than 30 minutes: stated priors replace them, there are no slices, and a verdict
    must say so. ``is_coarse``: only large effects are bet on, and bad requests cluster in time but not within an arm.
    ``is_slow``: a bad request is one slower than a limit, so the stake is divided among the bets in another way.
    """

    slow: DecayedCounts
    recent: DecayedCounts
    phi: float
    slices: tuple[tuple[int, int], ...]
    is_known: bool
    is_coarse: bool = False
    is_slow: bool = False

    @property
    def live_phi(self) -> float:
        """The over-dispersion of bad requests between the arms in one minute.

        It equals the over-dispersion over time, because a whole burst may hit one arm. A coarse metric is the exception: its
        bad requests come mostly from callers, and each of their requests is assigned to an arm independently.
        """
        return 1.0 if self.is_coarse else self.phi


@dataclass(frozen=True, slots=True)
class History:
    """What is fixed at the start of a rollout: alpha, and each metric's family, stake (the stakes sum to 1) and frozen past."""

    alpha: float
    families: Mapping[str, Family]
    stakes: Mapping[str, float]
    bases: Mapping[str, BaseHistory]


NOTHING_SEEN = DecayedCounts(0.0, 0.0)
UNKNOWN = BaseHistory(slow=PRIOR, recent=NOTHING_SEEN, phi=UNPROVEN_PHI, slices=(), is_known=False)


def odd_minutes(minutes: Sequence[T]) -> Sequence[T]:
    """The minutes that give base rate, dispersion and latency limits: the second, fourth, and so on."""
    return minutes[1::2]


def even_minutes(minutes: Sequence[T]) -> Sequence[T]:
    """The minutes that are lent to the live base: the first, third, and so on, with the indices 0, 2, 4."""
    return minutes[0::2]


def freeze_history(minutes: Sequence[tuple[int, int]], *, is_coarse: bool = False, is_slow: bool = False) -> BaseHistory:
    """Freeze base's minutes, given as (requests, bad) in time order.

    A minute without requests says nothing, and one with more bad requests than requests was not complete. Both are ignored.
    """
    told = [minute for minute in minutes if 0 <= minute[1] <= minute[0] > 0]
    if len(told) < FEWEST_MINUTES:
        return replace(UNKNOWN, is_coarse=is_coarse, is_slow=is_slow)
    measured = odd_minutes(told)
    seen = DecayedCounts(*total(measured))
    return BaseHistory(
        slow=seen.at_most(SLOW_START_MINUTES, of=len(measured)),
        recent=_recent(told[-RECENT_MINUTES:]),
        phi=dispersion(measured),
        slices=tuple(total(lent) for lent in chunks(even_minutes(told), SLICE_MINUTES)),
        is_known=True,
        is_coarse=is_coarse,
        is_slow=is_slow,
    )


def to_json(history: History) -> dict[str, Any]:
    """The history as JSON for the record, written once; `from_json` restores it exactly."""
    return {
        "alpha": history.alpha,
        "metrics": {
            name: {
                "family": history.families[name].value,
                "stake": history.stakes[name],
                "slow": [*base.slow],
                "recent": [*base.recent],
                "phi": base.phi,
                "slices": [[*lent] for lent in base.slices],
                "is_known": base.is_known,
                "is_coarse": base.is_coarse,
                "is_slow": base.is_slow,
            }
            for name, base in history.bases.items()
        },
    }


def from_json(data: Mapping[str, Any]) -> History:
    """The history that `to_json` wrote."""
    metrics: Mapping[str, Mapping[str, Any]] = data["metrics"]
    return History(
        alpha=float(data["alpha"]),
        families={name: Family(frozen["family"]) for name, frozen in metrics.items()},
        stakes={name: float(frozen["stake"]) for name, frozen in metrics.items()},
        bases={name: _base_from_json(frozen) for name, frozen in metrics.items()},
    )


def seen_from_json(pair: Sequence[float]) -> DecayedCounts:
    """Decayed counts from their two numbers."""
    requests, bad = pair
    return DecayedCounts(float(requests), float(bad))


def _base_from_json(frozen: Mapping[str, Any]) -> BaseHistory:
    return BaseHistory(
        slow=seen_from_json(frozen["slow"]),
        recent=seen_from_json(frozen["recent"]),
        phi=float(frozen["phi"]),
        slices=tuple((int(requests), int(bad)) for requests, bad in frozen["slices"]),
        is_known=bool(frozen["is_known"]),
        is_coarse=bool(frozen.get("is_coarse", False)),
        is_slow=bool(frozen.get("is_slow", False)),
    )


def _recent(minutes: Sequence[tuple[int, int]]) -> DecayedCounts:
    """The decayed counts of the newest minutes. They are never used as evidence against the canary."""
    seen = NOTHING_SEEN
    for requests, bad in minutes:
        seen = seen.after(requests, bad, decay=RECENT_DECAY)
    return seen
