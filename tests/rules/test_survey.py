from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.live import LiveAlias
from canary.rules.policy import STANDARD, Step
from canary.rules.release import PRESENT, UNCHANGED, Release
from canary.rules.survey import find_problems, intended_deployment, intended_versions, tolerated_alarms
from canary.rules.target import TargetFunction
from canary.rules.verdict import AlarmReading, AlarmState
from tests.builders import (
    BASE_VARIABLES,
    NEW,
    OLD,
    OVERRIDES,
    STAGE,
    a_canary,
    a_function_survey,
    a_policy,
    a_stage,
    a_stage_survey,
    a_survey,
    a_target,
)

READ = {"live": True, "canary": True}


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


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"live": None},
            (
                "functions.orders-read: alias live does not exist; create it with aws lambda create-alias "
                "--function-name orders-read --name live --function-version <n>"
            ),
        ),
        (
            {"canary": None},
            (
                "functions.orders-read: alias canary does not exist; create it with aws lambda create-alias "
                "--function-name orders-read --name canary --function-version <n>"
            ),
        ),
        (
            {"live": LiveAlias("1", {"2": Decimal("0.1")})},
            "functions.orders-read: alias live already splits traffic: 2 at 0.1; finish or undo that split first",
        ),
        (
            {"canary": LiveAlias("$LATEST")},
            "functions.orders-read: alias canary points at $LATEST; point it at a published version",
        ),
        (
            {"callable_by_api": {"live": True, "canary": False}},
            (
                "functions.orders-read: the API may not invoke alias canary; add the permission with aws lambda add-permission "
                "--function-name orders-read --qualifier canary --principal apigateway.amazonaws.com "
                "--action lambda:InvokeFunction"
            ),
        ),
        ({"newest": None}, "functions.orders-read: no version is published; publish one with aws lambda publish-version"),
        (
            {"event_sources": ("queue orders", "topic orders")},
            (
                "functions.orders-read: alias live is also read by queue orders, topic orders, "
                "which would get the release at once; "
                "give them an alias of their own, or set shared_live_alias: true in the target"
            ),
        ),
        (
            {"roles": {"1": "role-a", "2": "role-b"}},
            (
                "functions.orders-read: weighted versions must share one execution role, got 1: role-a, 2: role-b; "
                "publish a version with the same role"
            ),
        ),
    ],
)
def test_tells_what_is_wrong_with_a_function(changes, problem):
    assert problems(with_read(**changes)) == [problem]


def test_a_version_that_does_not_exist_is_a_problem():
    found = problems(with_read(is_published=False), release=Release({"orders-read": "9"}))
    assert found == [
        "release.functions.orders-read: version 9 does not exist; publish it, or name one that list-versions-by-function shows"
    ]


def test_weights_need_no_canary_alias():
    functions = {name: a_function_survey(canary=None, callable_by_api={}) for name in NEW}
    assert problems(a_survey(target=a_target(stage=None), functions=functions), target=a_target(stage=None)) == []


def test_versions_of_one_role_may_share_an_alias():
    assert problems(with_read(roles={"1": "role-a", "2": "role-a"})) == []


def test_others_may_read_an_alias_that_the_target_calls_shared():
    target = a_target(shared_live_alias=True)
    assert problems(with_read(event_sources=("queue orders",)), target=target) == []
    assert problems(with_stage(other_stages=("beta",)), target=target) == []


def test_a_stage_that_does_not_exist_is_the_only_problem_of_the_stage():
    survey = with_stage(stage=None, log_group=None, deployment_exists=False)
    assert problems(survey) == ["stage: stage prod of API a1b2c3d4e5 does not exist; mend the target"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"stage": a_stage(variables={})},
            (
                "stage.variables.lambdaAlias: it is None and must name the live alias of every function, got live; "
                "set the stage variable lambdaAlias, or mend the target's functions"
            ),
        ),
        (
            {"stage": a_stage(variables=OVERRIDES)},
            (
                "stage.variables.lambdaAlias: it is 'canary' and must name the live alias of every function, got live; "
                "set the stage variable lambdaAlias, or mend the target's functions"
            ),
        ),
        (
            {"stage": a_stage(a_canary(20))},
            "stage: it already has a canary: deployment dep-new at 20 %, not a rollout's; promote or remove it first",
        ),
        (
            {"other_stages": ("beta", "demo")},
            (
                "stage: stages beta, demo use the same live alias and would get the release at once; "
                "give them an alias of their own, or set shared_live_alias: true in the target"
            ),
        ),
        (
            {"log_group": "/apigw/other"},
            (
                "access_log_group: the stage logs to /apigw/other, the target says /apigw/orders-prod; "
                "set the stage's access log, or mend the target"
            ),
        ),
        (
            {"log_group": None, "log_format": None},
            (
                "access_log_group: the stage logs to nothing, the target says /apigw/orders-prod; "
                "set the stage's access log, or mend the target"
            ),
        ),
    ],
)
def test_tells_what_is_wrong_with_a_stage(changes, problem):
    assert problems(with_stage(**changes)) == [problem]


