"""Integrations other than Lambda proxies, unusual ones, and the answers that API Gateway gives by itself."""

import json
from dataclasses import replace
from typing import Any

import pytest

from embedded_aws.apigateway.definition.frozen import Definition, GatewayResponse, IntegrationResponse, Method
from embedded_aws.dataplane.http_integration import Answered, Asked
from embedded_aws.dataplane.served import Served
from tests.embedded_aws.dataplane.serving_world import World, a_method, a_mock, an_integration, start_canary

SHOPS = "https://shops.example.com"
RAISES = """
import json
def handler(event, context):
    if "raise" in event:
        raise ValueError(event["raise"])
    return {"given": event, "alias": context.invoked_function_arn.rpartition(":")[2]}
"""


def a_world(*methods: Method, code: str = RAISES, **definition: Any) -> World:
    world = World()
    world.put_function("orders", code)
    world.put_alias("orders", "live", "1")
    world.allow("orders", "live")
    deploy(world, *methods, **definition)
    return world


def deploy(world: World, *methods: Method, **definition: Any) -> None:
    made = Definition("api1", "orders", methods, **definition)
    variables = {"lambdaAlias": "live", "host": "shops.example.com", "text": "hello"}
    world.gateway.create_deployment("api1", made, {"stageName": "prod", "variables": variables})
    world.pass_time(60)


def response(status: str = "200", pattern: str = "", *, templates: dict[str, str] | None = None, **parameters: str):
    named = {name.replace("__", ".").replace("_", "-"): value for name, value in parameters.items()}
    return IntegrationResponse(status, pattern, templates or {}, named)


def answers(*made: IntegrationResponse) -> dict[str, IntegrationResponse]:
    return {each.status_code: each for each in made}


# MOCK.


def test_a_preflight_is_answered_with_the_headers_that_its_response_maps() -> None:
    headers = {
        "method__response__header__Access_Control_Allow_Origin": "'*'",
        "method__response__header__Access_Control_Allow_Headers": "'Content-Type,X-Api-Key'",
        "method__response__header__X_Asked_By": "method.request.header.Origin",
        "method__response__header__X_Variable": "stageVariables.text",
        "method__response__header__X_Stage": "context.stage",
        "method__response__header__X_Absent": "method.request.querystring.absent",
    }
    mock = replace(a_mock(""), responses=answers(response(**headers)))
    served = a_world(a_method(verb="OPTIONS", integration=mock)).request("OPTIONS", headers={"origin": "https://shop.test"})
    assert served.status == 200
    assert dict(served.headers) == {
        "Content-Type": "application/json",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "Content-Type,X-Api-Key",
        "X-Asked-By": "https://shop.test",
        "X-Variable": "hello",
        "X-Stage": "prod",
    }


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.params('id') $input.params('q') $input.params(\"x-shop\") $input.params('none')", "7 2 corner "),
        ("$stageVariables.text ${stageVariables.text} $stageVariables.none", "hello hello "),
        ("$context.httpMethod $context.resourcePath $context.nothing", "GET /orders/{id} "),
        ("$input.json('$') [$input.body]", "{} []"),
        ("a $price costs #1", "a $price costs #1"),
    ],
)
def test_references_in_a_template_are_filled_in(template: str, expected: str) -> None:
    world = a_world(a_method("/orders/{id}", integration=a_mock(template)))
    served = world.request(path="/orders/7", query=[("q", "1"), ("q", "2")], headers={"X-Shop": "corner"})
    assert served.body == expected


@pytest.mark.parametrize(
    "template", ["#foreach($x in $y)$x#end", "$util.escapeJavaScript('x')", "$input.path('$..x')", "$input"]
)
def test_a_template_with_logic_is_not_served(template: str) -> None:
    served = a_world(a_method(integration=a_mock(template))).request()
    assert (served.status, served.error_type) == (501, "NOT_BUILT")
    assert "mapping template" in served.body or "the path" in served.body


