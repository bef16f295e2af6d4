"""The controller as a construct: one per account and Region, and deploying a second one fails at once.

Connects the parts and decides nothing itself. Targets are deployed separately, and after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from canary_cdk import naming
from canary_cdk.at_rest import guard_deletion
from canary_cdk.functions import (
    AUTHORIZER,
    BESIDE_THE_MACHINE,
    GUARD,
    KEEPER,
    LISTENER,
    MESSENGER,
    OPERATOR,
    SWEEPER,
    WIDGET,
    Shared,
    TaskFunction,
    knows_reports,
    packages_layer,
    shared_code,
)
from canary_cdk.machine import RolloutMachine
from canary_cdk.notifications import NotificationTopics
from canary_cdk.people import DutyPolicies
from canary_cdk.reports import Reports, read_base_url
from canary_cdk.retention import read_retention
from canary_cdk.table import records_table
from canary_cdk.triggers import (
    GUARD_PATIENCE,
    KEEPER_PATIENCE,
    LISTENER_PATIENCE,
    SWEEPER_PATIENCE,
    Triggers,
    dead_letters,
    hand_over_failures,
    hear_alarms,
)
from canary_cdk.watch import Watch
from canary_machine.definition import load, task_names

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn

LAST_RESORT = frozenset({GUARD, SWEEPER})


class Controller(Construct):
    """Everything that rolls releases out, without a target.

    `state_machine` is what pipelines, schedules and people start; `operate_rollout` and `authorize_rollout` are the
    functions that take verbs; `duties` are the managed policies to attach to people and pipelines, by duty; `notifications`
    is the topic to subscribe to, `pages` the topic of what someone must act on at once; `fallback_notifications` is another
    topic, which reports when those fail; `table` holds the records; `reports` is the bucket of the rollouts' reports;
    `dead_letters` holds events that could not be delivered or handled.
    """

    def __init__(  # noqa: PLR0913 - the controller's settings, by keyword
        self,
        scope: Construct,
        construct_id: str,
        *,
        powertools_layer: lambda_.ILayerVersion | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        reserved_concurrency: int | None = None,
        dashboard: bool = True,
        notifications_key: kms.IKey | None = None,
        retention_days: int | None = None,
        notify_steps: bool = False,
        report_base_url: str | None = None,
    ) -> None:
        """Create the controller.

        Args:
            scope: the parent construct, usually a stack.
            construct_id: its id in that scope.
            powertools_layer: your own layer with Powertools for AWS Lambda and pydantic (Python 3.13, arm64), for machines that
                cannot reach a package index; without it, their wheels are fetched and deployed as a layer of the stack.
            log_retention: how long the logs of functions and executions are kept.
            reserved_concurrency: reserved for the guard and for the sweeper each, so that a hanging canary cannot use up the
                account's whole concurrency; Lambda requires a hundred to be left for other functions. It is also the most calls
                that run at once: with ten, the sweeper gets through a fleet of 200 targets, of which 20 hang, within five
                minutes. Without it, both share the account's concurrency.
            dashboard: whether to create a dashboard of all rollouts.
            notifications_key: encrypts the topics of notifications and pages. The key's policy must let CloudWatch use it for
                the controller's own alarms; for a key of the same app this is added.
            retention_days: how long the record of a rollout is kept after its end, from 90 to 3650 days, 400 without it. The
                records of open rollouts, of what base serves, and of the target itself never expire. A new value is for what is
                written from then on, and for all reports.
            notify_steps: whether the topic also gets a message for each step that a rollout reaches.
            report_base_url: where an internal site shows the objects of the bucket `reports`; links to reports begin with it.
                Without it they open the object in the S3 console.

        Raises:
            RetentionError: `retention_days` is out of these bounds.
            ReportBaseUrlError: `report_base_url` is no address.

        """
        super().__init__(scope, construct_id)
        self.table: dynamodb.Table = records_table(self)
        self.dead_letters: sqs.Queue = dead_letters(self)
        definition = load()
        tasks = task_names(definition)
        layer = powertools_layer or packages_layer(self)
        days, base_url = read_retention(retention_days), read_base_url(report_base_url)
        shared = Shared(shared_code(), layer, self.table, log_retention, days)
        self._functions = {
            task: TaskFunction(
                self, task, shared=shared, reserved_concurrency=reserved_concurrency if task in LAST_RESORT else None
            )
            for task in (*tasks, *BESIDE_THE_MACHINE)
        }
        versions = {task: self._functions[task].function.current_version for task in tasks}
        machine = RolloutMachine(self, "Rollout", definition=definition, versions=versions, log_retention=log_retention)
        self.state_machine: sfn.StateMachine = machine.state_machine
        self.operate_rollout: lambda_.Function = self._functions[OPERATOR].function
        self.authorize_rollout: lambda_.Function = self._functions[AUTHORIZER].function
        keeper = self._functions[KEEPER]
        reports = Reports(self, "Reports", keeper=keeper, queue=self.dead_letters, retention_days=days)
        reports.tell((one for task, one in self._functions.items() if knows_reports(task)), base_url)
        self.reports: s3.Bucket = reports.bucket
        self.duties = DutyPolicies(self, "Duties", table=self.table, reports=self.reports).policies
        self._notifications = NotificationTopics(
            self, "Notifications", messenger=self._functions[MESSENGER], key=notifications_key, steps=notify_steps
        )
        self.notifications: sns.Topic = self._notifications.topic
        self.pages: sns.Topic = self._notifications.pages
        self.fallback_notifications: sns.Topic = self._notifications.fallback
        self._trigger()
        self._watch(dashboard=dashboard)
        self._claim()
        guard_deletion(self, leave_out=tasks)

    def _trigger(self) -> None:
        guard, sweeper, listener, keeper = (self._functions[task] for task in (GUARD, SWEEPER, LISTENER, KEEPER))
        Triggers(self, "Triggers", state_machine=self.state_machine, guard=guard, sweeper=sweeper, queue=self.dead_letters)
        hear_alarms(listener)
        patience = {guard: GUARD_PATIENCE, sweeper: SWEEPER_PATIENCE, listener: LISTENER_PATIENCE, keeper: KEEPER_PATIENCE}
        hand_over_failures(patience, self.dead_letters)

    def _watch(self, *, dashboard: bool) -> None:
        Watch(
            self,
            "Watch",
            state_machine=self.state_machine,
            guard=self._functions[GUARD].function,
            sweeper=self._functions[SWEEPER].function,
            queue=self.dead_letters,
            notifications=self._notifications,
            widget=self._functions[WIDGET].function if dashboard else None,
        )

    def _claim(self) -> None:
        """Claim the account and Region: a second controller's stack fails because this parameter already exists."""
        ssm.StringParameter(
            self,
            "Claim",
            parameter_name=naming.CONTROLLER_PARAMETER,
            string_value=self.state_machine.state_machine_arn,
            description="The canary controller of this account and Region: its state machine",
        )
        cdk.Tags.of(self).add(naming.CONTROLLER_TAG, cdk.Stack.of(self).stack_name)
