"""One request to a stage: its arm, its route, its function, its answer, its line in the log, its metrics."""

import base64
import io
import json
from collections import Counter
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from embedded_aws.apigateway.definition.frozen import Definition
from embedded_aws.dataplane.execute_api import ExecuteApi
from embedded_aws.dataplane.routing import Routes, lambda_target
from embedded_aws.dataplane.served import Served
from embedded_aws.dataplane.serving import log_group
from tests.embedded_aws.dataplane.serving_world import (
    ANSWER,
    GROUP,
    START,
    EverySecond,
    World,
    a_method,
    a_mock,
    a_version,
    an_integration,
    an_orders_world,
    start_canary,
)

ECHO = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}"
BAD_GATEWAY = {"message": "Internal server error"}


@pytest.fixture
def world() -> World:
    return an_orders_world()


def serving(code: str, **more: Any) -> World:
    """A stage with one function, which has this code."""
    world = World()
    world.put_function("orders", code, **more)
    world.put_alias("orders", "live", "1")
    world.allow("orders", "live")
    world.deploy(a_method(), variables={"lambdaAlias": "live"})
    world.log_access(
        '{"id":"$context.requestId","status":$context.status,"error":"$context.error.responseType","why":"$context.integration.error"}'
    )
    world.pass_time(60)
    return world


# Base and canary.


@pytest.mark.parametrize(("percent", "share"), [("0", 0), ("10", 0.1), ("33.33", 0.3333), ("100", 1)])
def test_requests_are_split_by_the_canarys_percent(world: World, percent: str, share: float) -> None:
    start_canary(world, percent)
    arms = Counter(served.arm for served in world.requests(4000))
    assert arms["canary"] / 4000 == pytest.approx(share, abs=0.03 if 0 < share < 1 else 0)


def test_each_arm_is_answered_by_its_own_alias(world: World) -> None:
    start_canary(world, "50")
    answers = {(served.arm, served.qualifier, served.version, served.body) for served in world.requests(200)}
    assert answers == {("base", "live", "1", "1"), ("canary", "canary", "2", "2")}


def test_the_canary_sees_the_stages_variables_with_its_overrides_over_them() -> None:
    world = World()
    template = '{"own": "$stageVariables.own", "shared": "${stageVariables.shared}", "none": "$stageVariables.none"}'
    world.deploy(a_method(integration=a_mock(template)), variables={"own": "base", "shared": "both"})
    world.patch(
        canarySettings__percentTraffic="50",
        canarySettings__stageVariableOverrides__own="canary",
    )
    world.pass_time(60)
    answers = {(served.arm, served.body) for served in world.requests(200)}
    assert answers == {
        ("base", '{"own": "base", "shared": "both", "none": ""}'),
        ("canary", '{"own": "canary", "shared": "both", "none": ""}'),
    }


def test_each_arm_serves_its_own_frozen_definition(world: World) -> None:
    base = world.gateway.stage("api1", "prod").deployment_id
    canary = world.deploy(a_method(), a_method("/new"), stage=None)
    world.patch(
        canarySettings__deploymentId=canary,
        canarySettings__percentTraffic="50",
    )
    world.pass_time(60)
    answers = {(served.arm, served.deployment_id, served.status) for _ in range(200) for served in [world.request(path="/new")]}
    assert answers == {("base", base, 403), ("canary", canary, 200)}


def test_each_request_sees_one_moments_settings_whole(world: World) -> None:
    start_canary(world, "50", settle=False)
    for served in world.requests(300):
        arm = served.settings.canary if served.arm == "canary" else served.settings.base
        assert served.qualifier == arm.variables["lambdaAlias"]
        assert served.deployment_id == arm.deployment_id
        assert (served.is_canary is None) == (served.settings.canary is None)


# Routes.

PATHS = ("/", "/orders", "/orders/{id}", "/orders/{id}/lines/{line}", "/orders/latest", "/files/{path+}")


