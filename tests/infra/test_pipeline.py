"""The rollout as an action of a pipeline: what CodePipeline gets, and what a retried or rolled back stage leads to."""

import json
import re
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from canary_cdk.pipeline import PrefixError, RolloutAction, allow_connection, rollout_machine
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from examples.orders_app.publish_release import Build, publish_release
from tests.infra.orders_world import CONTEXT, World, add_route, sample
from tests.infra.templates import Template, text
from tests.infra.test_versioned_function import a_stack, synthesise

pytestmark = pytest.mark.slow

PIPELINE = "AWS::CodePipeline::Pipeline"
EXECUTION_ID = "0b0a0c0d-1111-2222-3333-444455556666"
LONGEST_NAME = 80


@pytest.fixture(scope="module")
def template() -> Template:
    return sample().templates["orders-pipeline"]


@pytest.fixture(scope="module")
def rollout(template: Template) -> dict[str, Any]:
    (action,) = template.only(PIPELINE)["Stages"][-1]["Actions"]
    return dict(action)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield World(aws, tmp_path_factory.mktemp("world"))


class TestSample:
    def test_executions_queue_in_a_pipeline_of_the_second_kind(self, template: Template) -> None:
        pipeline = template.only(PIPELINE)

        assert (pipeline["PipelineType"], pipeline["ExecutionMode"]) == ("V2", "QUEUED")
        assert [stage["Name"] for stage in pipeline["Stages"]] == ["Source", "Build", "Release"]

    def test_no_stage_rolls_back_by_itself(self, template: Template) -> None:
        assert all(stage.keys() == {"Name", "Actions"} for stage in template.only(PIPELINE)["Stages"])

    def test_the_rollout_is_started_with_the_builds_file(self, template: Template, rollout: dict[str, Any]) -> None:
        (build,) = template.only(PIPELINE)["Stages"][1]["Actions"]
        configuration = {key: text(value) for key, value in rollout["Configuration"].items()}

        assert rollout["ActionTypeId"] == {"Category": "Invoke", "Owner": "AWS", "Provider": "StepFunctions", "Version": "1"}
        assert configuration == {
            "StateMachineArn": "arn:<Partition>:states:<Region>:<AccountId>:stateMachine:canary-rollout",
            "Input": "Built::rollout.json",
            "InputType": "FilePath",
            "ExecutionNamePrefix": "orders",
        }
        assert rollout["InputArtifacts"] == build["OutputArtifacts"] == [{"Name": "Built"}]

    def test_the_build_writes_the_file_that_the_rollout_reads(self, template: Template) -> None:
        spec = json.loads(template.only("AWS::CodeBuild::Project")["Source"]["BuildSpec"])

        assert spec["artifacts"] == {"files": ["rollout.json"]}
        assert spec["phases"]["build"]["commands"][-1].endswith("--output rollout.json")
        assert "cdk deploy orders --exclusively" in spec["phases"]["build"]["commands"][-2]

    def test_the_action_may_start_this_machine_and_follow_its_own_executions(
        self, template: Template, rollout: dict[str, Any]
    ) -> None:
        states = {one for one in template.allowed(rollout["RoleArn"]["Fn::GetAtt"][0]) if one[0].startswith("states")}
        place = "arn:<Partition>:states:<Region>:<AccountId>"

        assert states == {
            ("states:StartExecution", f"{place}:stateMachine:canary-rollout"),
            ("states:DescribeStateMachine", f"{place}:stateMachine:canary-rollout"),
            ("states:DescribeExecution", f"{place}:execution:canary-rollout:orders*"),
        }

    def test_the_build_may_publish_and_nothing_of_it_moves_traffic(self) -> None:
        orders = sample().templates["orders"]
        (policy,) = orders.of_type("AWS::IAM::ManagedPolicy").values()
        publishing = {
            action
            for statement in policy["PolicyDocument"]["Statement"]
            for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
        }

        assert publishing == {
            "lambda:GetFunction",
            "lambda:PublishVersion",
            "apigateway:GET",
            "apigateway:POST",
            "apigateway:PATCH",
        }
        patched = [one for one in policy["PolicyDocument"]["Statement"] if one["Action"] == "apigateway:PATCH"]
        assert [text(one["Resource"]).rpartition("/restapis/")[2] for one in patched] == ["<ApiF70053CD>/deployments/*"]


class TestConnection:
    NEWER = "arn:aws-us-gov:codeconnections:us-gov-west-1:123456789012:connection/0a"
    OLDER = "arn:aws-us-gov:codestar-connections:us-gov-west-1:123456789012:connection/0a"

    def allowed(self, connection_arn: str) -> set[tuple[str, str]]:
        stack = a_stack()
        allow_connection(iam.Role(stack, "Fetching", assumed_by=iam.AccountRootPrincipal()), connection_arn)
        template = synthesise(stack)
        (role,) = template.of_type("AWS::IAM::Role")
        return template.allowed(role)

    def test_the_samples_source_may_use_its_connection_under_both_names(self, template: Template) -> None:
        ((action,), *_) = (stage["Actions"] for stage in template.only(PIPELINE)["Stages"])
        connections = {one for one in template.allowed(action["RoleArn"]["Fn::GetAtt"][0]) if "UseConnection" in one[0]}
        given = CONTEXT["connection"]

        assert {
            (f"{name}:UseConnection", given.replace("codeconnections", name))
            for name in ("codeconnections", "codestar-connections")
        } <= connections

    @pytest.mark.parametrize("written", [NEWER, OLDER])
    def test_an_arn_of_either_name_stands_for_both(self, written: str) -> None:
        assert self.allowed(written) == {
            (f"{name}:UseConnection", arn)
            for name in ("codeconnections", "codestar-connections")
            for arn in (self.NEWER, self.OLDER)
        }

    def test_an_arn_that_only_cloudformation_knows_is_kept(self) -> None:
        resources = {resource for _, resource in self.allowed(cdk.Fn.import_value("connection"))}

        assert resources == {"{'Fn::ImportValue': 'connection'}"}


