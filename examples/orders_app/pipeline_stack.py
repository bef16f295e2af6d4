"""From a push to a promoted release: source, build, rollout.

The build deploys the API's stack, which publishes but moves nothing, and writes `rollout.json`; the pipeline starts the rollout
with that file. Executions queue: the target's lock would refuse a second rollout at the same time, and the later build must be
rolled out last. No pipeline stage has a rollback of its own: the rollout has already rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from canary_cdk.pipeline import ROLLOUT_FILE, RolloutAction, allow_connection, rollout_machine
from examples.orders_app.exceptions import OF_THE_PIPELINE, accept, accept_resource
from examples.orders_app.orders_stack import TARGET

if TYPE_CHECKING:
    from constructs import Construct

    from examples.orders_app.orders_stack import OrdersStack

CDK_CLI = "aws-cdk@2.1148.1"
"""Pinned: the newest CLI on the registry may not be able to read what this library writes (docs/aws.md#cdk-cli)."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the source comes from: a connection's ARN, `owner/name` and a branch."""

    connection_arn: str
    name: str
    branch: str = "main"


class PipelineStack(cdk.Stack):
    """`pipeline` is the pipeline."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        orders: OrdersStack,
        repository: Repository,
        env: cdk.Environment | None = None,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        source, built = codepipeline.Artifact("Source"), codepipeline.Artifact("Built")
        owner, _, name = repository.name.partition("/")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"))
        fetch = actions.CodeStarConnectionsSourceAction(
            action_name="Fetch",
            connection_arn=repository.connection_arn,
            owner=owner,
            repo=name,
            branch=repository.branch,
            output=source,
            role=self._fetching(role, repository.connection_arn),
        )
        build = actions.CodeBuildAction(action_name="Publish", project=self._project(orders), input=source, outputs=[built])
        rollout = RolloutAction(target=TARGET, artifact=built, state_machine=rollout_machine(self))
        self.pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_name="orders",
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            artifact_bucket=self._bucket(),
            role=role,
            stages=[
                codepipeline.StageProps(stage_name="Source", actions=[fetch]),
                codepipeline.StageProps(stage_name="Build", actions=[build]),
                codepipeline.StageProps(stage_name="Release", actions=[rollout]),
            ],
        )
        rollout.explain(self.pipeline)
        accept(self, OF_THE_PIPELINE)

    def _fetching(self, pipeline: iam.Role, connection_arn: str) -> iam.Role:
        """The role of the source action, which the pipeline's role assumes."""
        role = iam.Role(self, "Fetching", assumed_by=iam.ArnPrincipal(pipeline.role_arn))
        allow_connection(role, connection_arn)
        return role

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Artifacts",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(90))],
        )
        accept_resource(self, bucket.arn_for_objects("*"), "the artifacts of future builds")
        return bucket

    def _project(self, orders: OrdersStack) -> codebuild.PipelineProject:
        functions = [function.function for function in orders.functions]
        project = codebuild.PipelineProject(
            self,
            "Publish",
            description="Deploys the stack of the API, publishes the release, writes rollout.json",
            build_spec=codebuild.BuildSpec.from_object(build_spec(orders.stack_name)),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
                compute_type=codebuild.ComputeType.SMALL,
            ),
            environment_variables={
                "REST_API": codebuild.BuildEnvironmentVariable(value=orders.api.rest_api_id),
                "FUNCTIONS": codebuild.BuildEnvironmentVariable(value=" ".join(one.function_name for one in functions)),
            },
            timeout=cdk.Duration.minutes(30),
            grant_report_group_permissions=False,
        )
        roles = self._deploy_roles()
        project.add_to_role_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[roles]))
        if project.role:
            project.role.add_managed_policy(orders.publishing)
        accept_resource(project, roles, "the roles that cdk bootstrap created: to deploy, to publish assets, to look up")
        accept_resource(project, self._build_log(project), "CodeBuild names the streams of the project's log")
        return project

    def _build_log(self, project: codebuild.Project) -> str:
        group = f"/aws/codebuild/{project.project_name}:*"
        return self.format_arn(
            service="logs", resource="log-group", resource_name=group, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )

    def _deploy_roles(self) -> str:
        """The roles that `cdk bootstrap` created for deploying."""
        name = f"cdk-{cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER}-*-role-{self.account}-{self.region}"
        return self.format_arn(service="iam", region="", resource="role", resource_name=name)


def build_spec(stack: str) -> dict[str, object]:
    """What CodeBuild runs."""
    publish = (
        f"python -m examples.orders_app.publish_release --target {TARGET} --rest-api $REST_API --functions $FUNCTIONS "
        f"--reason $CODEBUILD_RESOLVED_SOURCE_VERSION --output {ROLLOUT_FILE}"
    )
    return {
        "version": "0.2",
        "phases": {
            "install": {
                "runtime-versions": {"python": "3.13", "nodejs": "22"},
                "commands": [f"npm install --global {CDK_CLI}", "pip install --require-hashes --requirement requirements.txt"],
            },
            "build": {
                "commands": [
                    "pip install --no-deps --editable .",
                    f"cd examples/orders_app && cdk deploy {stack} --exclusively --require-approval never && cd ../..",
                    publish,
                ]
            },
        },
        "artifacts": {"files": [ROLLOUT_FILE]},
    }
