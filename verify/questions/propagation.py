"""How long changes take to reach all requests, measured with requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.questions.question import Question
from verify.scratch.answer import Answer
from verify.scratch.api import CALLED, OPEN
from verify.scratch.parts import Part
from verify.scratch.patches import CANARY, CANARY_PERCENT, canary, remove, replace
from verify.scratch.traffic import Expected, await_answer, is_arm, is_version, most_requests, watch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage
    from verify.scratch.traffic import Watch

AT_ONCE_SECONDS = 1.0
ASSUMED_SECONDS = 30.0
ALL, NOTHING = "100", "0"


@dataclass(frozen=True, slots=True)
class Change:
    """A change, and how requests show that it is complete."""

    name: str
    make: Callable[[], object]
    is_new: Expected
    is_old: Expected


def word_of(watches: Iterable[Watch]) -> str:
    """The answer that the slowest change gives."""
    slowest = max((watch.last_old or 0.0 for watch in watches), default=0.0)
    if slowest <= AT_ONCE_SECONDS:
        return "at-once"
    return "within-30-seconds" if slowest <= ASSUMED_SECONDS else f"within-{slowest:.0f}-seconds"


def _describe(change: str, seen: Watch) -> str:
    old = "nothing old was seen" if seen.last_old is None else f"the old settings were last seen after {seen.last_old:.1f} s"
    return (
        f"{change}: {old}, the new first after {seen.first_new or 0.0:.1f} s; "
        f"{seen.requests} requests, {seen.old} of them old, {seen.failed} neither"
    )


class StagePropagation(Question):
    """Attach a canary, change its weight, remove the canary."""

    slug = "stage-propagation"
    how = "attach a canary at 100 %, set it to 0 %, then to 100 %, and remove it, sending requests after each change"

    def budget(self, pace: Pace) -> Budget:
        """Four changes per round, each watched."""
        return _budget(pace, changes=4)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            await_answer(scratch, stage, OPEN, is_arm("base"))
            return _answer(scratch, stage, OPEN, _stage_changes(scratch, stage))


def _stage_changes(scratch: Scratch, stage: Stage) -> list[Change]:
    base, arm = is_arm("base"), is_arm("canary")
    return [
        Change("attach at 100 %", lambda: stage.patch(*canary(scratch.second, 100, arm="canary")), arm, base),
        Change("100 % to 0 %", lambda: stage.patch(replace(CANARY_PERCENT, NOTHING)), base, arm),
        Change("0 % to 100 %", lambda: stage.patch(replace(CANARY_PERCENT, ALL)), arm, base),
        Change("remove at 100 %", lambda: stage.patch(remove(CANARY)), base, arm),
    ]


class AliasPropagation(Question):
    """Move an alias behind a stage from one version to another."""

    slug = "alias-propagation"
    how = "move the alias behind a stage to the other version and back, sending requests after each move"
    parts = frozenset({Part.API, Part.FUNCTION})

    def budget(self, pace: Pace) -> Budget:
        """Two moves per round, each watched."""
        return _budget(pace, changes=2, calls=True)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            await_answer(scratch, stage, CALLED, is_version("1"))
            return _answer(scratch, stage, CALLED, _alias_changes(scratch))


def _alias_changes(scratch: Scratch) -> list[Change]:
    def move(version: str) -> Callable[[], object]:
        return lambda: scratch.aws.call(
            "lambda", "update_alias", FunctionName=scratch.function, Name="live", FunctionVersion=version
        )

    first, second = is_version("1"), is_version("2")
    return [Change("version 1 to 2", move("2"), second, first), Change("version 2 to 1", move("1"), first, second)]


def _answer(scratch: Scratch, stage: Stage, path: str, changes: list[Change]) -> Answer:
    """Make and watch each change in turn, in several rounds."""
    watches = []
    evidence = []
    for change in changes * scratch.pace.rounds:
        change.make()
        seen = watch(scratch, stage, path, is_new=change.is_new, is_old=change.is_old)
        watches.append(seen)
        evidence.append(_describe(change.name, seen))
    return Answer(word_of(watches), tuple(evidence))


def _budget(pace: Pace, *, changes: int, calls: bool = False) -> Budget:
    seconds = pace.longest_watch_seconds * (changes * pace.rounds + 1)
    requests = most_requests(pace, seconds)
    usual = pace.watch_seconds * changes * pace.rounds
    return Budget(seconds=seconds + 30, usual_seconds=usual, requests=requests, calls=requests if calls else 0)
