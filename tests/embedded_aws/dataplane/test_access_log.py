"""What a line of the access log contains: every variable that the guide lists, absent ones, texts that clients write."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.stages.access_log_format import AccessLogFormatError, check_format
from embedded_aws.dataplane.access_log import REPLACED_REQUEST_ID, compile_format, overridden_request_id
from tests.embedded_aws.dataplane.serving_world import GROUP, World, a_method, an_orders_world

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Served

LISTED = re.findall(
    r"\S+",
    """
    accountId apiId authorize.error authorize.latency authorize.status authorizer.claims.property authorizer.error
    authorizer.integrationLatency authorizer.integrationStatus authorizer.latency authorizer.principalId authorizer.property
    authorizer.requestId authorizer.status authenticate.error authenticate.latency authenticate.status awsEndpointRequestId
    cipherSuite customDomain.basePathMatched customDomain.routingRuleIdMatched deploymentId domainName domainPrefix endpointType
    error.message error.messageString error.responseType error.validationErrorString extendedRequestId httpMethod
    identity.accountId identity.apiKey identity.apiKeyId identity.caller identity.cognitoAuthenticationProvider
    identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId identity.principalOrgId
    identity.sourceIp identity.clientCert.clientCertPem identity.clientCert.subjectDN identity.clientCert.issuerDN
    identity.clientCert.serialNumber identity.clientCert.validity.notBefore identity.clientCert.validity.notAfter identity.vpcId
    identity.vpceId identity.user identity.userAgent identity.userArn integration.error integration.integrationStatus
    integration.latency integration.requestId integration.responseTransferMode integration.status integration.timeToAllHeaders
    integration.timeToFirstContent integrationLatency integrationStatus isCanaryRequest path protocol requestId
    requestOverride.header.x-name requestOverride.path.name requestOverride.querystring.name responseLatency responseLength
    responseOverride.header.x-name responseOverride.status requestTime requestTimeEpoch resourceId resourcePath stage status
    tlsVersion waf.error waf.latency waf.status xrayTraceId wafResponseCode webaclArn
""",
)
"""As listed in the guide's `api-gateway-variables-for-access-logging`."""

ALWAYS = {
    "accountId": "123456789012",
    "apiId": "api1",
    "cipherSuite": "TLS_AES_128_GCM_SHA256",
    "domainName": "api1.execute-api.eu-west-1.amazonaws.com",
    "domainPrefix": "api1",
    "endpointType": "REGIONAL",
    "identity.sourceIp": "127.0.0.1",
    "protocol": "HTTP/1.1",
    "stage": "prod",
    "tlsVersion": "TLSv1.3",
}


@pytest.fixture
def world() -> World:
    return an_orders_world()


def rendered(world: World, served: Served, *names: str) -> dict[str, str]:
    """What each variable prints for the request."""
    log_format = "|".join(f"$context.{name}" for name in names)
    line = compile_format(
        log_format, world.lambdas, escapes=lambda: world.unknowns.ask("client-text-in-access-log") == "escaped"
    )
    return dict(zip(names, line(served).split("|"), strict=True))


def shown(world: World, served: Served) -> dict[str, str]:
    """The listed variables that do not print a dash."""
    return {name: text for name, text in rendered(world, served, *LISTED).items() if text != "-"}


def test_an_answered_request_prints_these_variables_and_dashes_for_the_others(world: World):
    served = world.request(headers={"User-Agent": "test/1"})

    assert shown(world, served) == {
        **ALWAYS,
        "awsEndpointRequestId": served.invocation.request_id,
        "deploymentId": served.deployment_id,
        "extendedRequestId": served.extended_request_id,
        "httpMethod": "GET",
        "identity.userAgent": "test/1",
        "integration.integrationStatus": "200",
        "integration.latency": str(served.integration_latency),
        "integration.requestId": served.invocation.request_id,
        "integration.responseTransferMode": "BUFFERED",
        "integration.status": "200",
        "integration.timeToAllHeaders": str(served.integration_latency),
        "integration.timeToFirstContent": str(served.integration_latency),
        "integrationLatency": str(served.integration_latency),
        "integrationStatus": "200",
        "path": "/prod/orders",
        "requestId": served.request_id,
        "requestTime": rendered(world, served, "requestTime")["requestTime"],
        "requestTimeEpoch": str(int(world.time * 1000)),
        "resourceId": "id-of-/orders",
        "resourcePath": "/orders",
        "responseLatency": str(served.latency),
        "responseLength": "1",
        "status": "200",
    }


def test_a_request_that_is_refused_before_its_integration_has_dashes_in_its_place(world: World):
    served = world.request(path="/nowhere")
    found = shown(world, served)

    assert (found["status"], found["responseLatency"]) == ("403", str(served.latency))
    assert found["error.message"] == "Missing Authentication Token"
    assert found["error.messageString"] == '"Missing Authentication Token"'
    assert found["error.responseType"] == "MISSING_AUTHENTICATION_TOKEN"
    assert [name for name in found if name.startswith(("integration", "resource"))] == []


def test_a_message_without_a_text_has_no_quotes(world: World):
    assert rendered(world, world.request(), "error.messageString") == {"error.messageString": "-"}


