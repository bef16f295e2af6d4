"""Whether the canary gets the share of requests that its weight asks for: the split check, a test beside the judge.

A filter that loses half of one arm, a log that arrives twice, a weight that never took effect: each of these makes every
comparison of the arms wrong, and each shows in the share of the requests.

A judged minute gives two counts: the canary's requests that reached an integration, and base's. The canary's count is a
binomial draw, because every request is assigned independently (docs/aws.md#traffic-split, docs/aws.md#alias-routing). The null
hypothesis is a band: the canary's odds are between 2/3 and 3/2 times the odds of its weight. Four bets are placed against it:
the odds are 1/2, 1/8, 2 or 8 times those of the weight. Each bet is a likelihood ratio against the nearer edge of the band. Its
expectation is 1 at that edge and less inside the band, so it is an e-value for every point of the band, even if the odds move
inside the band from minute to minute. The stakes sum to 1. So the evidence reaches 1,000 in at most 1 of 1,000 rollouts, over
all steps, however often one looks (Ville). The check does not use any of the judge's `alpha`.

The evidence shows whether the split is off now. It is capped above its bar, so it falls below the bar soon after the fault is
gone; giving up winnings keeps the guarantee. This module does not know which minutes are judged, where the counts come from or
what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isclose, log
from typing import NamedTuple

from canary.rules.judging.staking import log_added, log_sum

BAND = 1.5
"""The odds seen may be up to this many times those of the weight, or down to one over it, without being a fault.

