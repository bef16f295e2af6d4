"""OpenAPI documents: what an import makes of them, and what an export shows of a stage's deployment."""

import contextlib
import copy
import json
import operator
from collections.abc import Iterator
from functools import reduce
from itertools import count
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from embedded_aws.apigateway.definition.draft import Draft
from embedded_aws.apigateway.errors import GatewayError
from embedded_aws.apigateway.openapi.document import read_document
from embedded_aws.apigateway.openapi.importing import Import
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.unknowns import Unknowns
from tests.embedded_aws.apigateway.gateway_server import ACCOUNT, GatewayServer, gateway_server

PREFIX = "x-amazon-apigateway-"
INTEGRATION = f"{PREFIX}integration"
EVERYTHING = {"extensions": "apigateway"}


def uri(function: str) -> str:
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"


READ, AUTH = uri("read:${stageVariables.lambdaAlias}"), uri("auth:${stageVariables.lambdaAlias}")


@pytest.fixture(scope="module")
def shared() -> Iterator[GatewayServer]:
    with gateway_server() as server:
        yield server


@pytest.fixture
def aws(shared: GatewayServer) -> GatewayServer:
    shared.reset()
    return shared


def proxy(function: str = READ, kind: str = "aws_proxy", **more: Any) -> dict[str, Any]:
    return {"type": kind, "httpMethod": "POST", "uri": function, **more}


def operation(integration: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"responses": {}, INTEGRATION: proxy() if integration is None else integration, **more}


def oas(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "orders", "version": "1"}, "paths": paths, **more}


