"""A rollout as an action of CodePipeline: started with a file from the build, and red if it was rolled back.

The action waits for the execution and adopts its ending (docs/aws.md#pipeline-invoke). Retrying the pipeline's stage or rolling
it back is safe: a release that is already live ends as `Unchanged`, which succeeds. The file's content is not known here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from canary_cdk import naming
from canary_cdk.permissions import readable

if TYPE_CHECKING:
    from constructs import Construct

ROLLOUT_FILE = "rollout.json"
CONNECTIONS = ("codeconnections", "codestar-connections")
"""Both names of the service for connections to repositories (docs/aws.md#connection-names)."""
EXECUTIONS_REASON = "CodePipeline names an execution when it starts it; these are the executions of this action"
PREFIX = re.compile(r"[0-9A-Za-z_-]{1,43}")
"""An execution is named by the prefix, `-`, and the action execution's id of 36 characters, 80 in all."""


class PrefixError(ValueError):
    """The app's fault: executions cannot have such names."""


def rollout_machine(scope: Construct, construct_id: str = "RolloutMachine") -> sfn.IStateMachine:
    """The state machine of this account's and Region's controller, which may be deployed from another app."""
    stack = cdk.Stack.of(scope)
    return sfn.StateMachine.from_state_machine_arn(scope, construct_id, naming.machine_arn(stack))


def allow_connection(role: iam.IGrantable, connection_arn: str) -> None:
    """Let the role of a source action use a connection, under both names of the service.

    CDK grants only the older action, on the ARN as given. An ARN that only CloudFormation knows keeps the name that it has.
    """
    written = re.compile(rf"(arn:[a-z-]+:)(?:{'|'.join(CONNECTIONS)})(:.+)").fullmatch(connection_arn)
    arns = [f"{written[1]}{name}{written[2]}" for name in CONNECTIONS] if written else [connection_arn]
    statement = iam.PolicyStatement(actions=[f"{name}:UseConnection" for name in CONNECTIONS], resources=arns)
    role.grant_principal.add_to_principal_policy(statement)


class RolloutAction(actions.StepFunctionInvokeAction):
    """The action. Later actions can use its variables `execution_arn` and `state_machine_arn`."""

    def __init__(  # noqa: PLR0913 - an action's own keys
        self,
        *,
        target: str,
        artifact: codepipeline.Artifact,
        state_machine: sfn.IStateMachine,
        file_name: str = ROLLOUT_FILE,
        action_name: str = "Rollout",
        execution_name_prefix: str | None = None,
        variables_namespace: str = "Rollout",
        output: codepipeline.Artifact | None = None,
        run_order: int | None = None,
        role: iam.IRole | None = None,
    ) -> None:
        """Create the action.

        Args:
            target: the target's name, the prefix of the executions' names unless another prefix is given.
            artifact: the build's output that contains the file. A file is used because an action's own input is limited to
                1,000 characters (docs/aws.md#pipeline-limits).
            state_machine: the controller's, from `Controller.state_machine` or `rollout_machine`.
            file_name: the file's path in the artifact; the file holds an execution's input.
            action_name: the action's name in its stage.
            execution_name_prefix: the prefix of executions' names, at most 43 letters, digits, `-` and `_`.
            variables_namespace: the namespace of the action's output variables.
            output: receives the report of a successful rollout, as JSON.
            run_order: its position among the stage's actions.
            role: the action's own role; without one, CDK creates it, with StartExecution on this machine and
                DescribeExecution on the executions with this prefix.

        Raises:
            PrefixError: executions cannot have such names.

        """
        prefix = target if execution_name_prefix is None else execution_name_prefix
        if not PREFIX.fullmatch(prefix):
            raise PrefixError(
                f"executions cannot be named {prefix}-<id>; give execution_name_prefix of at most 43 letters, digits, - and _"
            )
        super().__init__(
            action_name=action_name,
            state_machine=state_machine,
            state_machine_input=actions.StateMachineInput.file_path(artifact.at_path(file_name)),
            execution_name_prefix=prefix,
            variables_namespace=variables_namespace,
            output=output,
            run_order=run_order,
            role=role,
        )
        self._prefix = prefix
        self.execution_arn = f"#{{{variables_namespace}.ExecutionArn}}"
        self.state_machine_arn = f"#{{{variables_namespace}.StateMachineArn}}"

    def explain(self, scope: Construct) -> None:
        """Tell cdk-nag why the action's role, which CDK creates in `scope`, may describe executions that have no name yet."""
        stack = cdk.Stack.of(scope)
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{naming.MACHINE}:{self._prefix}*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        finding = f"AwsSolutions-IAM5[Resource::{readable(stack.resolve(executions))}]"
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=finding, reason=EXECUTIONS_REASON))
