"""How soon the split check and the silence check find counting faults: judged minutes from the fault until the hold.

A fault begins with the first minute of a rollout, with the first minute of a later step, or in the middle of a step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.instruments import Counted, Listener, World, draw, history
from bench.runs import SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fault = Callable[[Counted, np.random.Generator], Counted]

PLAIN = World()
PATIENCE_MINUTES = 400
JUDGED_BEFORE = 14
"""Minutes of each step without a fault."""


def half_lost(*arms: str) -> Fault:
    """Half of an arm's lines are lost, independently of each other."""

    def lose(minute: Counted, rng: np.random.Generator) -> Counted:
        kept = {arm: int(rng.binomial(getattr(minute.integrated, arm), 0.5)) for arm in arms}
        return replace(minute, integrated=replace(minute.integrated, **kept))

    return lose


def twice(minute: Counted, _: np.random.Generator) -> Counted:
    """The canary's lines are counted twice."""
    return replace(minute, integrated=replace(minute.integrated, canary=2 * minute.integrated.canary))


def all_lost(minute: Counted, _: np.random.Generator) -> Counted:
    """The canary has no lines."""
    return replace(minute, lines=replace(minute.lines, canary=0), integrated=replace(minute.integrated, canary=0))


def silent(*arms: str) -> Fault:
    """The business metric has no data in these arms."""

    def fall(minute: Counted, _: np.random.Generator) -> Counted:
        return replace(minute, business=replace(minute.business, **dict.fromkeys(arms, 0)))

    return fall


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at the weight `share`, which check must hold, the requests per minute, and the weights of the minutes before."""

    name: str
    fault: Fault
    held_by: str
    traffic: float
    before: tuple[float, ...]
    share: float

    @property
    def began(self) -> str:
        """When the fault begins."""
        if not self.before:
            return "at the start"
        return "within the step" if self.before[-1] == self.share else "with the step"


def cases() -> Iterator[Case]:
    """Every case of the table."""
    later = {0.1: (), 0.25: (0.1,) * JUDGED_BEFORE, 0.5: (0.1,) * JUDGED_BEFORE + (0.25,) * JUDGED_BEFORE}
    halves = (("half of the canary's lines lost", half_lost("canary")), ("half of base's lines lost", half_lost("base")))
    for share, before in later.items():
        for name, fault in halves:
            yield Case(name, fault, "split", 300, (), share)
        yield Case(*halves[0], "split", 300, (*before, *[share] * JUDGED_BEFORE), share)
        if before:
            yield Case(*halves[0], "split", 300, before, share)
    yield Case("the canary's lines counted twice", twice, "split", 300, (), 0.1)
    for traffic in (6, 60, 600):
        for held_by in ("split", "lines"):
            yield Case("all of the canary's lines lost", all_lost, held_by, traffic, (), 0.1)
    for traffic in (60, 600, 6000):
        for share, before in ((0.1, ()), (0.5, later[0.5]), (0.5, (0.5,) * JUDGED_BEFORE)):
            yield Case("business metric silent in the canary", silent("canary"), "business", traffic, before, share)


def minutes_to_hold(case: Case, runs: int) -> list[int]:
    """Judged minutes from the fault until the hold; PATIENCE_MINUTES if it was not held by then."""
    rng = np.random.default_rng([SEED, crc32(f"{case.name} {case.traffic} {case.before} {case.share}".encode())])
    shares = (*case.before, *[case.share] * PATIENCE_MINUTES)
    drawn = draw(PLAIN, case.traffic, shares, runs, rng)
    return [_until_held(case, Listener(history(PLAIN, case.traffic, rng)), minutes, rng) for minutes in drawn]


def _until_held(case: Case, listener: Listener, minutes: Iterator[Counted], rng: np.random.Generator) -> int:
    for share in case.before:
        listener.hear(next(minutes), share=share)
    for number, minute in enumerate(minutes, start=1):
        if case.held_by in listener.hear(case.fault(minute, rng), share=case.share):
            return number
    return PATIENCE_MINUTES


def table(runs: int) -> Iterator[str]:
    """Mean and median, as Markdown lines."""
    yield "| fault | begins | requests/min | weight | held by | judged minutes, mean | median |"
    yield f"|{'---|' * 7}"
    for case in cases():
        minutes = minutes_to_hold(case, runs)
        told = (case.name, case.began, f"{case.traffic:g}", f"{case.share:.0%}", case.held_by)
        yield f"| {' | '.join(told)} | {fmean(minutes):.1f} | {median(minutes):g} |"
