"""A call that a rollout cannot split is refused by name, with the URI to write; an outside call is noted, not refused."""

from dataclasses import replace

import pytest

from canary.rules.checks.call_checks import (
    DIFFERING,
    Ground,
    find_call_notes,
    find_call_problems,
    find_function_errors,
    find_outside_problems,
    find_rewrites,
    name_some,
)
from canary.rules.definitions.definition import Method
from canary.rules.definitions.integrations import Place
from canary.rules.targets.target import Metrics, Outside, OutsideRoute
from tests.builders import a_target
from tests.rules.api_world import ACCOUNT, ALIAS, ORDERS, REGION, Call, Guard, lambda_uri, read

HERE = Place("aws", REGION, ACCOUNT)
STREAMED = "response-streaming-invocations"
STATES = f"arn:aws:apigateway:{REGION}:states:action/StartExecution"


def a_ground(*, outside=None, **changes):
    ground = Ground(
        target=a_target(outside=outside or Outside()),
        alias_variable="lambdaAlias",
        place=HERE,
        variables={"lambdaAlias": "live", "readFunction": "orders-read:live"},
        overrides=frozenset({"lambdaAlias"}),
    )
    return replace(ground, **changes)


def problems(api, **changes):
    return list(find_call_problems(read(api), a_ground(**changes)))


def calling(uri, kind="AWS_PROXY"):
    return ORDERS.with_verb("/orders", "GET", call=Call(kind, uri))


def test_nothing_is_wrong_with_calls_through_the_variable():
    api = replace(ORDERS, guards={"auth": Guard(uri=lambda_uri("orders-read"))}).with_verb("/orders", "GET", auth="auth")
    streamed = Call(uri=lambda_uri("orders-read", kind=STREAMED))
    assert problems(api.with_verb("/stream", "GET", call=streamed)) == []


@pytest.mark.parametrize(
    ("uri", "found", "written"),
    [
        (lambda_uri("orders-read", "live"), "names the alias live instead of the stage variable lambdaAlias", None),
        (lambda_uri("orders-read", "7"), "names version 7 instead of the stage variable lambdaAlias", None),
        (lambda_uri("orders-read", "$LATEST"), "names version $LATEST instead of", None),
        (lambda_uri("orders-read", ""), "names no alias instead of the stage variable lambdaAlias", None),
        (
            lambda_uri("orders-read", "${stageVariables.readAlias}"),
            "takes the alias from ${stageVariables.readAlias} instead",
            None,
        ),
        (
            lambda_uri("orders-read", "x-${stageVariables.lambdaAlias}"),
            "takes the alias from x-${stageVariables.lambdaAlias}",
            None,
        ),
        (lambda_uri("${stageVariables.readFunction}", ""), "builds the function's name from a stage variable", None),
        (lambda_uri("orders-${stageVariables.which}", ""), "builds the function's name", lambda_uri("<function>")),
        (
            lambda_uri("orders-read", account="210987654321"),
            f"names a function of account 210987654321 in {REGION} (aws), but the target's functions are in account {ACCOUNT}",
            None,
        ),
        (
            lambda_uri("orders-read", region="eu-north-1"),
            f"in eu-north-1 (aws), but the target's functions are in account {ACCOUNT}",
            None,
        ),
        (lambda_uri("orders-read", partition="aws-cn"), "(aws-cn), but the target's", None),
        (
            lambda_uri("orders-read", account="${stageVariables.x}"),
            "builds the account or Region from a stage variable",
            None,
        ),
        (lambda_uri("orders-read", kind=STREAMED, qualifier="2"), "names version 2", lambda_uri("orders-read", kind=STREAMED)),
    ],
)
@pytest.mark.parametrize("kind", ["AWS_PROXY", "AWS"])
def test_a_call_that_both_arms_would_make_alike_is_refused(uri, found, written, kind):
    (problem,) = problems(calling(uri, kind))

    assert problem.field == "GET /orders"
    assert problem.value.startswith(f"the URI {uri} ")
    assert found in problem.value
    assert "which is not one of the functions" not in problem.value
    assert (
        f"function:{'<function>' if written and '<' in written else 'orders-read'}:${{stageVariables.lambdaAlias}}/"
        in problem.fix
    )
    assert written is None or f"write {written}" in problem.fix
    assert f"{REGION}:{ACCOUNT}" in problem.fix


def test_a_function_that_is_called_in_another_region_than_its_own_is_refused():
    """API Gateway calls Lambda in the URI's Region, whatever the function's ARN says."""
    elsewhere = lambda_uri("orders-read").replace(f"apigateway:{REGION}:", "apigateway:eu-north-1:")
    (problem,) = problems(calling(elsewhere))

    assert problem.value == (
        f"the URI {elsewhere} calls Lambda in eu-north-1 (aws), but the target's functions are in {REGION} (aws)"
    )
    assert problem.fix.startswith(f"write {lambda_uri('orders-read')}; ")
    assert problems(calling(elsewhere), place=None) == []


