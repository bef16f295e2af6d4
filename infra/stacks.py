"""The stacks of the app: the controller's, and one per file of `targets/`.

A file names existing resources by their ids, which the template contains as written. Account and Region stay open, so a
template can be synthesised without them and works everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions

from canary_cdk import Controller
from canary_cdk.registered import RegisteredTarget

if TYPE_CHECKING:
    from constructs import Construct

    from canary.rules.targets.target import Target

CONTROLLER = "canary"

SAMPLE_API = "a1b2c3d4e5"
"""The API of `targets/orders.yaml`, which exists in no account."""


NOBODY_IS_TOLD = (
    "this app subscribes nobody to the controller's topics: subscriptions that an earlier deploy with MAIL or PAGES made are "
    "removed, others stay; name the addresses with make deploy MAIL=<address> PAGES=<address>"
)


class ControllerStack(cdk.Stack):
    """The controller; its outputs are what someone who runs rollouts needs to know."""

    def __init__(
        self,
        scope: Construct,
        *,
        notification_email: str | None = None,
        page_email: str | None = None,
        notify_steps: bool = False,
        notifications_key: str | None = None,
        reserved_concurrency: int | None = None,
        retention_days: int | None = None,
        report_base_url: str | None = None,
        **options: Any,  # noqa: ANN401 - a stack's own
    ) -> None:
        super().__init__(
            scope, CONTROLLER, description="Canary controller for API Gateway stages and Lambda aliases", **options
        )
        key = kms.Key.from_key_arn(self, "NotificationsKey", notifications_key) if notifications_key else None
        self.controller = Controller(
            self,
            "Controller",
            reserved_concurrency=reserved_concurrency,
            notifications_key=key,
            retention_days=retention_days,
            notify_steps=notify_steps,
            report_base_url=report_base_url,
        )
        self._subscribe(notification_email, page_email)
        self._tell("StateMachineArn", self.controller.state_machine.state_machine_arn, "start executions of it")
        self._tell("OperateRolloutName", self.controller.operate_rollout.function_name, "call it with abort, pause or resume")
        self._tell("AuthorizeRolloutName", self.controller.authorize_rollout.function_name, "call it with promote")
        self._tell("TableName", self.controller.table.table_name, "the records")
        self._tell("ReportsBucket", self.controller.reports.bucket_name, "the rollouts' reports")
        self._tell("NotificationsArn", self.controller.notifications.topic_arn, "subscribe to it")
        self._tell("PagesArn", self.controller.pages.topic_arn, "subscribe to it whatever wakes people: they must act at once")
        self._tell(
            "FallbackNotificationsArn",
            self.controller.fallback_notifications.topic_arn,
            "subscribe to it too: it reports when the other topics fail",
        )

    def _subscribe(self, everyone: str | None, on_call: str | None) -> None:
        """Send the pages to the address for pages, or to the other one: someone has to get them."""
        controller = self.controller
        if not everyone and not on_call:
            cdk.Annotations.of(self).add_info_v2("canary:nobody-is-told", NOBODY_IS_TOLD)
        wanted = [
            (everyone, (controller.notifications, controller.fallback_notifications)),
            (on_call or everyone, (controller.pages,)),
            (on_call if on_call != everyone else None, (controller.fallback_notifications,)),
        ]
        for address, topics in wanted:
            for topic in topics if address else ():
                topic.add_subscription(subscriptions.EmailSubscription(address))

    def _tell(self, name: str, value: str, description: str) -> None:
        cdk.CfnOutput(self, name, value=value, description=description)


class TargetStack(cdk.Stack):
    """One target of a file."""

    def __init__(self, scope: Construct, *, target: Target, **options: Any) -> None:  # noqa: ANN401 - a stack's own
        super().__init__(
            scope,
            f"canary-target-{target.name}",
            description=f"Target {target.name} of the canary controller",
            **options,
        )
        RegisteredTarget(self, "Target", target=target)
        if target.stage and target.stage.rest_api_id == SAMPLE_API:
            cdk.Annotations.of(self).add_warning_v2(
                "canary:sample-target",
                f"target {target.name} belongs to the sample API {SAMPLE_API}, which does not exist in any account; to deploy "
                "a target, put a copy with your API's ids into your own folder and run make deploy TARGETS=<folder>",
            )