def test_a_mock_without_a_response_for_its_status_is_a_configuration_error() -> None:
    mock = replace(a_mock("x", status="200"), responses=answers(response("404", "4..")))
    served = a_world(a_method(integration=mock)).request()
    assert (served.status, served.error_type) == (500, "API_CONFIGURATION_ERROR")
    assert served.integration_error.endswith("no match for output mapping")


def test_a_mock_may_name_its_status_without_quotes_and_have_an_answer_that_is_no_json() -> None:
    mock = replace(
        a_mock(""),
        request_templates={"application/json": "{statusCode: 404}"},
        responses=answers(
            response(
                "404", "4..", templates={"text/html": "<p>gone</p>"}, method__response__header__Content_Type="'text/html'"
            ),
            response("200", templates={"application/json": "{}"}),
        ),
    )
    served = a_world(a_method(integration=mock)).request()
    assert (served.status, served.body, dict(served.headers)) == (404, "<p>gone</p>", {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("behavior", "kind", "status"),
    [
        ("WHEN_NO_MATCH", "text/plain", 500),
        ("WHEN_NO_TEMPLATES", "text/plain", 415),
        ("NEVER", "text/plain", 415),
        ("NEVER", "application/json; charset=utf-8", 200),
    ],
)
def test_a_payload_that_no_template_is_for_passes_or_is_refused(behavior: str, kind: str, status: int) -> None:
    mock = replace(a_mock("ok"), passthrough_behavior=behavior)
    served = a_world(a_method(verb="POST", integration=mock)).request("POST", headers={"Content-Type": kind}, body="cups")
    assert served.status == status


# AWS: a function without proxy integration.


def custom(**more: Any) -> Method:
    made = {"kind": "AWS", "responses": answers(response()), **more}
    return a_method("/orders/{id}", "POST", an_integration(**made))


def post(world: World, **more: Any) -> Served:
    return world.request("POST", "/orders/7", **{"body": '{"cups": 2}', **more})


def test_a_function_that_is_no_proxy_is_given_the_body_and_answers_as_it_is() -> None:
    served = post(a_world(custom()))
    assert (served.status, json.loads(served.body)) == (200, {"given": {"cups": 2}, "alias": "live"})
    assert (served.function, served.qualifier, served.integration_status) == ("orders", "live", 200)
    assert post(a_world(custom()), body=None).status == 200


def test_its_event_may_be_made_by_a_template() -> None:
    template = (
        '{"id": "$input.params(\'id\')", "order": $input.json(\'$\'), "cups": $input.json(\'$.cups\'), "by": "$context.stage"}'
    )
    served = post(a_world(custom(request_templates={"application/json": template})))
    assert json.loads(served.body)["given"] == {"id": "7", "order": {"cups": 2}, "cups": 2, "by": "prod"}


def test_its_answer_may_be_mapped() -> None:
    made = response(
        "202",
        templates={"application/json": "{\"alias\": $input.json('$.alias')}"},
        method__response__header__X_Cups="integration.response.body.given.cups",
    )
    served = post(a_world(custom(responses=answers(made))))
    assert (served.status, served.body, dict(served.headers)["X-Cups"]) == (202, '{"alias": "live"}', "2")


@pytest.mark.parametrize(
    ("message", "status"), [("not found: 7", 404), ("not found", 500), ("anything\nelse", 200), ("found not", 500)]
)
def test_an_error_is_answered_by_the_pattern_that_takes_its_whole_message(message: str, status: int) -> None:
    made = answers(response(), response("404", "not found: .*"), response("500", ".+"))
    served = post(a_world(custom(responses=made)), body=json.dumps({"raise": message}))
    assert served.status == status
    assert json.loads(served.body)["errorMessage"] == message


def test_an_error_that_no_pattern_takes_is_a_success() -> None:
    served = post(a_world(custom()), body='{"raise": "oh"}')
    assert (served.status, json.loads(served.body)["errorType"], served.error_type) == (200, "ValueError", None)


@pytest.mark.parametrize(
    ("change", "body", "status", "kind"),
    [
        ({}, "no json", 400, "BAD_REQUEST_BODY"),
        ({"http_method": "GET"}, "{}", 500, "INTEGRATION_FAILURE"),
        ({"uri": "arn:aws:apigateway:eu-west-1:sqs:path/1/queue"}, "{}", 501, "NOT_BUILT"),
        ({"request_parameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"}}, "{}", 501, "NOT_BUILT"),
        ({"responses": answers(response("404", "4.."))}, "{}", 500, "API_CONFIGURATION_ERROR"),
        ({"request_templates": {"application/json": "#set($x = 1)"}}, "{}", 501, "NOT_BUILT"),
        ({"passthrough_behavior": "NEVER"}, "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"timeout_millis": 2}, "{}", 504, "INTEGRATION_TIMEOUT"),
    ],
)
def test_a_call_that_cannot_be_made_or_mapped_says_so(change: dict[str, Any], body: str, status: int, kind: str) -> None:
    served = post(a_world(custom(**change)), body=body)
    assert (served.status, served.error_type) == (status, kind)


def test_a_function_that_is_gone_is_an_internal_error() -> None:
    world = a_world(custom(credentials="arn:aws:iam::123456789012:role/a"))
    world.lambdas.drop_function("orders")
    assert (post(world).status, post(world).error_type) == (500, "INTEGRATION_FAILURE")


# HTTP.


class Shops:
    """A backend that keeps the requests that it gets."""

    def __init__(self, answered: Answered | None = None) -> None:
        self.asked: list[Asked] = []
        self.answered = answered or Answered(200, {"Content-Type": "text/plain", "X-Shop": "corner", "Date": "now"}, "open")

    def __call__(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        return self.answered


def http(kind: str, uri: str = f"{SHOPS}/shops/{{shop}}", **more: Any) -> Method:
    mappings = {"integration.request.path.shop": "method.request.path.id", **more.pop("request_parameters", {})}
    made = {"kind": kind, "uri": uri, "request_parameters": mappings, "responses": answers(response()), **more}
    return a_method("/orders/{id}", "POST", an_integration(**made))


def test_an_http_proxy_passes_all_that_came_and_answers_as_its_backend_did() -> None:
    world, shops = (
        a_world(http("HTTP_PROXY", http_method="ANY")),
        Shops(Answered(404, {"X-Shop": "a", "Date": "now"}, "closed")),
    )
    world.dataplane.http.register(SHOPS, shops)
    served = post(world, query=[("q", "1")], headers={"X-Trace": "t", "Host": "api"})
    assert shops.asked == [
        Asked(
            "POST",
            f"{SHOPS}/shops/7?q=1",
            (("q", "1"),),
            {"X-Trace": "t", "Content-Type": "application/json"},
            '{"cups": 2}',
        )
    ]
    assert (served.status, served.body, served.headers) == (404, "closed", (("X-Shop", "a"),))
    assert (served.integration_status, served.integration_latency, served.error_type) == (404, 5, None)


def test_an_http_integration_passes_what_is_mapped_and_maps_what_comes_back() -> None:
    mappings = {"integration.request.querystring.n": "method.request.querystring.q", "integration.request.header.X-A": "'b'"}
    made = answers(response(), response("410", "4..", method__response__header__X_Shop="integration.response.header.x-shop"))
    world = a_world(http("HTTP", request_parameters=mappings, responses=made))
    shops = Shops(Answered(404, {"X-Shop": "corner"}, "closed"))
    world.dataplane.http.register(f"{SHOPS}/other", Shops())
    world.dataplane.http.register(f"{SHOPS}/shops", shops)
    served = post(world, query=[("q", "1"), ("r", "2")], headers={"X-Trace": "t"})
    (asked,) = shops.asked
    assert (asked.url, asked.headers) == (
        f"{SHOPS}/shops/7?n=1",
        {"Accept": "application/json", "User-Agent": "AmazonAPIGateway_api1", "X-A": "b", "Content-Type": "application/json"},
    )
    assert (served.status, served.body, dict(served.headers)["X-Shop"]) == (410, "closed", "corner")


def test_stage_variables_fill_the_address_and_an_empty_host_is_a_configuration_error() -> None:
    world, shops = a_world(http("HTTP_PROXY", "https://${stageVariables.host}/${stageVariables.text}")), Shops()
    world.dataplane.http.register(SHOPS, shops)
    assert post(world).status == 200
    assert shops.asked[0].url == f"{SHOPS}/hello"
    deploy(world, http("HTTP_PROXY", "https://${stageVariables.nothing}/x"))
    served = post(world)
    assert (served.status, served.error_type) == (500, "API_CONFIGURATION_ERROR")


@pytest.mark.parametrize("connection", ["INTERNET", "VPC_LINK"])
def test_an_address_without_a_backend_says_how_to_have_one(connection: str) -> None:
    world = a_world(http("HTTP_PROXY", connection_type=connection))
    if connection == "VPC_LINK":
        world.dataplane.http.register(SHOPS, Shops())
    served = post(world)
    assert (served.status, served.error_type) == (501, "NOT_BUILT")
    assert "use dataplane.http.register" in served.body


def test_a_backend_that_is_too_slow_is_a_timeout() -> None:
    world = a_world(http("HTTP_PROXY", timeout_millis=100))
    world.dataplane.http.register(SHOPS, Shops(Answered(latency_ms=101)))
    served = post(world)
    assert (served.status, served.integration_latency, served.error_type) == (504, 100, "INTEGRATION_TIMEOUT")


def test_a_reset_forgets_the_backends() -> None:
    world = a_world(http("HTTP_PROXY"))
    world.dataplane.http.register(SHOPS, Shops())
    world.dataplane.http.clear()
    assert post(world).status == 501


# Lambda proxies that are unusual.


@pytest.mark.parametrize(
    ("function", "arms"),
    [
        ("orders:${stageVariables.lambdaAlias}", {("base", "live", 200), ("canary", "canary", 200)}),
        ("orders:live", {("base", "live", 200), ("canary", "live", 200)}),
        ("orders:${stageVariables.other}", {("base", "live", 200), ("canary", "live", 200)}),
        ("${stageVariables.name}:${stageVariables.lambdaAlias}", {("base", "live", 200), ("canary", "canary", 200)}),
        ("${stageVariables.both}", {("base", "live", 200), ("canary", "live", 200)}),
        ("orders:${stageVariables.nothing}", {("base", None, 500), ("canary", None, 500)}),
        ("${stageVariables.nothing}", {("base", None, 500), ("canary", None, 500)}),
        ("orders", {("base", None, 500), ("canary", None, 500)}),
        ("orders:nowhere", {("base", "nowhere", 500), ("canary", "nowhere", 500)}),
    ],
)
def test_what_an_integration_calls_is_read_from_its_uri_in_each_arm(function: str, arms: set[Any]) -> None:
    world = a_world(a_method(integration=an_integration(function)), code="def handler(event, context):\n    return {}")
    world.put_alias("orders", "canary", "1")
    world.allow("orders", "canary")
    for name, value in {"other": "live", "name": "orders", "both": "orders:live"}.items():
        world.patch(**{f"variables__{name}": value})
    start_canary(world, "50")
    assert {(one.arm, one.qualifier, one.status) for one in world.requests(60)} == arms


@pytest.mark.parametrize("place", ["us-east-1:123456789012", "eu-west-1:210987654321"])
def test_a_function_of_elsewhere_is_not_taken_for_one_from_here(place: str) -> None:
    uri = an_integration("orders:live").uri.replace("lambda:eu-west-1:123456789012:function", f"lambda:{place}:function")
    served = a_world(a_method(integration=an_integration(uri=uri))).request()
    assert (served.status, served.error_type, served.function) == (501, "NOT_BUILT", None)


def test_every_override_reaches_the_events_of_the_canary() -> None:
    code = "import json\ndef handler(event, context):\n    return {'body': json.dumps(event['stageVariables'])}"
    world = a_world(a_method(integration=an_integration("orders:live")), code=code)
    start_canary(world, "50")
    world.patch(canarySettings__stageVariableOverrides__newCheckout="on")
    world.pass_time(60)
    seen = {(one.arm, json.loads(one.body).get("newCheckout"), json.loads(one.body)["text"]) for one in world.requests(60)}
    assert seen == {("base", None, "hello"), ("canary", "on", "hello")}


# API Gateway's own answers, as the API configures them.

CORS = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}


def test_a_customised_answer_has_its_own_status_headers_and_body() -> None:
    template = (
        '{"said": $context.error.messageString, "type": "$context.error.responseType", '
        '"v": "$stageVariables.text", "shop": "$method.request.header.X-Shop"}'
    )
    made = GatewayResponse(
        404, {**CORS, "gatewayresponse.header.X-Path": "method.request.header.X-Shop"}, {"application/json": template}
    )
    world = a_world(a_method(), gateway_responses={"MISSING_AUTHENTICATION_TOKEN": made})
    served = world.request(path="/nothing", headers={"x-shop": "corner"})
    assert (served.status, served.error_type) == (404, "MISSING_AUTHENTICATION_TOKEN")
    assert json.loads(served.body) == {
        "said": "Missing Authentication Token",
        "type": "MISSING_AUTHENTICATION_TOKEN",
        "v": "hello",
        "shop": "corner",
    }
    assert dict(served.headers) == {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": "MissingAuthenticationTokenException",
        "Access-Control-Allow-Origin": "*",
        "X-Path": "corner",
    }


@pytest.mark.parametrize(
    ("responses", "status", "has_cors"),
    [
        ({}, 403, False),
        ({"DEFAULT_4XX": GatewayResponse(None, CORS, {})}, 403, True),
        ({"DEFAULT_4XX": GatewayResponse(418, CORS, {})}, 418, True),
        ({"DEFAULT_5XX": GatewayResponse(599, CORS, {})}, 403, False),
        (
            {"DEFAULT_4XX": GatewayResponse(418, CORS, {}), "MISSING_AUTHENTICATION_TOKEN": GatewayResponse(None, {}, {})},
            403,
            False,
        ),
    ],
)
def test_a_type_that_is_left_alone_is_answered_as_its_default_says(
    *, responses: dict[str, GatewayResponse], status: int, has_cors: bool
) -> None:
    served = a_world(a_method(), gateway_responses=responses).request(path="/nothing")
    assert (served.status, "Access-Control-Allow-Origin" in dict(served.headers)) == (status, has_cors)
    assert json.loads(served.body) == {"message": "Missing Authentication Token"}


def test_failures_of_integrations_are_answered_as_default_5xx_says_and_answers_of_functions_are_not() -> None:
    responses = {"DEFAULT_5XX": GatewayResponse(599, CORS, {"text/plain": "sorry: $context.error.message"})}
    code = "def handler(event, context):\n    return {'statusCode': 500, 'body': 'own'}"
    world = a_world(
        a_method(), a_method("/none", integration=an_integration("orders:nowhere")), code=code, gateway_responses=responses
    )
    failed, own = world.request(path="/none"), world.request()
    assert (failed.status, failed.body, dict(failed.headers)["Content-Type"]) == (
        599,
        "sorry: Internal server error",
        "text/plain",
    )
    assert (own.status, own.body, own.error_type) == (500, "own", None)


def test_each_arm_has_the_answers_of_its_own_deployment() -> None:
    world = a_world(a_method())
    made = Definition("api1", "orders", (a_method(),), gateway_responses={"DEFAULT_4XX": GatewayResponse(418, {}, {})})
    canary = world.gateway.create_deployment("api1", made, {}).id
    world.patch(canarySettings__deploymentId=canary, canarySettings__percentTraffic="50")
    world.pass_time(60)
    statuses = {(one.arm, one.status) for one in (world.request(path="/nothing") for _ in range(60))}
    assert statuses == {("base", 403), ("canary", 418)}


def test_a_customised_answer_with_a_mapping_that_is_not_built_says_so() -> None:
    made = {"DEFAULT_4XX": GatewayResponse(None, {"gatewayresponse.header.X": "nobody.knows"}, {})}
    served = a_world(a_method(), gateway_responses=made).request(path="/nothing")
    assert (served.status, served.error_type) == (501, "NOT_BUILT")
