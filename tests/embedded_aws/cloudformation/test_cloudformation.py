from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.cloudformation.assembly import DeployError, deploy, destroy
from embedded_aws.cloudformation.custom import PREFIX
from embedded_aws.cloudformation.template import in_order, parse_template
from embedded_aws.cloudformation.values import NO_VALUE, TemplateError, is_met, references, resolve
from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.unknowns import NotRecorded

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


@pytest.fixture
def aws():
    with EmbeddedAws() as running:
        yield running


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def ref(name):
    return {"Ref": name}


def attribute(name, of):
    return {"Fn::GetAtt": [name, of]}


def a_template(resources, **sections):
    return json.dumps({"Resources": resources, **sections})


def create(aws, resources, *, name="s", **sections):
    """Create a stack; returns its description."""
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=a_template(resources, **sections))
    return described(aws, name)


def update(aws, resources, *, name="s", **sections):
    aws.client("cloudformation").update_stack(StackName=name, TemplateBody=a_template(resources, **sections))
    return described(aws, name)


def delete(aws, name="s", **more):
    """Delete a stack; returns its description, or that of the last stack with that name."""
    before = described(aws, name)
    aws.client("cloudformation").delete_stack(StackName=name, **more)
    return described(aws, before["StackId"])


def described(aws, name="s"):
    return aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def outputs(stack):
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def events(aws, stack_id="s"):
    """What happened to resources, in order: logical id and status."""
    found = aws.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    return [(each["LogicalResourceId"], each["ResourceStatus"]) for each in reversed(found) if each["LogicalResourceId"] != "s"]


def reasons(aws, stack_id="s"):
    found = aws.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    return {
        each["LogicalResourceId"]: each["ResourceStatusReason"] for each in found if each["ResourceStatus"].endswith("_FAILED")
    }


def physical_id(aws, logical_id, name="s"):
    resources = aws.client("cloudformation").describe_stack_resources(StackName=name, LogicalResourceId=logical_id)
    return resources["StackResources"][0]["PhysicalResourceId"]


# Resources, as CDK writes them.


def a_parameter(value="v", **more):
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **more}}


def a_role(service="lambda.amazonaws.com", **more):
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, **more}}


def a_function(source="def handler(event, context): return 1", **more):
    properties = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": source},
        "Role": attribute("Role", "Arn"),
        **more,
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties, "DependsOn": ["Role"]}


def a_version(function="F", **more):
    return {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": ref(function)}, **more}


def an_alias(name, version="V", **more):
    properties = {"FunctionName": ref("F"), "Name": name, "FunctionVersion": attribute(version, "Version"), **more}
    return {"Type": "AWS::Lambda::Alias", "Properties": properties}


# Values.


class Scope:
    """Names for values that need no stack."""

    def ref(self, name):
        return {"Region": REGION, "List": ["a", "b"], "AWS::NoValue": NO_VALUE}[name]

    def attribute(self, logical_id, name):
        return f"{logical_id}'s {name}"

    def holds(self, condition):
        return condition == "Yes"

    def mapped(self, path):
        return "/".join(path)

    def imported(self, export):
        return f"imported {export}"

    def output_of(self, stack, output):
        return f"{stack}'s {output}"


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"Fn::Join": ["-", ["a", ref("Region"), 1, True]]}, "a-eu-west-1-1-true"),
        ({"Fn::Join": [",", ref("List")]}, "a,b"),
        ({"Fn::GetAtt": ["F", "Arn"]}, "F's Arn"),
        ({"Fn::GetAtt": "F.Sub.Arn"}, "F's Sub.Arn"),
        ({"Fn::Sub": "${Region}/${F.Arn}/${!literal}"}, "eu-west-1/F's Arn/${literal}"),
        ({"Fn::Sub": ["${a}${Region}", {"a": ref("Region")}]}, "eu-west-1eu-west-1"),
        ({"Fn::Select": ["1", {"Fn::Split": [":", "a:b:c"]}]}, "b"),
        ({"Fn::If": ["Yes", "a", "b"]}, "a"),
        ({"Fn::If": ["No", "a", "b"]}, "b"),
        ({"Fn::FindInMap": ["M", ref("Region"), "k"]}, "M/eu-west-1/k"),
        ({"Fn::Base64": "a"}, "YQ=="),
        ({"Fn::ImportValue": {"Fn::Sub": "${Region}-x"}}, "imported eu-west-1-x"),
        ({"Fn::GetStackOutput": {"StackName": "s", "OutputName": "o"}}, "s's o"),
        ({"Fn::ToJsonString": {"a": ref("Region")}}, '{"a": "eu-west-1"}'),
        ({"a": [ref("Region"), ref("AWS::NoValue")], "b": ref("AWS::NoValue")}, {"a": ["eu-west-1"]}),
        ({"a": {"Condition": {"StringEquals": {"b": "c"}}}}, {"a": {"Condition": {"StringEquals": {"b": "c"}}}}),
        (5, 5),
    ],
)
def test_a_value_is_what_its_references_and_functions_come_to(value, result):
    assert resolve(value, Scope()) == result


@pytest.mark.parametrize("value", [{"Fn::Cidr": ["10.0.0.0/16", 6]}, "{{resolve:ssm:/a}}"])
def test_a_function_that_is_not_built_is_refused(value):
    with pytest.raises(NotBuiltError):
        resolve(value, Scope())


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"Fn::Equals": [ref("Region"), "eu-west-1"]}, True),
        ({"Fn::Equals": [True, "true"]}, True),
        ({"Fn::Not": [{"Condition": "Yes"}]}, False),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "No"}, {"Fn::Equals": ["a", "a"]}]}, True),
    ],
)
def test_a_condition_is_met_or_not(condition, met):
    assert is_met(condition, Scope()) is met


def test_a_value_depends_on_the_names_in_it():
    value = {
        "a": [ref("A"), {"Fn::GetAtt": ["B", "Arn"]}],
        "b": {"Fn::Sub": ["${C.Arn}${d}${!E}${AWS::Region}", {"d": ref("D")}]},
    }
    assert set(references(value)) == {"A", "B", "C", "D"}


def test_resources_come_after_those_that_they_need():
    assert in_order({"a": ["c"], "b": [], "c": ["b"], "d": []}) == ["b", "c", "a", "d"]
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \[a, b\]"):
        in_order({"a": ["b"], "b": ["a"], "c": []})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "At least one Resources member must be defined"),
        ("a: [", "Template format error"),
        ('{"Resources": {"A": {}}}', "Every Resources object must contain a Type member"),
        (
            '{"Resources": {"A": {"Type": "AWS::SSM::Parameter", "DependsOn": "B"}}}',
            r"Unresolved resource dependencies \[B\]",
        ),
    ],
)
def test_a_template_that_cannot_be_is_refused(aws, text, message):
    with pytest.raises(TemplateError, match=message):
        parse_template(text)
    with pytest.raises(ClientError, match=message) as refused:
        aws.client("cloudformation").create_stack(StackName="s", TemplateBody=text)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


# Creating.


def test_a_stack_makes_its_resources_in_the_order_of_their_needs(aws):
    stack = create(
        aws,
        {
            "Second": a_parameter({"Fn::Join": ["", ["after ", ref("First")]]}, Name="/second"),
            "First": a_parameter("1", Name="/first", Tags={"owner": "me"}),
        },
        Outputs={"Value": {"Value": attribute("Second", "Value"), "Description": "what it has"}},
        Description="two parameters",
    )
    assert (stack["StackStatus"], stack["Description"]) == ("CREATE_COMPLETE", "two parameters")
    assert outputs(stack) == {"Value": "after /first"}
    assert [name for name, status in events(aws) if status == "CREATE_COMPLETE"] == ["First", "Second"]
    tags = aws.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/first")["TagList"]
    assert tags == [{"Key": "owner", "Value": "me"}]