def swagger(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": {"title": "orders", "version": "1"}, "paths": paths, **more}


PREFLIGHT = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {
        "default": {"statusCode": 200, "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}}
    },
}


def whole_document() -> dict[str, Any]:
    """A document with each of the imported parts."""
    order = {"$ref": "#/components/schemas/Order"}
    shop = {"name": "shop", "in": "header", "required": True, "schema": {"type": "string"}}
    ordering = operation(
        proxy(credentials=f"arn:aws:iam::{ACCOUNT}:role/api", timeoutInMillis=5000, contentHandling="CONVERT_TO_TEXT"),
        operationId="order",
        parameters=[{"$ref": "#/components/parameters/Q"}],
        requestBody={"required": True, "content": {"application/json": {"schema": order}}},
        responses={
            "201": {
                "description": "made",
                "headers": {"X-Order": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": order}},
            },
            "400": {"$ref": "#/components/responses/Refused"},
        },
        security=[{"token": []}, {"api_key": []}],
    )
    ordering[f"{PREFIX}request-validator"] = "body"
    listing = operation(
        proxy(
            "http://shops.example.com/{shop}",
            "http",
            responses={"4\\d\\d": {"statusCode": "404"}, "default": {"statusCode": "200"}},
        ),
        security=[{"request": []}],
    )
    return oas(
        {
            "/orders": {
                "parameters": [shop],
                "post": ordering,
                "get": listing,
                "options": operation(
                    PREFLIGHT,
                    responses={
                        "200": {"description": "ok", "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}}
                    },
                ),
            },
            "/orders/{id}": {f"{PREFIX}any-method": operation(security=[{"sigv4": []}])},
            "/pool": {"get": operation(security=[{"pool": ["read", "write"]}])},
        },
        components={
            "schemas": {
                "Order": {
                    "type": "object",
                    "description": "what is ordered",
                    "properties": {"lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}},
                },
                "Line": {"type": "object", "required": ["article"], "properties": {"article": {"type": "string"}}},
                "Problem": {"type": "object"},
            },
            "parameters": {"Q": {"name": "q", "in": "query", "schema": {"type": "string"}}},
            "responses": {
                "Refused": {
                    "description": "no",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {
                "token": scheme(
                    "token",
                    name="Authorization",
                    authtype="custom",
                    identityValidationExpression="^x",
                    authorizerResultTtlInSeconds=0,
                ),
                "request": scheme(
                    "request", name="Unused", identitySource="method.request.header.A, method.request.querystring.b"
                ),
                "idle": scheme("request", name="shop", place="query"),
                "pool": {
                    "type": "apiKey",
                    "name": "Pool",
                    "in": "header",
                    f"{PREFIX}authtype": "cognito_user_pools",
                    f"{PREFIX}authorizer": {
                        "type": "cognito_user_pools",
                        "providerARNs": ["arn:aws:cognito-idp:eu-west-1:1:userpool/a"],
                    },
                },
                "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", f"{PREFIX}authtype": "awsSigv4"},
                "api_key": {"type": "apiKey", "name": "X-API-Key", "in": "header"},
            },
        },
        **{
            f"{PREFIX}request-validators": {
                "body": {"validateRequestBody": True},
                "all": {"validateRequestBody": True, "validateRequestParameters": True},
            },
            f"{PREFIX}gateway-responses": {
                "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
                "UNAUTHORIZED": {"statusCode": 499, "responseTemplates": {"application/json": "{}"}},
            },
            f"{PREFIX}binary-media-types": ["image/png"],
            f"{PREFIX}minimum-compression-size": 0,
            f"{PREFIX}api-key-source": "AUTHORIZER",
            f"{PREFIX}policy": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
                ],
            },
            f"{PREFIX}endpoint-configuration": {"disableExecuteApiEndpoint": True, "vpcEndpointIds": ["vpce-1"]},
            f"{PREFIX}security-policy": "SecurityPolicy_TLS13_1_3_2025_09",
            f"{PREFIX}endpoint-access-mode": "BASIC",
            f"{PREFIX}importexport-version": "1.0",
            f"{PREFIX}documentation": {"version": "1"},
            "x-other-tool": {"anything": True},
        },
    )


def scheme(kind: str, *, name: str, place: str = "header", authtype: str = "custom", **more: Any) -> dict[str, Any]:
    authorizer = {"type": kind, "authorizerUri": AUTH, "authorizerCredentials": "", **more}
    return {"type": "apiKey", "name": name, "in": place, f"{PREFIX}authtype": authtype, f"{PREFIX}authorizer": authorizer}


class Api:
    """An imported API."""

    def __init__(self, aws: GatewayServer, document: dict[str, Any] | str, **parameters: str) -> None:
        self.client = aws.client
        self.made = aws.client.import_rest_api(body=body_of(document), **({"parameters": parameters} if parameters else {}))
        self.id = self.made["id"]

    def put(self, document: dict[str, Any] | str, mode: str = "overwrite", **parameters: str) -> dict[str, Any]:
        return self.client.put_rest_api(restApiId=self.id, mode=mode, body=body_of(document), parameters=parameters)

    def methods(self) -> dict[str, dict[str, Any]]:
        """Every method by its name and path."""
        items = self.client.get_resources(restApiId=self.id, embed=["methods"], limit=500)["items"]
        return {f"{verb} {item['path']}": method for item in items for verb, method in item.get("resourceMethods", {}).items()}

    def paths(self) -> dict[str, str]:
        return {item["path"]: item["id"] for item in self.client.get_resources(restApiId=self.id, limit=500)["items"]}

    def named(self, operation: str) -> dict[str, dict[str, Any]]:
        return {item["name"]: item for item in getattr(self.client, operation)(restApiId=self.id)["items"]}

    def deploy(self, stage: str = "prod") -> None:
        self.client.create_deployment(restApiId=self.id, stageName=stage)

    def export(self, kind: str = "oas30", **parameters: str) -> dict[str, Any]:
        parameters = parameters or EVERYTHING
        answer = self.client.get_export(restApiId=self.id, stageName="prod", exportType=kind, parameters=parameters)
        document: dict[str, Any] = json.loads(answer["body"].read())
        return document

    def definition(self) -> dict[str, Any]:
        """Everything that a deployment freezes, with ids replaced by what they name."""
        names = {
            each["id"]: name
            for kind in ("get_authorizers", "get_request_validators")
            for name, each in self.named(kind).items()
        }
        names |= {each: path for path, each in self.paths().items()} | {self.id: "api"}
        found = {
            "methods": self.methods(),
            "authorizers": self.named("get_authorizers"),
            "validators": self.named("get_request_validators"),
            "models": {
                name: {**each, "schema": json.loads(each["schema"]), "id": ""}
                for name, each in self.named("get_models").items()
            },
            "responses": self.client.get_gateway_responses(restApiId=self.id)["items"],
            "settings": {
                name: value
                for name, value in self.client.get_rest_api(restApiId=self.id).items()
                if name not in {"createdDate", "ResponseMetadata", "rootResourceId"}
            },
        }
        text = json.dumps(found, sort_keys=True)
        for each, name in names.items():
            text = text.replace(f'"{each}"', f'"<{name}>"').replace(f"/{each}/", "/<api>/").replace(f":{each}\\", ":<api>\\")
        definition: dict[str, Any] = json.loads(text)
        return definition


def body_of(document: dict[str, Any] | str) -> bytes:
    return (document if isinstance(document, str) else json.dumps(document)).encode()


def refused(call: Any, *arguments: Any, **more: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


# What an import makes.


def test_operations_become_methods_with_what_aws_adds_to_them(aws) -> None:
    api = Api(aws, whole_document())
    methods, authorizers = api.methods(), api.named("get_authorizers")
    assert set(methods) == {"POST /orders", "GET /orders", "OPTIONS /orders", "ANY /orders/{id}", "GET /pool"}
    assert methods["POST /orders"] == {
        "httpMethod": "POST",
        "authorizationType": "CUSTOM",
        "authorizerId": authorizers["token"]["id"],
        "apiKeyRequired": True,
        "operationName": "order",
        "requestValidatorId": api.named("get_request_validators")["body"]["id"],
        "requestParameters": {"method.request.header.shop": True, "method.request.querystring.q": False},
        "requestModels": {"application/json": "Order"},
        "methodResponses": {
            "201": {
                "statusCode": "201",
                "responseModels": {"application/json": "Order"},
                "responseParameters": {"method.response.header.X-Order": False},
            },
            "400": {"statusCode": "400", "responseModels": {"application/json": "Problem"}},
        },
        "methodIntegration": {
            "type": "AWS_PROXY",
            "httpMethod": "POST",
            "uri": READ,
            "credentials": f"arn:aws:iam::{ACCOUNT}:role/api",
            "contentHandling": "CONVERT_TO_TEXT",
            "passthroughBehavior": "WHEN_NO_MATCH",
            "timeoutInMillis": 5000,
            "cacheNamespace": api.paths()["/orders"],
            "cacheKeyParameters": [],
        },
    }
    assert methods["GET /orders"]["methodIntegration"]["integrationResponses"] == {
        "404": {"statusCode": "404", "selectionPattern": "4\\d\\d"},
        "200": {"statusCode": "200"},
    }
    assert methods["GET /orders"]["methodIntegration"]["connectionType"] == "INTERNET"
    assert methods["OPTIONS /orders"]["methodIntegration"]["type"] == "MOCK"
    assert (methods["ANY /orders/{id}"]["authorizationType"], methods["ANY /orders/{id}"]["requestParameters"]) == (
        "AWS_IAM",
        {"method.request.path.id": True},
    )
    pool = methods["GET /pool"]
    assert (pool["authorizationType"], pool["authorizationScopes"]) == ("COGNITO_USER_POOLS", ["read", "write"])


def test_schemes_become_authorizers_whether_they_are_used_or_not(aws) -> None:
    authorizers = Api(aws, whole_document()).named("get_authorizers")
    found = {
        name: {key: value for key, value in each.items() if key not in {"id", "name"}} for name, each in authorizers.items()
    }
    token = {
        "type": "TOKEN",
        "authType": "custom",
        "authorizerUri": AUTH,
        "identitySource": "method.request.header.Authorization",
    }
    assert found == {
        "token": {**token, "identityValidationExpression": "^x", "authorizerResultTtlInSeconds": 0},
        "request": {**token, "type": "REQUEST", "identitySource": "method.request.header.A, method.request.querystring.b"},
        "idle": {**token, "type": "REQUEST", "identitySource": "method.request.querystring.shop"},
        "pool": {
            "type": "COGNITO_USER_POOLS",
            "authType": "cognito_user_pools",
            "providerARNs": ["arn:aws:cognito-idp:eu-west-1:1:userpool/a"],
            "identitySource": "method.request.header.Pool",
        },
    }


def test_schemas_become_models_that_refer_to_each_other_by_address(aws) -> None:
    api = Api(aws, whole_document())
    models = api.named("get_models")
    assert set(models) == {"Order", "Line", "Problem"}
    assert models["Order"]["description"] == "what is ordered"
    line = json.loads(models["Order"]["schema"])["properties"]["lines"]["items"]
    assert line == {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Line"}


def test_the_apis_own_parts_are_imported(aws) -> None:
    api = Api(aws, whole_document(), endpointConfigurationTypes="PRIVATE")
    found = aws.client.get_rest_api(restApiId=api.id)
    assert (found["name"], found["version"], found["binaryMediaTypes"]) == ("orders", "1", ["image/png"])
    assert (found["minimumCompressionSize"], found["apiKeySource"]) == (0, "AUTHORIZER")
    assert rf"execute-api:eu-west-1:{ACCOUNT}:{api.id}\/*" in found["policy"]
    assert found["endpointConfiguration"]["types"] == ["PRIVATE"]
    assert found["endpointConfiguration"]["vpcEndpointIds"] == ["vpce-1"]
    assert (found["disableExecuteApiEndpoint"], found["endpointAccessMode"]) == (True, "BASIC")
    assert api.named("get_request_validators")["body"]["validateRequestParameters"] is False
    responses = {item["responseType"]: item for item in aws.client.get_gateway_responses(restApiId=api.id)["items"]}
    assert (responses["UNAUTHORIZED"]["statusCode"], responses["THROTTLED"]["defaultResponse"]) == ("499", True)
    assert responses["THROTTLED"]["responseParameters"] == {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}


def test_yaml_says_the_same_as_json_and_knows_numbers_as_keys(aws) -> None:
    document = oas({"/orders": {"get": operation(responses={200: {"description": "ok"}})}})
    document["info"]["version"] = 2
    document["x-made-on"] = "2026-01-01"
    api = Api(aws, yaml.safe_dump(document).replace("'2026-01-01'", "2026-01-01"))
    assert api.made["version"] == "2"
    assert api.methods()["GET /orders"]["methodResponses"] == {"200": {"statusCode": "200"}}


def test_awss_own_variables_are_filled_in(aws) -> None:
    text = (
        json.dumps(oas({"/orders": {"get": operation()}}))
        .replace("eu-west-1", "${AWS::Region}")
        .replace(ACCOUNT, "${AWS::AccountId}")
    )
    assert "AWS::Region" in text
    assert Api(aws, text).methods()["GET /orders"]["methodIntegration"]["uri"] == READ


def test_swagger_keeps_its_parts_elsewhere(aws) -> None:
    order = {"$ref": "#/definitions/Order"}
    post = operation(
        proxy(kind="AWS_PROXY"),
        consumes=["application/json", "text/json"],
        parameters=[
            {"in": "body", "name": "Order", "schema": order},
            {"in": "query", "name": "q", "type": "string", "required": True},
        ],
        responses={"200": {"description": "ok", "schema": order, "headers": {"X-A": {"type": "string"}}}},
        security=[{"token": []}],
    )
    document = swagger(
        {"/orders": {"post": post}},
        produces=["text/html"],
        definitions={"Order": {"type": "object"}},
        securityDefinitions={"token": scheme("token", name="A", authtype="oauth2")},
    )
    api = Api(aws, document)
    method = api.methods()["POST /orders"]
    assert method["requestModels"] == {"application/json": "Order", "text/json": "Order"}
    assert method["requestParameters"] == {"method.request.querystring.q": True}
    assert method["methodResponses"]["200"]["responseModels"] == {"text/html": "Order"}
    assert api.named("get_authorizers")["token"]["authType"] == "oauth2"


def test_security_and_validators_of_the_document_are_for_operations_without_their_own(aws) -> None:
    open_one, none, sams = operation(security=[]), operation(), operation(security=[{"NONE": []}])
    none[f"{PREFIX}auth"] = {"type": "aws_iam"}
    document = whole_document()
    document["paths"] = {"/a": {"get": operation()}, "/b": {"get": open_one}, "/c": {"get": none}, "/d": {"get": sams}}
    document |= {"security": [{"token": []}], f"{PREFIX}request-validator": "all"}
    api = Api(aws, document)
    found = {path: (each["authorizationType"], "requestValidatorId" in each) for path, each in api.methods().items()}
    assert found == {
        "GET /a": ("CUSTOM", True),
        "GET /b": ("NONE", True),
        "GET /c": ("AWS_IAM", True),
        "GET /d": ("NONE", True),
    }


@pytest.mark.parametrize(("answer", "is_same"), [("anew-each-time", False), ("by-content", True)])
def test_a_schema_in_place_becomes_a_model_whose_name_is_a_question(aws, answer, is_same) -> None:
    body = {"content": {"application/json": {"schema": {"type": "object", "title": "in place"}}}}
    document = oas({"/orders": {"post": operation(requestBody=body)}})
    with aws.unknowns.answering("name-of-inline-model", answer):
        api = Api(aws, document)
        first = api.methods()["POST /orders"]["requestModels"]["application/json"]
        api.put(document)
    second = api.methods()["POST /orders"]["requestModels"]["application/json"]
    assert first.startswith("MODEL")
    assert (first == second) is is_same
    assert json.loads(api.named("get_models")[second]["schema"])["title"] == "in place"


@pytest.mark.parametrize(
    ("base", "mode", "paths"),
    [
        ({"basePath": "/a/b"}, "ignore", {"/", "/e"}),
        ({"basePath": "/a/b/"}, "prepend", {"/", "/a", "/a/b", "/a/b/e"}),
        ({"basePath": "/a/b"}, "split", {"/", "/b", "/b/e"}),
        ({"basePath": "/a"}, "split", {"/", "/e"}),
        ({"servers": [{"url": "https://x.com/a/b"}]}, "prepend", {"/", "/a", "/a/b", "/a/b/e"}),
        (
            {"servers": [{"url": "https://x.com/{basePath}", "variables": {"basePath": {"default": "v1"}}}]},
            "prepend",
            {"/", "/v1", "/v1/e"},
        ),
        ({}, "prepend", {"/", "/e"}),
    ],
)
def test_the_base_path_is_ignored_prepended_or_split(aws, base, mode, paths) -> None:
    make = swagger if "basePath" in base else oas
    assert set(Api(aws, make({"/e": {"get": operation()}}, **base), basepath=mode).paths()) == paths


# Overwriting and merging.


def test_an_overwrite_leaves_what_the_document_says_and_nothing_else(aws) -> None:
    api = Api(aws, whole_document())
    root, before = api.paths()["/"], api.paths()["/orders"]
    after = api.put(oas({"/orders": {"get": operation()}}))
    assert set(api.methods()) == {"GET /orders"}
    assert (api.named("get_authorizers"), api.named("get_models"), api.named("get_request_validators")) == ({}, {}, {})
    assert (after["apiKeySource"], "policy" in after, "binaryMediaTypes" in after) == ("HEADER", False, False)
    assert (after["endpointConfiguration"]["vpcEndpointIds"], after["tags"]) == (["vpce-1"], {})
    assert all(item["defaultResponse"] for item in aws.client.get_gateway_responses(restApiId=api.id)["items"])
    assert (api.paths()["/"], api.paths()["/orders"] == before) == (root, False)


def test_whether_an_overwrite_keeps_ids_is_a_question(aws) -> None:
    api = Api(aws, whole_document())
    before = (api.paths(), api.named("get_authorizers")["token"]["id"], api.named("get_request_validators")["body"]["id"])
    with aws.unknowns.answering("overwrite-keeps-ids", "yes"):
        api.put(whole_document())
    after = (api.paths(), api.named("get_authorizers")["token"]["id"], api.named("get_request_validators")["body"]["id"])
    assert before == after


def test_a_merge_replaces_what_the_document_has_too(aws) -> None:
    api = Api(aws, whole_document())
    before = (api.paths(), api.named("get_authorizers"))
    document = oas(
        {"/orders": {"get": operation(), "put": operation()}, "/carts": {"get": operation(security=[{"token": []}])}},
        components={"securitySchemes": {"token": scheme("token", name="Other")}, "schemas": {"Line": {"type": "string"}}},
        **{f"{PREFIX}binary-media-types": ["image/png", "image/gif"]},
    )
    document["info"] = {"title": "renamed"}
    after = api.put(document, mode="merge")
    methods, authorizers = api.methods(), api.named("get_authorizers")
    assert set(methods) == {
        "POST /orders",
        "GET /orders",
        "OPTIONS /orders",
        "PUT /orders",
        "ANY /orders/{id}",
        "GET /pool",
        "GET /carts",
    }
    assert methods["GET /orders"]["methodIntegration"]["type"] == "AWS_PROXY"
    assert {path: each for path, each in api.paths().items() if path != "/carts"} == before[0]
    assert authorizers["token"] == {
        "id": before[1]["token"]["id"],
        "name": "token",
        "type": "TOKEN",
        "authType": "custom",
        "authorizerUri": AUTH,
        "identitySource": "method.request.header.Other",
    }
    assert (after["name"], after["version"], after["binaryMediaTypes"]) == ("renamed", "1", ["image/png", "image/gif"])
    assert json.loads(api.named("get_models")["Line"]["schema"]) == {"type": "string"}


# What is refused.


@pytest.mark.parametrize(
    "body",
    ["{'key:value}", "a: [1\nb: 2", '"text"', "{}", '{"openapi": "3.0.1"}', '{"swagger": "1.2", "info": {}, "paths": {}}'],
)
def test_what_is_no_document_is_refused_and_makes_no_api(aws, body) -> None:
    assert refused(Api, aws, body) == (400, "BadRequestException", "Invalid OpenAPI input.")
    assert aws.client.get_rest_apis()["items"] == []


@pytest.mark.parametrize(
    "document",
    [
        oas({"/a": {"get": operation(security={"token": []})}}),
        oas({"/a": {"get": operation(parameters=None)}}),
        oas({"/a": {"parameters": None}}),
        oas({"/a": {"get": {"responses": {}, INTEGRATION: None}}}),
        oas({"/a": {"get": operation(proxy(timeoutInMillis="soon"))}}),
        oas({"/a": "get"}),
        oas({}, **{f"{PREFIX}binary-media-types": None}),
        oas({}, components={"parameters": {"Q": {"name": ["q"], "in": "query"}}}),
    ],
)
def test_a_document_of_another_shape_is_refused(aws, document) -> None:
    assert refused(Api, aws, document) == (400, "BadRequestException", "Invalid OpenAPI input.")
    assert aws.client.get_rest_apis()["items"] == []


@pytest.mark.parametrize(
    "empty",
    [
        {"responses": None},
        {"responses": {"200": None}},
        {"security": None},
        {INTEGRATION: proxy(responses=None)},
        {INTEGRATION: proxy(responses={"default": None})},
    ],
)
def test_a_part_without_content_is_imported_as_if_it_were_not_there(aws, empty) -> None:
    assert set(Api(aws, oas({"/a": {"get": {**operation(), **empty}}, "/b": None})).methods()) == {"GET /a"}


def test_whatever_part_of_a_document_has_another_shape_there_is_an_answer() -> None:
    whole = whole_document()
    for place in places_in(whole):
        for value in (None, 5, [5]):
            document = copy.deepcopy(whole)
            part = reduce(operator.getitem, place[:-1], document)
            part[place[-1]] = value
            with contextlib.suppress(GatewayError, NotBuiltError):
                imported(document)


def places_in(part: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys and positions that lead to each part of a document."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield (*above, key)
        yield from places_in(part[key], (*above, key))


def imported(document: dict[str, Any]) -> Draft:
    """What an import makes of a document, without a server."""
    numbers = map(str, count())
    draft = Draft("api1", 0, {"endpointConfiguration": {}}, {"root": {"id": "root", "path": "/"}}, {}, {}, {}, {})
    parsed = read_document(json.dumps(document).encode(), {})
    applied = Import(parsed, draft, overwrites=True, arn="arn", new_id=lambda: next(numbers), unknowns=Unknowns())
    return applied.apply(parsed.base_path())


FAILED = "Errors found during import:\n\t"
SIBLING = "A sibling ({x}) of this resource already has a variable path part -- only one is allowed"


def changed(**more: Any) -> dict[str, Any]:
    return oas({"/orders": {"get": operation(**more)}})


NOT_BUILT = [
    (oas({}) | {"openapi": "3.1.0"}, "OpenAPI 3.1.0 is not read"),
    (oas({}, **{f"{PREFIX}cors": {}}), f"{PREFIX}cors of the document is not imported"),
    (oas({}, webhooks={}), "webhooks of the document is not imported"),
    (oas({}, components={"pathItems": {}}), "pathItems of components is not imported"),
    (oas({"/orders": {"trace": {}}}), "trace of the path /orders is not imported"),
    (oas({"/orders": {"$ref": "#/x"}}), "$ref of the path /orders is not imported"),
    (changed(**{f"{PREFIX}tag-value": "a"}), f"{PREFIX}tag-value of GET /orders is not imported"),
    (changed(parameters=[{"name": "a", "in": "cookie"}]), "the parameter a in cookie of GET /orders is not imported"),
    (changed(parameters=[{"$ref": "other.yaml#/x"}]), "a reference to another document is not read"),
    (changed(parameters=[{"$ref": "#/components/parameters/X"}]), "refers to nothing in the document"),
    (changed(responses={"default": {"description": "any"}}), "the default response of GET /orders"),
    (changed(requestBody={"content": {"a/b": {"schema": {"$ref": "#/components/schemas/X"}}}}), "refers to the schema X"),
    (oas({}, components={"schemas": {"a.b": {}}}), "the schema name a.b"),
    (changed(security=[{"nothing": []}]), "requires the security scheme nothing, which the document does not contain"),
    (
        oas({"/a": {"get": operation(security=[{"o": []}])}}, components={"securitySchemes": {"o": {"type": "oauth2"}}}),
        "scheme o",
    ),
    (
        oas({}, components={"securitySchemes": {"o": {"type": "oauth2", f"{PREFIX}authorizer": {"type": "jwt"}}}}),
        "the security scheme o of type oauth2 is not imported",
    ),
    (
        oas({}, components={"securitySchemes": {"o": scheme("request", name="A", enableSimpleResponses=True)}}),
        "enableSimpleResponses of",
    ),
    (oas({"/a": {"get": operation(proxy(integrationSubtype="SQS"))}}), "integrationSubtype of"),
    (oas({"/a": {"get": operation({"$ref": "#/components/x"})}}), "which only HTTP APIs support"),
    (oas({"/a": {"get": operation(proxy(responseTransferMode="STREAM"))}}), "that stream their response are not built"),
    (oas({"/a": {"get": operation(proxy(responses={"default": {"statusCode": "200", "x": 1}}))}}), "x of the response default"),
    (oas({}, **{f"{PREFIX}endpoint-configuration": {"other": 1}}), "other of x-amazon-apigateway-endpoint-configuration"),
]


@pytest.mark.parametrize(("document", "message"), NOT_BUILT, ids=[message[:40] for _, message in NOT_BUILT])
def test_what_is_not_imported_is_named_and_never_dropped(aws, document, message) -> None:
    status, code, text = refused(Api, aws, document)
    assert (status, code) == (501, "NotBuilt")
    assert message in text
    assert aws.client.get_rest_apis()["items"] == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            oas({"/a/{x}": {"get": operation()}, "/a/{y}": {"get": operation()}}),
            f"{FAILED}Unable to create resource at path '/a/{{y}}': {SIBLING}",
        ),
        (
            oas({"/a": {"get": operation(proxy("nothing"))}}),
            f"{FAILED}Unable to put integration on 'GET' for resource at path '/a': Invalid ARN specified in the request",
        ),
        (changed(**{f"{PREFIX}request-validator": "none"}), "Invalid Request Validator identifier specified: none"),
        (
            oas({}, **{f"{PREFIX}minimum-compression-size": -1}),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
    ],
)
def test_a_refused_document_leaves_the_api_as_it_was(aws, document, message) -> None:
    api = Api(aws, whole_document())
    before = api.definition()
    assert refused(api.put, document)[1:] == ("BadRequestException", message)
    assert api.definition() == before


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"basepath": "append"}, "Invalid base path mode specified: append"),
        ({"other": "x"}, "the import parameter other is not built"),
        ({"endpointConfigurationTypes": "LOCAL"}, "enum value set: [PRIVATE, EDGE, REGIONAL]"),
    ],
)
def test_parameters_of_an_import_are_checked(aws, parameters, message) -> None:
    assert message in refused(Api, aws, oas({}), **parameters)[2]
    assert aws.client.get_rest_apis()["items"] == []


