"""What a rollout freezes from the base's past before its first minute: starting base rate, dispersion, slices.

Odd minutes of the history give the base rate and the dispersion (and, outside, the latency limits); even ones are kept
as slices, each lent once to the base of a live minute. So nothing is used twice, but for the newest minutes, which also tell
whether the base still is what its history says. Where the minutes come from, and what the metric counts, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, NamedTuple, TypeVar

from canary.rules.judging.families import Family

T = TypeVar("T")

FEWEST_MINUTES = 30
SLOW_START_MINUTES = 30
SLICE_MINUTES = 18
"""Forty slices of a day. A larger one tells more where the canary has far fewer requests than the base."""

RECENT_DECAY = 0.7
RECENT_MINUTES = 20
BLOCK_MINUTES = 30
FEWEST_BLOCKS = 3
OUTAGE_BLOCKS = 2
"""An outage clusters most in the blocks of its begin and its end; both are left out of the mean."""
UNPROVEN_PHI = 4.0
SPARSE_PHI = 1.2


class DecayedCounts(NamedTuple):
    """Base requests and bad ones seen so far, older minutes counting less, so that both are fractions."""

    requests: float
    bad: float

    @property
    def rate(self) -> float:
        """The predicted bad rate, strictly between 0 and 1 also where nothing or only bad requests were seen."""
        rate = (self.bad + 0.5) / (self.requests + 1.0)
        return rate if _SMALLEST_RATE < rate < _LARGEST_RATE else min(max(rate, _SMALLEST_RATE), _LARGEST_RATE)

    def after(self, nb: float, eb: float, *, decay: float) -> DecayedCounts:
        """What is remembered once one more base minute was seen."""
        return DecayedCounts(self.requests * decay + nb, self.bad * decay + eb)

    def at_most(self, minutes: int, *, of: int) -> DecayedCounts:
        """The same rate, weighing no more than `minutes` of the `of` minutes it was seen in."""
        share = min(1.0, minutes / of)
        return DecayedCounts(self.requests * share, self.bad * share)


_SMALLEST_RATE = 1e-12
_LARGEST_RATE = 1.0 - _SMALLEST_RATE

# Without a history: as if fifty good requests had been seen, a rate of about 1 %.
PRIOR = DecayedCounts(50.0, 0.0)


@dataclass(frozen=True, slots=True)
class BaseHistory:
    """One metric's frozen past.

    ``slow`` is where the predicted base rate starts, ``recent`` what the last minutes before the rollout were like, ``phi``
    the over-dispersion every ln e is divided by, ``slices`` the (requests, bad) lent to the live minutes in turn.
    ``is_known`` is False where fewer than 30 minutes were there and stated priors stand in for them: no slices, and a verdict
    must say so. ``is_coarse``: only large effects are bet on, and bad requests cluster in time but not in an arm.
    """

    slow: DecayedCounts
    recent: DecayedCounts
    phi: float
    slices: tuple[tuple[int, int], ...]
    is_known: bool
    is_coarse: bool = False

    @property
    def live_phi(self) -> float:
        """The over-dispersion of bad requests between the arms in one minute.

        It is the same as over time, for a burst may be all in one arm. But callers make most of a coarse metric's bad requests,
        and each of their requests is drawn for itself.
        """
        return 1.0 if self.is_coarse else self.phi


@dataclass(frozen=True, slots=True)
class History:
    """All that is fixed at the start of a rollout: alpha, each metric's family, stake (they sum to 1) and frozen past."""

    alpha: float
    families: Mapping[str, Family]
    stakes: Mapping[str, float]
    bases: Mapping[str, BaseHistory]


NOTHING_SEEN = DecayedCounts(0.0, 0.0)
UNKNOWN = BaseHistory(slow=PRIOR, recent=NOTHING_SEEN, phi=UNPROVEN_PHI, slices=(), is_known=False)


def odd_minutes(minutes: Sequence[T]) -> Sequence[T]:
    """The minutes that base rate, dispersion and latency limits are taken from: the second, fourth, and so on."""
    return minutes[1::2]