def test_a_resource_without_a_name_gets_one_of_the_stacks(aws):
    create(aws, {"Parameter": a_parameter()}, name="stack")
    name = physical_id(aws, "Parameter", "stack")
    assert name.startswith("stack-Parameter-")
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "v"


def test_parameters_mappings_and_conditions_decide(aws):
    resources = {
        "Named": a_parameter(ref("Value")),
        "Mapped": a_parameter({"Fn::FindInMap": ["Sizes", ref("AWS::Region"), "size"]}),
        "Left": {**a_parameter(), "Condition": "IsBig"},
        "Joined": a_parameter({"Fn::Join": ["+", ref("Many")]}),
    }
    sections = {
        "Parameters": {
            "Value": {"Type": "String", "Default": "default"},
            "Many": {"Type": "CommaDelimitedList", "Default": "a, b"},
            "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/not/there"},
        },
        "Mappings": {"Sizes": {REGION: {"size": "small"}}},
        "Conditions": {"IsBig": {"Fn::Equals": [ref("Value"), "big"]}},
        "Outputs": {"Shown": {"Value": "x"}, "Hidden": {"Value": ref("Left"), "Condition": "IsBig"}},
        "Rules": {"CheckBootstrapVersion": {"Assertions": []}},
    }
    stack = create(aws, resources, **sections)
    values = {name: aws.stacks.find("s").resources[name].properties["Value"] for name in aws.stacks.find("s").resources}
    assert values == {"Named": "default", "Mapped": "small", "Joined": "a+b"}
    assert outputs(stack) == {"Shown": "x"}
    client = aws.client("cloudformation")
    given = [{"ParameterKey": "Value", "ParameterValue": "big"}]
    client.update_stack(StackName="s", TemplateBody=a_template(resources, **sections), Parameters=given)
    assert set(aws.stacks.find("s").resources) == {"Named", "Mapped", "Joined", "Left"}
    kept = [{"ParameterKey": "Value", "UsePreviousValue": True}]
    with pytest.raises(ClientError, match="No updates are to be performed"):
        client.update_stack(StackName="s", TemplateBody=a_template(resources, **sections), Parameters=kept)
    with pytest.raises(ClientError, match=r"Parameters: \[Other\] do not exist in the template"):
        client.create_stack(
            StackName="t",
            TemplateBody=a_template({"P": a_parameter()}),
            Parameters=[{"ParameterKey": "Other", "ParameterValue": "x"}],
        )


def test_a_parameter_that_is_stored_is_read_where_it_is_used(aws):
    aws.client("ssm").put_parameter(Name="/stored", Type="String", Value="from ssm")
    sections = {"Parameters": {"Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/stored"}}}
    create(aws, {"P": a_parameter(ref("Stored"))}, **sections)
    assert aws.client("ssm").get_parameter(Name=physical_id(aws, "P"))["Parameter"]["Value"] == "from ssm"


def test_a_stack_that_fails_is_rolled_back_and_says_why(aws):
    aws.client("ssm").put_parameter(Name="/claimed", Type="String", Value="someone else's")
    stack = create(aws, {"First": a_parameter(Name="/first"), "Claim": {**a_parameter(Name="/claimed"), "DependsOn": "First"}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["StackStatusReason"].startswith("The following resource(s) failed to create: [Claim]")
    assert "already exists" in reasons(aws)["Claim"]
    assert aws.client("ssm").describe_parameters()["Parameters"][0]["Name"] == "/claimed"
    assert len(aws.client("ssm").describe_parameters()["Parameters"]) == 1
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        update(aws, {"First": a_parameter()})


def test_a_stack_that_fails_can_be_left_as_it_is(aws):
    template = a_template({"First": a_parameter(Name="/first"), "Bad": a_parameter(Name="/first", Value="x")})
    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=template, OnFailure="DO_NOTHING")
    assert described(aws)["StackStatus"] == "CREATE_FAILED"
    assert aws.client("ssm").get_parameter(Name="/first")


def test_a_name_is_taken_until_its_stack_is_deleted(aws):
    first = create(aws, {"P": a_parameter()})
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        create(aws, {"P": a_parameter()})
    delete(aws)
    assert create(aws, {"P": a_parameter()})["StackId"] != first["StackId"]
    with pytest.raises(ClientError, match="Stack with id nowhere does not exist"):
        described(aws, "nowhere")


def test_a_type_that_is_not_built_is_refused_before_anything_is_made(aws):
    with pytest.raises(ClientError, match="NotBuilt") as refused:
        create(aws, {"P": a_parameter(Name="/p"), "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "b"}}})
    assert "AWS::Events::EventBus" in str(refused.value)
    assert not aws.client("ssm").describe_parameters()["Parameters"]


def test_a_property_that_is_not_built_fails_its_resource(aws):
    create(aws, {"P": a_parameter(Colour="red")})
    assert "does not take Colour" in reasons(aws)["P"]


def test_a_template_too_long_for_a_call_lies_in_s3(aws):
    long = a_template({"P": a_parameter("x" * 60_000, Tier="Advanced")})
    client = aws.client("cloudformation")
    with pytest.raises(ClientError, match="templateBody"):
        client.create_stack(StackName="s", TemplateBody=long)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="bucket", Key="t/a.json", Body=a_template({"P": a_parameter()}))
    for number, url in enumerate(
        (f"https://s3.{REGION}.amazonaws.com/bucket/t/a.json", f"https://bucket.s3.{REGION}.amazonaws.com/t/a.json")
    ):
        client.create_stack(StackName=f"s{number}", TemplateURL=url)
        assert described(aws, f"s{number}")["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="S3 error"):
        client.create_stack(StackName="t", TemplateURL=f"https://bucket.s3.{REGION}.amazonaws.com/nothing.json")


# Created resources belong to the embedded AWS.


def test_functions_versions_aliases_and_their_permissions_are_lambdas(aws):
    stack = create(
        aws,
        {
            "Role": a_role(Path="/canary/controller/"),
            "F": a_function(
                Environment={"Variables": {"A": "b"}},
                MemorySize=256,
                ReservedConcurrentExecutions=3,
                Layers=["arn:aws:lambda:eu-west-1:017000801446:layer:Powertools:38"],
                TracingConfig={"Mode": "Active"},
                LoggingConfig={"LogGroup": "/own"},
                Tags=[{"Key": "k", "Value": "v"}],
            ),
            "V": a_version(),
            "Live": an_alias("live"),
            "Allowed": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": ref("Live"),
                    "Action": "lambda:InvokeFunction",
                    "Principal": "apigateway.amazonaws.com",
                },
            },
            "Later": {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {"FunctionName": ref("F"), "Qualifier": "$LATEST", "MaximumRetryAttempts": 1},
            },
        },
        Outputs={"Version": {"Value": ref("V")}},
    )
    client, name = aws.client("lambda"), physical_id(aws, "F")
    assert outputs(stack) == {"Version": arn("lambda", f"function:{name}:1")}
    shown = client.get_function_configuration(FunctionName=name, Qualifier="live")
    assert (shown["MemorySize"], shown["Environment"]["Variables"], shown["TracingConfig"]) == (
        256,
        {"A": "b"},
        {"Mode": "Active"},
    )
    assert shown["LoggingConfig"]["LogGroup"] == "/own"
    assert client.get_function(FunctionName=name)["Tags"] == {"k": "v"}
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
    assert "apigateway" in client.get_policy(FunctionName=name, Qualifier="live")["Policy"]
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    assert aws.invoke(name, {}, qualifier="live").payload == 1
    assert aws.has_log_group("/own")


def a_rest_api(**stage):
    """An API with a mocked method, deployed, and its stage."""
    integration = {
        "Type": "MOCK",
        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
        "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"application/json": "hello"}}],
    }
    return {
        "Api": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {"Name": "orders", "EndpointConfiguration": {"Types": ["REGIONAL"]}},
        },
        "Orders": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"RestApiId": ref("Api"), "ParentId": attribute("Api", "RootResourceId"), "PathPart": "orders"},
        },
        "Get": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": ref("Api"),
                "ResourceId": ref("Orders"),
                "HttpMethod": "GET",
                "AuthorizationType": "NONE",
                "Integration": integration,
                "MethodResponses": [{"StatusCode": "200"}],
            },
        },
        "First": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": ref("Api"), "Description": "first"},
            "DependsOn": ["Get"],
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": ref("Api"),
                "StageName": "prod",
                "DeploymentId": ref("First"),
                "Variables": {"lambdaAlias": "live"},
                **stage,
            },
        },
    }