def test_the_region_of_a_uri_may_stand_in_a_variable_that_names_the_functions_own():
    uri = lambda_uri("orders-read").replace(f"apigateway:{REGION}:", "apigateway:${stageVariables.region}:")
    assert problems(calling(uri), variables={"region": REGION}) == []


@pytest.mark.parametrize("place", [{"region": "eu-north-1"}, {"region": "cn-north-1", "partition": "aws-cn"}])
def test_the_uri_to_write_for_a_function_of_elsewhere_calls_lambda_here(place):
    (problem,) = problems(calling(lambda_uri("orders-read", **place)))
    assert problem.fix.startswith(f"write {lambda_uri('orders-read')}; ")


def test_a_uri_that_does_not_read_as_a_functions_is_refused():
    (problem,) = problems(calling("${stageVariables.uri}"))
    assert problem.value == "the URI ${stageVariables.uri} is not that of a Lambda function"
    assert problem.fix == f"write {lambda_uri('<function>')}"

    (problem,) = problems(calling(""))
    assert problem.value == "the URI (none) is not that of a Lambda function"


def test_a_uri_whose_function_is_in_a_variable_is_refused_with_the_function_in_it():
    uri = lambda_uri("f").replace(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f:{ALIAS}", "${stageVariables.read}")
    variables = {"read": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders-read:live"}
    (problem,) = problems(calling(uri), variables=variables)

    assert problem.value == f"the URI {uri} builds the function's ARN from a stage variable"
    assert problem.fix == f"write {lambda_uri('orders-read')}"


def test_a_function_that_the_target_does_not_name_is_refused_with_the_line_to_add():
    (problem,) = problems(calling(lambda_uri("orders-search")))

    assert problem.value.endswith("names orders-search, which is not one of the functions of target orders")
    assert problem.fix == (
        "add - {name: orders-search, live: live, canary: canary} to functions in the target file; "
        "or, if both arms should call it alike, write out an alias and add it to the target's outside"
    )


def test_a_function_that_is_unknown_and_called_by_an_alias_needs_both():
    (problem,) = problems(calling(lambda_uri("orders-search", "live")))

    assert "names the alias live instead of the stage variable lambdaAlias and names orders-search" in problem.value
    assert problem.fix.startswith(f"write {lambda_uri('orders-search')} and add - {{name: orders-search")


def test_a_function_of_another_account_is_not_one_to_add():
    (problem,) = problems(calling(lambda_uri("orders-search", account="210987654321")))
    assert "is not one of the functions" not in problem.value


def test_without_any_alias_the_place_is_not_compared():
    (problem,) = problems(calling(lambda_uri("orders-search", "live", account="210987654321")), place=None)

    assert "where the target's" not in problem.value
    assert f"write {lambda_uri('orders-search', account='210987654321')}" in problem.fix
    (problem,) = problems(calling("${stageVariables.uri}"), place=None)
    assert problem.fix.startswith(
        "write arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/arn:aws:lambda:<region>:<account>"
    )


def test_methods_with_one_uri_are_one_problem():
    api = ORDERS
    for path, verb in (("/orders", "GET"), ("/orders", "POST"), ("/orders/{id}", "GET")):
        api = api.with_verb(path, verb, call=Call(uri=lambda_uri("orders-read", "live")))
    assert [one.field for one in problems(api)] == ["GET /orders, POST /orders, GET /orders/{id}"]


def test_an_authorizer_is_refused_as_a_method_is():
    api = replace(ORDERS, guards={"auth": Guard(), "spare": Guard()}).with_verb("/orders", "GET", auth="auth")
    (problem,) = problems(api)

    assert problem.field == "authorizer auth"
    assert "names orders-auth, which is not one of the functions" in problem.value


LEGACY = Outside((OutsideRoute("/legacy/*"),), ("auth",))


class TestOutside:
    def test_a_call_that_the_target_leaves_out_is_not_refused(self):
        api = replace(ORDERS, guards={"auth": Guard(uri=lambda_uri("orders-auth", "live"))})
        api = api.with_verb("/legacy/a", "GET", auth="auth", call=Call(uri=lambda_uri("old", "prod", account="210987654321")))
        assert problems(api, outside=LEGACY) == []
        assert [one.field for one in problems(api)] == ["GET /legacy/a", "authorizer auth"]

    def test_an_any_is_not_outside_for_one_of_its_methods(self):
        api = ORDERS.with_verb("/legacy/a", "ANY", call=Call(uri=lambda_uri("old", "prod")))
        (problem,) = problems(api, outside=Outside((OutsideRoute("/legacy/*", ("GET",)),)))
        assert problem.fix.endswith("add it to the target's outside, without methods, because it is an ANY")

    @pytest.mark.parametrize("variable", ["lambdaAlias", "newCheckout"])
    def test_a_call_outside_that_the_arms_make_differently_is_refused(self, variable):
        uri = lambda_uri("old", f"${{stageVariables.{variable}}}")
        api = ORDERS.with_verb("/legacy/a", "GET", call=Call(uri=uri))
        (problem,) = problems(api, outside=LEGACY, overrides=frozenset({"lambdaAlias", "newCheckout"}))

        assert problem.value == (
            f"it is outside the rollout, but the URI {uri} contains {variable}, which differs between base and canary"
        )
        assert problem.fix == "write out in the URI what both arms call, or remove it from the target's outside"

    def test_a_function_of_the_target_may_be_called_uncounted(self):
        api = ORDERS.with_verb("/legacy/health", "GET")
        assert problems(api, outside=LEGACY) == []
        assert list(find_call_notes(read(api), a_ground(outside=LEGACY))) == [
            "outside the rollout and not counted, although the canary runs the release there: GET /legacy/health",
        ]

    def test_an_entry_for_nothing_is_a_problem(self):
        (problem,) = find_outside_problems(a_target(outside=LEGACY), [("/legcy/a", "GET")], ["auth"])
        assert str(problem) == (
            "outside: /legacy/* matches nothing in the API; "
            "write it as the definition does, or remove it from the target's outside"
        )


CANARY_URIS = [
    lambda_uri("orders-read", "canary"),
    lambda_uri("orders-read", "${stageVariables.preview}"),
    lambda_uri("${stageVariables.shown}", ""),
]
VARIABLES = {"lambdaAlias": "live", "preview": "canary", "shown": "orders-read:canary"}


@pytest.mark.parametrize("uri", CANARY_URIS)
@pytest.mark.parametrize("place", [HERE, None])
def test_a_call_outside_to_a_canary_alias_is_refused(uri, place):
    api = ORDERS.with_verb("/legacy/a", "GET", call=Call(uri=uri))
    (problem,) = problems(api, outside=LEGACY, variables=VARIABLES, place=place)
    assert str(problem) == (
        f"GET /legacy/a: it is outside the rollout, but the URI {uri} calls the canary alias of orders-read: its requests "
        "would get the release at once, before it is judged, and be counted among the canary's invocations; "
        "let it call another alias"
    )


@pytest.mark.parametrize(
    "uri", [lambda_uri("orders-ship", "canary"), lambda_uri("orders-read", "canary", account="999999999999")]
)
def test_a_call_outside_may_name_someone_elses_canary_alias(uri):
    api = ORDERS.with_verb("/legacy/a", "GET", call=Call(uri=uri))
    assert problems(api, outside=LEGACY) == []


def test_what_calls_no_function_is_noted():
    api = ORDERS.with_verb("/ping", "GET", call=Call("MOCK")).with_verb("/old", "GET", call=Call("HTTP", "https://old"))
    api = api.with_verb("/legacy/a", "GET", call=Call("HTTP", "https://old"))

    assert list(find_call_notes(read(api), a_ground(outside=LEGACY))) == [
        "outside the rollout, called alike by both arms and not counted: GET /legacy/a",
        "answered without a function of the release, alike by both arms, and counted: GET /old (HTTP), GET /ping (MOCK)",
    ]
    assert list(find_call_notes(read(ORDERS), a_ground())) == []


def test_an_address_that_differs_between_the_arms_is_not_called_alike():
    by_alias, by_flag = (f"https://${{stageVariables.{name}}}.example.com/" for name in ("lambdaAlias", "search"))
    api = ORDERS.with_verb("/a", "GET", call=Call("HTTP_PROXY", by_alias)).with_verb("/b", "GET", call=Call("HTTP", by_flag))
    apart = (
        "answered without a function of the release, and counted, but each arm calls or answers differently, because "
        "a variable in the integration differs between base and canary: GET /a (HTTP_PROXY) by lambdaAlias"
    )

    assert list(find_call_notes(read(api), a_ground())) == [
        "answered without a function of the release, alike by both arms, and counted: GET /b (HTTP)",
        apart,
    ]
    overrides = frozenset({"lambdaAlias", "search"})
    assert list(find_call_notes(read(api), a_ground(overrides=overrides))) == [f"{apart}, GET /b (HTTP) by search"]


@pytest.mark.parametrize(
    ("path", "call", "note"),
    [
        (
            "/start",
            Call("AWS", STATES, templates={"application/json": '{"stateMachineArn": "m:$stageVariables.lambdaAlias"}'}),
            f"answered without a function of the release, and counted, but {DIFFERING}: GET /start (AWS) by lambdaAlias",
        ),
        (
            "/legacy/a",
            Call("HTTP", "https://${stageVariables.lambdaAlias}.example.com/"),
            f"outside the rollout and not counted, although {DIFFERING}: GET /legacy/a by lambdaAlias",
        ),
    ],
)
def test_what_depends_on_a_variable_of_the_release_is_never_said_to_be_alike(path, call, note):
    assert list(find_call_notes(read(ORDERS.with_verb(path, "GET", call=call)), a_ground(outside=LEGACY))) == [note]


class TestFailuresThatTheLogDoesNotShow:
    """Behind a custom integration whose only response is 200, a release that always fails would look healthy."""

    API = ORDERS.with_verb("/orders", "GET", call=Call("AWS", lambda_uri("orders-read"), responses={"default": ("200", {})}))

    def test_lambdas_own_count_of_every_function_behind_the_api_is_compared(self):
        """All of them: a function that the release adds has no invocations by base."""
        assert find_function_errors(read(self.API), a_ground()) == ("orders-read", "orders-write")
        (note,) = find_call_notes(read(self.API), a_ground())
        assert note == (
            "the access log does not show every failure of GET /orders: some errors are answered with a status below 500, or "
            "the function runs after the answer; function_errors are compared too, the invocations of orders-read, "
            "orders-write that Lambda counts as failed, whoever calls these functions by the two aliases. The log shows the "
            r"errors of a call that waits, once an integration response with the pattern [\s\S]+ answers them with a 5xx"
        )

    def test_an_authorizers_function_is_not_counted_because_it_raises_to_refuse(self):
        api = replace(self.API, guards={"auth": Guard(uri=lambda_uri("orders-auth"))}).with_verb("/orders", "POST", auth="auth")
        assert find_function_errors(read(api), a_ground()) == ("orders-read", "orders-write")

    def test_nothing_else_is_compared_where_the_log_shows_every_failure(self):
        assert find_function_errors(read(ORDERS), a_ground()) == ()

    def test_a_target_without_a_log_is_judged_on_lambdas_count_anyway(self):
        ground = a_ground(target=a_target(access_log_group=None))
        assert find_function_errors(read(self.API), ground) == ()
        assert list(find_call_notes(read(self.API), ground)) == []

    def test_a_target_that_turns_errors_off_is_told_that_nothing_is_compared(self):
        ground = a_ground(target=a_target(metrics=Metrics(errors=False)))
        assert find_function_errors(read(self.API), ground) == ()
        (note,) = find_call_notes(read(self.API), ground)
        assert "; nothing else is compared, because the target turns errors off. " in note

    def test_a_call_outside_the_rollout_needs_no_count(self):
        api = ORDERS.with_verb("/legacy/a", "GET", call=self.API.verbs["/orders", "GET"].call)
        assert find_function_errors(read(api), a_ground(outside=LEGACY)) == ()
        assert find_function_errors(read(api), a_ground()) == ("orders-read", "orders-write")


def test_methods_without_an_integration_are_refused_before_aws_refuses_the_deployment():
    definition = read(ORDERS)
    bare = (Method("/new", "GET"), Method("/new", "POST"))
    (problem,) = find_call_problems(replace(definition, methods=(*definition.methods, *bare)), a_ground())

    assert (problem.field, problem.value, problem.fix) == (
        "GET /new, POST /new",
        "there is no integration, and AWS makes no deployment of a method without one",
        "give it one, or delete the method",
    )


def test_authorizers_outside_are_noted():
    api = replace(ORDERS, guards={"auth": Guard(uri=lambda_uri("orders-auth", "live"))}).with_verb(
        "/orders", "GET", auth="auth"
    )
    assert list(find_call_notes(read(api), a_ground(outside=Outside((), ("auth",))))) == [
        "outside the rollout, called alike by both arms and not counted: authorizer auth"
    ]


@pytest.mark.parametrize(("count", "said"), [(1, "a"), (2, "a, b"), (4, "a, b and 2 more")])
def test_many_names_are_counted(count, said):
    assert name_some(list("abcd")[:count], 2) == said


def rewrites(uri, **changes):
    return [(call.by, new) for call, new in find_rewrites(read(calling(uri)), a_ground(**changes))]


def test_a_call_that_bypasses_the_variable_has_the_uri_that_does_not():
    assert rewrites(lambda_uri("orders-read", "7")) == [("GET /orders", lambda_uri("orders-read", ALIAS))]


def test_a_call_is_rewritten_only_if_it_is_wrong_and_of_the_targets_functions():
    assert rewrites(lambda_uri("orders-read", ALIAS)) == []
    assert rewrites(lambda_uri("billing")) == []
    assert rewrites("http://example.com") == []
    assert rewrites(lambda_uri("orders-read", "7"), outside=Outside((OutsideRoute("/orders", ()),))) == []
