"""What is measured of a target and who hears of it: metric filters, alarms, the rule for them, the dashboard of both arms.

Which filters and alarms there are, and what they read, is data of the rules, applied here as it is. The alarms have no action
of their own: a look reads them, and the rule has a parked target's alarm heard at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from canary.edge.fields import LONGEST_ALARM
from canary.rules.targets.access_log import MOST_FILTERS, metric_filters
from canary.rules.targets.alarms import target_alarms
from canary_cdk import naming
from canary_cdk.functions import LISTENER
from canary_cdk.permissions import readable
from canary_cdk.triggers import LISTENER_PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary.rules.targets.target import Target

ALARM_TYPE = "AWS::CloudWatch::Alarm"

ROOM_FOR_NAMES = 1_900
"""Of the 2,048 characters of an event pattern; its other words take about a hundred (docs/aws.md#event-patterns)."""


class LongAlarmError(ValueError):
    """The app's fault: no rule could hear an alarm of that name."""


class FullLogGroupError(ValueError):
    """The app's fault: a log group would have more metric filters than CloudWatch Logs takes."""


class TargetWatch(Construct):
    """The filters, alarms and rule of one target."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        if target.stage and target.access_log_group:
            self._count(target, target.access_log_group)
            self._require_room(target, target.access_log_group)
        self._alarm(target)
        names = [*(alarm.name for alarm in target_alarms(target)), *target.alarms]
        for number, fitting in enumerate(_by_pattern(names), start=1):
            self._listen(target, fitting, number)

    def _count(self, target: Target, log_group: str) -> None:
        """Make the filters one after the other: CloudWatch Logs refuses two at once (docs/aws.md#metric-filter-conflicts)."""
        made = [one for one in self._filters_of(log_group) if cdk.Stack.of(one) is cdk.Stack.of(self)]
        for one in metric_filters(target):
            counted = logs.CfnMetricFilter(
                self,
                one.metric,
                filter_name=one.name,
                filter_pattern=one.pattern,
                log_group_name=log_group,
                metric_transformations=[
                    logs.CfnMetricFilter.MetricTransformationProperty(
                        metric_namespace=one.namespace,
                        metric_name=one.metric,
                        metric_value=one.value,
                        default_value=one.default,
                    )
                ],
            )
            if made:
                counted.add_resource_dependency(made[-1])
            made.append(counted)

    def _filters_of(self, log_group: str) -> list[logs.CfnMetricFilter]:
        """The app's metric filters of a log group, whoever made them, in the order of the tree."""
        found = (one for one in self.node.root.node.find_all() if isinstance(one, logs.CfnMetricFilter))
        return [one for one in found if one.log_group_name == log_group]

    def _require_room(self, target: Target, log_group: str) -> None:
        """Refuse what CloudFormation would only find out halfway (docs/aws.md#metric-filter-limits).

        All metric filters of the app count, whoever made them; those of other apps nobody knows here.
        """
        here = self._filters_of(log_group)
        if len(here) > MOST_FILTERS:
            name = readable(cdk.Stack.of(self).resolve(log_group))
            raise FullLogGroupError(
                f"with target {target.name} the log group {name} has {len(here)} metric filters, and CloudWatch Logs takes "
                f"{MOST_FILTERS}; give the stage of a target an access-log group of its own"
            )

    def _alarm(self, target: Target) -> None:
        """PutMetricAlarm's arguments are CloudFormation's properties, so the rules' own are used as they are.

        An id is the alarm's name and not its place in the list: CloudFormation cannot give a new alarm a name still in use.
        """
        tag = {"Key": naming.TARGET_TAG, "Value": target.name}
        for alarm in target_alarms(target):
            named = readable(cdk.Stack.of(self).resolve(alarm.name))
            cdk.CfnResource(self, named, type=ALARM_TYPE, properties={**alarm.put_arguments(), "Tags": [tag]})

    def _listen(self, target: Target, alarms: list[str], number: int) -> None:
        """One rule for these alarms, the only one of most targets."""
        stack, ending = cdk.Stack.of(self), "" if number == 1 else str(number)
        listener = lambda_.Function.from_function_attributes(
            self,
            f"Listener{ending}",
            function_arn=naming.function_arn(stack, naming.function_name(LISTENER)),
            skip_permissions=True,  # the controller lets all targets' rules call it, in one statement
        )
        rule = events.Rule(
            self,
            f"Alarms{ending}",
            rule_name=naming.alarm_rule_name(target.name, number),
            description=f"An alarm of {target.name} fires: if its rollout is parked, it goes back at once",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={"alarmName": alarms, "state": {"value": ["ALARM"]}},
            ),
        )
        rule.add_target(
            targets.LambdaFunction(
                listener,
                dead_letter_queue=sqs.Queue.from_queue_arn(self, f"DeadLetters{ending}", naming.dead_letters_arn(stack)),
                retry_attempts=LISTENER_PATIENCE.retries,
                max_event_age=cdk.Duration.seconds(LISTENER_PATIENCE.seconds),
            )
        )


def _by_pattern(names: Iterable[str]) -> Iterator[list[str]]:
    """The alarms' names in their order, as many together as one event pattern has room for.

    Raises:
        LongAlarmError: a name does not fit alone.

    """
    fitting: list[str] = []
    for name in names:
        if (excess := _written(name) - ROOM_FOR_NAMES) > 0:
            raise LongAlarmError(
                f"the alarm {name!r} takes {excess} characters too many of an event pattern, in which each letter that is not "
                "ASCII takes six or twelve; give it a shorter name"
            )
        if fitting and sum(map(_written, [*fitting, name])) > ROOM_FOR_NAMES:
            yield fitting
            fitting = []
        fitting.append(name)
    if fitting:
        yield fitting


def _written(name: str) -> int:
    """The characters of a name in a pattern, at most: one that only CloudFormation knows is as long as a name may be.

    In JSON that escapes all but ASCII, which no way of writing exceeds, with its quotes, a comma and a space.
    """
    text = "x" * LONGEST_ALARM if cdk.Token.is_unresolved(name) else name
    return len(json.dumps(text)) + 2