SETTINGS = [
    {"HttpMethod": "*", "ResourcePath": "/*", "LoggingLevel": "INFO", "MetricsEnabled": True},
    {"HttpMethod": "GET", "ResourcePath": "/orders/{id}", "ThrottlingRateLimit": 5},
]


def stage_of(aws):
    found = aws.client("apigateway").get_stage(restApiId=physical_id(aws, "Api"), stageName="prod")
    found.pop("ResponseMetadata")
    return found


def test_an_api_of_a_template_serves_requests(aws):
    log = {"DestinationArn": arn("logs", "log-group:/apigw/orders"), "Format": "$context.requestId"}
    account = {"Type": "AWS::ApiGateway::Account", "Properties": {"CloudWatchRoleArn": arn("iam", "role/x")}}
    more = {"AccessLogSetting": log, "MethodSettings": SETTINGS, "TracingEnabled": True, "Tags": [{"Key": "a", "Value": "b"}]}
    assert create(aws, {**a_rest_api(**more), "Account": account})["StackStatus"] == "CREATE_COMPLETE"
    stage = stage_of(aws)
    assert (stage["accessLogSettings"]["format"], stage["tracingEnabled"], stage["tags"]) == (
        "$context.requestId",
        True,
        {"a": "b"},
    )
    assert stage["methodSettings"]["*/*"]["loggingLevel"] == "INFO"
    assert stage["methodSettings"]["~1orders~1{id}/GET"]["throttlingRateLimit"] == 5
    request = Request(physical_id(aws, "Api"), "prod", "GET", "/orders", aws.clock.now())
    assert aws.dataplane.serve(request).body == "hello"
    assert aws.client("apigateway").get_account()["cloudwatchRoleArn"] == arn("iam", "role/x")


INVOKE_AUTH = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn('lambda', 'function:auth:{}')}/invocations"


def test_an_api_of_a_template_may_be_one_document(aws):
    mock = {"type": "mock", "requestTemplates": {"application/json": "{statusCode: 200}"}, "responses": {"default": {}}}
    path = {"get": {"responses": {}, "x-amazon-apigateway-integration": mock}}
    body = {"openapi": "3.0.1", "info": {"title": "from the document", "version": 1}, "paths": {"/orders": path}}
    properties = {
        "Body": body,
        "BinaryMediaTypes": ["image/png"],
        "ApiKeySourceType": "AUTHORIZER",
        "MinimumCompressionSize": 5,
    }
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": properties},
        "First": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": ref("Api"), "StageName": "prod"}},
    }
    create(aws, resources)
    client, api = aws.client("apigateway"), physical_id(aws, "Api")
    found = client.get_rest_api(restApiId=api)
    assert (found["name"], found["binaryMediaTypes"], found["apiKeySource"]) == (
        "from the document",
        ["image/png"],
        "AUTHORIZER",
    )
    assert aws.dataplane.serve(Request(api, "prod", "GET", "/orders", aws.clock.now())).status == 200
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    changed = {
        "Name": "its own",
        "Body": {**body, "paths": {"/carts": path}},
        "BinaryMediaTypes": ["image/gif"],
        "Policy": {"Version": "2012-10-17", "Statement": [allowed]},
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
    }
    stack = update(aws, resources | {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": changed}})
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    found = client.get_rest_api(restApiId=api)
    assert (found["name"], found["binaryMediaTypes"], found["apiKeySource"]) == ("its own", ["image/gif"], "HEADER")
    assert ("minimumCompressionSize" in found, found["endpointConfiguration"]["types"]) == (False, ["REGIONAL"])
    assert "execute-api:Invoke" in found["policy"]
    assert [item["path"] for item in client.get_resources(restApiId=api)["items"]] == ["/", "/carts"]


def test_a_document_that_is_refused_takes_its_api_along(aws):
    body = {"openapi": "3.0.1", "info": {"title": "t"}, "paths": {}, "x-amazon-apigateway-cors": {}}
    stack = create(aws, {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws.client("apigateway").get_rest_apis()["items"] == []


def test_parts_of_an_api_are_made_changed_and_removed_with_their_stack(aws):
    def part(kind, **properties):
        return {"Type": f"AWS::ApiGateway::{kind}", "Properties": {"RestApiId": ref("Api"), **properties}}

    def parts(size, alias, **body):
        return {
            "Auth": part(
                "Authorizer",
                Name="auth",
                Type="TOKEN",
                AuthorizerUri=INVOKE_AUTH.format(alias),
                IdentitySource="method.request.header.A",
                AuthorizerResultTtlInSeconds=size,
            ),
            "Model": part(
                "Model", Name="Cup", ContentType="application/json", Schema={"type": "object", "maxProperties": size}
            ),
            "Validator": part("RequestValidator", Name="all", **body),
            "Denied": part("GatewayResponse", ResponseType="ACCESS_DENIED", StatusCode=str(400 + size)),
        }

    create(aws, {**a_rest_api(), **parts(1, "live", ValidateRequestBody=True)})
    client, api = aws.client("apigateway"), {"restApiId": physical_id(aws, "Api")}
    ids = {name: physical_id(aws, name) for name in ("Auth", "Model", "Validator")}
    update(aws, {**a_rest_api(), **parts(2, "canary", ValidateRequestParameters=True)})
    authorizer = client.get_authorizer(**api, authorizerId=ids["Auth"])
    assert (authorizer["authorizerUri"], authorizer["authorizerResultTtlInSeconds"]) == (
        INVOKE_AUTH.format("canary"),
        2,
    )
    assert json.loads(client.get_model(**api, modelName=ids["Model"])["schema"])["maxProperties"] == 2
    validator = client.get_request_validator(**api, requestValidatorId=ids["Validator"])
    assert (validator["validateRequestBody"], validator["validateRequestParameters"]) == (False, True)
    assert client.get_gateway_response(**api, responseType="ACCESS_DENIED")["statusCode"] == "402"
    update(aws, a_rest_api())
    assert client.get_authorizers(**api)["items"] == client.get_request_validators(**api)["items"] == []
    assert client.get_gateway_response(**api, responseType="ACCESS_DENIED")["defaultResponse"] is True


def test_a_key_of_a_usage_plan_opens_the_methods_of_its_stage(aws):
    resources = a_rest_api()
    resources["Get"]["Properties"]["ApiKeyRequired"] = True
    create(aws, resources)
    client, api = aws.client("apigateway"), physical_id(aws, "Api")
    key = client.create_api_key(name="shop", enabled=True, value="k" * 24)
    plan = client.create_usage_plan(name="shops", apiStages=[{"apiId": api, "stage": "prod"}])["id"]

    def status(**headers):
        return aws.dataplane.serve(Request(api, "prod", "GET", "/orders", aws.clock.now(), headers)).status

    assert (status(), status(**{"x-api-key": "k" * 24})) == (403, 403)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert (status(**{"x-api-key": "k" * 24}), status(**{"x-api-key": "wrong"})) == (200, 403)
    client.update_api_key(apiKey=key["id"], patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])
    assert status(**{"x-api-key": "k" * 24}) == 403


def test_a_canary_of_a_template_is_the_stages_and_stays_when_it_leaves_the_template(aws):
    canary = {"DeploymentId": ref("First"), "PercentTraffic": 10, "StageVariableOverrides": {"lambdaAlias": "canary"}}
    create(aws, a_rest_api(CanarySetting=canary))
    assert stage_of(aws)["canarySettings"]["percentTraffic"] == 10
    update(aws, a_rest_api(CanarySetting={**canary, "PercentTraffic": 20}))
    assert stage_of(aws)["canarySettings"]["percentTraffic"] == 20
    assert update(aws, a_rest_api())["StackStatus"] == "UPDATE_COMPLETE"
    assert stage_of(aws)["canarySettings"]["percentTraffic"] == 20


def test_a_deployment_with_a_stages_name_makes_that_stage_and_takes_it_along(aws):
    resources = a_rest_api()
    del resources["Stage"]
    resources["First"]["Properties"] |= {"StageName": "prod", "StageDescription": {"Description": "d", "Variables": {"a": "b"}}}
    create(aws, resources)
    assert (stage_of(aws)["description"], stage_of(aws)["variables"]) == ("d", {"a": "b"})
    api = physical_id(aws, "Api")
    del resources["First"]
    update(aws, resources)
    assert not aws.client("apigateway").get_stages(restApiId=api)["item"]


def test_filters_alarms_and_dashboards_are_cloudwatchs(aws):
    create(
        aws,
        {
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/g", "RetentionInDays": 30}},
            "Filter": {
                "Type": "AWS::Logs::MetricFilter",
                "Properties": {
                    "LogGroupName": ref("Group"),
                    "FilterName": "bad",
                    "FilterPattern": "{ $.status = 500 }",
                    "MetricTransformations": [
                        {"MetricNamespace": "N", "MetricName": "Bad", "MetricValue": "1", "DefaultValue": 0}
                    ],
                },
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmName": "many",
                    "EvaluationPeriods": 1,
                    "Threshold": 1.5,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "Metrics": [
                        {"Id": "e", "Expression": "b + 1", "Label": "more"},
                        {
                            "Id": "b",
                            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "Bad"}, "Period": 60, "Stat": "Sum"},
                            "ReturnData": False,
                        },
                    ],
                },
            },
            "Any": {
                "Type": "AWS::CloudWatch::CompositeAlarm",
                "Properties": {"AlarmName": "any", "AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}")'}},
            },
            "Board": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {"DashboardName": "d", "DashboardBody": {"Fn::Join": ["", ['{"widgets":[]}']]}},
            },
        },
        Outputs={"Arn": {"Value": attribute("Alarm", "Arn")}, "Group": {"Value": attribute("Group", "Arn")}},
    )
    assert outputs(described(aws)) == {"Arn": arn("cloudwatch", "alarm:many"), "Group": arn("logs", "log-group:/g:*")}
    aws.logs.ingest("/g", aws.clock.now(), '{"status": 500}')
    aws.clock.run_for(300)
    changes = [
        each["HistorySummary"]
        for each in aws.client("cloudwatch").describe_alarm_history(AlarmName="many")["AlarmHistoryItems"]
    ]
    assert any("to ALARM" in each for each in changes)
    assert aws.client("cloudwatch").get_dashboard(DashboardName="d")["DashboardBody"] == '{"widgets":[]}'
    assert aws.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 30
    assert aws.client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]["AlarmName"] == "any"