@pytest.mark.parametrize(
    ("path", "found", "parameters"),
    [
        ("/", "/", {}),
        ("/orders", "/orders", {}),
        ("/orders/", "/orders", {}),
        ("/orders/7", "/orders/{id}", {"id": "7"}),
        ("/orders/a%2Bb", "/orders/{id}", {"id": "a%2Bb"}),
        ("/orders/latest", "/orders/latest", {}),
        ("/orders/7/lines/2", "/orders/{id}/lines/{line}", {"id": "7", "line": "2"}),
        ("/files/a/b.txt", "/files/{path+}", {"path": "a/b.txt"}),
        ("/files", None, None),
        ("/orders/7/lines", None, None),
        ("/nothing", None, None),
    ],
)
def test_a_path_finds_the_most_specific_resource(path: str, found: str | None, parameters: dict[str, str] | None) -> None:
    routes = Routes(Definition("api1", "orders", tuple(a_method(each) for each in PATHS)))
    route = routes.find("GET", path)
    assert (route and route.method.path, route and dict(route.parameters)) == (found, parameters)


def test_any_takes_what_no_method_of_its_own_does() -> None:
    routes = Routes(Definition("api1", "orders", (a_method(verb="ANY"), a_method(verb="POST"))))
    assert routes.find("POST", "/orders").method.http_method == "POST"
    assert routes.find("DELETE", "/orders").method.http_method == "ANY"


BESIDE = ("OPTIONS /cart", "POST /jobs/{type}", "ANY /jobs/any", "GET /{proxy+}", "OPTIONS /{proxy+}", "PUT /{name}")


@pytest.mark.parametrize(
    ("request_line", "found", "parameters"),
    [
        ("OPTIONS /cart", "OPTIONS /cart", {}),
        ("GET /cart", "GET /{proxy+}", {"proxy": "cart"}),
        ("PUT /cart", "PUT /{name}", {"name": "cart"}),
        ("POST /jobs/reboot", "POST /jobs/{type}", {"type": "reboot"}),
        ("GET /jobs/reboot", "GET /{proxy+}", {"proxy": "jobs/reboot"}),
        ("OPTIONS /jobs/any", "ANY /jobs/any", {}),
        ("POST /cart", None, None),
    ],
)
def test_a_resource_without_the_method_leaves_the_request_to_a_less_specific_one(
    request_line: str, found: str | None, parameters: dict[str, str] | None
) -> None:
    lines = (line.split() for line in BESIDE)
    routes = Routes(Definition("api1", "orders", tuple(a_method(path, verb) for verb, path in lines)))
    route = routes.find(*request_line.split())
    assert (route and f"{route.method.http_method} {route.method.path}", route and dict(route.parameters)) == (
        found,
        parameters,
    )


@pytest.mark.parametrize(
    ("function", "variables", "target"),
    [
        ("orders:${stageVariables.alias}", {"alias": "live"}, ("orders", "live")),
        ("${stageVariables.name}:live", {"name": "orders"}, ("orders", "live")),
        ("orders", {}, ("orders", None)),
        ("orders:7", {}, ("orders", "7")),
        ("orders:${stageVariables.alias}", {}, None),
    ],
)
def test_stage_variables_fill_the_integrations_uri(function: str, variables: dict[str, str], target: object) -> None:
    assert lambda_target(an_integration(function).uri, variables) == target


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", "/orders")])
def test_an_unknown_route_is_refused_as_a_missing_token(world: World, method: str, path: str) -> None:
    served = world.request(method, path)
    assert (served.status, json.loads(served.body)) == (403, {"message": "Missing Authentication Token"})
    assert ("x-amzn-ErrorType", "MissingAuthenticationTokenException") in served.headers
    assert served.integration_latency is None


def test_an_unknown_stage_is_forbidden(world: World) -> None:
    world.gateway.delete_stage("api1", "prod")
    world.pass_time(60)
    served = world.request()
    assert (served.status, served.arm, json.loads(served.body)) == (403, None, {"message": "Forbidden"})


# The function's event.


