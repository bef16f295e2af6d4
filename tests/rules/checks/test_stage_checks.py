"""What is wrong with a stage and with the definition that the release brings to it."""

from dataclasses import replace

import pytest

from canary.rules.checks.stage_checks import find_definition_notes, find_route_changes, find_stage_problems
from canary.rules.definitions.integrations import Place
from canary.rules.definitions.routes import RouteChanges
from canary.rules.releases.readings import Deployed, ReadDefinition, Reading
from canary.rules.releases.release import PRESENT, UNCHANGED, Expectation, Release
from canary.rules.targets.instruments import SeenFilter, SeenInstruments, expected_instruments
from canary.rules.targets.target import Outside, OutsideRoute, TargetFunction
from tests.builders import DEFINITION, OVERRIDES, a_canary, a_definitions, a_stage, a_stage_survey, a_target
from tests.rules.api_world import ACCOUNT, ORDERS, REGION, Call, Guard, lambda_uri, read

HERE = Place("aws", REGION, ACCOUNT)


def problems(*, target=None, release=None, place=HERE, **changes):
    found = find_stage_problems(target or a_target(), release or Release(), a_stage_survey(**changes), place)
    return [str(problem) for problem in found]


def with_present(api, **changes):
    return {"definitions": a_definitions(present=read(api), **changes)}


def test_finds_nothing_against_a_sound_stage():
    assert problems() == []
    assert list(find_stage_problems(a_target(stage=None), Release(), None, None)) == []
    assert list(find_stage_problems(a_target(), Release(), None, None)) == []
    assert problems(definitions=None) == []


def test_a_stage_that_does_not_exist_is_the_only_problem_of_the_stage():
    assert problems(stage=None, log_group=None, deployment_exists=False, definitions=None) == [
        "stage: stage prod of API a1b2c3d4e5 does not exist; fix the target"
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"stage": a_stage(variables={})},
            (
                "stage.variables.lambdaAlias: it is None and must name the live alias of every function, got live; "
                "set the stage variable lambdaAlias, or fix the target's functions"
            ),
        ),
        (
            {"stage": a_stage(variables=OVERRIDES)},
            (
                "stage.variables.lambdaAlias: it is 'canary' and must name the live alias of every function, got live; "
                "set the stage variable lambdaAlias, or fix the target's functions"
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
            {"canary_stages": ("beta", "demo (its canary)")},
            (
                "stage: stages beta, demo (its canary) set the variable lambdaAlias to canary, the target's canary alias: "
                "they would get the release at once, before it is judged, and be counted among the canary's invocations; "
                "give them an alias of their own"
            ),
        ),
        (
            {"log_group": "/apigw/other"},
            (
                "access_log_group: the stage logs to /apigw/other, the target says /apigw/orders-prod; "
                "set the stage's access log, or fix the target"
            ),
        ),
        (
            {"log_group": None, "log_format": None},
            (
                "access_log_group: the stage logs to nothing, the target says /apigw/orders-prod; "
                "set the stage's access log, or fix the target"
            ),
        ),
    ],
)
def test_reports_what_is_wrong_with_a_stage(changes, problem):
    assert problems(**changes) == [problem]


@pytest.mark.parametrize("log_format", [None, "", "$context.requestId", '{"requestId":"$context.requestId"}'])
def test_a_log_format_that_does_not_fit_is_answered_with_where_the_line_is(log_format):
    (problem,) = problems(log_format=log_format)
    assert problem.startswith("access_log_group: ")
    assert problem.endswith("; set the stage's access-log format to the line in docs/access-log.md")


def test_a_target_without_a_log_needs_none():
    assert problems(log_group=None, log_format=None, target=a_target(access_log_group=None)) == []


def test_a_strange_deployment_is_a_problem():
    found = problems(deployment_exists=False, release=Release(deployment="dep-9"))
    assert found == [
        "release.deployment: deployment dep-9 is not one of this API's; name one that get-deployments shows, or present"
    ]


def test_one_deployment_for_both_arms_does_not_go_with_a_cache():
    assert problems(has_cache=True) == []
    assert problems(has_cache=True, release=Release(deployment=PRESENT)) == []
    (problem,) = problems(has_cache=True, release=Release(deployment=UNCHANGED))
    assert problem.startswith("release.deployment: the stage has a cache")


def test_aliases_behind_one_stage_need_one_name():
    functions = (TargetFunction("orders-read", "live", "canary"), TargetFunction("orders-write", "prod", "canary2"))
    first, second = problems(target=a_target(functions=functions))
    assert first.startswith(
        "stage.variables.lambdaAlias: it is 'live' and must name the live alias of every function, got live, prod"
    )
    assert second == "functions: behind one stage all canary aliases need one name, got canary, canary2; rename the aliases"


SEARCH = ORDERS.with_verb("/search", "GET", call=Call(uri=lambda_uri("orders-search")))


def test_a_call_that_cannot_be_split_is_a_problem():
    (problem,) = problems(**with_present(SEARCH))
    assert problem.startswith(f"GET /search: the URI {lambda_uri('orders-search')} names orders-search")


