from __future__ import annotations

import io
import json

import boto3
import pytest
from botocore.exceptions import ClientError

from canary.aws.clients import Clients
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.iam.identity import Principal
from embedded_aws.iam.permission_needs import Need, needs_of
from embedded_aws.iam.permissions import Unused
from embedded_aws.moto_seams.permissions import _Iam
from embedded_aws.wire.request import Signature
from tests.zones import in_zone

ACCOUNT, REGION = "123456789012", "eu-west-1"
CONTROLLER_PATH, TARGET_PATH = f"/canary/controller/{REGION}/", f"/canary/target/{REGION}/"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"
HOUR = 3600

# The call that a function is told to make: client, operation, arguments.
CALLER = """
import boto3
def handler(event, context):
    service, operation, arguments = event
    answer = getattr(boto3.client(service, region_name="eu-west-1"), operation)(**arguments)
    answer.pop("ResponseMetadata", None)
    return str(answer)
"""

GREETING = """
def handler(event, context):
    return {"statusCode": 200}
"""


@pytest.fixture
def aws():
    with EmbeddedAws(enforce_iam=True) as running:
        yield running


def a_document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def a_statement(actions, resources="*", *, effect="Allow", **more):
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def trust_in(principal, **more):
    return a_document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def a_role(aws, name, *statements, path="/", trust=None, service="lambda.amazonaws.com"):
    iam = aws.client("iam")
    document = trust or trust_in({"Service": service})
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=a_document(*statements))
    return made


def a_function(aws, role, name="f", source=CALLER):
    settings = {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Timeout": 60,
        "Code": {"ZipFile": zip_of({"app.py": source})},
    }
    return aws.client("lambda").create_function(FunctionName=name, Role=role, **settings)["FunctionArn"]


def call(aws, service, operation, **arguments):
    """The result of the function's call: its answer, or the error's code and message."""
    found = aws.invoke("f", [service, operation, arguments])
    if found.function_error:
        return found.payload["errorType"], found.payload["errorMessage"]
    return found.payload


def a_caller(aws, *statements):
    """A function with these permissions, and permission to write its log."""
    a_function(aws, a_role(aws, "caller", a_statement("logs:*"), *statements))


def a_table(aws, name="t"):
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def denied(aws):
    return {(denial.action, denial.resource) for denial in aws.permissions.denied}


# Who calls.


def test_a_function_may_do_what_its_role_allows_and_nothing_else(aws):
    a_table(aws)
    a_caller(aws, a_statement("dynamodb:GetItem", TABLE))
    assert call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}}) == "{}"
    code, message = call(aws, "dynamodb", "put_item", TableName="t", Item={"pk": {"S": "a"}})
    assert code == "ClientError"
    assert message == (
        "An error occurred (AccessDeniedException) when calling the PutItem operation: "
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/caller/f is not authorized to perform: dynamodb:PutItem "
        f"on resource: {TABLE} because no identity-based policy allows the dynamodb:PutItem action"
    )
    assert denied(aws) == {("dynamodb:PutItem", TABLE)}


def test_only_calls_by_functions_are_checked(aws):
    a_table(aws)
    aws.client("dynamodb").put_item(TableName="t", Item={"pk": {"S": "a"}})
    assert not aws.permissions.denied
    assert not aws.permissions.used


def test_nothing_is_checked_until_permissions_are_enforced():
    with EmbeddedAws() as aws:
        a_table(aws)
        a_function(aws, a_role(aws, "caller"))
        assert call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}}) == "{}"
        aws.permissions.enforce()
        assert "AccessDenied" in call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}})[1]
        aws.permissions.relax()
        assert call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}}) == "{}"


def test_a_changed_policy_holds_from_then_on(aws):
    a_table(aws)
    a_caller(aws)
    assert "AccessDenied" in call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}})[1]
    policy = a_document(a_statement("dynamodb:GetItem", TABLE))
    aws.client("iam").put_role_policy(RoleName="caller", PolicyName="more", PolicyDocument=policy)
    assert call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}}) == "{}"
    aws.client("iam").delete_role_policy(RoleName="caller", PolicyName="more")
    assert "AccessDenied" in call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}})[1]


def test_an_explicit_deny_wins(aws):
    a_table(aws)
    a_caller(aws, a_statement("dynamodb:*"), a_statement("dynamodb:GetItem", TABLE, effect="Deny"))
    assert (
        "with an explicit deny in an identity-based policy"
        in call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}})[1]
    )


def test_a_managed_policy_counts_like_the_roles_own(aws):
    a_table(aws)
    a_caller(aws)
    policy = aws.client("iam").create_policy(PolicyName="m", PolicyDocument=a_document(a_statement("dynamodb:Get*", TABLE)))
    aws.client("iam").attach_role_policy(RoleName="caller", PolicyArn=policy["Policy"]["Arn"])
    assert call(aws, "dynamodb", "get_item", TableName="t", Key={"pk": {"S": "a"}}) == "{}"


