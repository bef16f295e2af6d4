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