def test_the_event_is_a_rest_proxy_event() -> None:
    world = World()
    world.put_function("orders", ECHO)
    world.allow("orders", None)
    deployment = world.deploy(a_method("/orders/{id}", "POST", an_integration("orders")), variables={"x": "1"})
    served = world.request(
        "POST",
        "/orders/a%2Bb",
        headers={"User-Agent": "test/1", "X-Shop": "corner", "Content-Length": "5"},
        query=[("q", "1"), ("q", "2"), ("r", "a b")],
        body='{"soup": 1}',
        source_ip="192.0.2.7",
    )
    event = json.loads(served.body)
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "resource": "/orders/{id}",
        "path": "/orders/a%2Bb",
        "httpMethod": "POST",
        "multiValueHeaders": {name: [text] for name, text in headers.items()},
        "queryStringParameters": {"q": "2", "r": "a b"},
        "multiValueQueryStringParameters": {"q": ["1", "2"], "r": ["a b"]},
        "pathParameters": {"id": "a%2Bb"},
        "stageVariables": {"x": "1"},
        "body": '{"soup": 1}',
        "isBase64Encoded": False,
    }
    assert headers["X-Shop"] == "corner"
    assert headers["Host"] == "api1.execute-api.eu-west-1.amazonaws.com"
    assert "Content-Length" not in headers
    assert context["identity"]["sourceIp"] == "192.0.2.7"
    assert context["identity"]["userAgent"] == "test/1"
    assert context["requestTimeEpoch"] == START * 1000
    assert context["requestId"] == served.request_id
    assert {key: context[key] for key in ("stage", "path", "resourcePath", "httpMethod", "deploymentId", "apiId")} == {
        "stage": "prod",
        "path": "/prod/orders/a%2Bb",
        "resourcePath": "/orders/{id}",
        "httpMethod": "POST",
        "deploymentId": deployment,
        "apiId": "api1",
    }


def test_what_is_absent_in_a_request_is_null_in_its_event() -> None:
    event = json.loads(serving(ECHO).request().body)
    assert event["stageVariables"] == {"lambdaAlias": "live"}
    absent = ("body", "pathParameters", "queryStringParameters", "multiValueQueryStringParameters")
    assert [event[key] for key in absent] == [None] * 4


def test_one_requests_event_is_not_the_next_ones() -> None:
    world = serving(
        "import json\ndef handler(event, context):\n    seen = json.dumps(event)\n"
        "    for part in (event['headers'], event['stageVariables'], event['requestContext']['identity']):\n"
        "        part['spoilt'] = True\n    return {'body': seen}"
    )
    assert "spoilt" not in world.request().body
    assert "spoilt" not in world.request().body


# The function's answer.


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ({"statusCode": 201, "body": "made"}, 201, "made"),
        ({"statusCode": "404"}, 404, ""),
        ({"headers": {"X-A": "1"}}, 200, ""),
        ({"statusCode": 500, "body": "oh"}, 500, "oh"),
        ({"statusCode": 200, "body": "dGVzdA==", "isBase64Encoded": True}, 200, "dGVzdA=="),
        ({"statusCode": 200, "headers": None}, 200, ""),
    ],
)
def test_a_proxy_response_is_the_answer(answer: object, status: int, body: str) -> None:
    served = serving(f"def handler(event, context):\n    return {answer!r}").request()
    assert (served.status, served.body, served.function_status, served.integration_status) == (status, body, status, 200)


@pytest.mark.parametrize(
    "answer",
    [
        "just text",
        None,
        [1],
        {"statusCode": "two hundred"},
        {"statusCode": 200, "wrong": "field"},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "multiValueHeaders": {"a": "text"}},
        {"statusCode": 200, "headers": {"a": {"nested": 1}}},
    ],
)
def test_a_malformed_response_is_a_bad_gateway_and_no_lambda_error(answer: object) -> None:
    world = serving(f"def handler(event, context):\n    return {answer!r}")
    served = world.request()
    assert (served.status, json.loads(served.body)) == (502, BAD_GATEWAY)
    assert served.integration_status == 200
    assert served.function_status is None
    world.pass_time(60)
    assert world.metrics.total("AWS/Lambda", "Errors", FunctionName="orders") == 0
    assert world.metrics.total("AWS/ApiGateway", "5XXError", ApiName="orders", Stage="prod") == 1
    assert "Malformed Lambda proxy response" in world.logs.texts(GROUP)[-1]


def test_headers_come_through_those_of_several_values_first() -> None:
    answer = {"headers": {"x-multi": "solo", "Flag": True}, "multiValueHeaders": {"X-Multi": ["a", "b"]}}
    served = serving(f"def handler(event, context):\n    return {answer!r}").request()
    assert served.headers == [
        ("X-Multi", "a"),
        ("X-Multi", "b"),
        ("X-Multi", "solo"),
        ("Flag", "true"),
        ("Content-Type", "application/json"),
    ]


