"""Runs exercises one after the other. Each finds the target at rest; one that failed is aborted before the next begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import ControllerError
from canary_cli.drilling.ground import HOUR, POLL_SECONDS, FailedExerciseError
from canary_cli.drilling.scores import Result, Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary_cli.drilling.exercises import Exercise
    from canary_cli.drilling.ground import Ground

INTERRUPTED = "the drill was interrupted"
NOT_AT_REST = "the target is not at rest after the exercise before"


def run_exercises(ground: Ground, exercises: Sequence[Exercise]) -> tuple[tuple[Score, ...], bool]:
    """The score of each exercise, and whether all could be run to their ends.

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
            is_ready = _rest(ground)
    except ControllerError:
        ground.tell(f"what had begun is left to the controller: canary status {ground.target.name}")
        raise
    except KeyboardInterrupt:
        scores.extend(_not_run(exercise, INTERRUPTED) for exercise in exercises[len(scores) :])
        return tuple(scores), False
    return tuple(scores), is_ready


def what_is_left(ground: Ground) -> Iterator[str]:
    """What the drill leaves behind at this moment, one sentence each; nothing if base is as before and nothing runs."""
    if held := ground.records.read_lock(ground.target.name).rollout_id:
        yield f"rollout {held}, which the controller ends by itself: canary watch {ground.target.name}"
    live = ground.read_live()
    added = {*live.stage.variables} - {*ground.before.stage.variables} if live.stage and ground.before.stage else set()
    for name in sorted(added):
        yield f"base has the stage variable {name}, which does nothing; take it back with: canary revert {ground.target.name}"


def _run(exercise: Exercise, ground: Ground) -> Score:
    try:
        score = exercise.run(ground, exercise.name.replace(" ", "-"))
    except FailedExerciseError as error:
        score = Score("", "", Result.FAILED, str(error))
    return replace(score, exercise=exercise.name, expected=exercise.expected)


def _not_run(exercise: Exercise, why: str) -> Score:
    return Score(exercise.name, exercise.expected, Result.NOT_SHOWN, why)


def _rest(ground: Ground) -> bool:
    """Whether nothing holds the target within an hour; a rollout that still does is aborted."""
    begun = ground.now()
    if ground.records.read_lock(ground.target.name).rollout_id:
        ground.abort("drill: the exercise is over")
    while ground.records.read_lock(ground.target.name).rollout_id:
        if ground.now() - begun > HOUR:
            return False
        ground.sleep(POLL_SECONDS)
    return True