def test_a_saved_query_is_changed_in_place_and_deleted_with_its_stack(aws):
    def saved(**properties):
        query = {"Name": "orders/errors", "QueryString": "filter status >= 500", "LogGroupNames": ["/g"], **properties}
        return {"Query": {"Type": "AWS::Logs::QueryDefinition", "Properties": query}}

    def found(prefix="orders"):
        return aws.client("logs").describe_query_definitions(queryDefinitionNamePrefix=prefix)["queryDefinitions"]

    create(aws, saved(), Outputs={"Id": {"Value": attribute("Query", "QueryDefinitionId")}})
    (before,) = found("orders/")
    assert outputs(described(aws)) == {"Id": before["queryDefinitionId"]}
    assert (before["queryString"], before["logGroupNames"]) == ("filter status >= 500", ["/g"])
    update(aws, saved(QueryString="filter status >= 400"))
    (after,) = found()
    assert (after["queryDefinitionId"], after["queryString"]) == (before["queryDefinitionId"], "filter status >= 400")
    assert found("other") == []
    delete(aws)
    assert found() == []


def test_rules_schedules_topics_and_queues_come_to_life(aws):
    machine = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed", "Comment": "${Word} ${Other}"}}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": ref("Topic"),
    }
    queue_statement = {**statement, "Action": "sqs:SendMessage", "Resource": attribute("Queue", "Arn")}
    stack = create(
        aws,
        {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "notifications"}},
            "TopicPolicy": {
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {"Topics": [ref("Topic")], "PolicyDocument": {"Statement": [statement]}},
            },
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"MessageRetentionPeriod": 1209600, "SqsManagedSseEnabled": True},
            },
            "QueuePolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": [ref("Queue")], "PolicyDocument": {"Statement": [queue_statement]}},
            },
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": attribute("Queue", "Arn")},
            },
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": {"source": ["canary"]},
                    "State": "ENABLED",
                    "Targets": [{"Id": "t", "Arn": ref("Topic"), "DeadLetterConfig": {"Arn": attribute("Queue", "Arn")}}],
                },
            },
            "Role": a_role("scheduler.amazonaws.com"),
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": "m",
                    "RoleArn": attribute("Role", "Arn"),
                    "DefinitionString": {"Fn::Join": ["", [json.dumps(machine)]]},
                    "DefinitionSubstitutions": {"Word": ref("Topic")},
                    "TracingConfiguration": {"Enabled": True},
                    "Tags": [{"Key": "k", "Value": "v"}],
                },
            },
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "g"}},
            "Schedule": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "GroupName": ref("Group"),
                    "ScheduleExpression": "at(2026-01-05T03:00:00)",
                    "ScheduleExpressionTimezone": "Europe/Berlin",
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "State": "ENABLED",
                    "Target": {"Arn": ref("Machine"), "RoleArn": attribute("Role", "Arn"), "Input": '{"a": 1}'},
                },
            },
        },
        Outputs={"Machine": {"Value": ref("Machine")}, "Queue": {"Value": ref("Queue")}},
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(aws)
    aws.permissions.enforce()
    aws.client("events").put_events(Entries=[{"Source": "canary", "DetailType": "x", "Detail": "{}"}])
    aws.clock.run_for(5)
    assert len(aws.client("sqs").receive_message(QueueUrl=outputs(stack)["Queue"])["Messages"]) == 1
    aws.permissions.relax()
    aws.clock.run_for(3 * 3600)
    client, machine_arn = aws.client("stepfunctions"), outputs(stack)["Machine"]
    definition = json.loads(client.describe_state_machine(stateMachineArn=machine_arn)["definition"])
    assert definition["States"]["Done"]["Comment"] == f"{physical_id(aws, 'Topic')} ${{Other}}"
    assert len(client.list_executions(stateMachineArn=machine_arn)["executions"]) == 1
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"
    assert not client.list_state_machines()["stateMachines"]


def a_table(**more):
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            "SSESpecification": {"SSEEnabled": True},
            **more,
        },
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }


