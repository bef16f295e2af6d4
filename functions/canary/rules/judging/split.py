"""Whether the canary gets the share of requests that its weight asks for: the split check, a test beside the judge.

A filter that loses half of one arm, a log that arrives twice, a weight that never took effect: each makes every comparison of
the arms wrong, and each shows in the share of the requests.

A judged minute gives two counts: the canary's requests that reached an integration, and the base's. Which of them are the
canary's is a binomial draw, for every request is assigned on its own (docs/aws.md#traffic-split, docs/aws.md#alias-routing).
The null hypothesis is a band: the canary's odds are between 2/3 and 3/2 times the odds of its weight. Four bets are placed
against it: the odds are 1/2, 1/8, 2 or 8 times those of the weight. Each is a likelihood ratio against the nearer edge of the
band. Its expectation is 1 at that edge and less inside the band, so it is an e-value for every point of the band, and the
odds may wander inside it from minute to minute. The stakes sum to 1. So the evidence ever reaches 1,000 in at most 1 of 1,000
rollouts, all steps together, however often one looks (Ville). The judge's `alpha` is not touched.

The evidence tells whether the split is off now. It is capped above its bar, so it falls below again soon after the fault is
gone; to discard wealth keeps the guarantee. Which minutes are judged, where the counts come from and what follows is not known
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isclose, log
from typing import NamedTuple

from canary.rules.judging.evidence import log_added, log_sum

BAND = 1.5
"""The odds seen may be this many times those of the weight, or this part of them, without being a fault.

No page says how exactly the services keep to a weight (docs/aws.md#traffic-split), so the band is wide. It ends where half of
an arm, a factor of 2, can still be told from it within minutes.
"""

FALSE_ALARMS = 0.001
"""The share of rollouts in which the check may be wrong, ever."""

LOG_BAR = -log(FALSE_ALARMS)
LOG_CAP = LOG_BAR + log(100.0)
"""While a fault that is bet on lasts, evidence at the cap falls below the bar in at most 1 of 100 cases (Ville again)."""

AT_ONCE, AT_STEPS = 0.75, 0.15
LATER = 1.0 - AT_ONCE - AT_STEPS
"""The stake of the first minute, of the minutes with a new weight, and for faults that begin within a step."""

STAKED_AT_STEP = 0.5
LATE_MINUTES = 30
"""A new weight stakes half of what is kept for new weights; half of ``LATER`` is staked after so many minutes."""

SEEN_DECAY = 0.8
FACTORS = (2.0, 8.0)
PARTS = (0.9, 0.1)
"""By how much the odds are off under each bet, either way, and the bets' parts of a stake: most faults lose half an arm."""


@dataclass(frozen=True, slots=True)
class SplitEvidence:
    """What the minutes have shown of the split.

    ``minutes`` were folded, under ``steps`` weights. ``share`` is the present weight as a fraction, 0 before the first minute.
    ``canary`` and ``base`` are the requests of its minutes, each minute counting 0.8 times as much as the next. ``stakes`` are
    the logarithms of the four stakes with what they won: odds of 1/2, 1/8, 2 and 8 times the weight's.
    """

    minutes: int = 0
    steps: int = 0
    share: float = 0.0
    canary: float = 0.0
    base: float = 0.0
    stakes: tuple[float, ...] = ()

    @property
    def log_e(self) -> float:
        """Ln of the evidence against a split within the band: what the stakes have become, and what is not staked yet."""
        return log_sum((log(_kept(self)), *self.stakes))


NO_SPLIT_EVIDENCE = SplitEvidence()


def fold_split(evidence: SplitEvidence, *, canary: int, base: int, share: float) -> SplitEvidence:
    """One judged minute more.

    `canary` and `base` are the requests that reached an integration. `share` is the weight they came under, a fraction above 0
    and below 1; it begins a new step where it differs from the minute before.

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
    """Whether the requests cannot have been split within the band."""
    return evidence.log_e >= LOG_BAR


def seen_share(evidence: SplitEvidence) -> float:
    """The canary's share of the requests of the last minutes under the present weight; 0 before the first minute."""
    requests = evidence.canary + evidence.base
    return evidence.canary / requests if requests else 0.0


def split_sentence(evidence: SplitEvidence) -> str:
    """The share that was asked for and the share seen: "the split is off: asked 25 %, seen 14.2 %"."""
    return f"the split is off: asked {100.0 * evidence.share:g} %, seen {100.0 * seen_share(evidence):.3g} %"


class _Bet(NamedTuple):
    """What a request of either arm wins, and the expectation of one request at the edge of the band on the other side."""

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
    """What goes on each bet. Each side gets more than half of the stake where the minute is large.

    At one edge of the band a bet's expectation is 1, and the opposite bet's is `far` to the power of the requests. The sum of
    both expectations is convex in the canary's share, so it is largest at an edge. It is divided by that.
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
