"""Who holds a target: reported with since when, how far it is, and what to do."""

import pytest

from canary.rules.rollouts.holder import holder_problem, last_words
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import abort_command, advance_command
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.steering import Pause, Steering
from tests.builders import EXECUTION, NOON, a_policy, a_rollout

SINCE = "since 2026-01-31T12:00:00Z"


def told(owner=EXECUTION, **changes):
    rollout = a_rollout(policy=a_policy(10, 12.5, 50), **changes)
    return holder_problem(rollout, owner), rollout


@pytest.mark.parametrize(
    ("changes", "progress"),
    [
        ({}, "before step 1 of 3"),
        ({"phase": Phase.SHIFTING, "step": StepState(index=1)}, "at step 2 of 3 with 12.5 %"),
        (
            {"phase": Phase.SHIFTING, "step": StepState(index=1), "steering": Steering(pause=Pause(NOON))},
            "at step 2 of 3 with 12.5 %, paused",
        ),
        ({"phase": Phase.TAKING_ALL, "step": StepState(index=2)}, "being promoted"),
        ({"phase": Phase.MOVING_BASE, "step": StepState(index=2)}, "being promoted"),
        ({"phase": Phase.TAKING_ALL, "reverts": "run-0"}, "reverting rollout run-0"),
    ],
)
def test_a_running_rollout_is_reported_with_its_step_and_the_command_that_aborts_it(changes, progress):
    problem, rollout = told(**changes)

    assert problem.value == f"rollout run-1 is running on orders ({SINCE}, {progress}, execution {EXECUTION})"
    assert problem.fix == f"wait for its end, or abort it with the verb abort: {abort_command(rollout)}"


def test_why_it_was_started_is_repeated():
    problem, _ = told(reason="OPS-9")
    assert problem.value.endswith(f"execution {EXECUTION}, reason: OPS-9)")


def test_a_parked_rollout_is_reported_with_the_commands_that_end_it():
    parked = {"phase": Phase.PARKED, "step": StepState(index=0), "parked_until": NOON + 3600}
    problem, rollout = told("parked", **parked)

    assert problem.value == (
        "rollout run-1 is parked on orders (since 2026-01-31T12:00:00Z, at step 1 of 3 with 10 %, until 2026-01-31T13:00:00Z)"
    )
    assert problem.fix == f"advance it: {advance_command(rollout)}; or abort it with the verb abort: {abort_command(rollout)}"


def test_a_parked_rollout_without_an_end_is_reported_anyway():
    problem, _ = told("parked", phase=Phase.PARKED, step=StepState(index=0))
    assert problem.value.endswith("at step 1 of 3 with 10 %)")


@pytest.mark.parametrize("owner", [EXECUTION, "operator:run-1", "sweeper"])
def test_a_rollback_is_reported_with_its_reason_whoever_makes_it(owner):
    problem, _ = told(owner, phase=Phase.ROLLING_BACK, reason="aborted: OPS-9")

    assert problem.value == "rollout run-1 is being rolled back on orders (since 2026-01-31T12:00:00Z, reason: aborted: OPS-9)"
    assert problem.fix == "wait a few minutes until the controller has freed the target, then start again"


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.SHIFTING, Phase.TAKING_ALL, Phase.ROLLING_BACK])
def test_an_execution_that_is_stopped_before_the_commit_point_says_that_it_is_rolled_back(phase):
    error, cause = last_words(a_rollout(phase=phase), "aborted: OPS-9")
    assert (error, cause.split(";")[0]) == ("RolledBack", "aborted: OPS-9")


def test_an_execution_that_is_stopped_after_the_commit_point_does_not_say_rolled_back():
    error, cause = last_words(a_rollout(phase=Phase.MOVING_BASE), "aborted")
    assert error == "TakenOver"
    assert cause == "aborted; base's aliases were already moving, so the controller finishes the promotion"


@pytest.mark.parametrize("owner", ["sweeper", "guard:run-1", None])
def test_a_rollout_without_its_execution_is_the_controllers(owner):
    problem, _ = told(owner, phase=Phase.MOVING_BASE)
    assert problem.value.startswith(
        "rollout run-1 no longer has an execution, and the controller is making orders safe (since "
    )


def test_a_rollout_that_waits_for_a_person_is_reported_as_such():
    problem, _ = told(phase=Phase.ROLLING_BACK, needs_operator=True, reason="x" * 9000)

    assert problem.value.startswith("rollout run-1 waits for an operator on orders (since 2026-01-31T12:00:00Z, reason: xxx")
    assert len(problem.value) < 700
    assert "do what its notification says" in problem.fix