@pytest.mark.parametrize("code", ["raise KeyError('id')", "return {1, 2}", "import sys; sys.exit(1)"])
def test_a_function_that_fails_is_a_bad_gateway_and_a_lambda_error(code: str) -> None:
    world = serving(f"def handler(event, context):\n    {code}")
    served = world.request()
    assert (served.status, json.loads(served.body), served.integration_status) == (502, BAD_GATEWAY, 200)
    world.pass_time(60)
    assert world.metrics.total("AWS/Lambda", "Errors", FunctionName="orders") == 1


def test_an_answer_after_the_integrations_timeout_comes_too_late() -> None:
    code = "import time\ndef handler(event, context):\n    time.sleep(30)\n    return {}"
    served = serving(code, timeout_seconds=60).request()
    assert (served.status, json.loads(served.body)) == (504, {"message": "Endpoint request timed out"})
    assert served.integration_latency == 29_000
    assert served.latency >= 29_000


def test_latency_is_the_functions_simulated_duration_and_a_little_more() -> None:
    served = serving("import time\ndef handler(event, context):\n    time.sleep(0.25)\n    return {}").request()
    assert 250 < served.integration_latency < 260
    assert served.integration_latency < served.latency < 265


# Permission.


def test_without_permission_on_the_alias_the_answer_is_an_internal_error(world: World) -> None:
    world.put_function("stock", ANSWER)
    world.put_alias("stock", "live", "1")
    world.allow("stock", None)
    world.allow("stock", "canary")
    world.deploy(a_method(integration=an_integration("stock:${stageVariables.lambdaAlias}")))
    world.pass_time(60)
    served = world.request()
    assert (served.status, json.loads(served.body), served.version) == (500, BAD_GATEWAY, None)
    assert "Invalid permissions on Lambda function" in served.integration_error
    world.allow("stock", "live")
    assert world.request().status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:api1/prod/GET/orders"}, 200),
        ({"SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:api1/*/*/orders"}, 200),
        ({"SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:other/*/*/*"}, 500),
        ({"SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:api1/test/*/*"}, 500),
        ({"SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:api1/prod/POST/orders"}, 500),
        ({"SourceArn": "arn:aws:execute-api:*:api1/prod/GET/orders"}, 500),
        ({"SourceAccount": "123456789012"}, 200),
        ({"SourceAccount": "210987654321"}, 500),
        ({"Principal": "events.amazonaws.com"}, 500),
        ({"Principal": "*"}, 200),
        ({"Action": "lambda:*"}, 200),
        ({"Action": "lambda:GetFunction"}, 500),
    ],
)
def test_a_statement_allows_what_it_names(change: dict[str, str], status: int) -> None:
    from embedded_aws.awslambda.resource_policies import statement

    world = World()
    world.put_function("orders", ANSWER)
    world.deploy(a_method(integration=an_integration("orders")))
    body = {"StatementId": "a", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", **change}
    world.lambdas.policies("orders").add(None, statement(body, world.lambdas.arn("orders")))
    assert world.request().status == status


def test_a_role_of_the_integration_needs_no_statement() -> None:
    world = World()
    world.put_function("orders", ANSWER)
    world.deploy(a_method(integration=an_integration("orders", credentials="arn:aws:iam::123456789012:role/r")))
    assert world.request().status == 200


def test_an_alias_that_is_gone_answers_an_internal_error(world: World) -> None:
    world.lambdas.drop_alias("orders", "live")
    assert world.request().status == 500


# Other integrations.


def test_a_lambda_proxy_is_called_by_post_only() -> None:
    world = World()
    world.put_function("orders", ANSWER)
    world.allow("orders", None)
    world.deploy(a_method(integration=an_integration("orders", http_method="GET")))
    assert world.request().status == 500


def test_a_mock_answers_by_the_status_its_request_template_asks_for() -> None:
    world = World()
    world.deploy(a_method(integration=a_mock('{"canary": "$context.isCanaryRequest"}', status="404", pattern="4..")))
    served = world.request()
    assert (served.status, served.body) == (404, '{"canary": ""}')


@pytest.mark.parametrize(
    ("integration", "message"),
    [
        (a_mock("#set($x = 1) $x"), "holds #set"),
        (an_integration(kind="HTTP_PROXY", uri="http://example.com"), "no backend is registered for http://example.com"),
    ],
)
def test_what_is_not_emulated_says_so(integration: Any, message: str) -> None:
    world = World()
    world.deploy(a_method(integration=integration))
    served = world.request()
    assert served.status == 501
    assert message in served.body


# The access log.


def test_each_request_writes_one_line_in_the_stages_format(world: World) -> None:
    deployment = world.gateway.stage("api1", "prod").deployment_id
    served = world.request()
    (line,) = world.logs.lines[GROUP]
    text = f'{{"id":"{served.request_id}","deployment":"{deployment}","isCanary":"-","status":200}}'
    assert line == (START + 60 + served.latency / 1000, text)


def test_a_line_says_whose_it_is_only_while_there_is_a_canary(world: World) -> None:
    def flags() -> set[str]:
        world.logs.lines.clear()
        world.requests(100)
        return {json.loads(line)["isCanary"] for line in world.logs.texts(GROUP)}

    assert flags() == {"-"}
    start_canary(world, "50")
    assert flags() == {"true", "false"}
    world.patch(canarySettings__percentTraffic="0")
    world.pass_time(60)
    assert flags() == {"false"}
    world.gateway.update_stage("api1", "prod", [{"op": "remove", "path": "/canarySettings"}])
    world.pass_time(60)
    assert flags() == {"-"}


def test_canary_lines_go_to_the_twin_group_too_where_it_exists(world: World) -> None:
    start_canary(world, "50")
    world.requests(100)
    assert not world.logs.lines[f"{GROUP}/Canary"]
    world.dataplane.records.has_log_group = {f"{GROUP}/Canary"}.__contains__
    world.logs.lines.clear()
    arms = Counter(served.arm for served in world.requests(100))
    assert len(world.logs.lines[GROUP]) == 100
    assert len(world.logs.lines[f"{GROUP}/Canary"]) == arms["canary"]
    world.dataplane.records.has_log_group = lambda _: False
    world.unknowns.choose("canary-log-group", "created")
    world.requests(100)
    assert len(world.logs.lines[f"{GROUP}/Canary"]) > arms["canary"]


def test_a_stage_without_access_log_settings_writes_nothing() -> None:
    world = World()
    world.deploy(a_method(integration=a_mock("{}")))
    world.request()
    assert not world.logs.lines


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/apigw/orders", "/apigw/orders"),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/apigw/orders:*", "/apigw/orders"),
        ("arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-x", None),
        (None, None),
    ],
)
def test_the_log_group_is_read_from_the_destination(arn: str | None, group: str | None) -> None:
    assert log_group(arn) == group