def test_a_policy_of_awss_own_is_there_when_it_is_attached(aws):
    a_function(aws, a_role(aws, "caller"))
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    aws.client("iam").attach_role_policy(RoleName="caller", PolicyArn=basic)
    call(aws, "sts", "get_caller_identity")
    assert {grant.policy for grant in aws.permissions.used if grant.action.startswith("logs:")} == {
        "AWSLambdaBasicExecutionRole"
    }
    with pytest.raises(ClientError, match="does not exist"):
        aws.client("iam").attach_role_policy(RoleName="caller", PolicyArn="arn:aws:iam::aws:policy/Nonsense")


def test_a_function_needs_a_role_that_lambda_may_assume(aws):
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda"):
        a_function(aws, a_role(aws, "events", service="events.amazonaws.com"))


def test_a_functions_calls_keep_its_own_identity_around_another_functions(aws):
    inner = a_role(aws, "inner", a_statement("logs:*"), a_statement("ssm:GetParameter"))
    aws.client("ssm").put_parameter(Name="/p", Type="String", Value="v")
    arn = a_function(
        aws,
        inner,
        "inner",
        "import boto3\ndef handler(event, context):\n"
        "    return boto3.client('ssm', region_name='eu-west-1').get_parameter(Name='/p')['Parameter']['Value']",
    )
    a_function(
        aws,
        a_role(aws, "caller", a_statement("logs:*"), a_statement("lambda:InvokeFunction", arn)),
        source="import boto3\ndef handler(event, context):\n"
        "    told = boto3.client('lambda', region_name='eu-west-1').invoke(FunctionName='inner')['Payload'].read()\n"
        "    boto3.client('ssm', region_name='eu-west-1').get_parameter(Name='/p')",
    )
    found = aws.invoke("f", None)
    assert "assumed-role/caller/f is not authorized to perform: ssm:GetParameter" in found.payload["errorMessage"]
    assert {(denial.principal.rpartition("assumed-role/")[2], denial.action) for denial in aws.permissions.denied} == {
        ("caller/f", "ssm:GetParameter")
    }


# Roles that are assumed.


