"""The CDK app: the controller, and one stack for each file in a folder of targets.

Context values (`cdk deploy -c name=value`): `targets`, that folder (default: `targets`, with the sample's target);
`notification_email`, the address that gets the notifications; `page_email`, the address that gets what someone must act on at
once; `notify_steps` (`true`), to be told of each step, too; `notifications_key`, the ARN of a key that encrypts the topics of
notifications and pages; `reserved_concurrency`, reserved for the guard and for the sweeper each; `retention_days`,
how long records and reports are kept; `report_base_url`, where an internal site shows the reports.
"""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk

from canary_cdk.packages import PackagesError
from canary_cdk.reports import ReportBaseUrlError, read_base_url
from canary_cdk.retention import RetentionError, read_retention
from canary_cdk.target_permissions import TooManyFunctionsError
from canary_cdk.target_watch import LongAlarmError
from infra.stacks import ControllerStack, TargetStack
from infra.targets import TargetsError, load_targets

ROOT = Path(__file__).parent
REFUSALS = (TargetsError, PackagesError, LongAlarmError, TooManyFunctionsError, RetentionError, ReportBaseUrlError)
"""Errors in the target files or on this machine; each says what to do."""


def build(app: cdk.App) -> None:
    """Add the stacks to the app; the targets' stacks are deployed after the controller's and deleted before it.

    Raises:
        TargetsError: a target file is invalid; nothing was added.
        RetentionError: `retention_days` is out of bounds; nothing was added.
        ReportBaseUrlError: `report_base_url` is no address; nothing was added.

    """
    targets = load_targets(ROOT / (app.node.try_get_context("targets") or "targets"))
    reserved = app.node.try_get_context("reserved_concurrency")
    controller = ControllerStack(
        app,
        notification_email=app.node.try_get_context("notification_email"),
        page_email=app.node.try_get_context("page_email"),
        notify_steps=app.node.try_get_context("notify_steps") in {True, "true"},
        notifications_key=app.node.try_get_context("notifications_key"),
        reserved_concurrency=int(reserved) if reserved else None,
        retention_days=read_retention(app.node.try_get_context("retention_days")),
        report_base_url=read_base_url(app.node.try_get_context("report_base_url")),
    )
    for target in targets:
        TargetStack(app, target=target).add_stack_dependency(controller)


def main() -> None:
    """The entry point for the CDK command line."""
    app = cdk.App()
    try:
        build(app)
    except REFUSALS as error:
        raise SystemExit(str(error)) from None
    app.synth()


if __name__ == "__main__":
    main()
