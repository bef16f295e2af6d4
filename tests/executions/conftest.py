"""Whole executions on the embedded AWS. `make test` runs a sample; `make check` runs all on what the templates deploy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import Rig

SAMPLE = {
    "test_a_healthy_release_is_promoted_step_by_step",
    "test_a_new_version_alone_uses_the_deployment_of_base",
    "test_a_failing_release_is_removed",
    "test_a_release_that_raises_behind_a_response_of_200_is_removed",
    "test_a_held_step_goes_on_when_traffic_comes_back",
    "test_each_step_is_an_execution_and_the_last_one_promotes",
    "test_an_alarm_that_fires_while_parked_rolls_back_within_a_minute",
    "test_a_stopped_execution_is_made_safe_by_guard_and_sweeper",
    "test_an_execution_that_was_taken_over_ends_refused_and_touches_nothing",
    "test_a_healthy_version_is_promoted_without_a_flip",
    "test_a_second_rollout_is_refused_while_one_runs",
    "test_a_target_that_is_not_ready_is_refused",
    "test_a_wrong_input_is_refused_with_what_to_do",
    "test_a_definition_that_cannot_be_tried_is_refused_before_the_first_change",
    "test_a_release_is_judged_alike_whichever_arm_refused_requests_count_for",
    "test_a_release_of_variables_alone_is_promoted",
    "test_the_newest_of_many_starts_is_promoted_and_every_other_one_names_a_newer",
    "test_a_promoted_release_is_rolled_back_in_minutes",
    "test_rollouts_ask_these_questions_and_no_others",
}
"""The tests whose cases run in `make test`, except those marked slow."""

HERE = Path(__file__).parent
ON_OWN_STACKS = {"test_unknowns.py"}
"""These do not run on deployed templates, because they open an embedded AWS for each case themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            name = item.originalname if isinstance(item, pytest.Function) else item.name
            if name not in SAMPLE:
                item.add_marker(pytest.mark.slow)
            if item.path.name not in ON_OWN_STACKS:
                item.add_marker(pytest.mark.deployed)


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> Iterator[EmbeddedAws]:
    """An embedded AWS; a parameter of the test may say what it answers where no record of AWS exists."""
    with EmbeddedAws(guest=CONTROLLER, answers=getattr(request, "param", {})) as opened:
        yield opened


@pytest.fixture
def rig(aws: EmbeddedAws) -> Rig:
    return Rig(aws)
