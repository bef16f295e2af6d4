"""Lambda authorizers, and everything else between a request and its method's integration."""

import json
from dataclasses import replace
from typing import Any

import pytest

from embedded_aws.apigateway.definition.frozen import Authorizer, Checks, Definition, Method
from embedded_aws.awslambda.resource_policies import statement
from embedded_aws.dataplane.served import Served
from embedded_aws.iam.permissions import Permissions
from embedded_aws.moto_seams.permissions import _Iam
from tests.embedded_aws.dataplane.serving_world import FUNCTION, World, a_method, a_mock, start_canary

ACCOUNT = "123456789012"
API = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:api1"
ECHO = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}"
DECIDE = """
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"].get("Token") or event["queryStringParameters"].get("token")
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("database is down")
    if token == "silent":
        return {"context": {}}
    effect = {"deny": "Deny"}.get(token, "Allow")
    resource = "arn:aws:execute-api:*:*:*/*/PUT/*" if token == "elsewhere" else event["methodArn"]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    answer = {"principalId": token, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    answer["context"] = {"version": context.function_version, "staff": True, "level": 3}
    if token == "nested":
        answer["context"]["list"] = [1]
    answer["usageIdentifierKey"] = "key-of-" + token
    return answer
"""
UNAUTHORIZED = (401, {"message": "Unauthorized"}, "UNAUTHORIZED", "UnauthorizedException")
NOBODY_TOLD = {"message": None}


def uri(function: str) -> str:
    return f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION.format(function)}/invocations"


def an_authorizer(**more: Any) -> Authorizer:
    made = Authorizer(
        id="auth1",
        name="auth",
        kind="TOKEN",
        uri=uri("auth:${stageVariables.lambdaAlias}"),
        credentials=None,
        identity_sources=("method.request.header.Authorization",),
        validation=None,
        ttl_seconds=0,
    )
    return replace(made, **more)


def allow(world: World, alias: str, source: str = f"{API}/authorizers/auth1", *, sid: str = "auth") -> None:
    body = {"StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source}
    world.lambdas.policies("auth").add(alias, statement(body, world.lambdas.arn("auth", alias)))


def guarded(authorizer: Authorizer | None = None, **method: Any) -> World:
    """A stage whose one method has an authorizer; both its functions have an alias live, and both may be called."""
    world = World()
    world.dataplane.gatekeeper.permissions = judging()
    world.put_function("orders", ECHO, ECHO)
    world.put_alias("orders", "live", "1")
    world.allow("orders", "live")
    world.put_function("auth", DECIDE, DECIDE)
    world.put_alias("auth", "live", "1")
    allow(world, "live")
    fields = {"authorization_type": "CUSTOM", "authorizer": authorizer or an_authorizer(), **method}
    deploy(world, replace(a_method(), **fields))
    return world


def judging() -> Permissions:
    """Permissions that are not enforced, with an IAM that reads statements."""
    permissions = Permissions(lambda: 0.0, account=ACCOUNT)
    permissions.iam = _Iam(ACCOUNT)
    return permissions


def deploy(world: World, *methods: Method, **definition: Any) -> None:
    made = Definition("api1", "orders", methods, **definition)
    world.gateway.create_deployment("api1", made, {"stageName": "prod", "variables": {"lambdaAlias": "live"}})
    world.log_access("$context.requestId $context.status $context.authorizer.principalId $context.authorizer.level")
    world.pass_time(60)


def ask(world: World, token: str | None = None, **more: Any) -> Served:
    headers = {} if token is None else {"authorization": token}
    return world.request(headers=headers, **more)


def outcome(served: Served) -> tuple[int, Any, str | None, str]:
    return served.status, json.loads(served.body), served.error_type, dict(served.headers)["x-amzn-ErrorType"]


# What the function decides.


def test_an_allowed_request_reaches_its_method_with_what_the_authorizer_said() -> None:
    world = guarded()
    served = ask(world, "tea")
    assert served.status == 200
    told = json.loads(served.body)["requestContext"]["authorizer"]
    assert told.pop("integrationLatency") >= 0
    assert told == {"principalId": "tea", "version": "1", "staff": "true", "level": "3"}
    assert world.logs.texts("/apigw/orders-prod")[-1] == f"{served.request_id} 200 tea 3"
    assert served.latency > served.integration_latency + 2


def test_a_token_authorizer_is_given_the_token_and_the_method() -> None:
    world = guarded()
    world.put_function("auth", "def handler(event, context):\n    raise Exception(str(sorted(event.items())))")
    served = ask(world, "tea", method="GET", path="/orders")
    assert served.status == 500
    assert served.authorizer.error == str(
        sorted({"type": "TOKEN", "authorizationToken": "tea", "methodArn": f"{API}/prod/GET/orders"}.items())
    )


def test_a_request_authorizer_is_given_the_request_without_its_body() -> None:
    code = "import json\ndef handler(event, context):\n    raise Exception(json.dumps(event))"
    world = guarded(an_authorizer(kind="REQUEST", identity_sources=()))
    world.put_function("auth", code)
    served = world.request(query=[("token", "tea")], body="{}")
    event = json.loads(served.authorizer.error)
    assert {"type", "methodArn", "resource", "path", "httpMethod", "headers", "requestContext"} < event.keys()
    assert event["queryStringParameters"] == {"token": "tea"}
    assert event["stageVariables"] == {"lambdaAlias": "live"}
    assert event["pathParameters"] == {}
    assert "body" not in event


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, UNAUTHORIZED),
        ("", UNAUTHORIZED),
        ("unauthorized", UNAUTHORIZED),
        ("broken", (500, NOBODY_TOLD, "AUTHORIZER_FAILURE", "AuthorizerConfigurationException")),
        ("silent", (500, NOBODY_TOLD, "AUTHORIZER_CONFIGURATION_ERROR", "AuthorizerConfigurationException")),
        ("nested", (500, NOBODY_TOLD, "AUTHORIZER_CONFIGURATION_ERROR", "AuthorizerConfigurationException")),
        (
            "deny",
            (
                403,
                {"Message": "User is not authorized to access this resource with an explicit deny"},
                "ACCESS_DENIED",
                "AccessDeniedException",
            ),
        ),
        (
            "elsewhere",
            (403, {"Message": "User is not authorized to access this resource"}, "ACCESS_DENIED", "AccessDeniedException"),
        ),
    ],
)
def test_a_request_that_is_not_let_in_calls_no_integration(token: str | None, expected: tuple[Any, ...]) -> None:
    served = ask(guarded(), token)
    assert outcome(served) == expected
    assert served.function is None


