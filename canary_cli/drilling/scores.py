"""The score sheet of a drill: what was expected, what happened, and how long it took. Values and their words only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.rules.reports.amounts import lasting

if TYPE_CHECKING:
    from collections.abc import Iterator


class Result(enum.StrEnum):
    """What an exercise showed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Score:
    """One exercise. ``happened`` is one sentence; ``seconds`` has what was measured, by AWS's own time.

    ``rollouts``: the ids of the rollouts that it began.
    """

    exercise: str
    expected: str
    result: Result
    happened: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    rollouts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """A whole drill. ``is_complete``: whether it was not interrupted. ``seconds``: how long it took, by AWS's own time.

    ``left``: what it leaves behind, one sentence each.
    """

    verb: str
    target: str
    account: str
    region: str
    rest_api_id: str
    stage_name: str
    is_complete: bool
    seconds: float
    scores: tuple[Score, ...]
    left: tuple[str, ...]

    def count(self, result: Result) -> int:
        """How many exercises had this result."""
        return sum(score.result is result for score in self.scores)


def lines_of_sheet(sheet: ScoreSheet) -> Iterator[str]:
    """The score sheet as people read it."""
    counts = ", ".join(f"{sheet.count(result)} {result}" for result in Result)
    interrupted = "" if sheet.is_complete else "; interrupted"
    lasted = lasting(sheet.seconds)
    yield f"drill of {sheet.target}, stage {sheet.stage_name} of API {sheet.rest_api_id}: {counts}, in {lasted}{interrupted}"
    width = max((len(score.exercise) for score in sheet.scores), default=0)
    for score in sheet.scores:
        yield f"  {score.result:<9}  {score.exercise:<{width}}  {score.happened}"
    yield from (f"  left       {one}" for one in sheet.left)
