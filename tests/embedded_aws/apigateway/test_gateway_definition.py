"""The definition of an API over HTTP: each part is created, shown, changed and removed with AWS's shapes and messages."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.apigateway.gateway_server import ACCOUNT, GatewayServer, gateway_server

LAMBDA = (
    f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f/invocations"
)
NO_RESOURCE = (404, "NotFoundException", "Invalid Resource identifier specified")
NO_METHOD = (404, "NotFoundException", "Invalid Method identifier specified")
NO_INTEGRATION = (404, "NotFoundException", "Invalid Integration identifier specified")
NO_STATUS = (404, "NotFoundException", "Invalid Response status code specified")
NO_AUTHORIZER = (
    400,
    "BadRequestException",
    (
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
        "requires a valid authorizer."
    ),
)
OPS = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"


@pytest.fixture(scope="module")
def shared() -> Iterator[GatewayServer]:
    with gateway_server() as server:
        yield server


@pytest.fixture
def aws(shared: GatewayServer) -> GatewayServer:
    shared.reset()
    return shared


class Api:
    """An API; its calls are made with its id, and their answers come without the metadata."""

    def __init__(self, aws: GatewayServer, **fields: Any) -> None:
        self.client = aws.client
        self.made = shown(aws.client.create_rest_api(name="orders", **fields))
        self.id = self.made["id"]
        self.root = self.made["rootResourceId"]

    def __getattr__(self, operation: str) -> Any:
        return lambda **arguments: shown(getattr(self.client, operation)(restApiId=self.id, **arguments))

    def method(self, verb: str = "GET", **fields: Any) -> dict[str, str]:
        where = {"resourceId": self.root, "httpMethod": verb}
        self.put_method(**where, **{"authorizationType": "NONE", **fields})
        return where


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.fixture
def api(aws: GatewayServer) -> Api:
    return Api(aws)


def refused(call: Any, **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def put(path: str, value: str, op: str = "replace") -> dict[str, str]:
    return {"op": op, "path": path, "value": value}


# The API itself.


def test_a_new_api_shows_what_it_was_given_and_no_empty_field(aws) -> None:
    made = Api(aws).made
    assert (made.pop("createdDate").timestamp(), len(made.pop("id")), len(made.pop("rootResourceId"))) == (1_750_000_000, 10, 6)
    assert made == {
        "name": "orders",
        "apiKeySource": "HEADER",
        "disableExecuteApiEndpoint": False,
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
    }
    full = Api(
        aws,
        description="tea",
        version="v1",
        binaryMediaTypes=["image/png", "image/png"],
        minimumCompressionSize=0,
        apiKeySource="AUTHORIZER",
        endpointConfiguration={"types": ["PRIVATE"], "vpcEndpointIds": ["vpce-1"]},
        disableExecuteApiEndpoint=True,
        tags={"team": "orders"},
    ).made
    assert (
        full
        | {
            "description": "tea",
            "version": "v1",
            "binaryMediaTypes": ["image/png"],
            "minimumCompressionSize": 0,
            "apiKeySource": "AUTHORIZER",
            "endpointConfiguration": {"types": ["PRIVATE"], "vpcEndpointIds": ["vpce-1"], "ipAddressType": "dualstack"},
            "disableExecuteApiEndpoint": True,
            "tags": {"team": "orders"},
        }
        == full
    )


def test_apis_are_read_and_listed_with_their_tags(aws, api) -> None:
    other = Api(aws, tags={"a": "b"})
    assert api.get_rest_api() == {**api.made, "tags": {}}
    assert {item["id"]: item["tags"] for item in aws.client.get_rest_apis()["items"]} == {api.id: {}, other.id: {"a": "b"}}
    assert refused(aws.client.get_rest_api, restApiId="nothing")[2] == f"Invalid API identifier specified {ACCOUNT}:nothing"


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"description": ""}, "BadRequestException", "Description cannot be an empty string"),
        ({"apiKeySource": "QUERY"}, "ValidationException", "enum value set: [AUTHORIZER, HEADER]"),
        ({"endpointConfiguration": {"types": ["LOCAL"]}}, "ValidationException", "enum value set: [PRIVATE, EDGE, REGIONAL]"),
        ({"minimumCompressionSize": 10_485_761}, "BadRequestException", "must be between 0 and 10485760"),
        ({"policy": "no json"}, "BadRequestException", "Invalid policy document"),
        ({"policy": '{"Statement": [5]}'}, "BadRequestException", "Invalid policy document"),
        ({"policy": '{"Statement": {"Resource": [5]}}'}, "BadRequestException", "Invalid policy document"),
        ({"cloneFrom": "abc"}, "NotBuilt", "cloning an API"),
    ],
)
def test_a_new_api_is_checked_before_anything_is_made(aws, fields, code, message) -> None:
    answer = refused(aws.client.create_rest_api, name="orders", **fields)
    assert answer[:2] == (501 if code == "NotBuilt" else 400, code)
    assert message in answer[2]
    assert aws.client.get_rest_apis()["items"] == []


def test_the_settings_of_an_api_are_patched(api) -> None:
    patches = [
        put("/description", "tea"),
        put("/minimumCompressionSize", "10"),
        put("/apiKeySource", "AUTHORIZER"),
        put("/disableExecuteApiEndpoint", "true"),
        put("/binaryMediaTypes/image~1png", "", op="add"),
        put("/binaryMediaTypes/image~1jpg", "", op="add"),
        put("/binaryMediaTypes/image~1png", "image/gif"),
        put("/endpointConfiguration/types/EDGE", "REGIONAL"),
        put("/endpointConfiguration/ipAddressType", "dualstack"),
    ]
    api.update_rest_api(patchOperations=patches)
    found = api.get_rest_api()
    assert (found["description"], found["minimumCompressionSize"], found["apiKeySource"]) == ("tea", 10, "AUTHORIZER")
    assert (found["disableExecuteApiEndpoint"], found["binaryMediaTypes"]) == (True, ["image/jpg", "image/gif"])
    assert found["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "dualstack"}
    gone = [
        {"op": "remove", "path": "/description"},
        put("/minimumCompressionSize", ""),
        put("/disableExecuteApiEndpoint", "false"),
        *({"op": "remove", "path": f"/binaryMediaTypes/image~1{kind}"} for kind in ("jpg", "gif")),
    ]
    found = api.update_rest_api(patchOperations=gone)
    assert found["disableExecuteApiEndpoint"] is False
    assert not {"description", "minimumCompressionSize", "binaryMediaTypes"} & found.keys()


@pytest.mark.parametrize(
    ("operation", "status", "message"),
    [
        (put("/binaryMediaTypes", "x", op="add"), 400, "Invalid patch path /binaryMediaTypes"),
        (put("/nothing", "x"), 400, "Invalid patch path /nothing"),
        (put("/minimumCompressionSize", "-1"), 400, "Invalid minimum compression size, must be between 0 and 10485760"),
        (put("/minimumCompressionSize", "1", op="add"), 400, "Invalid patch operation specified. Must be one of: [replace]"),
        (put("/apiKeySource", "QUERY"), 400, "enum value set: [AUTHORIZER, HEADER]"),
        (
            put("/name", "x", op="wrong"),
            400,
            f"at 'updateRestApiInput.patchOperations.2.member.op' failed to satisfy constraint: {OPS}",
        ),
        (put("/endpointConfiguration/vpcEndpointIds", "x", op="add"), 501, "of an API is not built"),
    ],
)
def test_a_refused_patch_of_an_api_changes_nothing(api, operation, status, message) -> None:
    answer = refused(api.update_rest_api, patchOperations=[put("/description", "half"), operation])
    assert answer[0] == status
    assert message in answer[2]
    assert "description" not in api.get_rest_api()


def test_a_resource_policy_is_shown_escaped_once_more_with_its_resources_written_out(aws) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": ["execute-api:/prod/GET/*"]}
    api = Api(aws, policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1))
    text = api.get_rest_api()["policy"]
    assert text.startswith(r"{\"Version\":\"2012-10-17\",\"Statement\":[")
    assert rf"arn:aws:execute-api:eu-west-1:{ACCOUNT}:{api.id}\/prod\/GET\/*" in text
    statement["Resource"] = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:{api.id}/prod/GET/*"
    assert json.loads(json.loads(f'"{text}"'))["Statement"] == [{**statement, "Resource": [statement["Resource"]]}]
    api.update_rest_api(
        patchOperations=[put("/policy", json.dumps({"Statement": {**statement, "Resource": "execute-api:/*"}}))]
    )
    assert rf"{api.id}\/*" in api.get_rest_api()["policy"]
    assert "policy" not in api.update_rest_api(patchOperations=[put("/policy", "")])


# Resources.


def test_resources_are_a_tree_of_paths(api) -> None:
    orders = api.create_resource(parentId=api.root, pathPart="orders")
    assert orders == {"id": orders["id"], "parentId": api.root, "pathPart": "orders", "path": "/orders"}
    one = api.create_resource(parentId=orders["id"], pathPart="{id}")
    lines = api.create_resource(parentId=one["id"], pathPart="{line+}")
    assert lines["path"] == "/orders/{id}/{line+}"
    api.put_method(resourceId=one["id"], httpMethod="GET", authorizationType="NONE")
    moved = api.update_resource(resourceId=orders["id"], patchOperations=[put("/pathPart", "carts")])
    assert moved["path"] == "/carts"
    assert [item["path"] for item in api.get_resources()["items"]] == ["/", "/carts", "/carts/{id}", "/carts/{id}/{line+}"]
    assert api.get_resource(resourceId=one["id"])["resourceMethods"] == {"GET": {}}
    assert api.get_resource(resourceId=one["id"], embed=["methods"])["resourceMethods"]["GET"]["authorizationType"] == "NONE"
    api.update_resource(resourceId=one["id"], patchOperations=[put("/parentId", api.root)])
    assert api.get_resource(resourceId=lines["id"])["path"] == "/{id}/{line+}"
    api.delete_resource(resourceId=one["id"])
    assert [item["path"] for item in api.get_resources()["items"]] == ["/", "/carts"]


def test_a_resource_is_refused_where_no_request_could_tell_it_from_another(api) -> None:
    orders = api.create_resource(parentId=api.root, pathPart="orders")["id"]
    below = api.create_resource(parentId=orders, pathPart="{all+}")["id"]
    create = api.create_resource
    assert refused(create, parentId="nothing", pathPart="a") == NO_RESOURCE
    assert refused(create, parentId=api.root, pathPart="orders")[1:] == (
        "ConflictException",
        "Another resource with the same parent already has this name: orders",
    )
    assert refused(create, parentId=orders, pathPart="{id}")[2] == (
        "A sibling ({all+}) of this resource already has a variable path part -- only one is allowed"
    )
    assert refused(create, parentId=below, pathPart="a")[2] == (
        "Cannot create a child of a resource with a greedy path variable: {all+}"
    )
    assert refused(create, parentId=api.root, pathPart="a/b")[2].startswith("Resource's path part only allow")
    update = api.update_resource
    assert refused(update, resourceId=orders, patchOperations=[put("/parentId", below)])[2] == "Resources cannot be cyclical."
    assert refused(update, resourceId=api.root, patchOperations=[put("/pathPart", "a")])[2] == (
        "Root resource cannot update its pathPart."
    )
    assert refused(update, resourceId=orders, patchOperations=[put("/path", "a")])[2] == (
        "Invalid patch path  '/path' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"
    )
    assert refused(update, resourceId=orders, patchOperations=[{"op": "remove", "path": "/pathPart"}])[2] == (
        "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"
    )
    assert refused(api.delete_resource, resourceId=api.root)[2] == "Root resource cannot be removed."


def test_resources_come_in_pages_of_at_most_500(api) -> None:
    parts = [f"p{number}" for number in range(60)]
    made = [api.create_resource(parentId=api.root, pathPart=part)["id"] for part in parts]
    first = api.get_resources(limit=40, embed=["methods"])
    rest = api.get_resources(limit=40, position=first["position"])
    assert [item["id"] for item in (*first["items"], *rest["items"])] == [api.root, *made]
    assert "position" not in rest
    assert len(api.get_resources()["items"]) == 25
    assert len(api.get_resources(limit=500)["items"]) == 61


# Methods.


def test_a_method_shows_what_it_was_given_and_is_patched(api) -> None:
    api.create_model(name="Order", contentType="application/json", schema='{"type": "object"}')
    validator = api.create_request_validator(name="all", validateRequestBody=True)["id"]
    where = api.method(
        "POST",
        requestParameters={"method.request.querystring.q": True},
        requestModels={"application/json": "Order"},
        requestValidatorId=validator,
        operationName="order",
    )
    found = api.get_method(**where)
    assert found == {
        "httpMethod": "POST",
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "operationName": "order",
        "requestValidatorId": validator,
        "requestParameters": {"method.request.querystring.q": True},
        "requestModels": {"application/json": "Order"},
    }
    changed = api.update_method(
        **where,
        patchOperations=[
            put("/requestParameters/method.request.querystring.q", "false"),
            put("/requestParameters/method.request.header.X-A", "true", op="add"),
            {"op": "remove", "path": "/requestModels/application~1json"},
            put("/requestValidatorId", ""),
            put("/authorizationType", "AWS_IAM"),
        ],
    )
    assert changed == {
        "httpMethod": "POST",
        "authorizationType": "AWS_IAM",
        "apiKeyRequired": False,
        "operationName": "order",
        "requestParameters": {"method.request.querystring.q": False, "method.request.header.X-A": True},
    }
    api.delete_method(**where)
    assert refused(api.get_method, **where) == NO_METHOD
    assert "resourceMethods" not in api.get_resource(resourceId=api.root)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"authorizationType": "CUSTOM"}, NO_AUTHORIZER[2]),
        ({"authorizationType": "CUSTOM", "authorizerId": "abc"}, NO_AUTHORIZER[2]),
        ({"requestValidatorId": "abc"}, "Invalid Request Validator identifier specified"),
        ({"requestModels": {"application/json": "None"}}, "Invalid model identifier specified: None"),
        (
            {"requestParameters": {"method.request.querystring.a": True, "method.request.header.a": True}},
            "Parameter names must be unique across querystring, header and path",
        ),
    ],
)
def test_a_method_refers_to_what_is_there(api, fields, message) -> None:
    asked = {"resourceId": api.root, "httpMethod": "GET", "authorizationType": "NONE", **fields}
    assert refused(api.put_method, **asked) == (400, "BadRequestException", message)


def test_a_method_is_made_once_and_by_a_verb_that_there_is(api) -> None:
    asked = {"resourceId": api.root, "authorizationType": "NONE"}
    api.put_method(**asked, httpMethod="ANY")
    assert refused(api.put_method, **asked, httpMethod="ANY")[:2] == (409, "ConflictException")
    assert refused(api.put_method, **asked, httpMethod="FETCH")[2] == (
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
    )
    assert refused(api.put_method, **{**asked, "resourceId": "abc"}, httpMethod="GET") == NO_RESOURCE
    assert refused(api.client.put_method, restApiId="abc", **asked, httpMethod="GET") == NO_RESOURCE


def test_a_method_changes_its_authorizer_and_its_scopes(api) -> None:
    authorizer = api.create_authorizer(
        name="auth", type="TOKEN", authorizerUri=LAMBDA, identitySource="method.request.header.A"
    )
    where = api.method()
    assert "authorizerId" not in api.update_method(**where, patchOperations=[put("/authorizerId", authorizer["id"])])
    assert refused(api.update_method, **where, patchOperations=[put("/authorizationType", "CUSTOM")]) == NO_AUTHORIZER
    both = [put("/authorizationType", "CUSTOM"), put("/authorizerId", authorizer["id"])]
    scopes = [put("/authorizationScopes", scope, op="add") for scope in ("a", "b")]
    changed = api.update_method(**where, patchOperations=[*both, *scopes, put("/authorizationScopes", "a", op="remove")])
    assert (changed["authorizerId"], changed["authorizationScopes"]) == (authorizer["id"], ["b"])
    assert refused(api.update_method, **where, patchOperations=[put("/authorizationScopes", "c")])[2].endswith("[add, remove]")


def test_the_responses_of_a_method_are_its_own(api) -> None:
    where = api.method()
    parameters = {"method.response.header.X-A": True}
    api.put_method_response(**where, statusCode="200", responseParameters=parameters, responseModels={"text/html": "Empty"})
    api.put_method_response(**where, statusCode="404")
    changed = api.update_method_response(
        **where,
        statusCode="200",
        patchOperations=[
            {"op": "remove", "path": "/responseModels/text~1html"},
            put("/responseParameters/method.response.header.X-B", "true", op="add"),
        ],
    )
    assert changed == {"statusCode": "200", "responseParameters": {**parameters, "method.response.header.X-B": True}}
    assert api.get_method_response(**where, statusCode="200") == changed
    assert api.get_method(**where)["methodResponses"] == {"200": changed, "404": {"statusCode": "404"}}
    for status in ("200", "404"):
        api.delete_method_response(**where, statusCode=status)
    assert "methodResponses" not in api.get_method(**where)
    assert refused(api.get_method_response, **where, statusCode="200") == NO_STATUS


# Integrations.


def integrate(api: Api, where: dict[str, str], **fields: Any) -> dict[str, Any]:
    return api.put_integration(**where, **{"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": LAMBDA, **fields})


def test_an_integration_shows_what_aws_adds_to_it(api) -> None:
    where = api.method()
    assert integrate(api, where) == {
        "type": "AWS_PROXY",
        "httpMethod": "POST",
        "uri": LAMBDA,
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": api.root,
        "cacheKeyParameters": [],
    }
    assert integrate(api, where, type="HTTP_PROXY", uri="http://example.com")["connectionType"] == "INTERNET"
    keys = {"cacheNamespace": "all", "cacheKeyParameters": ["method.request.querystring.q"], "timeoutInMillis": 50}
    full = {"credentials": f"arn:aws:iam::{ACCOUNT}:role/a", "contentHandling": "CONVERT_TO_TEXT", **keys}
    made = integrate(api, where, **full)
    assert {**made, **full} == made
    assert api.get_integration(**where) == made == api.get_method(**where)["methodIntegration"]
    mock = api.put_integration(**where, type="MOCK", requestTemplates={"application/json": "{}"}, integrationHttpMethod="POST")
    assert "httpMethod" not in mock
    api.delete_integration(**where)
    assert refused(api.get_integration, **where) == NO_INTEGRATION


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"type": "HTTPS"}, "ValidationException", "enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]"),
        ({"passthroughBehavior": "ALWAYS"}, "ValidationException", "enum value set: [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]"),
        ({"integrationHttpMethod": ""}, "BadRequestException", "Enumeration value for HttpMethod must be non-empty"),
        ({"type": "HTTP", "uri": "example.com"}, "BadRequestException", "Invalid HTTP endpoint specified for URI"),
        ({"uri": "http://example.com"}, "BadRequestException", "Invalid ARN specified in the request"),
        ({"uri": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"}, "BadRequestException", "must contain path or action"),
        (
            {"uri": "arn:aws:apigateway:eu-west-1:sqs:path/1/q"},
            "BadRequestException",
            "currently only supports Lambda function",
        ),
        ({"uri": "arn:aws:apigateway:eu-west-1:lambda:path/x/y/z"}, "BadRequestException", "currently only supports Lambda"),
        ({"type": "AWS", "uri": "arn:aws:apigateway:eu-west-1:s3:path/b"}, "BadRequestException", "Role ARN must be specified"),
        (
            {"credentials": "arn:aws:iam::210987654321:role/a"},
            "AccessDeniedException",
            "Cross-account pass role is not allowed.",
        ),
        ({"responseTransferMode": "STREAM"}, "NotBuilt", "stream their response are not built"),
    ],
)
def test_an_integration_calls_what_can_be_called(api, fields, code, message) -> None:
    where = api.method()
    answer = refused(integrate, api=api, where=where, **fields)
    assert answer[:2] == ({"NotBuilt": 501, "AccessDeniedException": 403}.get(code, 400), code)
    assert message in answer[2]
    assert refused(api.get_integration, **where) == NO_INTEGRATION


def test_the_callers_own_credentials_are_no_ones_role(api) -> None:
    credentials = "arn:aws:iam::*:user/*"
    assert integrate(api, api.method(), credentials=credentials)["credentials"] == credentials


def test_an_integrations_cache_keys_are_patched_one_by_one(api) -> None:
    where = api.method()
    integrate(api, where, cacheKeyParameters=["a"])
    patches = [put("/cacheKeyParameters/b", "", op="add"), {"op": "remove", "path": "/cacheKeyParameters/a"}]
    changed = api.update_integration(**where, patchOperations=[*patches, put("/cacheNamespace", "all")])
    assert (changed["cacheKeyParameters"], changed["cacheNamespace"]) == (["b"], "all")


def test_the_responses_of_an_integration_are_kept_by_their_status(api) -> None:
    where = api.method()
    assert refused(api.put_integration_response, **where, statusCode="200") == NO_INTEGRATION
    integrate(api, where)
    api.put_integration_response(**where, statusCode="200", selectionPattern="", responseTemplates={"application/json": ""})
    again = {"selectionPattern": "2..", "responseParameters": {"method.response.header.A": "'b'"}}
    made = api.put_integration_response(**where, statusCode="200", **again)
    assert made == {"statusCode": "200", **again} == api.get_integration_response(**where, statusCode="200")
    changed = api.update_integration_response(
        **where,
        statusCode="200",
        patchOperations=[put("/selectionPattern", "3.."), put("/responseTemplates/text~1plain", "x", op="add")],
    )
    assert changed == {**made, "selectionPattern": "3..", "responseTemplates": {"text/plain": "x"}}
    assert api.get_integration(**where)["integrationResponses"] == {"200": changed}
    api.delete_integration_response(**where, statusCode="200")
    assert refused(api.get_integration_response, **where, statusCode="200") == NO_STATUS
    assert "integrationResponses" not in api.get_integration(**where)
    assert refused(api.put_integration_response, **where, statusCode="900")[1] == "ValidationException"


def test_each_selection_pattern_has_one_response(api) -> None:
    def taken(pattern: str) -> tuple[int, str, str]:
        return 409, "ConflictException", f"Integration response with selection pattern {pattern} already exists"

    where = api.method()
    integrate(api, where)
    api.put_integration_response(**where, statusCode="200")
    api.put_integration_response(**where, statusCode="400", selectionPattern="4..")
    assert refused(api.put_integration_response, **where, statusCode="500") == taken("default")
    assert refused(api.put_integration_response, **where, statusCode="500", selectionPattern="4..") == taken("4..")
    moving = {"patchOperations": [put("/selectionPattern", "")]}
    assert refused(api.update_integration_response, **where, statusCode="400", **moving) == taken("default")
    api.put_integration_response(**where, statusCode="200", responseTemplates={"application/json": "{}"})
    assert list(api.get_integration(**where)["integrationResponses"]) == ["200", "400"]


# Authorizers, validators, models.


def test_an_authorizer_shows_what_it_was_given_and_is_patched(api) -> None:
    given = {"name": "auth", "type": "TOKEN", "authorizerUri": LAMBDA, "identitySource": "method.request.header.A"}
    made = api.create_authorizer(**given, identityValidationExpression="^x")
    assert made == {"id": made["id"], **given, "authType": "custom", "identityValidationExpression": "^x"}
    patches = [put("/authorizerResultTtlInSeconds", "0"), put("/authorizerUri", LAMBDA.replace(":f/", ":f:v/"))]
    changed = api.update_authorizer(authorizerId=made["id"], patchOperations=patches)
    assert (changed["authorizerResultTtlInSeconds"], changed["authorizerUri"]) == (0, LAMBDA.replace(":f/", ":f:v/"))
    assert api.get_authorizer(authorizerId=made["id"]) == changed
    assert api.get_authorizers()["items"] == [changed]
    api.delete_authorizer(authorizerId=made["id"])
    assert refused(api.get_authorizer, authorizerId=made["id"])[2] == "Invalid Authorizer identifier specified"


def test_a_user_pool_authorizer_has_its_pools(api) -> None:
    made = api.create_authorizer(
        name="pool", type="COGNITO_USER_POOLS", providerARNs=["a"], identitySource="method.request.header.A"
    )
    assert (made["authType"], made["providerARNs"]) == ("cognito_user_pools", ["a"])
    patches = [put("/providerARNs", "b", op="add"), put("/providerARNs", "a", op="remove")]
    assert api.update_authorizer(authorizerId=made["id"], patchOperations=patches)["providerARNs"] == ["b"]


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"type": "JWT"}, "ValidationException", "enum value set: [TOKEN, REQUEST, COGNITO_USER_POOLS]"),
        ({"name": ""}, "BadRequestException", "Authorizer name must be non-empty"),
        (
            {"name": "taken"},
            "BadRequestException",
            "Authorizer name must be unique. Authorizer taken already exists in this RestApi.",
        ),
        ({"authorizerUri": "http://example.com"}, "BadRequestException", "Invalid Authorizer URI: http://example.com."),
        ({"authorizerResultTtlInSeconds": 3601}, "BadRequestException", "must be between 0 and 3600 seconds"),
    ],
)
def test_an_authorizer_is_checked(api, fields, code, message) -> None:
    given = {"name": "auth", "type": "TOKEN", "authorizerUri": LAMBDA}
    api.create_authorizer(**{**given, "name": "taken"})
    answer = refused(api.create_authorizer, **{**given, **fields})
    assert answer[:2] == (400, code)
    assert message in answer[2]


def test_a_validator_is_made_patched_and_removed(api) -> None:
    made = api.create_request_validator(name="all", validateRequestParameters=True)
    assert made == {"id": made["id"], "name": "all", "validateRequestBody": False, "validateRequestParameters": True}
    where = {"requestValidatorId": made["id"]}
    changed = api.update_request_validator(**where, patchOperations=[put("/validateRequestBody", "true"), put("/name", "most")])
    assert changed == {**made, "name": "most", "validateRequestBody": True} == api.get_request_validator(**where)
    assert refused(api.update_request_validator, **where, patchOperations=[put("/name", "")])[2].endswith("cannot be blank")
    assert refused(api.create_request_validator, name="")[2] == "Request Validator name cannot be blank"
    api.delete_request_validator(**where)
    assert api.get_request_validators()["items"] == []
    assert refused(api.get_request_validator, **where)[2] == "Invalid Request Validator identifier specified"


def test_a_new_api_has_two_models_and_takes_more(api) -> None:
    assert [model["name"] for model in api.get_models()["items"]] == ["Empty", "Error"]
    given = {
        "name": "Cup",
        "contentType": "application/json",
        "schema": '{"type": "object", "title": "a"}',
        "description": "tea",
    }
    made = api.create_model(**given)
    assert made == {"id": made["id"], **given} == api.get_model(modelName="Cup")
    changed = api.update_model(modelName="Cup", patchOperations=[put("/schema", '{"type": "array"}'), put("/description", "b")])
    assert (changed["schema"], changed["description"]) == ('{"type": "array"}', "b")
    assert refused(api.create_model, **given)[:2] == (409, "ConflictException")
    for wrong, message in (({"name": ""}, "must be non-empty"), ({"name": "B", "schema": ""}, "must have at least 1 property")):
        assert message in refused(api.create_model, **{**given, **wrong})[2]
    assert refused(api.update_model, modelName="Cup", patchOperations=[put("/name", "x")])[2].endswith(
        "[/description, /schema]"
    )
    assert refused(api.get_model, modelName="Cup", flatten=True)[:2] == (501, "NotBuilt")
    api.delete_model(modelName="Cup")
    assert refused(api.get_model, modelName="Cup")[2] == "Invalid model name specified: Cup"


def test_what_a_method_refers_to_is_not_deleted_unseen(api) -> None:
    made = api.create_authorizer(name="auth", type="TOKEN", authorizerUri=LAMBDA)["id"]
    validator = api.create_request_validator(name="all")["id"]
    api.method(
        authorizationType="CUSTOM", authorizerId=made, requestValidatorId=validator, requestModels={"text/plain": "Empty"}
    )
    for call, named in (
        (api.delete_authorizer, {"authorizerId": made}),
        (api.delete_request_validator, {"requestValidatorId": validator}),
        (api.delete_model, {"modelName": "Empty"}),
    ):
        answer = refused(call, **named)
        assert answer[:2] == (501, "NotBuilt")
        assert "while GET / refers to it" in answer[2]


# Gateway responses.

PLAIN = {"application/json": '{"message":$context.error.messageString}'}


def test_every_type_of_gateway_response_is_listed(api) -> None:
    items = {item["responseType"]: item for item in api.get_gateway_responses()["items"]}
    assert len(items) == 21
    assert all(item["defaultResponse"] for item in items.values())
    unauthorized = {"responseType": "UNAUTHORIZED", "statusCode": "401", "responseParameters": {}, "responseTemplates": PLAIN}
    assert (
        items["UNAUTHORIZED"]
        == {**unauthorized, "defaultResponse": True}
        == api.get_gateway_response(responseType="UNAUTHORIZED")
    )
    assert "statusCode" not in items["DEFAULT_4XX"]


def test_a_customised_default_shows_in_each_type_that_was_left_alone(api) -> None:
    parameters = {"gatewayresponse.header.A": "'b'"}
    api.put_gateway_response(responseType="ACCESS_DENIED", responseParameters={"gatewayresponse.header.C": "'d'"})
    api.put_gateway_response(responseType="DEFAULT_4XX", statusCode="418", responseParameters=parameters)
    items = {item["responseType"]: item for item in api.get_gateway_responses()["items"]}
    assert (items["UNAUTHORIZED"]["statusCode"], items["UNAUTHORIZED"]["responseParameters"]) == ("418", parameters)
    assert (items["UNAUTHORIZED"]["defaultResponse"], items["DEFAULT_4XX"]["defaultResponse"]) == (True, False)
    assert (items["ACCESS_DENIED"]["statusCode"], items["API_CONFIGURATION_ERROR"]["statusCode"]) == ("403", "500")
    api.delete_gateway_response(responseType="DEFAULT_4XX")
    assert api.get_gateway_response(responseType="UNAUTHORIZED")["statusCode"] == "401"


def test_a_gateway_response_is_patched(api) -> None:
    where = {"responseType": "THROTTLED"}
    made = api.update_gateway_response(**where, patchOperations=[put("/statusCode", "420")])
    assert made == {
        **where,
        "statusCode": "420",
        "responseParameters": {},
        "responseTemplates": PLAIN,
        "defaultResponse": False,
    }
    patches = [
        put("/responseTemplates/text~1plain", "slow", op="add"),
        put("/responseParameters/gatewayresponse.header.A", "'b'", op="add"),
    ]
    assert api.update_gateway_response(**where, patchOperations=patches)["responseTemplates"] == {"text/plain": "slow"}
    gone = {"op": "remove", "path": "/responseParameters/gatewayresponse.header.A"}
    assert api.update_gateway_response(**where, patchOperations=[gone])["responseParameters"] == {}


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (put("/statusCode", "1", op="add"), "Invalid patch path /statusCode"),
        (put("/nothing", "1"), "Invalid patch path /nothing"),
        (put("/responseParameters/gatewayresponse.header.A", "'b'"), "Invalid parameter name specified"),
        ({"op": "remove", "path": "/responseTemplates/a~1b"}, "Content-Type specified was not found"),
        ({"op": "add", "path": "/responseTemplates/a~1b"}, "Invalid null or empty value in responseTemplates"),
    ],
)
def test_a_refused_patch_leaves_a_gateway_response_alone(api, operation, message) -> None:
    where = {"responseType": "THROTTLED"}
    assert refused(api.update_gateway_response, **where, patchOperations=[operation])[2] == message
    assert api.get_gateway_response(**where)["defaultResponse"] is True


def test_a_gateway_response_is_one_of_aws_types(api) -> None:
    answer = refused(api.get_gateway_response, responseType="TEAPOT")
    assert answer[:2] == (400, "ValidationException")
    assert "Value 'TEAPOT' at 'responseType' failed to satisfy constraint" in answer[2]
    assert refused(api.delete_gateway_response, responseType="THROTTLED") == (
        404,
        "NotFoundException",
        "Gateway response type not defined on api",
    )
    assert refused(api.put_gateway_response, responseType="THROTTLED", responseTemplates={"a/b": ""})[2] == (
        "Invalid null or empty value in responseTemplates"
    )
