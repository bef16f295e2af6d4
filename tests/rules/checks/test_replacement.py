"""A target that is held, surveyed as it will be once its rollout is rolled back."""

from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.checks.replacement import waits_for_alarms, without_rollout
from canary.rules.checks.survey import Survey, find_problems
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.releases.release import Release
from canary.rules.targets.live import LiveAlias
from canary.rules.targets.policy import STANDARD
from tests.builders import NEW, OLD, a_canary, a_function_survey, a_rollout, a_stage, a_stage_survey, a_survey, a_target

FIRING, BROKEN = (AlarmReading("payments", state, is_ours=False) for state in (AlarmState.ALARM, AlarmState.BROKEN))


def problems_of(survey: Survey, target):
    return find_problems(target, Release(), STANDARD, survey)


def test_a_rollouts_own_canary_and_the_alarms_that_it_set_off_are_no_problem_of_a_newer_start():
    found = a_survey(stage=a_stage_survey(stage=a_stage(a_canary(25))), alarms=(FIRING,))
    assert len(problems_of(found, a_target())) == 2
    assert problems_of(without_rollout(found, a_rollout()), a_target()) == ()


@pytest.mark.parametrize(
    "found",
    [
        a_survey(stage=a_stage_survey(stage=a_stage(a_canary(deployment_id="dep-other", overrides={})))),
        a_survey(alarms=(BROKEN,)),
    ],
)
def test_what_someone_else_did_stays_a_problem(found):
    assert len(problems_of(without_rollout(found, a_rollout()), a_target())) == 1


def test_a_stage_without_a_canary_or_that_is_gone_stays_as_it_is():
    for stage in (a_stage_survey(), a_stage_survey(stage=None), None):
        found = a_survey(stage=stage)
        assert without_rollout(found, a_rollout()) == found


def test_weights_of_aliases_are_taken_back():
    target = a_target(stage=None)
    split = {name: LiveAlias(OLD[name], {NEW[name]: Decimal("0.25")}) for name in OLD}
    functions = {name: replace(a_function_survey(OLD[name], NEW[name]), live=split[name]) for name in OLD}
    found = a_survey(target=target, functions=functions)
    assert len(problems_of(found, target)) == 2

    cleaned = without_rollout(found, a_rollout(target=target))
    assert problems_of(cleaned, target) == ()
    assert {name: one.live for name, one in cleaned.functions.items()} == {name: LiveAlias(OLD[name]) for name in OLD}


def test_an_alias_that_is_gone_or_that_the_rollout_does_not_know_stays_as_it_is():
    target = a_target("orders-read", "orders-new", stage=None)
    functions = {"orders-read": a_function_survey(live=None), "orders-new": a_function_survey("9", "10")}
    found = a_survey(target=target, functions=functions)
    assert without_rollout(found, a_rollout(target=a_target("orders-read", stage=None))).functions == functions


def test_only_alarms_that_fire_are_waited_for():
    firing, broken = a_survey(alarms=(FIRING,)), a_survey(alarms=(FIRING, BROKEN))
    assert waits_for_alarms(problems_of(firing, a_target()), firing)
    assert not waits_for_alarms(problems_of(broken, a_target()), broken)
    assert not waits_for_alarms((), a_survey())
