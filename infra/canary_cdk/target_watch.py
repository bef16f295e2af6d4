"""What is measured of a target, and who is informed: metric filters, alarms, and the rules for the alarms.

The rules define which filters and alarms there are and what they read; this module applies them unchanged. The alarms have no
actions: looks read them, and the EventBridge rule reports an alarm of a parked target at once.
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
"""How many of an event pattern's 2,048 characters names may use; the rest takes about 100 (docs/aws.md#event-patterns)."""


class LongAlarmError(ValueError):
    """The app's fault: an alarm's name is too long for an event pattern."""


class FullLogGroupError(ValueError):
    """The app's fault: a log group would have more metric filters than CloudWatch Logs accepts."""


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
        """Create the filters one by one: CloudWatch Logs refuses two at the same time (docs/aws.md#metric-filter-conflicts)."""
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
        """All metric filters in the app for a log group, in the order of the construct tree."""
        found = (one for one in self.node.root.node.find_all() if isinstance(one, logs.CfnMetricFilter))
        return [one for one in found if one.log_group_name == log_group]

    def _require_room(self, target: Target, log_group: str) -> None:
        """Refuse what CloudFormation would only notice halfway through a deploy (docs/aws.md#metric-filter-limits).

        All metric filters of the app count, not only ours. Those of other apps are unknown here.
        """
        here = self._filters_of(log_group)
        if len(here) > MOST_FILTERS:
            name = readable(cdk.Stack.of(self).resolve(log_group))
            raise FullLogGroupError(
                f"with target {target.name} the log group {name} has {len(here)} metric filters, and CloudWatch Logs accepts "
                f"{MOST_FILTERS}; give the target's stage its own access-log group"
            )

    def _alarm(self, target: Target) -> None:
        """PutMetricAlarm's arguments are CloudFormation's properties, so those of the rules are used unchanged.

        The construct id is the alarm's name, not its position: CloudFormation cannot give a new alarm a name that is still in
        use.
        """
        tag = {"Key": naming.TARGET_TAG, "Value": target.name}
        for alarm in target_alarms(target):
            named = readable(cdk.Stack.of(self).resolve(alarm.name))
            cdk.CfnResource(self, named, type=ALARM_TYPE, properties={**alarm.put_arguments(), "Tags": [tag]})

    def _listen(self, target: Target, alarms: list[str], number: int) -> None:
        """One rule for these alarms; most targets need only one."""
        stack, ending = cdk.Stack.of(self), "" if number == 1 else str(number)
        listener = lambda_.Function.from_function_attributes(
            self,
            f"Listener{ending}",
            function_arn=naming.function_arn(stack, naming.function_name(LISTENER)),
            skip_permissions=True,  # one statement in the controller lets the rules of all targets call it
        )
        rule = events.Rule(
            self,
            f"Alarms{ending}",
            rule_name=naming.alarm_rule_name(target.name, number),
            description=f"An alarm of {target.name} fires: if its rollout is parked, it is rolled back at once",
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
    """The alarms' names in order, grouped so that each group fits into one event pattern.

    Raises:
        LongAlarmError: a single name does not fit.

    """
    fitting: list[str] = []
    for name in names:
        if (excess := _written(name) - ROOM_FOR_NAMES) > 0:
            raise LongAlarmError(
                f"the alarm {name!r} is {excess} characters too long for an event pattern, in which each letter that is not "
                "ASCII takes six or twelve; give it a shorter name"
            )
        if fitting and sum(map(_written, [*fitting, name])) > ROOM_FOR_NAMES:
            yield fitting
            fitting = []
        fitting.append(name)
    if fitting:
        yield fitting


def _written(name: str) -> int:
    """The most characters that a name takes in a pattern; a name that only CloudFormation knows counts as the longest allowed.

    Counted as JSON that escapes everything except ASCII, the longest form, with its quotes, a comma and a space.
    """
    text = "x" * LONGEST_ALARM if cdk.Token.is_unresolved(name) else name
    return len(json.dumps(text)) + 2