def test_a_table_has_what_it_takes_several_calls_to_give_it(aws):
    stack = create(aws, {"Table": a_table()}, Outputs={"Arn": {"Value": attribute("Table", "Arn")}})
    client, name = aws.client("dynamodb"), physical_id(aws, "Table")
    assert outputs(stack)["Arn"] == arn("dynamodb", f"table/{name}")
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    update(aws, {"Table": a_table(DeletionProtectionEnabled=True)})
    assert client.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is True
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"
    assert client.describe_table(TableName=name)


def test_roles_have_the_policies_that_stand_in_them_and_beside_them(aws):
    def policy(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}

    def resources(action, *, managed):
        return {
            "Role": a_role(
                RoleName="r",
                Policies=[{"PolicyName": action.replace(":", "-"), "PolicyDocument": policy(action)}],
                ManagedPolicyArns=managed,
            ),
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyName": "beside", "PolicyDocument": policy(action), "Roles": [ref("Role")]},
            },
            "Managed": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": policy("a:B"), "Roles": [ref("Role")]},
            },
        }

    iam = aws.client("iam")
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert create(aws, resources("s3:Get", managed=[basic]))["StackStatus"] == "CREATE_COMPLETE"
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == ["s3-Get", "beside"]
    assert len(iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]) == 2
    assert update(aws, resources("s3:Put", managed=[]))["StackStatus"] == "UPDATE_COMPLETE"
    assert set(iam.list_role_policies(RoleName="r")["PolicyNames"]) == {"s3-Put", "beside"}
    document = iam.get_role_policy(RoleName="r", PolicyName="beside")["PolicyDocument"]
    assert document["Statement"][0]["Action"] == "s3:Put"
    assert len(iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]) == 1
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"
    assert not iam.list_roles()["Roles"]


# Updating.


def touched(aws, action):
    """The resources that the events of an update name."""
    before = len(events(aws))
    action()
    return {name for name, status in events(aws)[before:] if status.startswith(("UPDATE", "CREATE", "DELETE"))}


def test_an_update_touches_what_its_template_changed_and_what_refers_to_it(aws):
    resources = {"A": a_parameter("1", Name="/a"), "B": a_parameter(attribute("A", "Value")), "C": a_parameter("3")}
    create(aws, resources)
    aws.client("ssm").put_parameter(Name=physical_id(aws, "C"), Value="someone's", Overwrite=True)
    changed = {**resources, "A": a_parameter("2", Name="/a")}
    # B gets the attribute that A has; a parameter's Value is what it was made with.
    assert touched(aws, lambda: update(aws, changed)) == {"A", "B"}
    assert aws.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "2"
    assert aws.client("ssm").get_parameter(Name=physical_id(aws, "B"))["Parameter"]["Value"] == "2"
    assert aws.client("ssm").get_parameter(Name=physical_id(aws, "C"))["Parameter"]["Value"] == "someone's"


def test_what_leaves_the_template_is_deleted_after_what_needed_it(aws):
    create(aws, {"A": a_parameter(), "B": a_parameter(ref("A")), "C": a_parameter()})
    update(aws, {"C": a_parameter()})
    assert [name for name, status in events(aws) if status == "DELETE_COMPLETE"] == ["B", "A"]


def test_a_resource_that_cannot_be_changed_is_replaced_and_the_old_one_deleted(aws):
    create(aws, {"A": a_parameter(Name="/old"), "B": a_parameter(ref("A"))})
    update(aws, {"A": a_parameter(Name="/new"), "B": a_parameter(ref("A"))})
    names = {each["Name"] for each in aws.client("ssm").describe_parameters()["Parameters"]}
    assert names == {"/new", physical_id(aws, "B")}
    assert aws.client("ssm").get_parameter(Name=physical_id(aws, "B"))["Parameter"]["Value"] == "/new"


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_is_replaced_stays_if_it_is_to_be_retained(aws, policy):
    kept = {"UpdateReplacePolicy": policy}
    create(aws, {"A": {**a_parameter(Name="/old"), **kept}})
    update(aws, {"A": {**a_parameter(Name="/new"), **kept}})
    names = {each["Name"] for each in aws.client("ssm").describe_parameters()["Parameters"]}
    assert names == ({"/old", "/new"} if policy == "Retain" else {"/new"})


def test_an_update_that_fails_is_taken_back(aws):
    aws.client("ssm").put_parameter(Name="/claimed", Type="String", Value="someone else's")
    before = {"A": a_parameter("1", Name="/a"), "B": a_parameter(Name="/b"), "Gone": a_parameter()}
    create(aws, before)
    after = {
        "A": a_parameter("2", Name="/a"),
        "B": a_parameter(Name="/b2"),
        "New": a_parameter(Name="/new"),
        "Claim": {**a_parameter(Name="/claimed"), "DependsOn": ["A", "B", "New"]},
    }
    stack = update(aws, after)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Claim]" in stack["StackStatusReason"]
    values = {each["Name"]: each["Value"] for each in aws.client("ssm").get_parameters_by_path(Path="/")["Parameters"]}
    assert {"/a": "1", "/b": "v", "/claimed": "someone else's"}.items() <= values.items()
    assert values.keys().isdisjoint({"/b2", "/new"})
    assert set(aws.stacks.find("s").resources) == {"A", "B", "Gone"}
    assert update(aws, {**after, "Claim": a_parameter(Name="/free")})["StackStatus"] == "UPDATE_COMPLETE"


def a_released_function(source):
    return {"Role": a_role(), "F": a_function(source)}


def test_changed_code_is_a_new_version_and_the_old_one_stays_if_retained(aws):
    retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    create(
        aws, {**a_released_function("def handler(e, c): return 1"), "V1": a_version(**retained), "Live": an_alias("live", "V1")}
    )
    name = physical_id(aws, "F")
    update(
        aws,
        {
            **a_released_function("def handler(e, c): return 2"),
            "V2": {**a_version(**retained), "DependsOn": ["F"]},
            "Live": an_alias("live", "V2"),
        },
    )
    versions = [each["Version"] for each in aws.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]]
    assert versions == ["$LATEST", "1", "2"]
    aws.clock.run_for(60)
    assert aws.invoke(name, {}, qualifier="live").payload == 2


def test_a_version_of_unchanged_code_fails(aws):
    create(aws, {**a_released_function("def handler(e, c): return 1"), "V1": a_version()})
    stack = update(aws, {**a_released_function("def handler(e, c): return 1"), "V1": a_version(), "V2": a_version()})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "A version for this Lambda function exists ( 1 )" in reasons(aws)["V2"]


def test_a_functions_configuration_follows_its_template_and_back(aws):
    create(
        aws,
        {"Role": a_role(), "F": a_function(Timeout=9, Environment={"Variables": {"A": "b"}}, ReservedConcurrentExecutions=2)},
    )
    client, name = aws.client("lambda"), physical_id(aws, "F")
    update(
        aws,
        {
            "Role": a_role(),
            "F": a_function(MemorySize=512, TracingConfig={"Mode": "Active"}, Tags=[{"Key": "a", "Value": "b"}]),
        },
    )
    shown = client.get_function(FunctionName=name)
    configuration = shown["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["TracingConfig"]) == (
        3,
        512,
        {"Mode": "Active"},
    )
    assert not configuration.get("Environment", {}).get("Variables")
    assert "Concurrency" not in shown
    assert shown["Tags"] == {"a": "b"}