No page says how exactly the services keep to a weight (docs/aws.md#traffic-split), so the band is wide. It is still narrow
enough to notice the loss of half an arm, a factor of 2, within minutes.
"""

FALSE_ALARMS = 0.001
"""The share of good rollouts in which the check may ever raise a false alarm."""

LOG_BAR = -log(FALSE_ALARMS)
LOG_CAP = LOG_BAR + log(100.0)
"""While a fault that is bet on lasts, evidence at the cap falls below the bar in at most 1 of 100 cases (Ville)."""

AT_ONCE, AT_STEPS = 0.75, 0.15
LATER = 1.0 - AT_ONCE - AT_STEPS
"""The stakes of the first minute, of minutes with a new weight, and (``LATER``) of faults that begin within a step."""

STAKED_AT_STEP = 0.5
LATE_MINUTES = 30
"""Each new weight stakes half of what is left for new weights; half of ``LATER`` is staked after so many minutes."""

SEEN_DECAY = 0.8
FACTORS = (2.0, 8.0)
PARTS = (0.9, 0.1)
"""The factors by which the odds are off under the bets, up or down, and the bets' parts: most faults lose half an arm."""


@dataclass(frozen=True, slots=True)
class SplitEvidence:
    """What the minutes have shown about the split.

    ``minutes``: how many were folded; ``steps``: under how many weights. ``share``: the present weight as a fraction, 0 before
    the first minute. ``canary`` and ``base``: the requests under that weight, each minute counting 0.8 times as much as the
    next. ``stakes``: the logarithms of the four stakes with what they won, for odds of 1/2, 1/8, 2 and 8 times the weight's.
    """

    minutes: int = 0
    steps: int = 0
    share: float = 0.0
    canary: float = 0.0
    base: float = 0.0
    stakes: tuple[float, ...] = ()

    @property
    def log_e(self) -> float:
        """Ln of the evidence against a split within the band: the sum of the stakes and of what is not staked yet."""
        return log_sum((log(_kept(self)), *self.stakes))


NO_SPLIT_EVIDENCE = SplitEvidence()


def fold_split(evidence: SplitEvidence, *, canary: int, base: int, share: float) -> SplitEvidence:
    """Fold one judged minute.

    `canary` and `base` are the requests that reached an integration. `share` is their weight, a fraction above 0 and below 1; a
    share that differs from the previous minute's begins a new step.

    Raises ValueError for a share or a count out of its range.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must be above 0 and below 1, got {share}; give the step's weight as a fraction")
    if canary < 0 or base < 0:
        raise ValueError(f"requests must be 0 or more, got {canary} of the canary and {base} of base; read the minute again")
    if canary + base == 0:
        return evidence
    is_new = not isclose(share, evidence.share)
    bets = _bets(share)
    staked = [log(part) for part in _placed(_stake(evidence, is_new=is_new), bets, canary + base)]
    stakes = log_added(evidence.stakes, staked) if evidence.stakes else staked
    kept = (0.0, 0.0) if is_new else (evidence.canary * SEEN_DECAY, evidence.base * SEEN_DECAY)
    return SplitEvidence(
        minutes=evidence.minutes + 1,
        steps=evidence.steps + is_new,
        share=share,
        canary=kept[0] + canary,
        base=kept[1] + base,
        stakes=tuple([min(held + bet.won(canary, base), LOG_CAP) for held, bet in zip(stakes, bets, strict=True)]),
    )


def is_off_split(evidence: SplitEvidence) -> bool:
    """Whether the evidence says that the split is outside the band."""
    return evidence.log_e >= LOG_BAR


def seen_share(evidence: SplitEvidence) -> float:
    """The canary's share of the requests of the last minutes under the present weight; 0 before the first minute."""
    requests = evidence.canary + evidence.base
    return evidence.canary / requests if requests else 0.0


def split_sentence(evidence: SplitEvidence) -> str:
    """A sentence such as "the split is off: asked for 25 %, got 14.2 %"."""
    return f"the split is off: asked for {100.0 * evidence.share:g} %, got {100.0 * seen_share(evidence):.3g} %"


class _Bet(NamedTuple):
    """Ln of what a request of each arm multiplies the stake by, and one request's expectation at the band's far edge."""

    log_canary: float
    log_base: float
    far: float

    def won(self, canary: int, base: int) -> float:
        return canary * self.log_canary + base * self.log_base


@lru_cache(maxsize=64)
def _bets(share: float) -> tuple[_Bet, ...]:
    odds = share / (1.0 - share)
    low, high = _share(odds / BAND), _share(odds * BAND)
    fewer = [_bet(_share(odds / factor), low, far=high) for factor in FACTORS]
    more = [_bet(_share(odds * factor), high, far=low) for factor in FACTORS]
    return (*fewer, *more)


def _bet(chosen: float, rival: float, *, far: float) -> _Bet:
    canary, base = chosen / rival, (1.0 - chosen) / (1.0 - rival)
    return _Bet(log(canary), log(base), far * canary + (1.0 - far) * base)


def _share(odds: float) -> float:
    return odds / (1.0 + odds)


def _placed(stake: float, bets: tuple[_Bet, ...], requests: int) -> list[float]:
    """The stake on each bet. In a minute with many requests, each side gets more than half of the whole stake.

    At one edge of the band a bet's expectation is 1, and that of the bet on the other side is `far` to the power of the
    requests. The sum of both expectations is convex in the canary's share, so it is largest at an edge. Dividing by that
    largest sum keeps the expectation at 1 or less.
    """
    sides = len(FACTORS)
    far = [max(one.far, other.far) for one, other in zip(bets[:sides], bets[sides:], strict=True)]
    each = [stake * part / (1.0 + edge**requests) for part, edge in zip(PARTS, far, strict=True)]
    return each + each


def _stake(evidence: SplitEvidence, *, is_new: bool) -> float:
    """The part of one unit that is staked on the next minute."""
    if not evidence.minutes:
        return AT_ONCE
    at_step = STAKED_AT_STEP * _kept_for_steps(evidence) if is_new else 0.0
    return at_step + _kept_for_later(evidence.minutes) - _kept_for_later(evidence.minutes + 1)


def _kept(evidence: SplitEvidence) -> float:
    """The part of one unit that is not staked yet."""
    return _kept_for_steps(evidence) + _kept_for_later(evidence.minutes) if evidence.minutes else 1.0


def _kept_for_steps(evidence: SplitEvidence) -> float:
    return AT_STEPS * (1.0 - STAKED_AT_STEP) ** (evidence.steps - 1)


def _kept_for_later(minutes: int) -> float:
    return LATER * LATE_MINUTES / (LATE_MINUTES + minutes - 1)