@pytest.mark.parametrize("log_format", [None, "", "$context.requestId", '{"requestId":"$context.requestId"}'])
def test_a_log_format_that_does_not_fit_is_answered_with_where_the_line_is(log_format):
    (problem,) = problems(with_stage(log_format=log_format))
    assert problem.startswith("access_log_group: ")
    assert problem.endswith("; set the stage's access-log format to the line in docs/access-log.md")


def test_a_target_without_a_log_needs_none():
    assert problems(with_stage(log_group=None, log_format=None), target=a_target(access_log_group=None)) == []


def test_a_strange_deployment_is_a_problem():
    found = problems(with_stage(deployment_exists=False), release=Release(deployment="dep-9"))
    assert found == [
        "release.deployment: deployment dep-9 is not one of this API's; name one that get-deployments shows, or present"
    ]


def test_one_deployment_for_both_arms_does_not_go_with_a_cache():
    assert problems(with_stage(has_cache=True)) == []
    assert problems(with_stage(has_cache=True), release=Release(deployment=PRESENT)) == []
    (problem,) = problems(with_stage(has_cache=True), release=Release(deployment=UNCHANGED))
    assert problem.startswith("release.deployment: the stage has a cache")


def test_aliases_behind_one_stage_need_one_name():
    functions = (TargetFunction("orders-read", "live", "canary"), TargetFunction("orders-write", "prod", "canary2"))
    survey = a_survey(
        functions={
            "orders-read": a_function_survey(callable_by_api={}),
            "orders-write": a_function_survey(callable_by_api={}),
        }
    )
    first, second = problems(survey, target=a_target(functions=functions))
    assert first.startswith(
        "stage.variables.lambdaAlias: it is 'live' and must name the live alias of every function, got live, prod"
    )
    assert second == "functions: behind one stage all canary aliases need one name, got canary, canary2; rename the aliases"


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (AlarmState.GONE, "alarms: alarm orders-payment-failures does not exist; create it, or take it out of the target"),
        (AlarmState.BROKEN, "alarms: alarm orders-payment-failures cannot be evaluated: 3 of 3 above 5; mend it"),
        (AlarmState.ALARM, "alarms: alarm orders-payment-failures is already firing: 3 of 3 above 5; wait until it is OK"),
        (
            AlarmState.INSUFFICIENT_DATA,
            "alarms: alarm orders-payment-failures has no data; wait for its first data, or let missing data be notBreaching",
        ),
    ],
)
def test_tells_what_is_wrong_with_an_alarm(state, problem):
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


def test_tells_every_problem_at_once():
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
        assert intended_deployment(a_target(), Release(deployment=asked), a_survey(), "f-2") == asked

    @pytest.mark.parametrize("asked", [None, PRESENT])
    @pytest.mark.parametrize(("promoted", "wanted"), [("f-2", UNCHANGED), ("f-1", PRESENT), (None, PRESENT)])
    def test_freezes_the_present_definition_unless_it_was_promoted_last(self, asked, promoted, wanted):
        assert intended_deployment(a_target(), Release(deployment=asked), a_survey(), promoted) == wanted

    @pytest.mark.parametrize(("value", "wanted"), [("new", PRESENT), ("old", UNCHANGED)])
    def test_a_new_value_of_a_variable_on_a_stage_with_a_cache_gets_a_deployment_of_its_own(self, value, wanted):
        stage = a_stage(variables={**BASE_VARIABLES, "mode": "old"})
        survey = with_stage(has_cache=True, stage=stage)
        release = Release(OLD, variables={"mode": value})
        assert intended_deployment(a_target(), release, survey, "f-2") == wanted

    @pytest.mark.parametrize(("versions", "wanted"), [({}, PRESENT), ({"orders-read": "1", "orders-write": "5"}, UNCHANGED)])
    def test_new_code_on_a_stage_with_a_cache_gets_a_deployment_of_its_own(self, versions, wanted):
        survey = with_stage(has_cache=True)
        assert intended_deployment(a_target(), Release(versions), survey, "f-2") == wanted

    def test_new_code_counts_where_an_alias_is_missing_too(self):
        functions = {"orders-read": a_function_survey(live=None), "orders-write": a_function_survey("5", "5")}
        survey = a_survey(functions=functions, stage=a_stage_survey(has_cache=True))
        assert intended_deployment(a_target(), Release(), survey, "f-2") == PRESENT

    def test_a_survey_without_a_stage_knows_no_fingerprint(self):
        assert intended_deployment(a_target(), Release(), a_survey(stage=None), "f-2") == PRESENT


def test_problems_of_a_stage_need_a_stage_to_look_at():
    assert problems(a_survey(stage=None), target=a_target(stage=STAGE)) == []
