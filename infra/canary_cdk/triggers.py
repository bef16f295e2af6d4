"""What starts the guard and the sweeper, and where events go that could not be delivered or handled.

Decides how often and for how long AWS retries. This module does not know what a function does with its event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from canary_cdk import naming
from canary_cdk.permissions import allow
from canary_cdk.reasons import acknowledge_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_stepfunctions as sfn

    from canary_cdk.functions import TaskFunction

ENDED_BADLY = ["FAILED", "TIMED_OUT", "ABORTED"]
SWEEP_MINUTES = 1
HOUR_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and for how many seconds, AWS retries an event for a function."""

    retries: int
    seconds: int


GUARD_PATIENCE = Patience(2, 6 * HOUR_SECONDS)
"""The guard acts on a rollout only while the failed execution owns it, so a late call does no harm."""

SWEEPER_PATIENCE = Patience(0, 60)
"""The next minute brings the next sweep."""

KEEPER_PATIENCE = Patience(2, 6 * HOUR_SECONDS)
"""A report is the same whenever it is made."""

LISTENER_PATIENCE = MESSENGER_PATIENCE = Patience(2, HOUR_SECONDS)


def dead_letters(scope: Construct) -> sqs.Queue:
    """The queue for events of the controller's own rules and of the targets' rules (docs/aws.md#confused-deputy)."""
    stack = cdk.Stack.of(scope)
    queue = undelivered_queue(scope, "DeadLetters", naming.DEAD_LETTERS)
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="RulesOfTargets",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={
                "ArnLike": {"aws:SourceArn": naming.alarm_rules_arn(stack)},
                "StringEquals": {"aws:SourceAccount": stack.account},
            },
        )
    )
    return queue


def undelivered_queue(scope: Construct, construct_id: str, name: str) -> sqs.Queue:
    """A queue for what could not be delivered or handled, kept for two weeks."""
    queue = sqs.Queue(
        scope,
        construct_id,
        queue_name=name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
    )
    acknowledge_rule(queue, "AwsSolutions-SQS3")
    return queue


class Triggers(Construct):
    """The rules that start guard and sweeper."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: sfn.IStateMachine,
        guard: TaskFunction,
        sweeper: TaskFunction,
        queue: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        failed = events.Rule(
            self,
            "FailedExecutions",
            rule_name="canary-failed-executions",
            description="An execution that ended badly may have left its target unsafe: the guard checks it",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"status": ENDED_BADLY, "stateMachineArn": [state_machine.state_machine_arn]},
            ),
        )
        failed.add_target(aim(guard.function, queue, GUARD_PATIENCE))
        minutes = events.Rule(
            self,
            "EveryMinute",
            rule_name="canary-every-minute",
            description="The sweeper finds what events missed, and continues where a pass had to wait",
            schedule=events.Schedule.rate(cdk.Duration.minutes(SWEEP_MINUTES)),
        )
        minutes.add_target(aim(sweeper.function, queue, SWEEPER_PATIENCE))


def hear_alarms(listener: TaskFunction) -> None:
    """Let the rules of all targets call the listener, in one statement: a function's policy has no room for one per target."""
    stack = cdk.Stack.of(listener)
    listener.function.add_permission(
        "RulesOfTargets",
        principal=iam.ServicePrincipal("events.amazonaws.com"),
        source_arn=naming.alarm_rules_arn(stack),
        source_account=stack.account,
    )


def hand_over_failures(functions: Mapping[TaskFunction, Patience], queue: sqs.IQueue) -> None:
    """Send every asynchronous event on which a function failed to the queue, once Lambda's own retries are used up."""
    for task, patience in functions.items():
        allow(task.role, "sqs:SendMessage", queue.queue_arn)
        configuration = lambda_.CfnEventInvokeConfig(
            task,
            "Events",
            function_name=task.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=patience.retries,
            maximum_event_age_in_seconds=patience.seconds,
            destination_config={"onFailure": {"destination": queue.queue_arn}},
        )
        configuration.node.add_dependency(task.role)


def aim(function: lambda_.IFunction, queue: sqs.IQueue, patience: Patience) -> targets.LambdaFunction:
    """The function as a rule's target; events that cannot be delivered to it go to the queue."""
    return targets.LambdaFunction(
        function,
        dead_letter_queue=queue,
        retry_attempts=patience.retries,
        max_event_age=cdk.Duration.seconds(patience.seconds),
    )
