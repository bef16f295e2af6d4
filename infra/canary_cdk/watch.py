"""Monitoring of the controller itself: its alarms, and one dashboard for all rollouts.

A failed execution is not an alarm: a rollback means that the controller works. This module knows the metrics' names and nothing
about targets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from canary_cdk import naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn

    from canary_cdk.notifications import NotificationTopics

MINUTE = cdk.Duration.minutes(1)
FIVE_MINUTES = cdk.Duration.minutes(5)
ENDINGS = ("Started", "Succeeded", "Failed", "Aborted", "TimedOut")


class Watch(Construct):
    """The alarms and the dashboard. An alarm publishes to the topic of its severity; failures of the topics to the fallback.

    The dashboard shows the `widget`; without a widget there is no dashboard.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: sfn.IStateMachine,
        guard: lambda_.IFunction,
        sweeper: lambda_.IFunction,
        queue: sqs.IQueue,
        notifications: NotificationTopics,
        widget: lambda_.IFunction | None,
    ) -> None:
        super().__init__(scope, construct_id)
        pages = [
            self._operator_needed(),
            self._records_unusable(),
            self._sweeper_errors(sweeper),
            self._sweeper_silent(sweeper),
        ]
        others = [self._guard_errors(guard), self._dead_letters(queue), self._record_kept(), self._caller_not_proven()]
        for alarm in pages:
            alarm.add_alarm_action(actions.SnsAction(notifications.pages))
        for alarm in others:
            alarm.add_alarm_action(actions.SnsAction(notifications.topic))
        self.alarms = [*pages, *others]
        undelivered = self._undelivered(notifications.undelivered)
        undelivered.add_alarm_action(actions.SnsAction(notifications.fallback))
        self.alarms.append(undelivered)
        if widget:
            self._dashboard(state_machine, [guard, sweeper], queue, widget)

    def _operator_needed(self) -> cloudwatch.Alarm:
        return self._alarm(
            "OperatorNeeded",
            "AWS refuses the calls that would make a target safe; the notification says what to do by hand.",
            _own_metric("OperatorNeeded"),
        )

    def _records_unusable(self) -> cloudwatch.Alarm:
        return self._alarm(
            "RecordsUnusable",
            "The records cannot be read or written, or another version of the controller wrote them: rollouts cannot go on. "
            "The notification of each affected target says what to do by hand.",
            _own_metric("RecordsUnusable"),
        )

    def _guard_errors(self, guard: lambda_.IFunction) -> cloudwatch.Alarm:
        what = "The guard failed on an execution that ended badly; the sweeper continues from there. See the guard's log."
        return self._alarm("GuardErrors", what, guard.metric_errors(period=FIVE_MINUTES, statistic="Sum"))

    def _sweeper_errors(self, sweeper: lambda_.IFunction) -> cloudwatch.Alarm:
        what = "The sweeper failed in three of five minutes: targets that events missed stay unsafe. See its log."
        metric = sweeper.metric_errors(period=MINUTE, statistic="Sum")
        return self._alarm("SweeperErrors", what, metric, periods=5, of_them=3)

    def _sweeper_silent(self, sweeper: lambda_.IFunction) -> cloudwatch.Alarm:
        """Throttled calls are not errors, and a disabled rule makes no calls: both look like silence."""
        return self._alarm(
            "SweeperSilent",
            "The sweeper has not run for fifteen minutes: it is throttled, or its rule is disabled. "
            "A new controller may report this once, in its first minutes.",
            sweeper.metric_invocations(period=FIVE_MINUTES, statistic="Sum"),
            periods=3,
            of_them=3,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _dead_letters(self, queue: sqs.IQueue) -> cloudwatch.Alarm:
        what = "An event could not be delivered or handled. Read the message in the queue; delete it to end the alarm."
        metric = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
        return self._alarm("DeadLetters", what, metric)

    def _record_kept(self) -> cloudwatch.Alarm:
        what = (
            "A finished rollout's record could not be set to expire, so it stays in the table for good. "
            'The log line "record will not expire" names the rollout and the reason; delete the record by hand.'
        )
        return self._alarm("RecordKept", what, _own_metric("RecordKept"))

    def _caller_not_proven(self) -> cloudwatch.Alarm:
        """One for all reasons: a forged or repeated proof, a wrong clock and a silent STS all hide who called."""
        what = (
            "A verb came with a proof of its caller that is wrong, was used before, or could not be checked. "
            'The log line "caller not proven" says which, and has the request id by which CloudTrail names the caller.'
        )
        return self._alarm("CallerNotProven", what, _own_metric("CallerNotProven"))

    def _undelivered(self, queue: sqs.IQueue) -> cloudwatch.Alarm:
        what = "A notification was not published. The message in the queue says why. Read it, then delete it to end the alarm."
        metric = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
        return self._alarm("UndeliveredNotifications", what, metric)

    def _alarm(
        self,
        construct_id: str,
        description: str,
        metric: cloudwatch.IMetric,
        *,
        periods: int = 1,
        of_them: int = 1,
        comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> cloudwatch.Alarm:
        """An alarm with the threshold 1: at or above it by default, or below it."""
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=f"canary-controller-{construct_id}",
            alarm_description=description,
            metric=metric,
            threshold=1,
            comparison_operator=comparison,
            evaluation_periods=periods,
            datapoints_to_alarm=of_them,
            treat_missing_data=missing,
        )

    def _dashboard(
        self,
        state_machine: sfn.IStateMachine,
        functions: Sequence[lambda_.IFunction],
        queue: sqs.IQueue,
        widget: lambda_.IFunction,
    ) -> None:
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=dashboard_name(cdk.Stack.of(self), "controller"),
            widgets=[
                [_fleet(widget)],
                [_graph("Executions", [_executions(state_machine, ending) for ending in ENDINGS], width=24)],
                [
                    _graph(
                        "Operators needed, records unusable", [_own_metric("OperatorNeeded"), _own_metric("RecordsUnusable")]
                    ),
                    _graph("Dead letters", [queue.metric_approximate_number_of_messages_visible()]),
                    cloudwatch.AlarmStatusWidget(title="The controller's own alarms", alarms=self.alarms, width=8),
                ],
                [
                    _graph("Guard and sweeper: errors", [one.metric_errors() for one in functions]),
                    _graph("Guard and sweeper: throttles", [one.metric_throttles() for one in functions]),
                    _graph("Guard and sweeper: slowest call", [one.metric_duration(statistic="Maximum") for one in functions]),
                ],
            ],
        )


def dashboard_name(stack: cdk.Stack, what: str) -> str:
    """A dashboard's name, with the Region: dashboards belong to the account, not to a Region (docs/aws.md#dashboards)."""
    return f"canary-{what}-{stack.region}"


def _fleet(widget: lambda_.IFunction) -> cloudwatch.CustomWidget:
    """What the function shows. It is asked again with each refresh, and runs as whoever looks (docs/aws.md#custom-widgets)."""
    return cloudwatch.CustomWidget(
        title="Targets and their rollouts", function_arn=widget.function_arn, width=24, height=20, update_on_resize=False
    )


def _own_metric(name: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=naming.METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": naming.SERVICE},
        statistic="Sum",
        period=FIVE_MINUTES,
    )


def _executions(state_machine: sfn.IStateMachine, ending: str) -> cloudwatch.Metric:
    return state_machine.metric(f"Executions{ending}", statistic="Sum", label=ending)


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int = 8) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=width)
