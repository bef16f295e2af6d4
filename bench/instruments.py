"""What the instruments of a rollout count: log lines, requests that reached an integration, and a business metric.

Requests arrive as a Poisson process, and each belongs to the canary with the probability of the weight. Some are refused before
their integration. It is not recorded which of three answers their log line gives about the canary
(docs/aws.md#is-canary-of-refused-request). One in a hundred of the requests that reach an integration writes a datum of the
business metric. The rules that use these counts are the product's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from canary.rules.judging.habit import OF_REQUESTS, Habit, habit_of
from canary.rules.judging.silence import NOTHING_HEARD, Arms, Heard, Hearing, begin_step, hearing, listen
from canary.rules.judging.split import NO_SPLIT_EVIDENCE, SplitEvidence, fold_split, is_off_split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HISTORY_MINUTES = 1440
BUSINESS_SHARE = 0.01
HELD = ("split", "lines", "business")
"""The checks that may hold a step; the last two are the metrics whose silence is reported separately."""

METRICS = len(HELD) - 1


@dataclass(frozen=True, slots=True)
class World:
    """What is true about the requests.

    ``cluster``: how much business data one business request writes on average. ``checkouts``: how many requests write any now,
    as a multiple of the history. ``wave``: how far the traffic and that share rise and fall over the day; now it is night.
    ``copies``: how often each line arrives. ``refused``: the share of requests refused before their integration.
    ``refused_say``: what their line says about the canary. ``is_young``: there is no history.
    """

    name: str = "plain"
    cluster: float = 1.0
    checkouts: float = 1.0
    wave: float = 0.0
    copies: int = 1
    refused: float = 0.0
    refused_say: str = "true"
    is_young: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """A minute's counts: lines, requests that reached an integration, and business data, for both arms."""

    lines: Arms
    integrated: Arms
    business: Arms


@dataclass(slots=True)
class Listener:
    """The state of the rules in one rollout, and what they have held so far."""

    habit: Habit
    split: SplitEvidence = NO_SPLIT_EVIDENCE
    lines: Heard = NOTHING_HEARD
    business: Heard = NOTHING_HEARD
    held: set[str] = field(default_factory=set)

    def begin_step(self) -> None:
        """Set the next weight."""
        self.lines, self.business = begin_step(self.lines), begin_step(self.business)

    def hear(self, minute: Counted, *, share: float, is_step_over: bool = False) -> set[str]:
        """Add one judged minute; return the checks that hold after it."""
        of = minute.integrated
        self.split = fold_split(self.split, canary=of.canary, base=of.base, share=share)
        self.lines = listen(self.lines, minute.lines, share=share, requests=of, habit=OF_REQUESTS, weighed=of)
        self.business = listen(self.business, minute.business, share=share, requests=of, habit=self.habit)
        now = {"split"} if is_off_split(self.split) else set()
        for name, heard, habit in (("lines", self.lines, OF_REQUESTS), ("business", self.business, self.habit)):
            if hearing(heard, habit, metrics=METRICS, is_step_over=is_step_over) is Hearing.SILENT:
                now.add(name)
        self.held |= now
        return now


def draw(
    world: World, traffic: float, shares: Sequence[float], runs: int, rng: np.random.Generator
) -> Iterator[Iterator[Counted]]:
    """The minutes of several rollouts under the given weights, one minute after another."""
    w = np.array(shares)
    size = (runs, len(shares))
    level = 1.0 - world.wave
    requests = rng.poisson(traffic * level, size)
    refused = rng.binomial(requests, world.refused)
    canary = rng.binomial(requests - refused, w)
    base = requests - refused - canary
    says_canary = rng.binomial(refused, w) if world.refused_say == "true" else np.zeros(size, dtype=int)
    writes = BUSINESS_SHARE * world.checkouts * level / world.cluster
    data = [_clustered(rng, rng.binomial(of, writes), world.cluster) for of in (canary, base)]
    columns = (canary + says_canary, base + refused - says_canary, canary, base)
    told = [(column * world.copies).tolist() for column in columns] + [one.tolist() for one in data]
    for rows in zip(*told, strict=True):
        yield (Counted(Arms(a, b), Arms(c, d), Arms(e, f)) for a, b, c, d, e, f in zip(*rows, strict=True))


def history(world: World, traffic: float, rng: np.random.Generator) -> Habit:
    """The business metric over one day of base, which begins at the same time of day as the rollout."""
    if world.is_young:
        return habit_of([], [])
    level = 1.0 - world.wave * np.cos(2.0 * np.pi * np.arange(HISTORY_MINUTES) / HISTORY_MINUTES)
    requests = rng.poisson(traffic * (1.0 - world.refused) * level)
    data = _clustered(rng, rng.binomial(requests, BUSINESS_SHARE * level / world.cluster), world.cluster)
    return habit_of(data.tolist(), (requests * world.copies).tolist())


def _clustered(rng: np.random.Generator, writing: np.ndarray, cluster: float) -> np.ndarray:
    """The data of some requests that write any: one each, or a geometric number."""
    more = rng.negative_binomial(writing.clip(min=1), 1.0 / cluster) if cluster > 1.0 else np.zeros_like(writing)
    data: np.ndarray = writing + more * (writing > 0)
    return data
