"""The bucket of the rollouts' reports, and what makes the controller keep them: one function, on the events of an end.

Decides which events make a report, how long it is kept, and that nobody outside the account reads it. Like the table, the
bucket stays when the stack is deleted (docs/decisions/0033-reports-are-kept-by-an-event.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from canary.edge.settings import REPORT_BASE_URL, REPORTS
from canary.rules.reports.links import is_site
from canary_cdk import naming
from canary_cdk.permissions import allow
from canary_cdk.reasons import acknowledge_rule
from canary_cdk.triggers import KEEPER_PATIENCE, aim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import aws_sqs as sqs

    from canary_cdk.functions import TaskFunction

WORTH_A_REPORT = [
    *("Rollout Parked", "Rollout Ended", "Rollout Promoted", "Rollout Reverted", "Rollout Watch Ended", "Rollout Watch Over"),
]


class ReportBaseUrlError(Exception):
    """The setting is no address at which a site can show the reports."""


class Reports(Construct):
    """The bucket, and the rule that has the reports kept in it. What cannot be kept goes to the queue of dead letters."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        keeper: TaskFunction,
        queue: sqs.IQueue,
        retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(id="retention-days", expiration=cdk.Duration.days(retention_days))],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        acknowledge_rule(self.bucket, "AwsSolutions-S1")
        rule = events.Rule(
            self,
            "WorthAReport",
            rule_name="canary-reports",
            description="A rollout is parked or has ended: its report is kept",
            event_pattern=events.EventPattern(source=[naming.SERVICE], detail_type=WORTH_A_REPORT),
        )
        rule.add_target(aim(keeper.function, queue, KEEPER_PATIENCE))
        allow(keeper.role, "s3:PutObject", self.bucket.arn_for_objects("*"))

    def tell(self, functions: Iterable[TaskFunction], base_url: str | None) -> None:
        """Tell functions where the reports are, and where an internal site shows them, if one does."""
        for task in functions:
            task.function.add_environment(REPORTS, self.bucket.bucket_name)
            if base_url:
                task.function.add_environment(REPORT_BASE_URL, base_url)


def read_base_url(value: str | None) -> str | None:
    """The address below which an internal site shows the reports, without a slash at its end; None if there is none.

    Raises:
        ReportBaseUrlError: the value is no such address.

    """
    if not value:
        return None
    if not cdk.Token.is_unresolved(value) and not is_site(value):
        raise ReportBaseUrlError(
            f"report_base_url must be the http(s) address of a site, without a query, got {value}; "
            "write it like https://reports.example.org/canary, or leave it out"
        )
    return value.rstrip("/")