def test_an_alias_that_was_moved_stays_until_its_own_entry_changes(aws):
    code = a_released_function("def handler(e, c): return 1")
    create(aws, {**code, "V": a_version(), "Live": an_alias("live")})
    client, name = aws.client("lambda"), physical_id(aws, "F")
    client.update_function_configuration(FunctionName=name, Description="by hand")
    client.publish_version(FunctionName=name)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    update(aws, {**code, "V": a_version(), "Live": an_alias("live"), "New": a_parameter()})
    assert client.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"
    weights = [{"FunctionVersion": "2", "FunctionWeight": 0.25}]
    weighted = an_alias("live", RoutingConfig={"AdditionalVersionWeights": weights})
    update(aws, {**code, "V": a_version(), "Live": weighted, "New": a_parameter()})
    alias = client.get_alias(FunctionName=name, Name="live")
    assert (alias["FunctionVersion"], alias["RoutingConfig"]["AdditionalVersionWeights"]) == ("1", {"2": 0.25})
    update(aws, {**code, "V": a_version(), "Live": an_alias("live"), "New": a_parameter()})
    assert not client.get_alias(FunctionName=name, Name="live").get("RoutingConfig", {}).get("AdditionalVersionWeights")


def promoted(aws):
    """Change the stage as a promotion does: another deployment, another variable."""
    api = physical_id(aws, "Api")
    made = aws.client("apigateway").create_deployment(restApiId=api)["id"]
    operations = [("/deploymentId", made), ("/variables/release", "7")]
    patches = [{"op": "replace", "path": path, "value": value} for path, value in operations]
    aws.client("apigateway").update_stage(restApiId=api, stageName="prod", patchOperations=patches)
    return made


def test_a_stage_that_was_moved_stays_when_others_change(aws):
    create(aws, a_rest_api())
    made = promoted(aws)
    update(aws, {**a_rest_api(), "New": a_parameter()})
    assert stage_of(aws)["deploymentId"] == made


@pytest.mark.parametrize(("answer", "moves_back"), [("no", False), ("yes", True)])
def test_whether_another_property_of_a_stage_moves_it_back_is_for_the_unknowns(aws, answer, moves_back):
    create(aws, a_rest_api())
    first, made = physical_id(aws, "First"), promoted(aws)
    aws.unknowns.choose("cloudformation-resends-stage", answer)
    assert update(aws, a_rest_api(Description="described"))["StackStatus"] == "UPDATE_COMPLETE"
    stage = stage_of(aws)
    assert stage["description"] == "described"
    assert stage["deploymentId"] == (first if moves_back else made)
    assert stage["variables"] == ({"lambdaAlias": "live"} if moves_back else {"lambdaAlias": "live", "release": "7"})