# What an export shows.


def test_an_export_shows_the_stages_deployment_and_not_the_present_definition(aws) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    before = api.export()
    api.put(oas({"/else": {"get": operation()}}))
    canary = aws.client.create_deployment(restApiId=api.id, stageName="prod", canarySettings={"percentTraffic": 10})
    assert api.export() == before
    assert set(before["paths"]) == {"/orders", "/orders/{id}", "/pool"}
    copy = {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
    aws.client.update_stage(restApiId=api.id, stageName="prod", patchOperations=[copy])
    assert set(api.export()["paths"]) == {"/else"}
    assert aws.client.get_deployment(restApiId=api.id, deploymentId=canary["id"], embed=["apisummary"])["apiSummary"] == {
        "/else": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}
    }


def test_an_export_keeps_addresses_as_they_are_written(aws) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    document = api.export()
    made = document["paths"]["/orders"]["post"]
    assert made[INTEGRATION] == {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": READ,
        "credentials": f"arn:aws:iam::{ACCOUNT}:role/api",
        "contentHandling": "CONVERT_TO_TEXT",
        "timeoutInMillis": 5000,
        "passthroughBehavior": "when_no_match",
    }
    assert made["security"] == [{"token": []}, {"api_key": []}]
    assert document["components"]["securitySchemes"]["token"][f"{PREFIX}authorizer"] == {
        "type": "token",
        "authorizerUri": AUTH,
        "identityValidationExpression": "^x",
        "authorizerResultTtlInSeconds": 0,
    }
    assert document["servers"][0]["variables"]["basePath"]["default"] == "prod"


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
def test_an_export_imported_again_gives_the_same_definition(aws, kind) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    before = api.definition()
    api.put(api.export(kind))
    assert api.definition() == before
    api.deploy()
    assert api.definition() == before


