"""Runs exercises one after the other. Each finds the target at rest; one that failed is aborted before the next begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import ControllerError
from canary.rules.checks.hours import HOUR_SECONDS
from canary_cli.drilling.ground import POLL_SECONDS, FailedExerciseError
from canary_cli.drilling.releases import VARIABLE
from canary_cli.drilling.scores import Result, Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary_cli.drilling.exercises import Exercise
    from canary_cli.drilling.ground import Ground

INTERRUPTED = "the drill was interrupted"
NOT_AT_REST = "the target is not at rest after the exercise before"


def run_exercises(ground: Ground, exercises: Sequence[Exercise]) -> tuple[tuple[Score, ...], bool]:
    """The score of each exercise, and whether nobody interrupted the drill.

    Ctrl-C or SIGTERM (as `KeyboardInterrupt`) end the drill at any point. What had begun is left to the controller.

    Raises:
        ControllerError: AWS cannot be asked. The controller needs nobody to go on.

    """
    scores: list[Score] = []
    is_ready = True
    try:
        for exercise in exercises:
            if not is_ready:
                scores.append(_not_run(exercise, NOT_AT_REST))
                continue
            ground.tell(f"{exercise.name}: expected: {exercise.expected}")
            scores.append(_run(exercise, ground))
            ground.tell(f"{exercise.name}: {scores[-1].result}: {scores[-1].happened}")
            if not (is_ready := _rest(ground)):
                scores[-1] = _not_at_rest(scores[-1])
    except ControllerError:
        ground.tell(f"what had begun is left to the controller: canary status {ground.target.name}")
        raise
    except KeyboardInterrupt:
        scores.extend(_not_run(exercise, INTERRUPTED) for exercise in exercises[len(scores) :])
        return tuple(scores), False
    return tuple(scores), True


def what_is_left(ground: Ground) -> Iterator[str]:
    """What the drill leaves behind at this moment, one sentence each; nothing if base is as before and nothing runs."""
    if held := ground.records.read_lock(ground.target.name).rollout_id:
        yield f"rollout {held}, which the controller ends by itself: canary watch {ground.target.name}"
    live = ground.read_live()
    now, before = (one.stage.variables.get(VARIABLE) if one.stage else None for one in (live, ground.before))
    if now is not None and now != before:
        name = ground.target.name
        yield f"base has the stage variable {VARIABLE}, which does nothing; take it back with: canary revert {name}"


def _run(exercise: Exercise, ground: Ground) -> Score:
    try:
        score = exercise.run(ground, exercise.name.replace(" ", "-"))
    except FailedExerciseError as error:
        score = Score("", "", Result.FAILED, str(error))
    return replace(score, exercise=exercise.name, expected=exercise.expected)


def _not_at_rest(score: Score) -> Score:
    """An exercise whose rollout does not end has failed, whatever it showed before."""
    happened = f"{score.happened}; an hour after it the target is not at rest: see canary status"
    return replace(score, result=Result.FAILED, happened=happened)


def _not_run(exercise: Exercise, why: str) -> Score:
    return Score(exercise.name, exercise.expected, Result.NOT_SHOWN, why)


def _rest(ground: Ground) -> bool:
    """Whether nothing holds the target within an hour; a rollout that still does is aborted."""
    begun = ground.now()
    if ground.records.read_lock(ground.target.name).rollout_id:
        ground.abort("drill: the exercise is over")
    while ground.records.read_lock(ground.target.name).rollout_id:
        if ground.now() - begun > HOUR_SECONDS:
            return False
        ground.sleep(POLL_SECONDS)
    return True
