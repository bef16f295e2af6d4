"""How long a fault is met if counts come in slots of some seconds, and some seconds late, instead of in minutes a minute late.

Two judges read the slots. Wald's test knows both rates and forgets what came before the fault's slot. The product's judge folds
each slot as it folds a minute. The weight is constant, and requests are independent. The harm is the time from the fault to the
rollback, because the weight and the fault's size are the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import TYPE_CHECKING

import numpy as np

from bench.oracles import LOG_BAR
from bench.rollout import ROLLBACK_SECONDS
from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CALM_SECONDS = 300.0
"""The step goes well for so long before the fault begins."""

LONGEST_SECONDS = 3600.0
HISTORY_MINUTES = 1440
ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Freshness:
    """Counts of `slot` seconds, each known `delay` seconds after its end. A look follows each slot."""

    slot: int
    delay: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a traffic: requests a minute, the canary's share (0 to 1), base's bad rate, and the canary's."""

    name: str
    traffic: float
    share: float
    base: float
    canary: float


Slot = tuple[int, int, int, int, float]
"""Canary requests, bad ones, base requests, bad ones, and the part of the slot in which the fault was there."""


def seconds_to_rollback(fault: Fault, fresh: Freshness, rng: np.random.Generator) -> tuple[float, float]:
    """Seconds from the fault to the rollback under Wald's test and under the product's judge, at most an hour each."""
    begins = CALM_SECONDS + float(rng.uniform(0.0, 60.0))
    slots = _draw(fault, fresh, begins, rng)
    first = int(begins // fresh.slot)
    wald = _first_above(_wald_gains(fault, slots[first:]), first)
    evidence = begin_evidence(
        {"errors": _history(fault, rng)}, families={"errors": Family.ERRORS}, stakes={"errors": 1.0}, alpha=ALPHA
    )
    judged = _condemned_at(evidence, slots)
    return _waited(wald, fresh, begins), _waited(judged, fresh, begins)


def _draw(fault: Fault, fresh: Freshness, begins: float, rng: np.random.Generator) -> list[Slot]:
    number = ceil((begins + LONGEST_SECONDS) / fresh.slot)
    mean = fault.traffic * fresh.slot / 60.0
    starts = np.arange(number) * fresh.slot
    faulty = np.clip((starts + fresh.slot - begins) / fresh.slot, 0.0, 1.0)
    rate = fault.base + (fault.canary - fault.base) * faulty
    ec, eb = rng.poisson(mean * fault.share * rate), rng.poisson(mean * (1.0 - fault.share) * fault.base, number)
    nc = ec + rng.poisson(mean * fault.share * (1.0 - rate))
    nb = eb + rng.poisson(mean * (1.0 - fault.share) * (1.0 - fault.base), number)
    return list(zip(nc.tolist(), ec.tolist(), nb.tolist(), eb.tolist(), faulty.tolist(), strict=True))


def _history(fault: Fault, rng: np.random.Generator) -> list[tuple[int, int]]:
    bad = rng.poisson(fault.traffic * fault.base, HISTORY_MINUTES)
    requests = bad + rng.poisson(fault.traffic * (1.0 - fault.base), HISTORY_MINUTES)
    return list(zip(requests.tolist(), bad.tolist(), strict=True))


def _wald_gains(fault: Fault, slots: Sequence[Slot]) -> Iterator[float]:
    for nc, ec, _, _, faulty in slots:
        rate = fault.base + (fault.canary - fault.base) * faulty
        good = (1.0 - min(rate, 1.0 - 1e-12)) / (1.0 - fault.base)
        yield ec * log(rate / fault.base) + (nc - ec) * log(good)


def _first_above(gains: Iterator[float], first: int) -> int | None:
    total = 0.0
    for number, gain in enumerate(gains, start=first):
        total += gain
        if total >= LOG_BAR:
            return number
    return None


def _condemned_at(evidence: judge.Evidence, slots: Sequence[Slot]) -> int | None:
    for number, (nc, ec, nb, eb, faulty) in enumerate(slots):
        evidence = judge.fold(evidence, {"errors": Counts(nc, ec, nb, eb)})
        if faulty and evidence.is_condemned:
            return number
    return None


def _waited(slot: int | None, fresh: Freshness, begins: float) -> float:
    if slot is None:
        return LONGEST_SECONDS
    return min((slot + 1) * fresh.slot + fresh.delay - begins + ROLLBACK_SECONDS, LONGEST_SECONDS)
