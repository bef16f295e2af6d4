"""A rollout as an action of CodePipeline: started with a file of the build, red when it was rolled back.

The action waits for the execution and takes its ending (docs/aws.md#pipeline-invoke). To retry its stage or to roll the stage
back is safe: a release that is live already ends `Unchanged`, which succeeds. Decides nothing of what the file says.
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
"""The service of connections to repositories under both its names (docs/aws.md#connection-names)."""
EXECUTIONS_REASON = "CodePipeline names an execution when it starts it; these are those of this action"
PREFIX = re.compile(r"[0-9A-Za-z_-]{1,43}")
"""An execution is named by the prefix, `-`, and the action execution's id of 36 characters, 80 in all."""


class PrefixError(ValueError):
    """The app's fault: executions could not be named so."""


def rollout_machine(scope: Construct, construct_id: str = "RolloutMachine") -> sfn.IStateMachine:
    """The state machine of this account's and Region's controller, which may be deployed from another app."""
    stack = cdk.Stack.of(scope)
    return sfn.StateMachine.from_state_machine_arn(scope, construct_id, naming.machine_arn(stack))


def allow_connection(role: iam.IGrantable, connection_arn: str) -> None:
    """Let the role of a source action use a connection, whichever of the service's names AWS checks the call under.

    CDK grants the older action alone, on the ARN as it is given. An ARN that only CloudFormation knows keeps its one name.
    """
    written = re.compile(rf"(arn:[a-z-]+:)(?:{'|'.join(CONNECTIONS)})(:.+)").fullmatch(connection_arn)
    arns = [f"{written[1]}{name}{written[2]}" for name in CONNECTIONS] if written else [connection_arn]
    statement = iam.PolicyStatement(actions=[f"{name}:UseConnection" for name in CONNECTIONS], resources=arns)
    role.grant_principal.add_to_principal_policy(statement)


class RolloutAction(actions.StepFunctionInvokeAction):
    """The action. `execution_arn` is the variable that later actions can use, as they can `state_machine_arn`."""

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
        """Make the action.

        Args:
            target: the target's name, which begins the executions' names unless a prefix is given.
            artifact: the build's output that holds the file. A file, because an action's own input is limited to 1,000
                characters (docs/aws.md#pipeline-limits).
            state_machine: the controller's, from `Controller.state_machine` or `rollout_machine`.
            file_name: the file's path in the artifact; it holds an execution's input.
            action_name: the action's name in its stage.
            execution_name_prefix: what executions' names begin with, at most 43 letters, digits, `-` and `_`.
            variables_namespace: where the action's output variables are found.
            output: takes the report of a rollout that succeeded, as JSON.
            run_order: its place among the stage's actions.
            role: the action's own role; without one CDK makes it, with StartExecution on this machine and
                DescribeExecution on the executions of this prefix.

        Raises:
            PrefixError: executions could not be named so.

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
        """Tell cdk-nag why the action's role, which CDK makes in `scope`, may look at executions that have no name yet."""
        stack = cdk.Stack.of(scope)
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{naming.MACHINE}:{self._prefix}*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        finding = f"AwsSolutions-IAM5[Resource::{readable(stack.resolve(executions))}]"
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=finding, reason=EXECUTIONS_REASON))