def a_target_role(aws, *statements, trust=None):
    controllers = f"arn:aws:iam::{ACCOUNT}:role{CONTROLLER_PATH}*"
    condition = {"ArnLike": {"aws:PrincipalArn": controllers}}
    document = trust or trust_in({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Condition=condition)
    return a_role(aws, "target", *statements, path=TARGET_PATH, trust=document)


ASSUME = a_statement("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role{TARGET_PATH}*")


def test_what_is_done_with_an_assumed_role_is_that_roles(aws):
    role = a_target_role(aws, a_statement("apigateway:GET", f"arn:aws:apigateway:{REGION}::/restapis/*"))
    api = aws.client("apigateway").create_rest_api(name="orders")["id"]
    caller = Principal(a_role(aws, "caller", ASSUME, path=CONTROLLER_PATH), "f")
    clients = Clients(task="ShiftTraffic", region=REGION, endpoint_url=aws.endpoint_url)
    target = type("Target", (), {"role_arn": role, "refused": None})
    with aws.permissions.acting(caller):
        assert clients.of(target).apigateway.get_rest_api(restApiId=api)["name"] == "orders"
        with pytest.raises(ClientError, match="assumed-role/target/canary-ShiftTraffic is not authorized") as refused:
            clients.of(target).lambda_.get_alias(FunctionName="orders-read", Name="live")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert denied(aws) == {("lambda:GetAlias", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders-read")}


@pytest.mark.parametrize(
    ("allowed", "path", "trust"),
    [
        ([], CONTROLLER_PATH, None),
        ([ASSUME], "/", None),
        ([ASSUME], CONTROLLER_PATH, trust_in({"Service": "lambda.amazonaws.com"})),
        ([ASSUME], CONTROLLER_PATH, trust_in({"AWS": "arn:aws:iam::999999999999:root"})),
        (
            [ASSUME],
            CONTROLLER_PATH,
            trust_in({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/caller"}}),
        ),
    ],
    ids=["not allowed to", "not of the path", "trusts a service", "trusts another account", "trusts another role"],
)
def test_a_role_is_assumed_only_where_both_sides_agree(aws, allowed, path, trust):
    role = a_target_role(aws, trust=trust)
    with aws.permissions.acting(Principal(a_role(aws, "caller", *allowed, path=path), "f")):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole on resource") as refused:
            aws.client("sts").assume_role(RoleArn=role, RoleSessionName="session")
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.client("sts").assume_role(RoleArn=f"{role}-gone", RoleSessionName="session")


def test_a_role_that_names_its_caller_needs_no_policy_of_the_callers(aws):
    caller = a_role(aws, "caller", path=CONTROLLER_PATH)
    role = a_target_role(aws, trust=trust_in({"AWS": caller}))
    with aws.permissions.acting(Principal(caller, "f")):
        assert aws.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]


def test_credentials_are_good_for_an_hour_of_the_embedded_clock_and_renewed_before(aws):
    role = a_target_role(aws, a_statement("apigateway:GET"))
    caller = Principal(a_role(aws, "caller", ASSUME, path=CONTROLLER_PATH), "f")
    clients = Clients(task="Bake", region=REGION, endpoint_url=aws.endpoint_url)
    target = type("Target", (), {"role_arn": role, "refused": None})
    for _ in range(4):
        with aws.permissions.acting(caller):
            clients.of(target).apigateway.get_rest_apis()
            clients.of(target).apigateway.get_rest_apis()
        aws.clock.run_for(0.9 * HOUR)
    assert len(aws.permissions.sessions) == 4
    assert not aws.permissions.denied


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_credentials_are_refused_when_their_hour_is_over(aws, zone):
    with in_zone(zone):
        use_credentials_for_more_than_their_hour(aws)


def use_credentials_for_more_than_their_hour(aws):
    role = a_target_role(aws, a_statement("*"))
    given = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    client = boto3.client("ssm", region_name=REGION, endpoint_url=aws.endpoint_url, **keys)
    assert client.describe_parameters()["Parameters"] == []
    aws.clock.run_for(HOUR)
    with pytest.raises(ClientError, match=r"ExpiredTokenException.*security token included in the request is expired"):
        client.describe_parameters()


# What a call needs.


def a_gateway(aws):
    client = aws.client("apigateway")
    api = client.create_rest_api(name="a")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    made = client.create_deployment(restApiId=api, stageName="prod")["id"]
    return {"api": api, "deployment": made}


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def path_arn(path):
    return f"arn:aws:apigateway:{REGION}::{path}"


FUNCTION = arn("lambda", "function:g")
STAGE = {"restApiId": "{api}", "stageName": "prod"}
BUSES = arn("events", "event-bus")
ITEM = {"pk": {"S": "a"}}
CALLS = [
    ("apigateway", "get_stage", STAGE, [("apigateway:GET", path_arn("/restapis/{api}/stages/prod"))]),
    (
        "apigateway",
        "update_stage",
        {**STAGE, "patchOperations": []},
        [("apigateway:PATCH", path_arn("/restapis/{api}/stages/prod"))],
    ),
    ("apigateway", "get_stages", {"restApiId": "{api}"}, [("apigateway:GET", path_arn("/restapis/{api}/stages"))]),
    ("apigateway", "get_rest_api", {"restApiId": "{api}"}, [("apigateway:GET", path_arn("/restapis/{api}"))]),
    ("apigateway", "create_deployment", {"restApiId": "{api}"}, [("apigateway:POST", path_arn("/restapis/{api}/deployments"))]),
    (
        "apigateway",
        "get_deployment",
        {"restApiId": "{api}", "deploymentId": "{deployment}"},
        [("apigateway:GET", path_arn("/restapis/{api}/deployments/{deployment}"))],
    ),
    (
        "apigateway",
        "get_resources",
        {"restApiId": "{api}", "embed": ["methods"]},
        [("apigateway:GET", path_arn("/restapis/{api}/resources"))],
    ),
    (
        "apigateway",
        "tag_resource",
        {"resourceArn": path_arn("/restapis/{api}/stages/prod"), "tags": {"a": "b"}},
        [("apigateway:PUT", path_arn(f"/tags/arn%3Aaws%3Aapigateway%3A{REGION}%3A%3A%2Frestapis%2F{{api}}%2Fstages%2Fprod"))],
    ),
    ("lambda", "get_alias", {"FunctionName": "g", "Name": "live"}, [("lambda:GetAlias", FUNCTION)]),
    (
        "lambda",
        "update_alias",
        {"FunctionName": FUNCTION, "Name": "live", "FunctionVersion": "1"},
        [("lambda:UpdateAlias", FUNCTION)],
    ),
    ("lambda", "list_versions_by_function", {"FunctionName": "g"}, [("lambda:ListVersionsByFunction", FUNCTION)]),
    ("lambda", "get_function_configuration", {"FunctionName": "g"}, [("lambda:GetFunctionConfiguration", FUNCTION)]),
    (
        "lambda",
        "get_function_configuration",
        {"FunctionName": "g", "Qualifier": "1"},
        [("lambda:GetFunctionConfiguration", f"{FUNCTION}:1")],
    ),
    ("lambda", "get_function", {"FunctionName": f"{FUNCTION}:live"}, [("lambda:GetFunction", f"{FUNCTION}:live")]),
    (
        "lambda",
        "get_policy",
        {"FunctionName": "g", "Qualifier": "live"},
        [("lambda:GetPolicy", FUNCTION), ("lambda:GetPolicy", f"{FUNCTION}:live")],
    ),
    ("lambda", "invoke", {"FunctionName": "g", "Qualifier": "live"}, [("lambda:InvokeFunction", f"{FUNCTION}:live")]),
    ("lambda", "list_event_source_mappings", {"FunctionName": "g"}, [("lambda:ListEventSourceMappings", "*")]),
    ("dynamodb", "get_item", {"TableName": "t", "Key": ITEM}, [("dynamodb:GetItem", TABLE)]),
    (
        "dynamodb",
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": {"TableName": "t", "Item": ITEM}},
                {
                    "ConditionCheck": {
                        "TableName": "t",
                        "Key": {"pk": {"S": "b"}},
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                },
            ]
        },
        [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
    ),
    ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": [ITEM]}}}, [("dynamodb:BatchGetItem", TABLE)]),
    ("ssm", "get_parameter", {"Name": "/canary/targets/a"}, [("ssm:GetParameter", arn("ssm", "parameter/canary/targets/a"))]),
    (
        "ssm",
        "get_parameters_by_path",
        {"Path": "/canary/targets"},
        [("ssm:GetParametersByPath", arn("ssm", "parameter/canary/targets"))],
    ),
    (
        "stepfunctions",
        "describe_execution",
        {"executionArn": arn("states", "execution:m:r1")},
        [("states:DescribeExecution", arn("states", "execution:m:r1"))],
    ),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": arn("states", "stateMachine:m")},
        [("states:StartExecution", arn("states", "stateMachine:m"))],
    ),
    ("cloudwatch", "describe_alarms", {"AlarmNames": ["a"]}, [("cloudwatch:DescribeAlarms", "*")]),
    ("cloudwatch", "describe_alarm_history", {"AlarmName": "a"}, [("cloudwatch:DescribeAlarmHistory", "*")]),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}, [("cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:a"))]),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "canary", "DetailType": "x", "Detail": "{}"}] * 2},
        [("events:PutEvents", f"{BUSES}/default")],
    ),
    ("events", "list_rules", {}, [("events:ListRules", "*")]),
    ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", arn("logs", "log-group::log-stream:"))]),
    ("logs", "get_query_results", {"queryId": "q"}, [("logs:GetQueryResults", "*")]),
    ("logs", "stop_query", {"queryId": "q"}, [("logs:StopQuery", "*")]),
    (
        "logs",
        "start_query",
        {"logGroupNames": ["/g", "/h"], "startTime": 0, "endTime": 1, "queryString": "fields @message"},
        [("logs:StartQuery", arn("logs", f"log-group:{name}:log-stream:")) for name in ("/g", "/h")],
    ),
    (
        "logs",
        "start_query",
        {"logGroupName": "/g", "startTime": 0, "endTime": 1, "queryString": "fields @message"},
        [("logs:StartQuery", arn("logs", "log-group:/g:log-stream:"))],
    ),
    (
        "logs",
        "start_query",
        {"logGroupIdentifiers": [arn("logs", "log-group:/g")], "startTime": 0, "endTime": 1, "queryString": "fields @message"},
        [("logs:StartQuery", arn("logs", "log-group:/g:log-stream:"))],
    ),
    (
        "logs",
        "create_log_stream",
        {"logGroupName": "/g", "logStreamName": "s"},
        [("logs:CreateLogStream", arn("logs", "log-group:/g:log-stream:s"))],
    ),
    ("sns", "publish", {"TopicArn": arn("sns", "n"), "Message": "m"}, [("sns:Publish", arn("sns", "n"))]),
    ("sqs", "send_message", {"QueueUrl": f"http://q/{ACCOUNT}/q", "MessageBody": "m"}, [("sqs:SendMessage", arn("sqs", "q"))]),
]