# Metrics.


def test_metrics_count_by_api_and_stage_once_the_minute_is_over() -> None:
    world = serving("def handler(event, context):\n    return {'statusCode': int(event['queryStringParameters']['s'])}")
    for status in ("200", "200", "404", "500", "503"):
        world.request(query=[("s", status)])
    world.request(path="/nothing")
    world.pass_time(59.9)
    assert not world.metrics.samples
    world.pass_time(0.1)
    for dimensions in ({"ApiName": "orders"}, {"ApiName": "orders", "Stage": "prod"}):
        totals = {name: world.metrics.total("AWS/ApiGateway", name, **dimensions) for name in ("Count", "4XXError", "5XXError")}
        assert totals == {"Count": 6, "4XXError": 2, "5XXError": 2}
        counts = [world.metrics.count("AWS/ApiGateway", name, **dimensions) for name in ("5XXError", "Latency")]
        assert counts == [6, 6]
        assert world.metrics.count("AWS/ApiGateway", "IntegrationLatency", **dimensions) == 5


def test_which_metrics_count_the_canarys_requests_can_be_answered_otherwise(world: World) -> None:
    start_canary(world, "50")
    world.unknowns.choose("stage-metrics-include-canary", "no")
    world.unknowns.choose("canary-metric-dimension", "stage-slash-canary")
    world.metrics.samples.clear()
    arms = Counter(served.arm for served in world.requests(200))
    world.pass_time(60)
    counted = {stage: world.metrics.total("AWS/ApiGateway", "Count", ApiName="orders", Stage=stage) for stage in STAGES}
    assert counted == {"prod": arms["base"], "prod/Canary": arms["canary"]}
    assert world.metrics.total("AWS/ApiGateway", "Count", ApiName="orders") == 200


STAGES = ("prod", "prod/Canary")


