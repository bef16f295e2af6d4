"""How a drill goes on from one exercise to the next, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from canary_cli.drilling.exercises import EXERCISES
from canary_cli.drilling.releases import VARIABLE
from canary_cli.drilling.running import run_exercises, what_is_left
from canary_cli.drilling.scores import Result, Score
from canary_cli.requesting import execution_name
from tests.builders import NOON, a_live, a_stage
from tests.cli.drilling.test_ground import a_ground

if TYPE_CHECKING:
    from canary_cli.drilling.exercises import Exercise
    from canary_cli.drilling.ground import Ground

LONGEST_TARGET, LONGEST_EXECUTION_NAME = 40, 80
"""The product's limit and Step Functions'."""


def passes(_ground: Ground, _name: str) -> Score:
    return Score("", "", Result.PASSED, "it went well")


def holding(ground: Ground, held: str | None) -> Ground:
    lock = SimpleNamespace(rollout_id=held)
    return replace(ground, records=SimpleNamespace(read_lock=lambda _target: lock))


def test_an_exercise_after_which_the_target_comes_to_no_rest_has_failed_and_nobody_interrupted_it():
    scores, is_complete = run_exercises(holding(a_ground(), "run-1"), [replace(one, run=passes) for one in EXERCISES[:2]])

    assert is_complete
    assert [score.result for score in scores] == [Result.FAILED, Result.NOT_SHOWN]
    assert scores[0].happened == "it went well; an hour after it the target is not at rest: see canary status"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_the_longest_targets_rollouts_have_names_that_step_functions_takes(exercise: Exercise):
    run = execution_name("x" * LONGEST_TARGET, NOON, "3f9a")

    assert len(f"{run}-{exercise.name}") <= LONGEST_EXECUTION_NAME


@pytest.mark.parametrize(
    ("before", "now", "is_told"),
    [
        ({}, {VARIABLE: "2"}, True),
        ({VARIABLE: "1"}, {VARIABLE: "2"}, True),
        ({VARIABLE: "1"}, {VARIABLE: "1"}, False),
        ({}, {"flag": "on"}, False),
    ],
)
def test_only_the_drills_own_variable_is_left_by_it(before: dict[str, str], now: dict[str, str], *, is_told: bool):
    ground = holding(a_ground(read=lambda: a_live(stage=a_stage(variables=now))), None)
    left = list(what_is_left(replace(ground, before=a_live(stage=a_stage(variables=before)))))

    assert [VARIABLE in one for one in left] == ([True] if is_told else [])
