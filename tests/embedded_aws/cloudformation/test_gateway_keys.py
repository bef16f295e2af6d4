"""An API whose definition is in S3, with a key and a usage plan: what users' templates have besides a body and a stage."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200"}},
}
KEY_ALONE = {"components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}}}
METHOD = {"security": [{"key": []}], "responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": MOCK}
DOCUMENT = {"openapi": "3.0.1", "info": {"title": "kept", "version": "1"}, "paths": {"/a": {"get": METHOD}}, **KEY_ALONE}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        running.client("s3").create_bucket(
            Bucket="definitions", CreateBucketConfiguration={"LocationConstraint": running.region}
        )
        running.client("s3").put_object(Bucket="definitions", Key="api.yaml", Body=yaml.safe_dump(DOCUMENT))
        yield running


def template() -> str:
    stage = {"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}
    pair = {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}
    place = {"BodyS3Location": {"Bucket": "definitions", "Key": "api.yaml"}}
    resources: dict[str, Any] = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": place},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod", "DeploymentId": {"Ref": "Deployment"}},
        },
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True, "Value": "a-key-of-twenty-letters"}},
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {"UsagePlanName": "all", "ApiStages": [stage], "Throttle": {"RateLimit": 5, "BurstLimit": 2}},
        },
        "Pair": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": pair},
    }
    outputs = {"Api": {"Value": {"Ref": "Api"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def test_an_api_of_s3_with_a_key_is_called_with_it_and_deleted(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    client.create_stack(StackName="s", TemplateBody=template())
    [stack] = client.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", client.describe_stack_events(StackName="s")["StackEvents"]
    api = stack["Outputs"][0]["OutputValue"]
    assert aws.client("apigateway").get_rest_api(restApiId=api)["name"] == "kept"

    def status(**headers: str) -> int:
        return aws.dataplane.serve(Request(api, "prod", "GET", "/a", aws.clock.now(), headers)).status

    assert status() == 403
    assert status(**{"x-api-key": "a-key-of-twenty-letters"}) == 200

    client.delete_stack(StackName="s")
    gateway = aws.client("apigateway")
    assert (gateway.get_api_keys()["items"], gateway.get_usage_plans()["items"]) == ([], [])
    assert client.describe_stacks(StackName=stack["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"


def create_api(aws: EmbeddedAws, text: str, **more: str) -> str:
    """Create an API from a document in S3; the reasons of its stack's failure, or the API's name."""
    aws.client("s3").put_object(Bucket="definitions", Key="api", Body=text)
    properties = {"BodyS3Location": {"Bucket": "definitions", "Key": "api"}, **more}
    resources = {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": properties}}
    client = aws.client("cloudformation")
    client.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resources}))
    if apis := aws.client("apigateway").get_rest_apis()["items"]:
        return str(apis[0]["name"])
    return " ".join(one.get("ResourceStatusReason", "") for one in client.describe_stack_events(StackName="s")["StackEvents"])


def test_a_document_in_json_may_be_indented_with_tabs(aws: EmbeddedAws) -> None:
    assert create_api(aws, json.dumps(DOCUMENT, indent="\t")) == "kept"


def test_a_title_that_looks_like_a_date_is_the_name_as_written(aws: EmbeddedAws) -> None:
    assert create_api(aws, "{openapi: 3.0.1, info: {title: 2026-01-05, version: '1'}, paths: {}}") == "2026-01-05"


def test_the_templates_name_comes_before_the_title(aws: EmbeddedAws) -> None:
    assert create_api(aws, json.dumps(DOCUMENT), Name="its own") == "its own"


@pytest.mark.parametrize("text", ["{", "[]", "{openapi: 3.0.1, info: [], paths: {}}"])
def test_a_text_that_is_no_definition_is_refused_by_its_import(aws: EmbeddedAws, text: str) -> None:
    assert "Invalid OpenAPI input." in create_api(aws, text)