def filled(value, names):
    """The value with the ids of what was created in it."""
    text = json.dumps(value)
    for name, made in names.items():
        text = text.replace(f"{{{name}}}", made)
    return json.loads(text)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "needs"), CALLS, ids=[f"{each[0]}-{each[1]}-{n}" for n, each in enumerate(CALLS)]
)
def test_a_call_is_refused_unless_each_of_its_resources_is_allowed(aws, service, operation, arguments, needs):
    names = a_gateway(aws) if service == "apigateway" else {}
    role = a_role(aws, "caller")
    arguments, needs = filled(arguments, names), [tuple(each) for each in filled(needs, names)]
    for allowed in range(len(needs)):
        with aws.permissions.acting(Principal(role, "f")), pytest.raises(ClientError, match="is not authorized to perform"):
            getattr(aws.client(service), operation)(**arguments)
        assert denied(aws) == {needs[allowed]}
        aws.permissions.forget()
        statements = [a_statement(action, resource) for action, resource in needs[: allowed + 1]]
        aws.client("iam").put_role_policy(RoleName="caller", PolicyName="own", PolicyDocument=a_document(*statements))
    with aws.permissions.acting(Principal(role, "f")):
        try:
            getattr(aws.client(service), operation)(**arguments)
        except ClientError as error:
            assert "not authorized" not in str(error)  # noqa: PT017 - what is not there is not there
    assert not aws.permissions.denied
    assert [(grant.action, grant.resource) for grant in aws.permissions.used] == needs