def test_an_export_of_another_api_differs_from_it_in_its_policy_alone(aws) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    other = Api(aws, api.export())
    differs = {name for name, part in other.definition().items() if part != api.definition()[name]}
    assert differs == {"settings"}
    assert api.id in other.made["policy"]


@pytest.mark.parametrize(
    ("extensions", "has_integrations", "has_authorizers"),
    [("", False, False), ("integrations", True, False), ("authorizers", False, True), ("integrations,authorizers", True, True)],
)
def test_an_export_shows_the_extensions_that_were_asked_for(aws, extensions, has_integrations, has_authorizers) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    document = api.export(extensions=extensions)
    assert (INTEGRATION in document["paths"]["/orders"]["post"]) is has_integrations
    assert (f"{PREFIX}authorizer" in document["components"]["securitySchemes"]["token"]) is has_authorizers
    assert not [name for name in document if name.startswith(PREFIX)]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_whether_an_export_shows_what_no_method_uses_is_a_question(aws, answer) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    with aws.unknowns.answering("export-unused-parts", answer):
        document = api.export()
    assert ("idle" in document["components"]["securitySchemes"]) is (answer == "yes")
    assert ("all" in document[f"{PREFIX}request-validators"]) is (answer == "yes")
    assert {"token", "request", "pool"} < document["components"]["securitySchemes"].keys()