class TestAction:
    def an_action(self, **more: Any) -> RolloutAction:
        stack = a_stack()
        return RolloutAction(
            **{"target": "orders", "artifact": codepipeline.Artifact("Built"), "state_machine": rollout_machine(stack), **more}
        )

    def test_later_actions_can_name_the_execution(self) -> None:
        action = self.an_action(variables_namespace="Orders")

        assert action.execution_arn == "#{Orders.ExecutionArn}"
        assert action.state_machine_arn == "#{Orders.StateMachineArn}"
        assert action.action_properties.variables_namespace == "Orders"

    @pytest.mark.parametrize("target", ["orders", "a" * 40])
    def test_an_execution_of_every_target_has_a_name_that_step_functions_takes(self, target: str) -> None:
        self.an_action(target=target)

        assert len(f"{target}-{EXECUTION_ID}") <= LONGEST_NAME
        assert len(EXECUTION_ID) == 36

    @pytest.mark.parametrize("prefix", ["a" * 44, "", "two words", "a.b"])
    def test_a_prefix_that_step_functions_would_refuse_is_refused(self, prefix: str) -> None:
        with pytest.raises(PrefixError, match=re.escape(f"executions cannot be named {prefix}-<id>")):
            self.an_action(execution_name_prefix=prefix)

    def test_the_report_of_a_rollout_can_be_an_artifact(self) -> None:
        stack = a_stack()
        bucket = s3.Bucket(stack, "Bucket", versioned=True)
        source, report = codepipeline.Artifact("Source"), codepipeline.Artifact("Report")
        fetch = actions.S3SourceAction(action_name="Fetch", bucket=bucket, bucket_key="key", output=source)
        rollout = RolloutAction(
            target="orders",
            artifact=source,
            state_machine=rollout_machine(stack),
            file_name="releases/next.json",
            output=report,
            action_name="Canary",
            run_order=2,
        )
        codepipeline.Pipeline(
            stack,
            "Pipeline",
            artifact_bucket=bucket,
            pipeline_type=codepipeline.PipelineType.V2,
            stages=[
                codepipeline.StageProps(stage_name="Source", actions=[fetch]),
                codepipeline.StageProps(stage_name="Release", actions=[rollout]),
            ],
        )

        (action,) = synthesise(stack).only(PIPELINE)["Stages"][-1]["Actions"]

        assert (action["Name"], action["RunOrder"], action["OutputArtifacts"]) == ("Canary", 2, [{"Name": "Report"}])
        assert action["Configuration"]["Input"] == "Source::releases/next.json"

    def test_a_machine_of_the_same_app_is_taken_as_well(self) -> None:
        stack = cdk.Stack()
        machine = rollout_machine(stack, "Mine")

        assert self.an_action(state_machine=machine).action_properties.resource is not None


class TestRuns:
    """What a pipeline's runs lead to, with the controller and the sample deployed."""

    def test_a_rollback_is_red_and_whatever_is_live_already_is_green(self, world: World) -> None:
        good = build(world, release="good", change=add_route)
        assert run(world, good) == ("SUCCEEDED", "promoted")
        assert run(world, good) == ("SUCCEEDED", "unchanged"), "a stage that is retried after it succeeded"

        bad = build(world, release="bad", numbers={"FAILING_SHARE": 0.9}, change=add_route)
        assert bad != good
        assert run(world, bad) == ("FAILED", "RolledBack")
        assert run(world, good) == ("SUCCEEDED", "unchanged"), "a stage that is rolled back to its last good execution"

        live = world.owned
        assert live["deployment"] == good["release"]["deployment"]
        assert world.live == {*good["release"]["functions"].values()}

    def test_a_retry_after_a_rollback_is_refused_unless_a_person_gives_a_reason(self, world: World) -> None:
        worse = build(world, release="worse", numbers={"FAILING_SHARE": 0.9}, change=add_route)
        assert run(world, worse) == ("FAILED", "RolledBack")

        again = world.finish(world.start(**worse))
        assert (again["status"], again["error"]) == ("FAILED", "Refused")
        assert "of the same release was rolled back at " in again["cause"]
        assert run(world, {**worse, "retry": True, "reason": "OPS-7"}) == ("FAILED", "RolledBack")


def build(world: World, **changes: Any) -> dict[str, Any]:
    """What the build of a commit does: deploy the stack, publish, write the file."""
    world.deploy(**changes)
    clients = {"gateway": world.aws.client("apigateway"), "functions": world.aws.client("lambda")}
    return publish_release(Build("orders", world.rest_api_id, ("orders-read", "orders-write"), "commit 1"), **clients)


def run(world: World, file: dict[str, Any]) -> tuple[str, str]:
    """An execution that the action starts once no alarm fires: its status, and its outcome or error."""
    ended = world.finish(world.start(**file))
    outcome = json.loads(ended["output"])["outcome"] if ended["status"] == "SUCCEEDED" else ended["error"]
    return ended["status"], outcome
