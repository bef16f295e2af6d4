from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.checks.survey import find_problems, intended_deployment, intended_versions, place_of, tolerated_alarms
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.definitions.integrations import Place
from canary.rules.definitions.routes import routes_of
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.releases.readings import Deployed
from canary.rules.releases.release import PRESENT, UNCHANGED, Release
from canary.rules.targets.live import LiveAlias
from canary.rules.targets.policy import STANDARD, Step
from tests.builders import (
    BASE_VARIABLES,
    DEFINITION,
    NEW,
    OLD,
    STAGE,
    a_definitions,
    a_function_survey,
    a_policy,
    a_stage,
    a_stage_survey,
    a_survey,
    a_target,
)
from tests.rules.api_world import ORDERS, read

EDITED = read(ORDERS.with_verb("/orders", "DELETE"))


def an_alarm(state, *, is_ours=False):
    return AlarmReading("orders-payment-failures", state, is_ours, "3 of 3 above 5")


def problems(survey=None, *, target=None, release=None, policy=STANDARD):
    target = target or a_target()
    found = find_problems(target, release or Release(), policy, survey or a_survey(target=target))
    return [str(problem) for problem in found]


def with_read(**changes):
    functions = {"orders-read": a_function_survey(**changes), "orders-write": a_function_survey("5", "6")}
    return a_survey(functions=functions)


def with_stage(**changes):
    return a_survey(stage=a_stage_survey(**changes))


PROMOTED = with_stage(definitions=a_definitions(is_promoted=True))


@pytest.mark.parametrize("target", [a_target(), a_target(stage=None)], ids=["stage", "weights"])
def test_finds_nothing_against_a_sound_target(target):
    assert problems(target=target) == []


def test_a_plan_that_no_history_holds_is_a_problem():
    policy = replace(STANDARD, steps=(Step(Decimal(10), 20 * 86_400),))
    assert problems(policy=policy) == [
        (
            "policy.steps: the plan could last 1818000 seconds, more than an execution's history can hold; "
            "shorten the bakes or policy.max_extension_seconds"
        )
    ]


def test_functions_whose_versions_are_too_many_to_list_are_reported_together():
    unlisted = {name: a_function_survey(newest=None, brings=None, is_listed=False) for name in ("orders-read", "orders-write")}

    assert problems(a_survey(functions=unlisted)) == [
        (
            "release.functions: the functions have too many versions to look for the newest of orders-read, orders-write; "
            'name the versions of the release, as in "functions": {"orders-read": "7"}, or delete unused versions'
        )
    ]


def test_reports_what_is_wrong_with_a_function():
    (found,) = problems(with_read(newest=None))
    assert found.startswith("functions.orders-read: no version is published")


def test_other_stages_may_use_an_alias_that_the_target_calls_shared():
    target = a_target(shared_live_alias=True)
    assert problems(with_stage(other_stages=("beta",)), target=target) == []


def test_other_stages_may_never_use_the_canary_alias():
    target = a_target(shared_live_alias=True)
    (found,) = problems(with_stage(canary_stages=("beta",)), target=target)
    assert found.startswith("stage: stages beta set the variable lambdaAlias to canary, the target's canary alias")


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (AlarmState.GONE, "alarms: alarm orders-payment-failures does not exist; create it, or remove it from the target"),
        (AlarmState.BROKEN, "alarms: alarm orders-payment-failures cannot be evaluated: 3 of 3 above 5; fix it"),
        (AlarmState.ALARM, "alarms: alarm orders-payment-failures is already firing: 3 of 3 above 5; wait until it is OK"),
        (
            AlarmState.INSUFFICIENT_DATA,
            "alarms: alarm orders-payment-failures has no data; wait for its first data, or let missing data be notBreaching",
        ),
    ],
)
def test_reports_what_is_wrong_with_an_alarm(state, problem):
    assert problems(a_survey(alarms=(an_alarm(state),))) == [problem]


@pytest.mark.parametrize("alarm", [an_alarm(AlarmState.OK), an_alarm(AlarmState.INSUFFICIENT_DATA, is_ours=True)])
def test_a_calm_alarm_and_our_own_without_data_are_no_problem(alarm):
    assert problems(a_survey(alarms=(alarm,))) == []


def test_alarms_that_fire_already_may_be_tolerated():
    firing, gone = an_alarm(AlarmState.ALARM), an_alarm(AlarmState.GONE)
    tolerant = a_policy(tolerate_firing_alarms=True)
    assert problems(a_survey(alarms=(firing,)), policy=tolerant) == []
    assert len(problems(a_survey(alarms=(gone,)), policy=tolerant)) == 1
    assert tolerated_alarms(tolerant, a_survey(alarms=(firing, gone))) == ("orders-payment-failures",)
    assert tolerated_alarms(STANDARD, a_survey(alarms=(firing,))) == ()


