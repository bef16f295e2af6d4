"""How a stage's canary gets its share of the requests: whether it is what was set, and each request is drawn independently."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.api import OPEN
from verify.scratch.patches import CANARY_PERCENT, canary, replace
from verify.scratch.traffic import await_answer, is_arm, most_requests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verify.account.pace import Pace
    from verify.scratch.replies import Reply
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

EACH, BY_CONNECTION, WITHIN_A_THIRD = "as-set-each", "as-set-by-connection", "within-a-third"
PERCENTS = (1, 10, 50)
A_CONNECTION = 50
"""Requests over one kept connection."""
FEWEST = 10
"""Requests over one connection that are enough to show whether each is drawn independently."""
CHANCE = 4.0
"""Standard deviations that still count as chance; they misjudge one question in some ten thousand."""
THIRD = 1 / 3
REQUEST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """The arms of the requests at one percent: those with a new connection each, and those of each kept connection."""

    percent: int
    alone: Sequence[bool]
    kept: Sequence[Sequence[bool]]

    @property
    def is_by_connection(self) -> bool:
        """Whether all requests of a connection go to one arm, at a percent at which chance cannot explain that.

        A connection that the other side closed at once shows nothing.
        """
        told = [arms for arms in self.kept if len(arms) >= FEWEST]
        return bool(told) and all(len(set(arms)) == 1 for arms in told)

    def counted(self, *, with_kept: bool) -> tuple[int, int]:
        """The number of the canary's requests, and of all requests."""
        arms = [*self.alone, *(arm for kept in self.kept for arm in kept if with_kept)]
        return sum(arms), len(arms)


class SplitAccuracy(Question):
    """Count shares at three weights, with and without kept connections."""

    slug = "split-accuracy"
    how = "send 2,000 requests at each of 1, 10 and 50 %, half of them over kept connections, and count the canary's"

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
    """Whether the count is compatible with a share that differs from what was set by at most a third."""
    found, sent = share
    expected = sample.percent / 100
    return abs(found - sent * expected) <= sent * expected * THIRD + _chance(sent, expected)


def _chance(sent: int, expected: float) -> float:
    return CHANCE * math.sqrt(sent * expected * (1 - expected))


def _sample(scratch: Scratch, stage: Stage, percent: int) -> Sample:
    stage.patch(replace(CANARY_PERCENT, f"{percent}"))
    scratch.aws.clock.sleep(scratch.pace.steady_seconds)  # at 1 % no request shows that the change is complete
    kept = scratch.pace.split_requests // (2 * A_CONNECTION)
    alone = _arms(scratch.get(stage, OPEN) for _ in range(scratch.pace.split_requests - kept * A_CONNECTION))
    return Sample(percent, alone, [_arms(scratch.get_kept(stage, OPEN, A_CONNECTION)) for _ in range(kept)])


def _arms(replies: Iterable[Reply]) -> list[bool]:
    """Whether each request went to the canary."""
    is_base, is_canary = is_arm("base"), is_arm("canary")
    arms = []
    for reply in replies:
        if not (is_base(reply) or is_canary(reply)):
            raise UnansweredError(f"one of the counted requests was not answered; the status was {reply.status}")
        arms.append(is_canary(reply))
    return arms


def _describe(sample: Sample) -> str:
    found, sent = sample.counted(with_kept=False)
    more = [f"{sum(arms)} of {len(arms)}" for arms in sample.kept]
    return f"at {sample.percent} %: {found} of {sent}; by kept connection {', '.join(more) or 'none'}"
