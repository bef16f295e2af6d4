"""The definition of an API, read from its own resources."""

import pytest

from canary.rules.definitions.definition import Authorizer, Endpoint, GatewayResponse, Integration, Method, Model, Validator
from canary.rules.definitions.resources import Answers, from_answers, gateway_response, paths_by_id
from tests.rules.api_world import API_ID, DEFAULT_TEMPLATE, ORDERS, as_answers, lambda_uri, read

BARE = {"id": API_ID, "name": "orders"}


def read_parts(**parts):
    return from_answers(Answers(**{"api": BARE, "resources": [], **parts}))


def read_method(**method):
    (found,) = read_parts(resources=[{"id": "r1", "path": "/orders", "resourceMethods": {"GET": method}}]).methods
    return found


def read_integration(**integration):
    return read_method(methodIntegration=integration).integration


def test_the_sample_reads_as_what_it_calls():
    assert [(str(one), one.integration.uri) for one in read(ORDERS).methods] == [
        ("GET /orders", lambda_uri("orders-read")),
        ("POST /orders", lambda_uri("orders-write")),
        ("GET /orders/{id}", lambda_uri("orders-read")),
    ]


def test_what_aws_leaves_out_is_its_default():
    written = {"authorizationType": "NONE", "apiKeyRequired": False, "requestParameters": {}, "methodResponses": {}}
    assert read_method() == read_method(**written) == Method("/orders", "GET")


@pytest.mark.parametrize(
    "written",
    [
        {"connectionType": "INTERNET"},
        {"passthroughBehavior": "WHEN_NO_MATCH"},
        {"timeoutInMillis": 29000},
        {"tlsConfig": {"insecureSkipVerification": False}},
        {"responseTransferMode": "BUFFERED"},
        {"cacheNamespace": "r1", "cacheKeyParameters": []},
        {"credentials": None, "requestTemplates": None},
    ],
)
def test_a_default_that_aws_writes_out_is_no_difference(written):
    assert read_integration(type="HTTP", uri="https://x") == read_integration(type="HTTP", uri="https://x", **written)


def test_an_integration_is_read_whole():
    found = read_integration(
        type="AWS_PROXY",
        httpMethod="POST",
        uri="arn:x",
        credentials="arn:role",
        connectionType="VPC_LINK",
        connectionId="vpcl",
        integrationTarget="arn:alb",
        contentHandling="CONVERT_TO_TEXT",
        passthroughBehavior="NEVER",
        responseTransferMode="STREAM",
        timeoutInMillis=900000,
        tlsConfig={"insecureSkipVerification": True},
        cacheKeyParameters=["b", "a"],
        requestParameters={"p": "'v'"},
        requestTemplates={"application/json": None},
    )
    assert found == Integration(
        kind="AWS_PROXY",
        uri="arn:x",
        http_method="POST",
        credentials="arn:role",
        connection_type="VPC_LINK",
        connection_id="vpcl",
        target="arn:alb",
        content_handling="CONVERT_TO_TEXT",
        passthrough="NEVER",
        transfer_mode="STREAM",
        timeout_ms=900000,
        trusts_any_certificate=True,
        cache_namespace="/orders",
        cache_keys=("a", "b"),
        parameters={"p": "'v'"},
        templates={"application/json": ""},
    )


def test_responses_go_by_the_pattern_that_selects_them():
    found = read_integration(
        type="HTTP",
        integrationResponses={
            "200": {"statusCode": "200"},
            "500": {"statusCode": "500", "selectionPattern": "5\\d{2}", "contentHandling": "CONVERT_TO_BINARY"},
        },
    )
    assert {pattern: one.status for pattern, one in found.responses.items()} == {"default": "200", "5\\d{2}": "500"}
    assert found.responses["5\\d{2}"].content_handling == "CONVERT_TO_BINARY"