def test_an_export_shows_the_models_that_are_used_without_the_default_ones(aws) -> None:
    api = aws.create_api()
    client = aws.client
    where = {"restApiId": api, "resourceId": aws.root_of(api), "httpMethod": "GET"}
    client.update_method_response(
        **where,
        statusCode="200",
        patchOperations=[{"op": "add", "path": "/responseModels/application~1json", "value": "Empty"}],
    )
    client.create_deployment(restApiId=api, stageName="prod")
    answer = client.get_export(restApiId=api, stageName="prod", exportType="swagger", accepts="application/yaml")
    document = yaml.safe_load(answer["body"].read())
    assert document["definitions"] == {"Empty": {"title": "Empty Schema", "type": "object"}}
    assert document["info"]["version"] == "2025-06-15T15:06:40Z"
    assert answer["contentDisposition"] == 'attachment; filename="swagger_2025-06-15T15:06:40Z.yaml"'
    client.create_model(restApiId=api, name="Page", contentType="text/html", schema='{"type": "string"}')
    client.update_method(**where, patchOperations=[{"op": "add", "path": "/requestModels/text~1html", "value": "Page"}])
    client.create_deployment(restApiId=api, stageName="prod")
    with pytest.raises(ClientError, match="the model Page is for text/html"):
        client.get_export(restApiId=api, stageName="prod", exportType="oas30")


