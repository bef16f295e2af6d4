"""A target as a construct, for an API stage or functions of the same app.

Takes CDK's objects and compiles them; the rest is the same as for a target from a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.targets.target import Metrics, Outside
from canary_cdk.compiled import TargetFunction, compile_target
from canary_cdk.registered import RegisteredTarget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_logs as logs
    from constructs import Construct

    from canary.rules.targets.policy import Policy
    from canary_cdk.controller import Controller

STANDARD_METRICS = Metrics()
NOTHING_OUTSIDE = Outside()


class Target(RegisteredTarget):
    """What a rollout acts on, registered by name with the account's controller.

    `role` is the role that the controller assumes for it, `parameter` its registration.
    """

    def __init__(  # noqa: PLR0913 - a target's own keys
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        functions: Sequence[TargetFunction],
        stage: apigateway.IStage | None = None,
        alias_variable: str = "lambdaAlias",
        access_log_group: logs.ILogGroup | None = None,
        policy: Policy | Mapping[str, Any] | str = "standard",
        metrics: Metrics = STANDARD_METRICS,
        alarms: Sequence[cloudwatch.IAlarm] = (),
        shared_live_alias: bool = False,
        outside: Outside = NOTHING_OUTSIDE,
        drill: bool = False,
        dashboard: bool = True,
        queries: bool = True,
        controller: Controller | None = None,
    ) -> None:
        """Register the target.

        Args:
            scope: the parent construct, preferably in the stack of the API or the functions.
            construct_id: its id in that scope.
            name: the target's name in rollouts: lower-case letters, digits and `-`; a literal, not a token.
            functions: the functions with their aliases.
            stage: the stage whose canary splits the traffic; without it, the weights of the live aliases do.
            alias_variable: the stage variable at the end of the integrations' URIs, which names the alias.
            access_log_group: the stage's access log; without it, only Lambda's own metrics are compared.
            policy: a shipped policy's name, or changes to one, as in a target file.
            metrics: what is compared between base and canary.
            alarms: your own alarms; if one fires, the rollout rolls back.
            shared_live_alias: whether others (event sources, other stages) may use the live aliases too; nothing lets
                them use the canary aliases.
            outside: routes and authorizers that both arms intentionally call alike and that are not counted.
            drill: whether drills may rehearse failures here; only for a stage on which no real user depends.
            dashboard: whether to create a dashboard of both arms.
            queries: whether to save queries of the target's logs in Logs Insights.
            controller: the controller, if it is in the same app: it is then deployed before the target and deleted after it.

        Raises:
            RefusedError: with all problems of the arguments.
            FullLogGroupError: the access-log group would have more metric filters than CloudWatch Logs accepts.
            LongAlarmError: an alarm's name is too long for an event pattern.
            TooManyFunctionsError: the permissions for so many functions do not fit into one role.

        """
        target = compile_target(
            name=name,
            stage=stage,
            alias_variable=alias_variable,
            functions=functions,
            access_log_group=access_log_group,
            policy=policy,
            metrics=metrics,
            alarms=alarms,
            shared_live_alias=shared_live_alias,
            outside=outside,
            drill=drill,
        )
        super().__init__(scope, construct_id, target=target, dashboard=dashboard, queries=queries)
        if controller is not None:
            self.node.add_dependency(controller)