def test_a_token_that_does_not_match_its_expression_is_refused_without_asking() -> None:
    world = guarded(an_authorizer(validation=r"Bearer [a-z]+"))
    world.lambdas.drop_function("auth")
    assert outcome(ask(world, "tea")) == UNAUTHORIZED
    assert ask(world, "Bearer tea").status == 500


def test_a_request_authorizer_that_is_not_remembered_is_asked_without_its_identity_sources() -> None:
    sources = ("method.request.header.Token", "stageVariables.lambdaAlias")
    world = guarded(an_authorizer(kind="REQUEST", identity_sources=sources, ttl_seconds=300))
    assert outcome(world.request(query=[("token", "tea")])) == UNAUTHORIZED
    assert world.request(headers={"Token": "tea"}).status == 200
    world = guarded(an_authorizer(kind="REQUEST", identity_sources=sources))
    assert world.request(query=[("token", "tea")]).status == 200


# Which function it calls, and who may call it.


@pytest.mark.parametrize(
    "source", [f"{API}/*/GET/orders", f"{API}/authorizers/other", "arn:aws:execute-api:eu-west-1:123456789012:api2/*"]
)
def test_the_function_must_let_the_authorizer_itself_call_it(source: str) -> None:
    world = guarded()
    world.lambdas.policies("auth").remove("live", "auth")
    assert outcome(ask(world, "tea"))[0::2] == (500, "AUTHORIZER_CONFIGURATION_ERROR")
    allow(world, "live", source)
    assert ask(world, "tea").status == 500
    allow(world, "live", f"{API}/*", sid="all")
    assert ask(world, "tea").status == 200


def test_an_authorizer_with_credentials_needs_no_permission() -> None:
    world = guarded(an_authorizer(credentials=f"arn:aws:iam::{ACCOUNT}:role/authorizers"))
    world.lambdas.policies("auth").remove("live", "auth")
    assert ask(world, "tea").status == 200


@pytest.mark.parametrize(
    "function", ["auth:${stageVariables.nothing}", "${stageVariables.nothing}:live", "auth:nowhere", "nobody:live"]
)
def test_an_authorizer_that_names_no_function_answers_500(function: str) -> None:
    world = guarded(an_authorizer(uri=uri(function), credentials="arn:aws:iam::123456789012:role/a"))
    assert outcome(ask(world, "tea")) == (
        500,
        NOBODY_TOLD,
        "AUTHORIZER_CONFIGURATION_ERROR",
        "AuthorizerConfigurationException",
    )


def test_each_arm_asks_the_authorizer_that_its_own_stage_variable_names() -> None:
    world = guarded()
    world.put_alias("auth", "canary", "2")
    world.put_alias("orders", "canary", "1")
    world.allow("orders", "canary")
    allow(world, "canary")
    start_canary(world, "50")
    served = [ask(world, "tea") for _ in range(60)]
    versions = {(one.arm, json.loads(one.body)["requestContext"]["authorizer"]["version"]) for one in served}
    assert versions == {("base", "1"), ("canary", "2")}