def test_an_export_is_of_a_kind_and_with_extensions_that_there_are(aws) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    assert refused(api.export, "raml")[2] == "No API exporter for type 'raml'"
    assert refused(api.export, extensions="postman")[:2] == (501, "NotBuilt")
    aws.client.delete_stage(restApiId=api.id, stageName="prod")
    assert refused(api.export)[2] == "Invalid stage identifier specified"


def test_a_cache_namespace_of_ones_own_is_exported_and_a_default_one_is_not(aws) -> None:
    cached = operation(proxy(cacheKeyParameters=["method.request.querystring.q"]))
    api = Api(aws, oas({"/a": {"get": cached}, "/b": {"get": operation(proxy(cacheNamespace="all"))}}))
    api.deploy()
    paths = api.export()["paths"]
    assert paths["/a"]["get"][INTEGRATION]["cacheNamespace"] == api.paths()["/a"]
    assert paths["/b"]["get"][INTEGRATION]["cacheNamespace"] == "all"


# What is deployed is frozen.


def test_everything_of_a_definition_is_frozen_by_its_deployment(aws) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    before, frozen = api.export(), aws.gateway.settings(api.id, "prod").base.definition
    client, paths, ids = aws.client, api.paths(), {name: each["id"] for name, each in api.named("get_authorizers").items()}
    where = {"restApiId": api.id, "resourceId": paths["/orders"], "httpMethod": "POST"}
    client.update_integration(**where, patchOperations=[{"op": "replace", "path": "/uri", "value": uri("read:live")}])
    client.update_authorizer(
        restApiId=api.id,
        authorizerId=ids["token"],
        patchOperations=[{"op": "replace", "path": "/authorizerUri", "value": uri("other")}],
    )
    client.put_gateway_response(restApiId=api.id, responseType="DEFAULT_5XX", statusCode="599")
    client.update_model(
        restApiId=api.id, modelName="Line", patchOperations=[{"op": "replace", "path": "/schema", "value": '{"type": "null"}'}]
    )
    patches = [
        ("/policy", ""),
        ("/minimumCompressionSize", "9"),
        ("/apiKeySource", "HEADER"),
        ("/binaryMediaTypes/image~1png", "a/b"),
    ]
    client.update_rest_api(
        restApiId=api.id, patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in patches]
    )
    validator = api.named("get_request_validators")["body"]["id"]
    client.update_request_validator(
        restApiId=api.id,
        requestValidatorId=validator,
        patchOperations=[{"op": "replace", "path": "/validateRequestBody", "value": "false"}],
    )
    assert api.export() == before
    assert aws.gateway.settings(api.id, "prod").base.definition is frozen
    api.deploy()
    after = api.export()
    assert {name for name, part in after.items() if part != before[name]} | (before.keys() - after.keys()) == {
        "paths",
        "components",
        f"{PREFIX}gateway-responses",
        f"{PREFIX}policy",
        f"{PREFIX}minimum-compression-size",
        f"{PREFIX}api-key-source",
        f"{PREFIX}binary-media-types",
        f"{PREFIX}request-validators",
    }


def test_a_frozen_method_knows_its_authorizer_and_what_is_checked(aws) -> None:
    api = Api(aws, whole_document())
    api.deploy()
    methods = {f"{each.http_method} {each.path}": each for each in aws.gateway.settings(api.id, "prod").base.definition.methods}
    ordering = methods["POST /orders"]
    assert (ordering.authorizer.kind, ordering.authorizer.uri, ordering.authorizer.ttl_seconds) == ("TOKEN", AUTH, 0)
    assert methods["GET /orders"].authorizer.identity_sources == ("method.request.header.A", "method.request.querystring.b")
    assert ordering.checks.required_parameters == ()
    assert set(json.loads(ordering.checks.body_schemas["application/json"])) == {"schema", "models"}
    assert methods["ANY /orders/{id}"].checks is None