def test_reports_every_problem_at_once():
    survey = a_survey(
        functions={"orders-read": a_function_survey(live=None), "orders-write": a_function_survey(newest=None)},
        stage=a_stage_survey(log_group=None, other_stages=("beta",)),
        alarms=(an_alarm(AlarmState.GONE),),
    )
    assert len(problems(survey)) == 5


class TestIntent:
    def test_takes_the_version_asked_for_else_the_newest_else_the_live_one(self):
        target = a_target("a", "b", "c", "d")
        newest_unknown = {"newest": None, "live": LiveAlias("3")}
        functions = {
            "a": a_function_survey(newest="2"),
            "b": a_function_survey(newest="7"),
            "c": a_function_survey(**newest_unknown),
            "d": a_function_survey(newest=None, live=None),
        }
        survey = a_survey(functions=functions)
        assert intended_versions(target, Release({"a": "4"}), survey) == {"a": "4", "b": "7", "c": "3", "d": ""}

    @pytest.mark.parametrize("asked", ["dep-9", UNCHANGED])
    def test_takes_the_deployment_asked_for(self, asked):
        assert intended_deployment(a_target(), Release(deployment=asked), PROMOTED) == asked

    @pytest.mark.parametrize("asked", [None, PRESENT])
    @pytest.mark.parametrize(("is_promoted", "wanted"), [(True, UNCHANGED), (False, PRESENT)])
    def test_freezes_the_present_definition_unless_it_was_promoted_last(self, asked, is_promoted, wanted):
        survey = with_stage(definitions=a_definitions(is_promoted=is_promoted))
        assert intended_deployment(a_target(), Release(deployment=asked), survey) == wanted

    def test_freezes_a_present_definition_that_changed_since(self):
        survey = with_stage(definitions=a_definitions(present=EDITED, base=DEFINITION))
        recorded = replace(survey.stage.definitions.base, recorded=fingerprint(DEFINITION))
        survey = with_stage(definitions=replace(survey.stage.definitions, base=recorded))
        assert intended_deployment(a_target(), Release(), survey) == PRESENT

    @pytest.mark.parametrize(("value", "wanted"), [("new", PRESENT), ("old", UNCHANGED)])
    def test_a_new_value_of_a_variable_on_a_stage_with_a_cache_gets_a_deployment_of_its_own(self, value, wanted):
        stage = a_stage(variables={**BASE_VARIABLES, "mode": "old"})
        survey = with_stage(has_cache=True, stage=stage, definitions=a_definitions(is_promoted=True))
        release = Release(OLD, variables={"mode": value})
        assert intended_deployment(a_target(), release, survey) == wanted

    @pytest.mark.parametrize(("versions", "wanted"), [({}, PRESENT), ({"orders-read": "1", "orders-write": "5"}, UNCHANGED)])
    def test_new_code_on_a_stage_with_a_cache_gets_a_deployment_of_its_own(self, versions, wanted):
        survey = with_stage(has_cache=True, definitions=a_definitions(is_promoted=True))
        assert intended_deployment(a_target(), Release(versions), survey) == wanted

    def test_new_code_counts_where_an_alias_is_missing_too(self):
        functions = {"orders-read": a_function_survey(live=None), "orders-write": a_function_survey("5", "5")}
        stage = a_stage_survey(has_cache=True, definitions=a_definitions(is_promoted=True))
        assert intended_deployment(a_target(), Release(), a_survey(functions=functions, stage=stage)) == PRESENT

    def test_a_survey_without_a_stage_knows_no_definition(self):
        assert intended_deployment(a_target(), Release(), a_survey(stage=None)) == PRESENT
        assert intended_deployment(a_target(stage=None), Release(deployment="dep-9"), PROMOTED) == "dep-9"

    @pytest.mark.parametrize(("versions", "wanted"), [(OLD, UNCHANGED), (NEW, "dep-9")])
    def test_a_named_deployment_of_bases_own_definition_brings_code_alone(self, versions, wanted):
        named = Deployed("dep-9", DEFINITION, routes=routes_of(DEFINITION))
        survey = with_stage(definitions=a_definitions(present=None, named=named))
        assert intended_deployment(a_target(), Release(versions, "dep-9"), survey) == wanted


class TestPlace:
    ARN = "arn:aws-cn:lambda:cn-north-1:123456789012:function:orders-read:live"

    def test_is_that_of_any_alias(self):
        functions = {"a": a_function_survey(live=None), "b": a_function_survey(canary=LiveAlias("1", arn=self.ARN))}
        assert place_of(a_survey(functions=functions)) == Place("aws-cn", "cn-north-1", "123456789012")

    @pytest.mark.parametrize("arn", ["", "arn:x"])
    def test_is_unknown_without_an_alias_that_tells_it(self, arn):
        functions = {"a": a_function_survey(live=LiveAlias("1", arn=arn), canary=None)}
        assert place_of(a_survey(functions=functions)) is None


def test_problems_of_a_stage_need_a_stage_to_look_at():
    assert problems(a_survey(stage=None), target=a_target(stage=STAGE)) == []