def test_ids_are_replaced_by_what_they_name_and_an_unknown_one_stays():
    method = {"authorizerId": "au1", "requestValidatorId": "rv1", "authorizationType": "CUSTOM"}
    parts = {"resources": [{"id": "r1", "path": "/x", "resourceMethods": {"GET": method}}]}
    named = read_parts(
        **parts,
        authorizers=[{"id": "au1", "name": "auth", "type": "TOKEN"}],
        validators=[{"id": "rv1", "name": "all", "validateRequestBody": True}],
    )

    assert (named.methods[0].authorizer, named.methods[0].validator) == ("auth", "all")
    assert named.validators == {"all": Validator(checks_body=True)}
    assert (read_parts(**parts).methods[0].authorizer, read_parts(**parts).methods[0].validator) == ("au1", "rv1")


@pytest.mark.parametrize("kind", ["NONE", "AWS_IAM"])
def test_an_authorizer_that_a_method_no_longer_asks_is_no_part_of_it(kind):
    """AWS may keep a method's authorizer and scopes when its authorization changes; an export does not show them."""
    found = read_method(authorizationType=kind, authorizerId="au1", authorizationScopes=["orders/read"])
    assert found == read_method(authorizationType=kind)


def test_parameters_of_the_path_go_without_saying():
    found = read_method(requestParameters={"method.request.path.id": True, "method.request.header.A": False})
    assert found.parameters == {"method.request.header.A": False}


def test_an_authorizer_keeps_its_id_beside_what_it_is():
    answer = {"id": "au1", "name": "auth", "type": "REQUEST", "identitySource": "method.request.header.A, context.stage"}
    found = read_parts(authorizers=[{**answer, "jwtConfiguration": {"issuer": "i"}}]).authorizers["auth"]

    assert found == Authorizer(
        "auth", "REQUEST", identity_source="method.request.header.A,context.stage", tokens='{"issuer":"i"}'
    )
    assert found.id == "au1"


def test_gateway_responses_that_no_one_customised_are_left_out():
    template = {"application/json": DEFAULT_TEMPLATE}
    found = read_parts(
        gateway_responses=[
            {"responseType": "THROTTLED", "defaultResponse": True, "statusCode": "429", "responseTemplates": template},
            {"responseType": "DEFAULT_4XX", "defaultResponse": False, "responseParameters": {"h": "'*'"}},
            {"responseType": "UNAUTHORIZED", "statusCode": 404, "responseTemplates": template},
        ]
    )
    assert found.gateway_responses == {
        "DEFAULT_4XX": GatewayResponse(parameters={"h": "'*'"}),
        "UNAUTHORIZED": GatewayResponse(status="404"),
    }


@pytest.mark.parametrize(
    ("kind", "written", "status"),
    [
        ("UNAUTHORIZED", {"statusCode": "401"}, ""),
        ("UNAUTHORIZED", {"statusCode": 401}, ""),
        ("UNAUTHORIZED", {}, ""),
        ("UNAUTHORIZED", {"statusCode": "403"}, "403"),
        ("INTEGRATION_FAILURE", {"statusCode": "504"}, ""),
        ("DEFAULT_5XX", {"statusCode": "500"}, "500"),
        ("A_LATER_TYPE", {"statusCode": "418"}, "418"),
    ],
)
def test_the_status_that_a_gateway_response_has_anyway_counts_as_not_given(kind, written, status):
    assert gateway_response(kind, written) == GatewayResponse(status=status)


def test_the_api_itself_is_part_of_it():
    api = {
        **BARE,
        "binaryMediaTypes": ["b/b", "a/a"],
        "minimumCompressionSize": 0,
        "apiKeySource": "AUTHORIZER",
        "disableExecuteApiEndpoint": True,
        "endpointConfiguration": {"types": ["PRIVATE"], "vpcEndpointIds": ["v2", "v1"], "ipAddressType": "ipv4"},
    }
    found = read_parts(api=api)

    assert (found.binary_types, found.compresses_from, found.api_key_source) == (("a/a", "b/b"), 0, "AUTHORIZER")
    assert found.endpoint == Endpoint(("PRIVATE",), ("v1", "v2"), is_default_disabled=True)


def test_a_model_without_content_type_is_of_json():
    assert read_parts(models=[{"id": "m", "name": "Empty"}]).models == {"Empty": Model("application/json", "")}


def test_resources_are_known_by_id():
    answers = as_answers(ORDERS)
    assert sorted(paths_by_id(answers.resources).values()) == ["/", "/orders", "/orders/{id}"]