def test_an_unrecorded_answer_fails_the_update_that_needs_it(aws):
    create(aws, a_rest_api())
    assert update(aws, a_rest_api(Description="nothing was moved"))["StackStatus"] == "UPDATE_COMPLETE"
    promoted(aws)
    assert update(aws, a_rest_api(Description="again"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "not recorded (cloudformation-resends-stage)" in reasons(aws)["Stage"]
    with pytest.raises(NotRecorded):
        aws.unknowns.ask("cloudformation-resends-stage")


def test_a_changed_deployment_id_moves_the_stage(aws):
    create(aws, a_rest_api())
    second = {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": ref("Api")}}
    resources = {**a_rest_api(DeploymentId=ref("Second"), Variables={"lambdaAlias": "blue"}), "Second": second}
    update(aws, resources)
    assert stage_of(aws)["deploymentId"] == physical_id(aws, "Second")
    assert stage_of(aws)["variables"] == {"lambdaAlias": "blue"}


def test_a_stages_settings_follow_its_template_and_back(aws):
    log = {"DestinationArn": arn("logs", "log-group:/g"), "Format": "$context.requestId"}
    create(aws, a_rest_api())
    update(
        aws, a_rest_api(MethodSettings=SETTINGS, AccessLogSetting=log, TracingEnabled=True, Tags=[{"Key": "a", "Value": "b"}])
    )
    stage = stage_of(aws)
    assert stage["methodSettings"].keys() == {"*/*", "~1orders~1{id}/GET"}
    assert (stage["tracingEnabled"], stage["tags"]) == (True, {"a": "b"})
    changed = [{**SETTINGS[0], "LoggingLevel": "ERROR"}]
    update(aws, a_rest_api(MethodSettings=changed, TracingEnabled=False))
    stage = stage_of(aws)
    assert stage["methodSettings"].keys() == {"*/*"}
    assert stage["methodSettings"]["*/*"]["loggingLevel"] == "ERROR"
    assert "accessLogSettings" not in stage


def test_a_changed_method_is_in_the_next_deployment_only(aws):
    resources = a_rest_api()
    create(aws, resources)
    resources["Get"]["Properties"]["Integration"]["IntegrationResponses"][0]["ResponseTemplates"]["application/json"] = "bye"
    update(aws, resources)
    request = Request(physical_id(aws, "Api"), "prod", "GET", "/orders", aws.clock.now())
    assert aws.dataplane.serve(request).body == "hello"
    resources["Second"] = {**resources["First"], "Properties": {"RestApiId": ref("Api")}}
    update(aws, {**resources, "Stage": a_rest_api(DeploymentId=ref("Second"))["Stage"]})
    aws.clock.run_for(60)
    request = Request(physical_id(aws, "Api"), "prod", "GET", "/orders", aws.clock.now())
    assert aws.dataplane.serve(request).body == "bye"


# Deleting.


def test_a_deleted_stack_leaves_what_it_is_to_retain(aws):
    create(aws, {"Kept": {**a_parameter(Name="/kept"), "DeletionPolicy": "Retain"}, "Gone": a_parameter(Name="/gone")})
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"
    assert [each["Name"] for each in aws.client("ssm").describe_parameters()["Parameters"]] == ["/kept"]
    with pytest.raises(ClientError, match="does not exist"):
        described(aws)
    assert aws.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    aws.client("cloudformation").delete_stack(StackName="s")


def test_what_is_gone_already_is_no_reason_not_to_delete(aws):
    create(aws, {"P": a_parameter(Name="/p"), "Role": a_role(), "F": a_function()})
    aws.client("ssm").delete_parameter(Name="/p")
    aws.client("lambda").delete_function(FunctionName=physical_id(aws, "F"))
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"


def test_what_cannot_be_deleted_keeps_its_stack_and_what_it_needs(aws):
    create(aws, {**a_rest_api(), "Beside": a_parameter(Name="/beside")})
    api = physical_id(aws, "Api")
    aws.client("apigateway").create_stage(restApiId=api, stageName="other", deploymentId=physical_id(aws, "First"))
    stack = delete(aws)
    assert (stack["StackStatus"], stack["StackStatusReason"]) == (
        "DELETE_FAILED",
        "The following resource(s) failed to delete: [First]. ",
    )
    assert "Active stages" in reasons(aws)["First"]
    assert set(aws.stacks.find("s").resources) == {"Api", "Orders", "Get", "First"}
    with pytest.raises(ClientError, match="can not be updated"):
        update(aws, a_rest_api())
    assert delete(aws, RetainResources=["First"])["StackStatus"] == "DELETE_COMPLETE"


def test_an_export_in_use_keeps_its_stack(aws):
    create(aws, {"P": a_parameter()}, name="giver", Outputs={"O": {"Value": "shared", "Export": {"Name": "giver-o"}}})
    create(aws, {"P": a_parameter({"Fn::ImportValue": "giver-o"})}, name="taker")
    assert aws.client("ssm").get_parameter(Name=physical_id(aws, "P", "taker"))["Parameter"]["Value"] == "shared"
    assert [each["Name"] for each in aws.client("cloudformation").list_exports()["Exports"]] == ["giver-o"]
    stack = delete(aws, "giver")
    assert (stack["StackStatus"], stack["StackStatusReason"]) == (
        "DELETE_FAILED",
        "Export giver-o cannot be deleted as it is in use by taker",
    )
    delete(aws, "taker")
    assert delete(aws, "giver")["StackStatus"] == "DELETE_COMPLETE"
    create(aws, {"P": a_parameter({"Fn::ImportValue": "giver-o"})}, name="late")
    assert "No export named giver-o found" in reasons(aws, "late")["P"]


def test_an_output_of_another_stack_needs_no_export_and_keeps_nothing(aws):
    create(aws, {"P": a_parameter()}, name="giver", Outputs={"O": {"Value": "told"}})
    value = {"Fn::GetStackOutput": {"StackName": "giver", "OutputName": "O"}}
    create(aws, {"P": a_parameter(value)}, name="taker")
    assert aws.client("ssm").get_parameter(Name=physical_id(aws, "P", "taker"))["Parameter"]["Value"] == "told"
    assert delete(aws, "giver")["StackStatus"] == "DELETE_COMPLETE"


# Custom resources.

REPLY = """
import json, os, urllib.request
def handler(event, context):
    print("asked", json.dumps(event))
    reply = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    reply |= {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId", "made")}
    reply |= json.loads(event["ResourceProperties"].get(event["RequestType"], "{}"))
    if reply.get("Status"):
        headers = {"Content-Type": event["ResourceProperties"].get("ContentType", "")}
        body = json.dumps(reply).encode()
        urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers=headers))
"""


def a_custom_resource(**properties):
    return {"Type": "Custom::CanaryAtRest", "Properties": {"ServiceToken": attribute("F", "Arn"), **properties}}


def with_custom(**properties):
    return {"Role": a_role(), "F": a_function(REPLY, FunctionName="answers"), "Custom": a_custom_resource(**properties)}


def asked(aws):
    """The requests that the function got, in order."""
    lines = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/answers", filterPattern="asked")["events"]
    return [json.loads(line["message"].removeprefix("asked ")) for line in lines]


def says(**reply):
    return json.dumps(reply)


def test_a_custom_resource_is_what_its_function_answers(aws):
    resources = with_custom(Target="orders", Limit=5, On=True, Nested={"a": [1, False]}, Create=says(Data={"Found": "it"}))
    stack = create(aws, resources, Outputs={"Found": {"Value": attribute("Custom", "Found")}, "Id": {"Value": ref("Custom")}})
    assert outputs(stack) == {"Found": "it", "Id": "made"}
    (event,) = asked(aws)
    assert event["ResponseURL"].startswith(f"{aws.endpoint_url}{PREFIX}")
    properties = {name: event["ResourceProperties"][name] for name in ("Target", "Limit", "On", "Nested")}
    assert properties == {"Target": "orders", "Limit": "5", "On": "true", "Nested": {"a": ["1", "false"]}}
    assert {name: event[name] for name in ("RequestType", "ResourceType", "LogicalResourceId", "StackId")} == {
        "RequestType": "Create",
        "ResourceType": "Custom::CanaryAtRest",
        "LogicalResourceId": "Custom",
        "StackId": stack["StackId"],
    }
    assert event["ServiceToken"] == event["ResourceProperties"]["ServiceToken"] == arn("lambda", "function:answers")
    assert "PhysicalResourceId" not in event


def test_a_custom_resource_hears_of_changes_and_of_its_end(aws):
    create(aws, with_custom(Target="orders"))
    update(aws, with_custom(Target="books"))
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"
    _, change, end = asked(aws)
    assert (change["RequestType"], change["PhysicalResourceId"]) == ("Update", "made")
    assert change["OldResourceProperties"]["Target"] == "orders"
    assert (end["RequestType"], end["PhysicalResourceId"], end["ResourceProperties"]["Target"]) == ("Delete", "made", "books")


def test_another_physical_id_is_another_resource_and_the_first_is_deleted(aws):
    create(aws, with_custom())
    update(aws, with_custom(Update=says(PhysicalResourceId="second")))
    assert physical_id(aws, "Custom") == "second"
    assert [(each["RequestType"], each.get("PhysicalResourceId")) for each in asked(aws)] == [
        ("Create", None),
        ("Update", "made"),
        ("Delete", "made"),
    ]


def test_a_refused_deletion_fails_the_stacks_and_keeps_what_the_resource_needs(aws):
    refusal = says(Status="FAILED", Reason="the target orders is not at rest; abort its rollout first")
    resources = with_custom(Delete=refusal)
    resources["Alarm"] = a_parameter(Name="/needed")
    resources["Custom"]["DependsOn"] = ["Alarm"]
    resources["Loose"] = a_parameter(Name="/loose")
    create(aws, resources)
    stack = delete(aws)
    assert (stack["StackStatus"], stack["StackStatusReason"]) == (
        "DELETE_FAILED",
        "The following resource(s) failed to delete: [Custom]. ",
    )
    assert "Message returned: the target orders is not at rest; abort its rollout first" in reasons(aws)["Custom"]
    # Whatever the custom resource does not need may be gone before it refuses, as in AWS.
    assert set(aws.stacks.find("s").resources) == {"Custom", "Alarm", "F", "Role"}
    source = REPLY.replace('event["ResourceProperties"].get(event["RequestType"], "{}")', '"{}"')
    code = aws.client("lambda")
    code.update_function_code(FunctionName="answers", ZipFile=zip_of({"index.py": source}))
    assert delete(aws)["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (
            {"Create": says(Status="FAILED", Reason="no")},
            "Received response status [FAILED] from custom resource. Message returned: no",
        ),
        ({"Create": says(Status=None)}, "CloudFormation did not receive a response from your Custom Resource"),
        ({"ContentType": "application/json"}, "CloudFormation did not receive a response from your Custom Resource"),
        ({"Create": says(Status="DONE")}, "Invalid response object: Value of property Status"),
        ({"Create": says(RequestId="another")}, "Invalid response object: Value of property RequestId"),
        ({"Create": says(PhysicalResourceId=None)}, "Invalid PhysicalResourceId"),
        ({"Create": says(Data={"long": "x" * 5000})}, "Response object is too long."),
    ],
)
def test_a_custom_resource_that_is_not_made_fails_its_stack(aws, properties, reason):
    assert create(aws, with_custom(**properties))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason in reasons(aws)["Custom"]


def test_a_custom_resource_whose_function_is_missing_fails_its_stack(aws):
    missing = "arn:aws:lambda:eu-west-1:123456789012:function:missing"
    custom = {"Type": "Custom::CanaryAtRest", "Properties": {"ServiceToken": missing}}
    assert create(aws, {"Custom": custom})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(aws)["Custom"] == (
        f"Function not found: {missing} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException)"
    )


def test_a_custom_resource_whose_function_was_deleted_keeps_its_stack(aws):
    create(aws, with_custom())
    aws.client("lambda").delete_function(FunctionName="answers")
    assert delete(aws)["StackStatus"] == "DELETE_FAILED"
    assert "Function not found" in reasons(aws)["Custom"]


def test_a_failed_creation_that_left_something_behind_is_deleted(aws):
    create(aws, with_custom(Create=says(Status="FAILED", PhysicalResourceId="half")))
    assert [(each["RequestType"], each.get("PhysicalResourceId")) for each in asked(aws)] == [
        ("Create", None),
        ("Delete", "half"),
    ]


def test_no_one_else_can_answer(aws):
    url = f"{aws.endpoint_url}{PREFIX}nothing?AWSAccessKeyId=EMBEDDED"
    request = urllib.request.Request(url, data=b"{}", method="PUT", headers={"Content-Type": ""})  # noqa: S310 - our own
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)  # noqa: S310 - our own


