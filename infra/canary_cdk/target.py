"""A target as a construct, around an API stage or functions of the same app.

Takes CDK's objects and compiles them; the rest is the same as for a target that a file describes.
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
    """What a rollout acts on, registered with the account's controller under its name.

    `role` is what the controller may do to it, `parameter` its registration.
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
        dashboard: bool = True,
        controller: Controller | None = None,
    ) -> None:
        """Register the target.

        Args:
            scope: where it belongs, best the stack of the API or the functions.
            construct_id: its id in that scope.
            name: what a rollout names, lower-case letters, digits and `-`; written out, never a token.
            functions: the functions with their aliases.
            stage: the stage whose canary splits the traffic; without it the live aliases' own weights do.
            alias_variable: the stage variable that ends the integrations' URIs and names the alias.
            access_log_group: the stage's access log; without it only what Lambda itself counts is compared.
            policy: a shipped policy's name, or changes to one as a target's file has them.
            metrics: what is compared between base and canary.
            alarms: alarms of your own; one that fires rolls back.
            shared_live_alias: whether others (event sources, other stages) may use the live aliases too.
            outside: routes and authorizers that both arms call alike on purpose, and that are not counted.
            dashboard: whether there is a dashboard of both arms.
            controller: the controller, where it is in the same app: it is then deployed before the target and deleted after.

        Raises:
            RefusedError: with every problem of what was given.
            FullLogGroupError: the access-log group would have more metric filters than CloudWatch Logs takes.
            LongAlarmError: an alarm's name fits into no event pattern.
            TooManyFunctionsError: no role can be allowed what the controller does to so many functions.

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
        )
        super().__init__(scope, construct_id, target=target, dashboard=dashboard)
        if controller is not None:
            self.node.add_dependency(controller)