def test_only_what_the_release_brings_has_to_be_sound():
    assert problems(**with_present(ORDERS, base=read(SEARCH)), release=Release(expects=(Expectation.ROUTES,))) == []
    (problem,) = problems(**with_present(ORDERS, base=read(SEARCH)), release=Release(deployment=UNCHANGED))
    assert "names orders-search" in problem


def test_a_function_of_another_region_is_a_problem():
    (problem,) = problems(
        **with_present(ORDERS.with_verb("/orders", "GET", call=Call(uri=lambda_uri("orders-read", region="x"))))
    )
    assert "names a function of account 123456789012 in x (aws)" in problem
    assert problems(place=None) == []


def test_a_variable_of_the_release_tells_the_arms_apart_too():
    outside = a_target(outside=Outside((OutsideRoute("/old"),)))
    api = ORDERS.with_verb("/old", "GET", call=Call(uri=lambda_uri("old", "${stageVariables.newCheckout}")))
    assert problems(target=outside, **with_present(api)) == []
    (problem,) = problems(target=outside, release=Release(variables={"newCheckout": "on"}), **with_present(api))
    assert "contains newCheckout, which differs between base and canary" in problem


@pytest.mark.parametrize("route", [OutsideRoute("/orders"), OutsideRoute("/new"), OutsideRoute("/gone", ("GET",))])
def test_an_entry_outside_is_of_base_or_of_the_release(route):
    definitions = with_present(ORDERS.with_verb("/new", "GET"), base=read(ORDERS.with_verb("/gone", "GET")))
    target = a_target(outside=Outside((route,)))
    assert problems(target=target, release=Release(expects=(Expectation.ROUTES,)), **definitions) == []


def test_an_authorizer_outside_is_of_base_or_of_the_release():
    guarded = replace(ORDERS, guards={"auth": Guard()})
    target = a_target(outside=Outside((), ("auth",)))
    assert problems(target=target, **with_present(guarded)) == []
    assert problems(target=target, **with_present(ORDERS, base=read(guarded))) == []
    unread = replace(a_definitions(), base=Deployed("dep-old", None, "AWS says no"))
    (problem,) = problems(target=target, definitions=unread)
    assert problem.startswith("outside: authorizer auth matches nothing in the API; ")


LOSS = {"definitions": a_definitions(base=read(ORDERS.with_verb("/orders", "DELETE").with_verb("/old", "PUT")))}


def test_a_lost_route_is_a_problem_unless_it_is_meant():
    assert problems(**LOSS) == [
        (
            "release.deployment: routes that base serves are lost: DELETE /orders, PUT /old; "
            'put them back, or write "expects": ["routes"] into the release if that is intended; if clients still call them, '
            'add "client_errors", because the canary alone answers those calls with 403'
        )
    ]
    assert len(problems(**LOSS, release=Release(expects=(Expectation.CLIENT_ERRORS,)))) == 1
    assert problems(**LOSS, release=Release(expects=(Expectation.ROUTES,))) == []


def test_a_moved_route_is_lost_where_it_was():
    base = read(ORDERS.with_verb("/v0/orders", "GET"))
    (problem,) = problems(**with_present(ORDERS.with_verb("/v1/orders", "GET"), base=base))
    assert "routes that base serves are lost: GET /v0/orders to GET /v1/orders;" in problem


def test_a_definition_that_nothing_shows_is_the_problem():
    definitions = replace(a_definitions(), base=Deployed("dep-old", None, "AWS says no"))
    assert problems(definitions=definitions, release=Release(deployment=UNCHANGED)) == [
        (
            "release.deployment: what deployment dep-old serves cannot be read: AWS says no; "
            "release present, which is read from the API's resources, or make the stage prod exportable"
        )
    ]


def test_route_changes_are_those_from_base_to_the_release():
    found = ReadDefinition(Reading.PRESENT, read(SEARCH))
    assert find_route_changes(a_definitions(), found) == RouteChanges(added=("GET /search",))


def test_notes_need_no_definitions_to_tell_what_is_outside():
    target = a_target(outside=Outside((OutsideRoute("/orders/{id}"),)))
    survey = a_stage_survey(stage=None, definitions=None)
    notes = list(find_definition_notes(target, Release(), survey, ReadDefinition(Reading.PRESENT, DEFINITION), HERE))
    assert notes == ["outside the rollout and not counted, although the canary runs the release there: GET /orders/{id}"]


def test_a_metric_filter_that_is_not_as_it_was_made_is_a_problem():
    wanted = expected_instruments(a_target()).filters
    seen = {
        name: SeenFilter(name, one.pattern, one.namespace, one.metric, one.value, one.default) for name, one in wanted.items()
    }
    assert problems(instruments=SeenInstruments(filters=seen)) == []
    (problem,) = problems(instruments=SeenInstruments(filters={**seen, **changed(seen)}))
    assert problem.startswith("access_log_group: the metric filter canary-orders-CanaryErrors was changed: ")


def changed(seen):
    name = "canary-orders-CanaryErrors"
    return {name: replace(seen[name], pattern="{ $.status = 500 }")}