def test_traces_have_no_resource():
    environ = {"PATH_INFO": "/TraceSegments", "REQUEST_METHOD": "POST", "QUERY_STRING": "", "wsgi.input": io.BytesIO()}
    assert needs_of(environ, Signature("key", REGION, "xray"), ACCOUNT) == [Need("xray:PutTraceSegments", "*")]


def test_everyone_may_call_get_caller_identity(aws):
    with aws.permissions.acting(Principal(a_role(aws, "caller"), "f")):
        assert aws.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert not aws.permissions.denied


def test_a_call_that_is_not_mapped_is_not_let_through(aws):
    principal = Principal(a_role(aws, "caller", a_statement("*")), "f")
    with aws.permissions.acting(principal), pytest.raises(ClientError, match="permissions of kms for ListKeys are not mapped"):
        aws.client("kms").list_keys()


def test_a_statement_can_ask_for_the_tags_that_a_function_or_role_has_now(aws):
    condition = {"Condition": {"StringEquals": {"aws:ResourceTag/canary:stack": "mine"}}}
    allowed = a_statement(["lambda:ListAliases", "lambda:RemovePermission", "iam:ListRolePolicies"], **condition)
    caller, plain = a_role(aws, "caller", allowed), a_role(aws, "plain")
    function = a_function(aws, plain)
    functions, roles = aws.client("lambda"), aws.client("iam")

    def ask():
        with aws.permissions.acting(Principal(caller, "f")):
            functions.list_aliases(FunctionName="f")
            roles.list_role_policies(RoleName="plain")
            with pytest.raises(functions.exceptions.ResourceNotFoundException):
                functions.remove_permission(FunctionName="f", Qualifier="1", StatementId="s")

    functions.publish_version(FunctionName="f")
    with pytest.raises(ClientError, match="not authorized to perform: lambda:ListAliases"):
        ask()
    functions.tag_resource(Resource=function, Tags={"canary:stack": "mine"})
    with pytest.raises(ClientError, match="not authorized to perform: iam:ListRolePolicies"):
        ask()
    roles.tag_role(RoleName="plain", Tags=[{"Key": "canary:stack", "Value": "mine"}])
    ask()
    functions.tag_resource(Resource=function, Tags={"canary:stack": "another's"})
    with pytest.raises(ClientError, match="not authorized to perform: lambda:ListAliases"):
        ask()
    assert aws.permissions.iam.tags_of("arn:aws:s3:::bucket") == aws.permissions.iam.tags_of(f"{caller}s") == {}


def test_stacks_and_tags_are_asked_for_under_their_own_names(aws):
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/1"
    allowed = [a_statement("tag:GetResources"), a_statement("cloudformation:ListStackResources", stack)]
    with aws.permissions.acting(Principal(a_role(aws, "caller", *allowed), "f")):
        assert aws.client("resourcegroupstaggingapi").get_resources()["ResourceTagMappingList"] == []
        with pytest.raises(ClientError, match="does not exist"):
            aws.client("cloudformation").list_stack_resources(StackName=stack)
        with pytest.raises(ClientError, match="not authorized to perform: cloudformation:ListStackResources"):
            aws.client("cloudformation").list_stack_resources(StackName=f"{stack}2")


# How a statement is read.


