"""What the instruments of a rollout count: lines of the log, requests that reached an integration, and a business metric.

Requests arrive as a Poisson process and each is the canary's with the probability of the weight. Some are refused before their
integration; what their line says of the canary is one of three answers that nobody has recorded
(docs/aws.md#is-canary-of-refused-request). One request in a hundred that reaches an integration writes a datum of the business
metric. The rules that listen are the product's.
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
"""What a step may be held by; the last two are the metrics whose silence is told apart."""

METRICS = len(HELD) - 1


@dataclass(frozen=True, slots=True)
class World:
    """What is true of the requests.

    ``cluster``: data that a request of the business metric writes on average. ``checkouts``: how many write any now, as a
    multiple of the history's. ``wave``: how far the traffic and that share go up and down over the day; it is night now.
    ``copies``: how often each line arrives. ``refused``: the share of requests refused before their integration, and
    ``refused_say``: what their line says of the canary. ``is_young``: there is no history.
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
    """A minute as it is counted: lines, requests that reached an integration, and business data, of both arms."""

    lines: Arms
    integrated: Arms
    business: Arms


@dataclass(slots=True)
class Listener:
    """One rollout's states of the rules, and what was held so far."""

    habit: Habit
    split: SplitEvidence = NO_SPLIT_EVIDENCE
    lines: Heard = NOTHING_HEARD
    business: Heard = NOTHING_HEARD
    held: set[str] = field(default_factory=set)

    def begin_step(self) -> None:
        """The next weight is set."""
        self.lines, self.business = begin_step(self.lines), begin_step(self.business)

    def hear(self, minute: Counted, *, share: float, is_step_over: bool = False) -> set[str]:
        """One judged minute more; what is held after it."""
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
    """Minutes of so many rollouts under the weights given, minute for minute."""
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
    """What a day of base says of the business metric; it begins at the same time of the day as the rollout."""
    if world.is_young:
        return habit_of([], [])
    level = 1.0 - world.wave * np.cos(2.0 * np.pi * np.arange(HISTORY_MINUTES) / HISTORY_MINUTES)
    requests = rng.poisson(traffic * (1.0 - world.refused) * level)
    data = _clustered(rng, rng.binomial(requests, BUSINESS_SHARE * level / world.cluster), world.cluster)
    return habit_of(data.tolist(), (requests * world.copies).tolist())


def _clustered(rng: np.random.Generator, writing: np.ndarray, cluster: float) -> np.ndarray:
    """Data of so many requests that write any: one, or more of a geometric number."""
    more = rng.negative_binomial(writing.clip(min=1), 1.0 / cluster) if cluster > 1.0 else np.zeros_like(writing)
    data: np.ndarray = writing + more * (writing > 0)
    return data
