"""What a URI says about the function that it calls, and who calls which function."""

from dataclasses import replace

import pytest

from canary.rules.definitions.definition import Integration, Method
from canary.rules.definitions.integrations import (
    Callers,
    CallingAuthorizer,
    CallingMethod,
    FunctionName,
    Place,
    callers_of,
    calls_lambda,
    calls_of,
    read_function,
)
from tests.rules.api_world import ACCOUNT, ALIAS, GUARDS, ORDERS, REGION, Call, Guard, as_answers, lambda_uri, read

HERE = Place("aws", REGION, ACCOUNT)


def calling(api):
    return {call.by: call for call in calls_of(read(api))}


def function_of(uri, kind="AWS_PROXY"):
    return calling(ORDERS.with_verb("/orders", "GET", call=Call(kind, uri)))["GET /orders"].function


@pytest.mark.parametrize(
    ("uri", "function"),
    [
        (lambda_uri("f"), FunctionName(HERE, "f", ALIAS)),
        (lambda_uri("f", "live"), FunctionName(HERE, "f", "live")),
        (lambda_uri("f", ""), FunctionName(HERE, "f", None)),
        (lambda_uri("f").replace("2015-03-31", "2030-01-01"), FunctionName(HERE, "f", ALIAS)),
        (lambda_uri("f", kind="response-streaming-invocations"), FunctionName(HERE, "f", ALIAS)),
        (
            lambda_uri("f", partition="aws-cn", region="cn-north-1"),
            FunctionName(Place("aws-cn", "cn-north-1", ACCOUNT), "f", ALIAS),
        ),
        (lambda_uri("f", account="${stageVariables.a}"), FunctionName(Place("aws", REGION, "${stageVariables.a}"), "f", ALIAS)),
        (lambda_uri("${stageVariables.f}", ""), FunctionName(HERE, "${stageVariables.f}", None)),
        (lambda_uri("f").replace("functions/", "functions/x"), None),
        (lambda_uri("f").removesuffix("/invocations"), None),
        (f"{lambda_uri('f')}?Qualifier=2", None),
        (lambda_uri("f").replace(":lambda:path", ":lambda:action"), None),
        ("${stageVariables.uri}", None),
    ],
)
def test_a_uri_says_which_function_it_calls(uri, function):
    assert function_of(uri) == function


@pytest.mark.parametrize("arn", ["f", "f:live", f"{ACCOUNT}:function:f", f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:f:1"])
def test_what_is_no_arn_of_a_function_is_none(arn):
    assert read_function(arn) is None


@pytest.mark.parametrize(
    ("kind", "uri", "calls"),
    [
        ("AWS_PROXY", lambda_uri("f"), True),
        ("AWS", lambda_uri("f"), True),
        ("AWS", lambda_uri("f").replace(":lambda:", ":abc.lambda:"), True),
        ("AWS", "arn:aws:apigateway:eu-west-1:${stageVariables.service}:path/x", True),
        ("AWS", "${stageVariables.uri}", True),
        ("AWS_PROXY", "", True),
        ("AWS", "arn:aws:apigateway:eu-west-1:sqs:path/123456789012/queue", False),
        ("AWS_PROXY", "arn:aws:apigateway:eu-west-1:firehose:action/PutRecord", False),
        ("AWS", "arn:aws:apigateway:eu-west-1:states:action/StartExecution", False),
        ("HTTP_PROXY", "https://abc.lambda-url.eu-west-1.on.aws/", False),
        ("MOCK", "", False),
    ],
)
def test_a_method_calls_lambda_by_its_type_and_uri(kind, uri, *, calls):
    assert calls_lambda(Method("/x", "GET", integration=Integration(kind, uri))) is calls


def test_a_method_without_integration_calls_nothing():
    assert not calls_lambda(Method("/x", "GET"))


def test_an_authorizer_calls_for_the_methods_that_have_it():
    api = replace(ORDERS, guards=GUARDS).with_verb("/orders", "GET", auth="token").with_verb("/orders", "POST", auth="pool")
    call = calling(api)["authorizer token"]

    assert call.uri == lambda_uri("orders-auth")
    assert call.routes == (("/orders", "GET"),)
    assert {by for by in calling(api) if by.startswith("authorizer")} == {"authorizer token"}


def test_the_callers_of_a_function_are_found_by_its_name():
    api = replace(ORDERS, guards={"auth": Guard(uri=lambda_uri("orders-read"), credentials="arn:aws:iam::1:role/x")})
    api = api.with_verb("/orders", "GET", auth="auth").with_verb(
        "/stream",
        "ANY",
        call=Call(uri=lambda_uri("orders-read", kind="response-streaming-invocations"), credentials="arn:*:user/*"),
    )
    number = as_answers(api).authorizers[0]["id"]

    assert callers_of(read(api), "lambdaAlias") == {
        "orders-read": Callers(
            (
                CallingMethod("/orders", "GET", has_credentials=False, is_streamed=False),
                CallingMethod("/orders/{id}", "GET", has_credentials=False, is_streamed=False),
                CallingMethod("/stream", "ANY", has_credentials=True, is_streamed=True),
            ),
            (CallingAuthorizer("auth", number, has_credentials=True),),
        ),
        "orders-write": Callers((CallingMethod("/orders", "POST", has_credentials=False, is_streamed=False),)),
    }


@pytest.mark.parametrize("uri", [lambda_uri("orders-read", "live"), lambda_uri("orders-read", "${stageVariables.x}"), "arn:x"])
def test_a_call_that_bypasses_the_variable_belongs_to_no_arm(uri):
    api = ORDERS.with_verb("/orders", "GET", call=Call(uri=uri)).with_verb("/orders/{id}", "GET", call=Call("MOCK"))
    assert callers_of(read(api), "lambdaAlias").keys() == {"orders-write"}


@pytest.mark.parametrize(
    ("uri", "written"),
    [
        (lambda_uri("f", "live"), lambda_uri("g")),
        (lambda_uri("f", kind="response-streaming-invocations"), lambda_uri("g", kind="response-streaming-invocations")),
        (lambda_uri("f", region="${stageVariables.r}"), lambda_uri("g")),
        (lambda_uri("f", region="eu-north-1", partition="aws-cn"), lambda_uri("g")),
        (lambda_uri("f").replace("lambda:path", "${stageVariables.s}.lambda:path"), lambda_uri("g")),
        ("${stageVariables.uri}", lambda_uri("g")),
    ],
)
def test_a_uri_can_be_rewritten_for_another_function(uri, written):
    call = calling(ORDERS.with_verb("/orders", "GET", call=Call(uri=uri)))["GET /orders"]
    assert call.with_function(HERE, "g", ALIAS) == written


def test_a_uri_tells_in_which_region_lambda_is_called():
    calls = {
        uri: calling(ORDERS.with_verb("/orders", "GET", call=Call(uri=uri)))["GET /orders"] for uri in (lambda_uri("f"), "x")
    }
    assert [call.goes_to for call in calls.values()] == [("aws", REGION), ("", "")]