@pytest.mark.parametrize(("answer", "said"), [("true", "true"), ("false", "false"), ("absent", "-")])
def test_what_a_refused_request_says_at_a_hundred_percent_is_a_question(world: World, answer: str, said: str) -> None:
    start_canary(world, "100")
    world.unknowns.choose("is-canary-of-refused-request", answer)
    world.request(path="/nothing")
    assert json.loads(world.logs.texts(GROUP)[-1])["isCanary"] == said


# Over HTTP.


class Client:
    """Calls the WSGI application as a server does."""

    def __init__(self, world: World) -> None:
        self._application = ExecuteApi(world.dataplane, now=world.now)
        self.headers: dict[str, str] = {}
        self.status = ""

    def send(self, method: str, url: str, body: bytes = b"", **headers: str) -> bytes:
        path, _, query = url.partition("?")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "RAW_URI": url}
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ |= {name if name == "CONTENT_TYPE" else f"HTTP_{name}": text for name, text in headers.items()}
        setup_testing_defaults(environ)

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            self.status, self.headers = status, dict(headers)

        return b"".join(self._application(environ, start_response))


def test_the_invoke_url_is_answered_by_base_or_canary_and_counted(world: World) -> None:
    start_canary(world, "50")
    client = Client(world)
    bodies = Counter(client.send("GET", "/_aws/execute-api/api1/prod/orders") for _ in range(100))
    assert set(bodies) == {b"1", b"2"}
    assert client.status == "200 OK"
    assert client.headers["Content-Length"] == "1"
    assert client.headers["x-amzn-RequestId"]
    assert len(world.logs.lines[GROUP]) == 100
    world.pass_time(60)
    assert world.metrics.total("AWS/ApiGateway", "Count", ApiName="orders", Stage="prod") == 100


def test_path_query_headers_and_body_reach_the_function() -> None:
    world = World()
    world.put_function("orders", ECHO)
    world.allow("orders", None)
    world.deploy(a_method("/orders/{id}", "POST", an_integration("orders")))
    client = Client(world)
    url = "/_aws/execute-api/api1/prod/orders/a%2Fb?x=1&x=a+b&y="
    event = json.loads(client.send("POST", url, b'{"soup": 1}', X_SHOP="corner", CONTENT_TYPE="application/json"))
    assert event["path"] == "/orders/a%2Fb"
    assert event["pathParameters"] == {"id": "a%2Fb"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "a b"], "y": [""]}
    assert event["headers"]["X-Shop"] == "corner"
    assert event["headers"]["Content-Type"] == "application/json"
    assert event["body"] == '{"soup": 1}'
    event = json.loads(client.send("POST", url, b"\xff\xfe"))
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\xff\xfe")


@pytest.mark.parametrize(
    ("url", "status", "error"),
    [
        ("/_aws/execute-api/api1/prod/nothing", "403 Forbidden", "MissingAuthenticationTokenException"),
        ("/_aws/execute-api/api1/test/orders", "403 Forbidden", "ForbiddenException"),
        ("/_aws/execute-api/other", "403 Forbidden", "ForbiddenException"),
    ],
)
def test_unknown_urls_are_refused(world: World, url: str, status: str, error: str) -> None:
    client = Client(world)
    client.send("GET", url)
    assert (client.status, client.headers["x-amzn-ErrorType"]) == (status, error)


def test_the_root_of_a_stage_has_a_url_without_a_path() -> None:
    world = World()
    world.deploy(a_method("/", integration=a_mock("root")))
    client = Client(world)
    assert client.send("GET", "/_aws/execute-api/api1/prod") == b"root"
    assert client.send("GET", "/_aws/execute-api/api1/prod/") == b"root"


# User code that acts on the control plane.


def test_a_change_made_while_requests_are_served_does_not_have_them_served_again(world: World) -> None:
    served: list[Served] = []

    def change(each: Served) -> None:
        served.append(each)
        world.put_alias("orders", "live", "2")

    world.dataplane.on_served(change)
    world.dataplane.add_source(EverySecond())
    world.time += 5
    world.dataplane.catch_up()
    assert [each.at - START for each in served] == [61, 62, 63, 64, 65]


def test_a_reset_forgets_what_was_served_with(world: World) -> None:
    world.dataplane.reset()
    world.gateway.reset()
    world.lambdas.reset()
    assert world.request().status == 403
    world.lambdas.put_version(a_version())
    assert world.lambdas.has("orders", "1")
