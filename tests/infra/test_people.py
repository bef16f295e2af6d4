"""What the managed policies of people and pipelines allow, and that nothing else does."""

import pytest

from tests.infra.templates import listed, text

pytestmark = pytest.mark.slow

PLACE = "<Region>:<AccountId>"
DUTIES = ("reader", "starter", "operator", "authorizer")


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


def test_a_reader_sees_what_the_command_reads_and_changes_nothing(controller, policies):
    (table,) = controller.of_type("AWS::DynamoDB::Table")
    executions = f"arn:<Partition>:states:{PLACE}:execution:canary-rollout:*"
    parameters = f"arn:<Partition>:ssm:{PLACE}:parameter/canary"
    assert policies["canary-reader-<Region>"] == {
        *((f"dynamodb:{action}", f"<{table}.Arn>") for action in ("BatchGetItem", "GetItem", "Query", "Scan")),
        ("dynamodb:Scan", f"<{table}.Arn>/index/open"),
        ("states:DescribeExecution", executions),
        ("states:GetExecutionHistory", executions),
        ("states:ListExecutions", f"arn:<Partition>:states:{PLACE}:stateMachine:canary-rollout"),
        ("ssm:GetParametersByPath", f"{parameters}/targets"),
        ("ssm:GetParameter", f"{parameters}/targets/*"),
        ("ssm:GetParameter", f"{parameters}/controller"),
        ("cloudformation:DescribeStacks", f"arn:<Partition>:cloudformation:{PLACE}:stack/canary/*"),
        ("lambda:GetFunctionConfiguration", f"arn:<Partition>:lambda:{PLACE}:function:canary-OperateRollout"),
        ("lambda:GetAlias", f"arn:<Partition>:lambda:{PLACE}:function:*"),
        ("lambda:ListVersionsByFunction", f"arn:<Partition>:lambda:{PLACE}:function:*"),
        ("apigateway:GET", "arn:<Partition>:apigateway:<Region>::/restapis/*/stages/*"),
        ("cloudwatch:DescribeAlarms", "*"),
        ("cloudwatch:GetMetricData", "*"),
        ("logs:StartQuery", f"arn:<Partition>:logs:{PLACE}:log-group:*"),
        ("logs:GetQueryResults", "*"),
        ("logs:StopQuery", "*"),
    }