def test_a_canary_whose_authorizer_has_no_such_alias_answers_500_and_base_as_before() -> None:
    world = guarded(an_authorizer(ttl_seconds=300))
    world.put_alias("orders", "canary", "1")
    world.allow("orders", "canary")
    start_canary(world, "50")
    statuses = {(one.arm, one.status) for one in (ask(world, "tea") for _ in range(60))}
    assert statuses == {("base", 200), ("canary", 500)}


# What is cached.


def counting(world: World) -> None:
    """Make the authorizer report how often its environment was called."""
    code = DECIDE.replace("def handler", "asked = 0\ndef handler").replace('"staff": True', '"staff": asked')
    world.put_function("auth", code.replace("token = event", "global asked\n    asked += 1\n    token = event", 1))


def times(served: Served) -> str:
    return json.loads(served.body)["requestContext"]["authorizer"]["staff"]


def test_a_result_is_remembered_by_its_token_until_its_time_is_over() -> None:
    world = guarded(an_authorizer(ttl_seconds=120))
    counting(world)
    assert [times(ask(world, token)) for token in ("tea", "tea", "cup", "tea")] == ["1", "1", "2", "1"]
    world.pass_time(119)
    assert times(ask(world, "tea")) == "1"
    world.pass_time(1)
    assert times(ask(world, "tea")) == "3"


def test_what_is_remembered_takes_no_time() -> None:
    world = guarded(an_authorizer(ttl_seconds=120))
    first, second = ask(world, "tea"), ask(world, "tea")
    told = [json.loads(each.body)["requestContext"]["authorizer"]["integrationLatency"] for each in (first, second)]
    assert told[0] > 0 == told[1]
    assert first.latency - (first.integration_latency or 0) - told[0] == second.latency - (second.integration_latency or 0) > 0


def test_a_cached_policy_is_evaluated_again_for_each_method() -> None:
    world = guarded(an_authorizer(ttl_seconds=120))
    assert ask(world, "tea").status == 200
    other = replace(a_method(verb="DELETE"), authorization_type="CUSTOM", authorizer=an_authorizer(ttl_seconds=120))
    deploy(world, replace(a_method(), authorization_type="CUSTOM", authorizer=an_authorizer(ttl_seconds=120)), other)
    assert ask(world, "tea", method="DELETE").status == 403
    assert ask(world, "tea").status == 200


def test_nothing_is_remembered_without_a_lifetime() -> None:
    world = guarded()
    counting(world)
    assert [times(ask(world, "tea")) for _ in range(3)] == ["1", "2", "3"]


@pytest.mark.parametrize(("answer", "label"), [("true", "true"), ("false", "false"), ("absent", None)])
def test_which_arm_a_refusal_says_it_is_of_is_a_question(answer: str, label: str | None) -> None:
    world = guarded()
    world.put_alias("orders", "canary", "1")
    world.allow("orders", "canary")
    world.put_alias("auth", "canary", "1")
    allow(world, "canary")
    start_canary(world, "100")
    with world.unknowns.answering("is-canary-of-refused-request", answer):
        assert (ask(world, "deny").status, ask(world, "deny").is_canary) == (403, label)
        assert (ask(world, "tea").status, ask(world, "tea").is_canary) == (200, "true")


@pytest.mark.parametrize(("answer", "statuses"), [("apart", {200, 500}), ("shared", {200})])
def test_whether_the_canary_is_let_in_by_what_base_remembers_is_a_question(answer: str, statuses: set[int]) -> None:
    world = guarded(an_authorizer(ttl_seconds=3600))
    world.put_alias("orders", "canary", "1")
    world.allow("orders", "canary")
    with world.unknowns.answering("authorizer-cache-of-canary", answer):
        assert ask(world, "tea").status == 200
        start_canary(world, "50")
        assert {ask(world, "tea").status for _ in range(40)} == statuses


def test_a_reset_forgets_what_authorizers_said() -> None:
    world = guarded(an_authorizer(ttl_seconds=3600))
    ask(world, "tea")
    world.lambdas.policies("auth").remove("live", "auth")
    assert ask(world, "tea").status == 200
    world.dataplane.gatekeeper.clear()
    assert ask(world, "tea").status == 500


# Other kinds of authorization.


def test_iam_and_user_pools_refuse_who_shows_nothing_and_are_not_built_for_the_others() -> None:
    world = guarded(authorization_type="AWS_IAM", authorizer=None)
    assert outcome(ask(world))[:3] == (403, {"message": "Missing Authentication Token"}, "MISSING_AUTHENTICATION_TOKEN")
    assert ask(world, "AWS4-HMAC-SHA256 ...").status == 501
    world = guarded(an_authorizer(kind="COGNITO_USER_POOLS", uri=""), authorization_type="COGNITO_USER_POOLS")
    assert outcome(ask(world)) == UNAUTHORIZED
    assert ask(world, "a.b.c").status == 501


