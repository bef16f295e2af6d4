"""What the managed policies of people and pipelines allow, and that nothing else does."""

import json

import pytest

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.embedded import EmbeddedAws
from tests.infra.templates import listed, text

pytestmark = pytest.mark.slow

PLACE = "<Region>:<AccountId>"
DUTIES = ("reader", "starter", "operator", "authorizer", "driller")


@pytest.fixture(scope="session")
def policies(controller):
    """The managed policies' statements as (action, resource), by name."""
    return {
        text(one["ManagedPolicyName"]): {
            (action, text(resource))
            for statement in one["PolicyDocument"]["Statement"]
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }
        for one in controller.of_type("AWS::IAM::ManagedPolicy").values()
    }


def test_each_duty_has_a_policy_whose_name_carries_the_region(policies):
    assert {*policies} == {f"canary-{duty}-<Region>" for duty in DUTIES}


def test_a_policy_is_attached_to_nothing_by_the_controller(controller):
    assert not [one for one in controller.of_type("AWS::IAM::ManagedPolicy").values() if "Roles" in one]


@pytest.mark.parametrize(
    ("duty", "action", "resource"),
    [
        ("starter", "states:StartExecution", f"arn:<Partition>:states:{PLACE}:stateMachine:canary-rollout"),
        ("operator", "lambda:InvokeFunction", f"arn:<Partition>:lambda:{PLACE}:function:canary-OperateRollout"),
        ("authorizer", "lambda:InvokeFunction", f"arn:<Partition>:lambda:{PLACE}:function:canary-AuthorizeRollout"),
    ],
)
def test_who_acts_may_do_that_one_thing(policies, duty, action, resource):
    assert policies[f"canary-{duty}-<Region>"] == {(action, resource)}


def test_a_driller_may_stop_executions_and_write_metrics(policies):
    executions = f"arn:<Partition>:states:{PLACE}:execution:canary-rollout:*"
    assert policies["canary-driller-<Region>"] == {("states:StopExecution", executions), ("cloudwatch:PutMetricData", "*")}


def test_a_reader_sees_what_the_command_reads_and_changes_nothing(controller, policies):
    (table,) = controller.of_type("AWS::DynamoDB::Table")
    (reports,) = controller.of_type("AWS::S3::Bucket")
    executions = f"arn:<Partition>:states:{PLACE}:execution:canary-rollout:*"
    parameters = f"arn:<Partition>:ssm:{PLACE}:parameter/canary"
    assert policies["canary-reader-<Region>"] == {
        *((f"dynamodb:{action}", f"<{table}.Arn>") for action in ("BatchGetItem", "GetItem", "Query", "Scan")),
        ("dynamodb:Scan", f"<{table}.Arn>/index/open"),
        ("s3:GetObject", f"<{reports}.Arn>/*"),
        ("s3:ListBucket", f"<{reports}.Arn>"),
        ("states:DescribeExecution", executions),
        ("states:GetExecutionHistory", executions),
        ("states:ListExecutions", f"arn:<Partition>:states:{PLACE}:stateMachine:canary-rollout"),
        ("ssm:GetParametersByPath", f"{parameters}/targets"),
        ("ssm:GetParameter", f"{parameters}/targets/*"),
        ("ssm:GetParameter", f"{parameters}/controller"),
        ("cloudformation:DescribeStacks", f"arn:<Partition>:cloudformation:{PLACE}:stack/canary/*"),
        *(
            (f"lambda:{action}", f"arn:<Partition>:lambda:{PLACE}:function:*")
            for action in ("GetAlias", "GetFunctionConfiguration", "GetPolicy", "ListVersionsByFunction")
        ),
        ("lambda:ListEventSourceMappings", "*"),
        ("apigateway:GET", "arn:<Partition>:apigateway:<Region>::/restapis/*"),
        ("apigateway:GET", "arn:<Partition>:apigateway:<Region>::/account"),
        ("cloudwatch:DescribeAlarms", "*"),
        ("cloudwatch:GetMetricData", "*"),
        *(
            (f"logs:{action}", f"arn:<Partition>:logs:{PLACE}:log-group:*")
            for action in ("DescribeLogGroups", "DescribeMetricFilters", "StartQuery")
        ),
        ("logs:GetQueryResults", "*"),
        ("logs:StopQuery", "*"),
        ("lambda:InvokeFunction", f"arn:<Partition>:lambda:{PLACE}:function:canary-ShowRollouts"),
    }


READS_LOGS = """
import boto3

def handler(event, context):
    logs = boto3.client("logs", region_name="eu-west-1")
    for ends in (True, False):
        query_id = logs.start_query(logGroupNames=event, startTime=0, endTime=1, queryString="fields @message")["queryId"]
        logs.stop_query(queryId=query_id) if ends else logs.get_query_results(queryId=query_id)
"""


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def test_a_reader_may_query_the_logs_of_any_target_and_needs_each_permission(policies):
    groups, place = ["/apigw/orders-prod", "/aws/lambda/orders-read"], {"<Partition>": "aws", "<Region>": "eu-west-1"}
    allowed = {one for one in policies["canary-reader-<Region>"] if one[0].startswith("logs:") and "Describe" not in one[0]}
    with EmbeddedAws(enforce_iam=True) as aws:
        for group in groups:
            aws.client("logs").create_log_group(logGroupName=group)

        def run(name, permissions):
            statements = [{"Effect": "Allow", "Action": action, "Resource": arn} for action, arn in permissions]
            trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            iam = aws.client("iam")
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
            code = {"ZipFile": zip_of({"app.py": READS_LOGS})}
            aws.client("lambda").create_function(
                FunctionName=name, Role=role, Runtime="python3.13", Handler="app.handler", Timeout=60, Code=code
            )
            return aws.invoke(name, groups).function_error

        def in_account(arn):
            for written, meant in {**place, "<AccountId>": "123456789012"}.items():
                arn = arn.replace(written, meant)
            return arn

        permissions = sorted((action, in_account(arn)) for action, arn in allowed)
        assert len(permissions) == 3
        assert run("all", permissions) is None
        for number, left_out in enumerate(permissions):
            assert run(f"without-{number}", [one for one in permissions if one != left_out]) == "Unhandled"
            assert left_out[0] in {denial.action for denial in aws.permissions.denied}
