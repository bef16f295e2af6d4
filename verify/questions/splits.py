"""How a stage's canary gets its share of the requests: as much as was set, and each request drawn for itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.answer import Answer, UnansweredError
from verify.budget import Budget
from verify.patches import CANARY_PERCENT, canary, replace
from verify.question import Question
from verify.scratch_api import OPEN
from verify.traffic import await_answer, is_arm, most_requests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verify.pace import Pace
    from verify.replies import Reply
    from verify.scratch import Scratch
    from verify.stage import Stage

EACH, BY_CONNECTION, WITHIN_A_THIRD = "as-set-each", "as-set-by-connection", "within-a-third"
PERCENTS = (1, 10, 50)
A_CONNECTION = 50
"""Requests over one connection that is kept."""
FEWEST = 10
"""Requests over one connection that tell whether each is drawn for itself."""
CHANCE = 4.0
"""Standard deviations that are still chance: one question in some ten thousand would be judged wrongly by it."""
THIRD = 1 / 3
REQUEST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """The arms of the requests at one percent: of those with a connection each, and of each connection that was kept."""

    percent: int
    alone: Sequence[bool]
    kept: Sequence[Sequence[bool]]

    @property
    def is_by_connection(self) -> bool:
        """Whether the requests of a connection all go to one arm, at a percent at which chance cannot do that.

        A connection that the other side closed at once tells nothing.
        """
        told = [arms for arms in self.kept if len(arms) >= FEWEST]
        return bool(told) and all(len(set(arms)) == 1 for arms in told)

    def counted(self, *, with_kept: bool) -> tuple[int, int]:
        """The canary's requests, and all."""
        arms = [*self.alone, *(arm for kept in self.kept for arm in kept if with_kept)]
        return sum(arms), len(arms)


class SplitAccuracy(Question):
    """Shares counted at three weights, with and without connections that are kept."""

    slug = "split-accuracy"
    how = "send 2,000 requests each at 1, 10 and 50 %, half of them over connections that are kept, and count the canary's"

    def budget(self, pace: Pace) -> Budget:
        """The requests, and a wait for each weight."""
        counted = len(PERCENTS) * pace.split_requests
        seconds = pace.longest_watch_seconds + len(PERCENTS) * pace.steady_seconds + counted * REQUEST_SECONDS
        usual = len(PERCENTS) * pace.steady_seconds + counted * REQUEST_SECONDS / 4
        requests = most_requests(pace, pace.longest_watch_seconds) + counted
        return Budget(seconds=seconds + 30, usual_seconds=usual, requests=requests)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            await_answer(scratch, stage, OPEN, is_arm("base"))
            stage.patch(*canary(scratch.second, 0, arm="canary"))
            samples = [_sample(scratch, stage, percent) for percent in PERCENTS]
        return Answer(word_of(samples), tuple(_describe(sample) for sample in samples))


def word_of(samples: Sequence[Sample]) -> str:
    """The answer that the counts give."""
    half = max(samples, key=lambda sample: sample.percent)
    if half.is_by_connection:
        shares = [sample.counted(with_kept=False) for sample in samples]
        return BY_CONNECTION if all(map(_is_as_set, samples, shares)) else f"{BY_CONNECTION}-but-not-as-set"
    shares = [sample.counted(with_kept=True) for sample in samples]
    off = [(sample, share) for sample, share in zip(samples, shares, strict=True) if not _is_as_set(sample, share)]
    if not off:
        return EACH
    if all(_is_within_a_third(sample, share) for sample, share in off):
        return WITHIN_A_THIRD
    return "-and-".join(f"{100 * share[0] / share[1]:.1f}-at-{sample.percent}" for sample, share in off)


def _is_as_set(sample: Sample, share: tuple[int, int]) -> bool:
    """Whether chance alone explains the count."""
    found, sent = share
    expected = sample.percent / 100
    return abs(found - sent * expected) <= _chance(sent, expected)


def _is_within_a_third(sample: Sample, share: tuple[int, int]) -> bool:
    """Whether the count may be of a share that differs by a third of what was set, or by less."""
    found, sent = share
    expected = sample.percent / 100
    return abs(found - sent * expected) <= sent * expected * THIRD + _chance(sent, expected)


def _chance(sent: int, expected: float) -> float:
    return CHANCE * math.sqrt(sent * expected * (1 - expected))


def _sample(scratch: Scratch, stage: Stage, percent: int) -> Sample:
    stage.patch(replace(CANARY_PERCENT, f"{percent}"))
    scratch.aws.clock.sleep(scratch.pace.steady_seconds)  # at 1 % no request tells that the change is through
    kept = scratch.pace.split_requests // (2 * A_CONNECTION)
    alone = _arms(scratch.get(stage, OPEN) for _ in range(scratch.pace.split_requests - kept * A_CONNECTION))
    return Sample(percent, alone, [_arms(scratch.get_kept(stage, OPEN, A_CONNECTION)) for _ in range(kept)])


def _arms(replies: Iterable[Reply]) -> list[bool]:
    """Whether each was the canary's."""
    is_base, is_canary = is_arm("base"), is_arm("canary")
    arms = []
    for reply in replies:
        if not (is_base(reply) or is_canary(reply)):
            raise UnansweredError(f"one of the requests that were counted was not answered; the status was {reply.status}")
        arms.append(is_canary(reply))
    return arms


def _describe(sample: Sample) -> str:
    found, sent = sample.counted(with_kept=False)
    more = [f"{sum(arms)} of {len(arms)}" for arms in sample.kept]
    return f"at {sample.percent} %: {found} of {sent}; by kept connection {', '.join(more) or 'none'}"