@pytest.mark.parametrize(("key", "status"), [(None, 403), ("", 403), ("wrong", 403), ("right", 200)])
def test_a_method_that_needs_a_key_takes_one_of_a_usage_plan_of_its_stage(key: str | None, status: int) -> None:
    world = guarded(authorization_type="NONE", authorizer=None, api_key_required=True)
    world.dataplane.gatekeeper.knows_key = lambda *asked: asked == ("api1", "prod", "right")
    served = world.request(headers={} if key is None else {"X-Api-Key": key})
    assert served.status == status
    assert served.error_type == (None if status == 200 else "INVALID_API_KEY")


def test_an_authorizer_may_bring_the_key() -> None:
    world = guarded(api_key_required=True)
    method = replace(a_method(), authorization_type="CUSTOM", authorizer=an_authorizer(), api_key_required=True)
    deploy(world, method, api_key_source="AUTHORIZER")
    world.dataplane.gatekeeper.knows_key = lambda _api, _stage, key: key == "key-of-tea"
    assert (ask(world, "tea").status, ask(world, "cup").status) == (200, 403)


def policy(effect: str, **condition: Any) -> dict[str, Any]:
    made = {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": f"{API}/*"}
    return made | ({"Condition": condition} if condition else {})


FROM_OFFICE = {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


@pytest.mark.parametrize(
    ("statements", "inside", "outside"),
    [
        ([policy("Allow")], 200, 200),
        ([policy("Allow", **FROM_OFFICE)], 200, 403),
        ([policy("Allow"), policy("Deny", **OUTSIDE)], 200, 403),
        ([policy("Deny", **FROM_OFFICE)], 403, 403),
    ],
)
def test_a_resource_policy_decides_for_callers_without_an_authorizer(statements: list[Any], inside: int, outside: int) -> None:
    world = guarded()
    deploy(world, a_method(), policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    statuses = [world.request(source_ip=ip).status for ip in ("192.0.2.7", "198.51.100.7")]
    assert statuses == [inside, outside]
    refused = world.request(source_ip="198.51.100.7") if outside == 403 else None
    if refused:
        assert refused.error_type == "ACCESS_DENIED"
        assert "arn:aws:execute-api:eu-west-1:********9012:api1/prod/GET/orders" in refused.body


def test_a_resource_policy_denies_whom_an_authorizer_would_let_in() -> None:
    world = guarded()
    method = replace(a_method(), authorization_type="CUSTOM", authorizer=an_authorizer())
    deploy(world, method, policy=json.dumps({"Statement": policy("Deny", **OUTSIDE)}))
    assert ask(world, "tea", source_ip="192.0.2.7").status == 200
    assert ask(world, "tea", source_ip="198.51.100.7").status == 403
    assert ask(world, "elsewhere", source_ip="192.0.2.7").status == 403


# What a validator finds.

CUP = {"type": "object", "required": ["cups"], "properties": {"cups": {"$ref": "models/Count"}}}
SCHEMA = json.dumps({"schema": CUP, "models": {"models/Count": {"type": "integer", "minimum": 1}}})
CHECKS = Checks(("method.request.querystring.q", "method.request.header.X-Shop"), {"application/json": SCHEMA})


@pytest.mark.parametrize(
    ("query", "headers", "body", "status", "message"),
    [
        ([("q", "1")], {"x-shop": "a"}, '{"cups": 1}', 200, None),
        ([], {}, '{"cups": 1}', 400, "Missing required request parameters: [q, X-Shop]"),
        ([("q", "1")], {"x-shop": "a"}, '{"cups": 0}', 400, "Invalid request body"),
        ([("q", "1")], {"x-shop": "a"}, "no json", 400, "Invalid request body"),
        ([("q", "1")], {"x-shop": "a"}, None, 400, "Invalid request body"),
        ([("q", "1")], {"x-shop": "a", "Content-Type": "text/plain"}, "anything", 200, None),
    ],
)
def test_a_validator_refuses_what_it_finds_wrong(
    query: list[Any], headers: dict[str, str], body: str | None, status: int, message: str | None
) -> None:
    world = guarded(authorization_type="NONE", authorizer=None, checks=CHECKS)
    served = world.request(query=query, headers=headers, body=body)
    assert (served.status, served.error_message) == (status, message)
    assert served.error_type == {None: None, "Invalid request body": "BAD_REQUEST_BODY"}.get(message, "BAD_REQUEST_PARAMETERS")


def test_an_answer_of_a_template_may_say_who_called() -> None:
    world = guarded(integration=a_mock('{"who": "$context.authorizer.principalId", "level": "$context.authorizer.level"}'))
    assert json.loads(ask(world, "tea").body) == {"who": "tea", "level": "3"}