def test_a_custom_resource_runs_with_its_functions_role(aws):
    statement = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
    policy = {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    source = "import boto3\ndef handler(event, context):\n    boto3.client('ssm').delete_parameter(Name='/p')\n"
    aws.permissions.enforce()
    create(aws, {"Role": a_role(Policies=[policy]), "F": a_function(source), "Custom": a_custom_resource()})
    assert "ssm:DeleteParameter" in {denial.action for denial in aws.permissions.denied}


# A whole assembly.


def an_assembly(folder: Path, stacks, *, files=None, **more):
    """A cdk.out with these stacks: templates by name, and the names that each depends on."""
    artifacts = {}
    for name, (template, needs) in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template), encoding="utf-8")
        assets = {f"{name}-hash": ({"path": f"{name}.template.json", "packaging": "file"}, f"{name}.json"), **(files or {})}
        places = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
        manifest = {
            key: {"source": source, "destinations": {"current": {"bucketName": places, "objectKey": object_key}}}
            for key, (source, object_key) in assets.items()
        }
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": manifest}), encoding="utf-8")
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "dependencies": [*needs, f"{name}.assets"],
            "properties": {
                "templateFile": f"{name}.template.json",
                "stackTemplateAssetObjectUrl": f"s3://{places}/{name}.json",
                "requiresBootstrapStackVersion": 6,
                "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
                "tags": {"owner": "me"},
                **more,
            },
        }
    artifacts["Tree"] = {"type": "cdk:tree", "properties": {"file": "tree.json"}}
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}), encoding="utf-8")
    return folder


def a_plain_stack(value="v", name="/p"):
    return {"Resources": {"P": a_parameter(value, Name=name)}, "Outputs": {"Name": {"Value": ref("P")}}}


def test_an_assembly_is_deployed_in_order_updated_and_destroyed(aws, tmp_path):
    function = a_function(Code={"S3Bucket": {"Fn::Sub": BUCKET.replace(ACCOUNT, "${AWS::AccountId}")}, "S3Key": "code.zip"})
    function["Properties"]["Handler"] = "pkg.app.handler"
    second = {"Resources": {"Role": a_role(), "F": function}, "Outputs": {"F": {"Value": ref("F")}}}
    (tmp_path / "asset.code" / "pkg").mkdir(parents=True)
    (tmp_path / "asset.code" / "pkg" / "app.py").write_text("def handler(event, context): return 'deployed'", encoding="utf-8")
    files = {"code": ({"path": "asset.code", "packaging": "zip"}, "code.zip")}
    assembly = an_assembly(tmp_path, {"second": (second, ["first"]), "first": (a_plain_stack(), [])}, files=files)
    made = deploy(aws.client, assembly)
    assert list(made) == ["first", "second"]
    assert made["first"] == {"Name": "/p"}
    assert aws.invoke(made["second"]["F"], {}).payload == "deployed"
    assert described(aws, "first")["Tags"] == [{"Key": "owner", "Value": "me"}]
    assert aws.client("ssm").get_parameter(Name="/cdk-bootstrap/hnb659fds/version")["Parameter"]["Value"] == "6"
    assert deploy(aws.client, str(assembly), stacks=["first"]) == {"first": {"Name": "/p"}}
    destroy(aws.client, assembly)
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
    destroy(aws.client, assembly)


def test_a_layer_is_published_for_its_functions_and_kept_by_them(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key in ("one.zip", "two.zip"):
        s3.put_object(Bucket="code", Key=key, Body=zip_of({f"python/{key}.py": ""}))

    def a_layer(key):
        properties = {
            "Content": {"S3Bucket": "code", "S3Key": key},
            "CompatibleRuntimes": ["python3.13"],
            "CompatibleArchitectures": ["arm64"],
            "Description": "packages",
        }
        return {"Type": "AWS::Lambda::LayerVersion", "Properties": properties}

    def resources(key):
        return {"Role": a_role(), "Layer": a_layer(key), "F": a_function(Layers=[ref("Layer")]), "V": a_version()}

    create(aws, resources("one.zip"))
    first = physical_id(aws, "Layer")
    client, name = aws.client("lambda"), physical_id(aws, "F")
    assert [one["Arn"] for one in client.get_function_configuration(FunctionName=name)["Layers"]] == [first]
    update(aws, resources("two.zip"))
    second = physical_id(aws, "Layer")
    assert second != first
    assert [one["Arn"] for one in client.get_function_configuration(FunctionName=name)["Layers"]] == [second]
    kept = client.get_function_configuration(FunctionName=name, Qualifier="1")
    assert [one["Arn"] for one in kept["Layers"]] == [first]
    assert first not in [one["LayerVersionArn"] for one in client.list_layer_versions(LayerName=second)["LayerVersions"]]
    delete(aws)
    assert client.list_layers()["Layers"] == []


def test_a_changed_assembly_updates_its_stack(aws, tmp_path):
    deploy(aws.client, an_assembly(tmp_path, {"first": (a_plain_stack(), [])}))
    aws.client("s3").delete_object(Bucket=BUCKET, Key="first.json")  # a changed template has another hash for its name
    deploy(aws.client, an_assembly(tmp_path, {"first": (a_plain_stack("other"), [])}))
    assert described(aws, "first")["StackStatus"] == "UPDATE_COMPLETE"
    assert aws.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "other"


def test_a_stack_that_fails_reports_why_and_can_be_tried_again(aws, tmp_path):
    aws.client("ssm").put_parameter(Name="/p", Type="String", Value="someone else's")
    assembly = an_assembly(tmp_path, {"first": (a_plain_stack(), [])})
    with pytest.raises(DeployError, match=r"stack first is ROLLBACK_COMPLETE: P \(AWS::SSM::Parameter\): .*already exists"):
        deploy(aws.client, assembly)
    aws.client("ssm").delete_parameter(Name="/p")
    assert deploy(aws.client, assembly) == {"first": {"Name": "/p"}}


def test_a_stack_that_cannot_be_destroyed_reports_why(aws, tmp_path):
    resources = with_custom(Delete=says(Status="FAILED", Reason="not at rest"))
    assembly = an_assembly(tmp_path, {"first": ({"Resources": resources}, [])})
    deploy(aws.client, assembly)
    with pytest.raises(DeployError, match=r"first is DELETE_FAILED: Custom \(Custom::CanaryAtRest\): .*not at rest"):
        destroy(aws.client, assembly)


def test_a_protected_stack_is_not_destroyed_until_its_app_says_so(aws, tmp_path):
    deploy(aws.client, an_assembly(tmp_path, {"first": (a_plain_stack(), [])}, terminationProtection=True))
    assert described(aws, "first")["EnableTerminationProtection"] is True
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        destroy(aws.client, tmp_path)
    deploy(aws.client, an_assembly(tmp_path, {"first": (a_plain_stack(), [])}))
    destroy(aws.client, tmp_path)
    assert not aws.client("cloudformation").describe_stacks()["Stacks"]


def test_an_assembly_without_a_bucket_hands_its_templates_over(aws, tmp_path):
    an_assembly(tmp_path, {"first": (a_plain_stack(), [])})
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    del manifest["artifacts"]["first"]["properties"]["stackTemplateAssetObjectUrl"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert deploy(aws.client, tmp_path) == {"first": {"Name": "/p"}}


def test_assemblies_in_an_assembly_are_named(aws, tmp_path):
    inner = {"inner": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "inner"}}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": inner}), encoding="utf-8")
    with pytest.raises(DeployError, match=r"contains nested assemblies \(inner\)"):
        deploy(aws.client, tmp_path)


def test_a_stack_that_is_not_there_is_named(aws, tmp_path):
    assembly = an_assembly(tmp_path, {"first": (a_plain_stack(), [])})
    with pytest.raises(DeployError, match="has no stack second; it has first"):
        deploy(aws.client, assembly, stacks=["second"])


def test_a_log_group_is_there_for_whoever_writes_to_it_only_then(aws):
    assert not aws.dataplane.records.has_log_group("/apigw/orders/Canary")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/apigw/orders/Canary"}}
    create(aws, {"Group": group})
    assert aws.dataplane.records.has_log_group("/apigw/orders/Canary")
    delete(aws)
    assert not aws.dataplane.records.has_log_group("/apigw/orders/Canary")