@pytest.mark.parametrize(
    ("statement", "need", "verdict"),
    [
        (a_statement("dynamodb:getitem", TABLE), ("dynamodb:GetItem", TABLE), "allowed"),
        (a_statement("dynamodb:Get*", TABLE), ("dynamodb:GetItem", TABLE), "allowed"),
        (a_statement("dynamodb:GetItem", TABLE), ("dynamodb:GetItem", f"{TABLE}2"), "neutral"),
        (a_statement("dynamodb:GetItem", TABLE.replace("/t", "/T")), ("dynamodb:GetItem", TABLE), "neutral"),
        (a_statement("a:B", "arn:aws:x:::a.c"), ("a:B", "arn:aws:x:::abc"), "neutral"),
        (a_statement("a:B", "arn:aws:x:::a?c"), ("a:B", "arn:aws:x:::abc"), "allowed"),
        (a_statement("a:B", "arn:aws:x:::a?c"), ("a:B", "arn:aws:x:::ac"), "neutral"),
        (a_statement("a:B", "arn:aws:lambda:::function:f:$LATEST"), ("a:B", "arn:aws:lambda:::function:f:$LATEST"), "allowed"),
        (a_statement(["a:C", "a:B"], ["x", "y"]), ("a:B", "y"), "allowed"),
        (a_statement("a:B", "y", effect="Deny"), ("a:B", "y"), "denied"),
        (a_statement("a:B", "y", effect="Deny"), ("a:B", "z"), "neutral"),
        (a_statement("a:B", Condition={"StringEquals": {"aws:PrincipalTag/x": "y"}}), ("a:B", "y"), "neutral"),
        (a_statement("a:B", Condition={"StringNotEquals": {"aws:PrincipalTag/x": "y"}}), ("a:B", "y"), "allowed"),
    ],
)
def test_a_statement_is_read_as_iam_reads_it(statement, need, verdict):
    assert _Iam(ACCOUNT).judge(statement, Need(*need), {})[0] == verdict


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "NotAction": "a:B", "Resource": "*"},
        {"Effect": "Allow", "Action": "a:B", "NotResource": "x"},
        a_statement("a:B", Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}),
    ],
)
def test_what_is_not_read_is_not_passed_over(statement):
    with pytest.raises(Exception, match="not built"):
        _Iam(ACCOUNT).judge(statement, Need("a:B", "x"), {})


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/canary/*"}}, True),
        ({"ArnLike": {"AWS:principalarn": ["arn:aws:iam::2:*", "arn:aws:iam::1:role/canary/c?/x"]}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:*:role/canary/c1/x"}}, False),
        ({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/canary/*"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "arn:aws:*:role/canary/c1/x"}}, True),
        ({"StringLike": {"aws:PrincipalArn": "*"}, "StringEquals": {"sts:ExternalId": "a"}}, False),
    ],
)
def test_a_trust_policys_conditions_are_read_as_iam_reads_them(condition, is_met):
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition}
    principal = Principal("arn:aws:iam::1:role/canary/c1/x", "s")
    verdict = _Iam(ACCOUNT).trusts(statement, principal, {"aws:PrincipalArn": principal.role_arn})
    assert verdict == ("allowed" if is_met else "neutral")


# What was used.


def test_what_was_needed_of_a_role_is_told_by_statement_action_and_resource(aws):
    a_table(aws)
    role = a_role(
        aws,
        "caller",
        a_statement(["dynamodb:GetItem", "dynamodb:PutItem"], [TABLE, f"{TABLE}2"], Sid="Records"),
        a_statement("ssm:GetParameter"),
    )
    with aws.permissions.acting(Principal(role, "f")):
        aws.client("dynamodb").get_item(TableName="t", Key=ITEM)
        aws.client("dynamodb").get_item(TableName="t", Key=ITEM)
    ((grant, times),) = aws.permissions.used.items()
    assert (grant, times) == ((role, "own", "Records", "dynamodb:GetItem", TABLE), 2)
    assert aws.permissions.unused([role]) == [
        Unused(role, "own", "Records", "action", "dynamodb:PutItem"),
        Unused(role, "own", "Records", "resource", f"{TABLE}2"),
        Unused(role, "own", "1", "statement", ""),
    ]
    aws.permissions.forget()
    assert [each.element for each in aws.permissions.unused([role])] == ["statement", "statement"]


def test_the_log_of_a_function_that_may_not_write_it_is_lost(aws):
    own = arn("logs", "log-group:/aws/lambda/loud:*")
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    a_function(aws, a_role(aws, "loud", a_statement(actions, own)), "loud", "def handler(e, c): print('heard')")
    a_function(aws, a_role(aws, "mute"), "mute", "def handler(e, c): print('lost')")
    for name in ("loud", "loud", "mute"):
        assert aws.invoke(name, {}).function_error is None
    events = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/loud", filterPattern="heard")["events"]
    assert len(events) == 2
    assert not aws.has_log_group("/aws/lambda/mute")
    assert {grant.action: times for grant, times in aws.permissions.used.items() if grant.policy == "own"} == {
        "logs:CreateLogGroup": 1,
        "logs:CreateLogStream": 2,
        "logs:PutLogEvents": 2,
    }
    assert {denial.principal.rpartition("/")[2] for denial in aws.permissions.denied} == {"mute"}


# Step Functions.


def a_machine(aws, *statements, function="f", **more):
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {
                    "FunctionName": arn("lambda", f"function:{function}"),
                    "Payload": ["sts", "get_caller_identity", {}],
                },
                "End": True,
            }
        },
    }
    role = a_role(aws, "machine", *statements, service="states.amazonaws.com")
    return aws.client("stepfunctions").create_state_machine(name="m", definition=json.dumps(definition), roleArn=role, **more)[
        "stateMachineArn"
    ]


def run(aws, machine):
    started = aws.client("stepfunctions").start_execution(stateMachineArn=machine)
    return aws.run_until_ended(started["executionArn"], limit=HOUR)


def test_a_machine_invokes_what_its_role_allows(aws):
    a_caller(aws)
    ended = run(aws, a_machine(aws, a_statement("lambda:InvokeFunction", arn("lambda", "function:f"))))
    assert ended["status"] == "SUCCEEDED"


def test_a_machine_that_may_not_invoke_gets_the_error_that_step_functions_has_for_it(aws):
    a_caller(aws)
    ended = run(aws, a_machine(aws, a_statement("lambda:InvokeFunction", arn("lambda", "function:f:*"))))
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "is not authorized to perform: lambda:InvokeFunction on resource: " in ended["cause"]
    assert "Status Code: 403; Error Code: AccessDeniedException" in ended["cause"]


LOGGING = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn("logs", "log-group:/m:*")}}]}
DELIVERY = [
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
]


def test_a_logged_machine_needs_a_role_that_can_deliver_logs(aws):
    with pytest.raises(ClientError, match="not authorized to access the Log Destination"):
        a_machine(aws, a_statement(DELIVERY[:-1]), loggingConfiguration=LOGGING)
    aws.client("iam").delete_role_policy(RoleName="machine", PolicyName="own")
    aws.client("iam").delete_role(RoleName="machine")
    assert a_machine(aws, a_statement(DELIVERY), loggingConfiguration=LOGGING)


def test_a_machine_needs_a_role_that_step_functions_may_assume(aws):
    with pytest.raises(ClientError, match="authorized to assume the provided role"):
        aws.client("stepfunctions").create_state_machine(
            name="m", definition='{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}', roleArn=a_role(aws, "other")
        )


def test_a_traced_machine_and_its_traced_function_use_their_roles_for_that(aws):
    traces = a_statement(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Sid="Traces")
    sampling = a_statement(["xray:GetSamplingRules", "xray:GetSamplingTargets"], Sid="Sampling")
    a_function(aws, a_role(aws, "caller", a_statement("logs:*"), traces))
    aws.client("lambda").update_function_configuration(FunctionName="f", TracingConfig={"Mode": "Active"})
    machine = a_machine(aws, a_statement("lambda:InvokeFunction"), traces, sampling, tracingConfiguration={"enabled": True})
    run(aws, machine)
    assert not aws.permissions.unused()


# Services on their own behalf: a receiver's own policy.


def a_rule(aws, target, **more):
    events = aws.client("events")
    made = events.put_rule(Name="r", EventPattern=json.dumps({"source": ["canary"]}))["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": target, **more}])
    return made


def put_event(aws):
    aws.client("events").put_events(Entries=[{"Source": "canary", "DetailType": "x", "Detail": '{"a": 1}'}])
    aws.clock.run_for(5)


def may_send(rule, action, resource):
    return a_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
    )


def a_queue(aws, name="dead"):
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, arn("sqs", name)


def received(aws, url):
    return aws.client("sqs").receive_message(QueueUrl=url).get("Messages", [])


def test_a_rule_reaches_a_function_that_lets_it(aws):
    function = a_function(aws, a_role(aws, "f", a_statement("logs:*")), source="def handler(e, c): print('got', e['detail'])")
    rule = a_rule(aws, function)
    put_event(aws)
    assert not aws.has_log_group("/aws/lambda/f")
    aws.client("lambda").add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    put_event(aws)
    assert len(aws.client("logs").filter_log_events(logGroupName="/aws/lambda/f", filterPattern="got")["events"]) == 1


def test_what_a_target_does_not_take_is_a_dead_letter_where_the_queue_lets_the_rule(aws):
    url, queue = a_queue(aws)
    function = a_function(aws, a_role(aws, "f"))
    rule = a_rule(aws, function, DeadLetterConfig={"Arn": queue})
    put_event(aws)
    assert not received(aws, url)
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": may_send(rule, "sqs:SendMessage", queue)})
    put_event(aws)
    (letter,) = received(aws, url)
    assert json.loads(letter["Body"])["detail"] == {"a": 1}


@pytest.mark.parametrize(("has_condition", "count"), [(False, 1), (True, 0)])
def test_a_rule_publishes_to_a_topic_that_lets_it_without_a_condition(aws, has_condition, count):
    """A condition that names exactly this rule is not met: EventBridge presents nothing to a topic."""
    url, queue = a_queue(aws, "subscriber")
    topic = aws.client("sns").create_topic(Name="n")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    policy = json.loads(may_send(a_rule(aws, topic), "sns:Publish", topic))
    if not has_condition:
        del policy["Statement"][0]["Condition"]
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    put_event(aws)
    told = [json.loads(json.loads(each["Body"])["Message"])["detail"] for each in received(aws, url)]
    assert told == [{"a": 1}] * count


def test_a_rule_publishes_to_any_topic_while_nothing_is_enforced():
    with EmbeddedAws() as aws:
        url, queue = a_queue(aws, "subscriber")
        topic = aws.client("sns").create_topic(Name="n")["TopicArn"]
        aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        a_rule(aws, topic)
        put_event(aws)
        assert len(received(aws, url)) == 1


# Why asynchronous invocations are given up.


def a_failing_function(aws, *statements, retries, age=21_600):
    url, queue = a_queue(aws)
    role = a_role(aws, "f", a_statement("logs:*"), *statements)
    a_function(aws, role, source="def handler(e, c): raise OSError('no')")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f",
        MaximumRetryAttempts=retries,
        MaximumEventAgeInSeconds=age,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    return url, queue


def attempts(aws):
    return len(aws.client("logs").filter_log_events(logGroupName="/aws/lambda/f", filterPattern="START")["events"])


@pytest.mark.parametrize(("retries", "age", "count"), [(0, 21_600, 1), (1, 21_600, 2), (2, 21_600, 3), (2, 90, 2)])
def test_an_event_that_its_function_failed_on_goes_where_the_role_may_send_it(aws, retries, age, count):
    url, _ = a_failing_function(aws, a_statement("sqs:SendMessage", arn("sqs", "dead")), retries=retries, age=age)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b'{"a": 1}')
    aws.clock.run_for(HOUR)
    (letter,) = received(aws, url)
    record = json.loads(letter["Body"])
    assert attempts(aws) == count
    assert record["requestPayload"] == {"a": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["functionArn"] == arn("lambda", "function:f:$LATEST")
    assert record["responsePayload"]["errorType"] == "OSError"
    assert not aws.permissions.unused()


def test_an_event_is_lost_where_the_role_may_not_send_it(aws):
    url, queue = a_failing_function(aws, retries=0)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    aws.clock.run_for(HOUR)
    assert not received(aws, url)
    assert denied(aws) == {("sqs:SendMessage", queue)}


def test_the_settings_of_asynchronous_invocations_are_a_qualifiers_own(aws):
    _, queue = a_failing_function(aws, retries=1)
    client = aws.client("lambda")
    client.publish_version(FunctionName="f")
    shown = client.get_function_event_invoke_config(FunctionName="f", Qualifier="$LATEST")
    assert (shown["MaximumRetryAttempts"], shown["DestinationConfig"]["OnFailure"]) == (1, {"Destination": queue})
    assert shown["FunctionArn"] == arn("lambda", "function:f:$LATEST")
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        client.get_function_event_invoke_config(FunctionName="f", Qualifier="1")
    with pytest.raises(ClientError, match="Function not found"):
        client.put_function_event_invoke_config(FunctionName="f", Qualifier="2", MaximumRetryAttempts=0)
    changed = client.update_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=60)
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (1, 60)
    client.delete_function_event_invoke_config(FunctionName="f")
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        client.get_function_event_invoke_config(FunctionName="f")


# Roles of API Gateway.


def an_integration(aws, role):
    """A stage prod whose GET /f calls the function f with a role; returns the address and number of its API."""
    function = a_function(aws, a_role(aws, "own", a_statement("logs:*")), source=GREETING)
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    call = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "credentials": role}
    paths = {"/f": {"get": {"x-amazon-apigateway-integration": call}}}
    body = {"openapi": "3.0.1", "info": {"title": "roles"}, "paths": paths}
    api = aws.client("apigateway").import_rest_api(body=json.dumps(body).encode())["id"]
    aws.client("apigateway").create_deployment(restApiId=api, stageName="prod")
    return api, function


def asked(aws, api):
    return aws.dataplane.serve(Request(api, "prod", "GET", "/f", aws.clock.now())).status


def test_an_integration_calls_a_function_with_what_its_role_allows(aws):
    role = a_role(aws, "gateway", a_statement("lambda:InvokeFunction"), service="apigateway.amazonaws.com")
    api, function = an_integration(aws, role)
    aws.clock.run_for(60)
    assert asked(aws, api) == 200
    aws.client("iam").delete_role_policy(RoleName="gateway", PolicyName="own")
    assert asked(aws, api) == 500
    assert denied(aws) == {("lambda:InvokeFunction", function)}


def test_an_integration_cannot_take_a_role_that_does_not_trust_api_gateway(aws):
    api, _ = an_integration(aws, a_role(aws, "gateway", a_statement("lambda:InvokeFunction")))
    aws.clock.run_for(60)
    assert asked(aws, api) == 500