def even_minutes(minutes: Sequence[T]) -> Sequence[T]:
    """The minutes that are lent to the live base: the first, third, and so on, counted as 0, 2, 4."""
    return minutes[0::2]


def freeze_history(minutes: Sequence[tuple[int, int]], *, is_coarse: bool = False) -> BaseHistory:
    """What is frozen of base minutes (requests, bad) in time order.

    A minute without requests tells nothing; one with more bad requests than requests was not complete. Neither counts.
    """
    told = [(requests, bad) for requests, bad in minutes if 0 <= bad <= requests > 0]
    if len(told) < FEWEST_MINUTES:
        return replace(UNKNOWN, is_coarse=is_coarse)
    measured = odd_minutes(told)
    seen = DecayedCounts(*_total(measured))
    return BaseHistory(
        slow=seen.at_most(SLOW_START_MINUTES, of=len(measured)),
        recent=_recent(told[-RECENT_MINUTES:]),
        phi=dispersion(measured),
        slices=tuple(_total(lent) for lent in _chunks(even_minutes(told), SLICE_MINUTES)),
        is_known=True,
        is_coarse=is_coarse,
    )


def dispersion(minutes: Sequence[tuple[int, int]]) -> float:
    """How much more than independent requests the bad ones cluster in time: 1 or more.

    Over blocks of 30 minutes, each about its own rate: over the whole day at once it would measure drift and old outages, and
    blind the judge. The larger of two figures: the blocks' median, and their mean by bad request without the two blocks
    that cluster most, which an outage touches at its begin and end. Where bursts are rare, most blocks hold one, and the
    median shows how large a burst is for blocks, not for bad requests: by the median alone 1 % of good releases were rolled
    back in a simulation of such bursts, by both 0.6 %. A block without a single bad or a single good request cannot show
    clustering and is left out (counted as 1 it hid bursts).

    With fewer than three blocks nothing is known, and 4 is enough for bursts of three errors. Where the blocks are there and
    fewer than three had a bad request, bursts are too rare to meet many rollouts, and 1.2 is enough.
    """
    blocks = [block for block in _chunks(minutes, BLOCK_MINUTES) if len(block) == BLOCK_MINUTES]
    if len(blocks) < FEWEST_BLOCKS:
        return UNPROVEN_PHI
    told = [(block, _total(block)) for block in blocks]
    measured = sorted((_pearson(block, total), total[1]) for block, total in told if 0 < total[1] < total[0])
    if len(measured) < FEWEST_BLOCKS:
        return SPARSE_PHI
    calm = measured[:-OUTAGE_BLOCKS]
    by_request = sum(clustered * bad for clustered, bad in calm) / sum(bad for _, bad in calm)
    return max(1.0, median(clustered for clustered, _ in measured), by_request)


def to_json(history: History) -> dict[str, Any]:
    """The history for the record, written once; `from_json` gives it back exactly."""
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
    )


def _recent(minutes: Sequence[tuple[int, int]]) -> DecayedCounts:
    """What the newest minutes add up to. They are used for nothing that could speak against the canary."""
    seen = NOTHING_SEEN
    for requests, bad in minutes:
        seen = seen.after(requests, bad, decay=RECENT_DECAY)
    return seen


def _total(minutes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    requests, bad = zip(*minutes, strict=True)
    return sum(requests), sum(bad)


def _chunks(minutes: Sequence[T], size: int) -> list[Sequence[T]]:
    return [minutes[first : first + size] for first in range(0, len(minutes), size)]


def _pearson(block: Sequence[tuple[int, int]], total: tuple[int, int]) -> float:
    """Pearson's statistic over its degrees of freedom: 1 in expectation for independent requests of one rate."""
    requests, bad = total
    rate = bad / requests
    spread = sum([(x - n * rate) ** 2 / n for n, x in block])
    return spread / (rate * (1.0 - rate) * (len(block) - 1))