def test_what_is_not_listed_is_a_dash(world: World):
    assert rendered(world, world.request(), "noSuchThing", "error.nothing") == {"noSuchThing": "-", "error.nothing": "-"}


def test_what_is_known_of_a_request_besides_is_printed(world: World):
    served = world.request()
    served.context = {"authorizer.principalId": "u-1", "authorizer.latency": 12, "requestOverride.header.x-name": "a"}

    found = rendered(world, served, *served.context, "waf.status")
    assert [*found.values()] == ["u-1", "12", "a", "-"]


def test_is_canary_request_is_a_word_while_there_is_a_canary(world: World):
    assert rendered(world, world.request(), "isCanaryRequest") == {"isCanaryRequest": "-"}
    world.patch(canarySettings__percentTraffic="100")
    world.pass_time(60)
    assert rendered(world, world.request(), "isCanaryRequest") == {"isCanaryRequest": "true"}


def test_a_format_keeps_everything_that_is_no_variable(world: World):
    served = world.request()
    line = compile_format("100% $context.requestId. $other $context", world.lambdas, escapes=lambda: True)

    assert line(served) == f"100% {served.request_id}. $other $context"


# Texts that clients and functions write.

AGENT = 'a "quoted" \\ agent'


@pytest.mark.parametrize(
    ("answer", "printed"), [("escaped", 'a \\"quoted\\" \\\\ agent'), ("as-it-came", 'a "quoted" \\ agent')]
)
def test_a_user_agent_prints_as_the_open_question_is_answered(world: World, answer: str, printed: str):
    world.unknowns.choose("client-text-in-access-log", answer)
    served = world.request(headers={"User-Agent": AGENT})

    assert rendered(world, served, "identity.userAgent") == {"identity.userAgent": printed}


@pytest.mark.parametrize(("answer", "is_json"), [("escaped", True), ("as-it-came", False)])
def test_a_quoted_user_agent_leaves_the_line_json_only_where_it_is_escaped(world: World, answer: str, is_json: bool):  # noqa: FBT001
    world.unknowns.choose("client-text-in-access-log", answer)
    world.log_access('{"id":"$context.requestId","agent":"$context.identity.userAgent"}')
    world.pass_time(60)
    world.request(headers={"user-agent": AGENT})
    line = world.logs.texts(GROUP)[-1]

    if is_json:
        assert json.loads(line)["agent"] == AGENT
    else:
        with pytest.raises(ValueError, match="delimiter"):
            json.loads(line)


def test_what_a_function_raises_is_escaped_too():
    world = an_orders_world()
    world.put_function("orders", "def handler(event, context):\n    raise ValueError('no \"id\"\\nhere')")
    served = world.request()

    assert rendered(world, served, "integration.error")["integration.error"].endswith(r"error: no \"id\"\nhere")


@pytest.mark.parametrize(
    ("given", "logged"),
    [
        ({"X-Amzn-RequestId": "0F9C3E9A-0000-4000-8000-000000000000"}, "0F9C3E9A-0000-4000-8000-000000000000"),
        ({"x-amzn-requestid": 'mine", "status": 200'}, REPLACED_REQUEST_ID),
    ],
)
def test_a_client_may_name_its_request_by_a_uuid(world: World, given: dict[str, str], logged: str):
    served = world.request(headers=given)

    assert rendered(world, served, "requestId") == {"requestId": logged}
    assert overridden_request_id({"Accept": "text/html"}) is None


# Formats.


@pytest.mark.parametrize("log_format", ["$context.requestId", '{"id":"$context.extendedRequestId"}\n', "x$context.requestId."])
def test_a_format_with_an_id_is_taken(log_format: str):
    check_format(log_format)


@pytest.mark.parametrize(
    ("log_format", "told"),
    [
        ("$context.status", "must include $context.requestId or $context.extendedRequestId"),
        ("$context.requestIdentity", "must include $context.requestId or $context.extendedRequestId"),
        ("$context.requestId\n$context.status", "must be single line, new line character is allowed only at end"),
        ("$context.requestId" + 3_072 * "x", "must include"),
        ("$context.requestId " + 3_072 * "x", "at most 3072 characters"),
    ],
)
def test_other_formats_are_refused(log_format: str, told: str):
    with pytest.raises(AccessLogFormatError) as caught:
        check_format(log_format)
    assert told in str(caught.value)


def test_a_stage_refuses_a_format_that_names_no_request(world: World):
    with pytest.raises(BadRequestError, match="must include"):
        world.log_access("$context.status")


def test_a_function_that_returns_an_error_shows_its_own_status_in_the_log():
    world = an_orders_world()
    world.put_function("orders", "def handler(event, context):\n    return {'statusCode': 503}")
    assert rendered(world, world.request(), "status", "integration.status", "integrationStatus", "error.responseType") == {
        "status": "503",
        "integration.status": "503",
        "integrationStatus": "200",
        "error.responseType": "-",
    }


def test_a_method_without_integration_has_no_integrations_status():
    world = World()
    world.deploy(replace(a_method(), integration=None))
    served = world.request()

    found = rendered(world, served, "status", "integrationLatency", "integration.responseTransferMode")
    assert [*found.values()] == ["500", "-", "-"]
