"""Alarm actions: when an alarm changes state, CloudWatch publishes to the topics that the alarm names for the new state.

CloudWatch publishes under its own service principal, so the topic's policy must allow it. The request carries the alarm's ARN
as its source (docs/aws.md#confused-deputy). Other kinds of actions are stored with the alarm and never run. The policy of the
topic's KMS key is not checked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.cloudwatch.alarm_rules import State
from embedded_aws.events.deliveries import DeliveryError
from embedded_aws.time.timestamps import iso_seconds

if TYPE_CHECKING:
    from embedded_aws.cloudwatch.alarm_records import StateChange
    from embedded_aws.time.clock import Clock

DELIVERY_SECONDS = 1.0
_NAMED = {State.ALARM: "AlarmActions", State.OK: "OKActions", State.INSUFFICIENT_DATA: "InsufficientDataActions"}
_log = logging.getLogger(__name__)


class Topics(Protocol):
    """The SNS topics that alarms publish to."""

    def tell(self, topic: str, message: object, *, alarm: str, subject: str) -> None:
        """Publish an alarm; raises DeliveryError if the topic does not exist or its policy does not allow CloudWatch."""


class AlarmActions:
    """The actions of all alarms in one account and Region."""

    def __init__(self, clock: Clock, topics: Topics) -> None:
        self._clock = clock
        self._topics = topics

    def take(self, change: StateChange) -> None:
        """Handle a state change: publish a little later, unless the alarm's actions are disabled."""
        alarm, state = change.alarm, State(change.after.state)
        named = alarm.request.get(_NAMED[state]) or () if alarm.actions_enabled else ()
        for topic in (one for one in named if one.split(":")[2:3] == ["sns"]):
            self._publish_later(topic, change)

    def _publish_later(self, topic: str, change: StateChange) -> None:
        subject = f'{change.after.state}: "{change.alarm.name}" in {topic.split(":")[3]}'[:100]

        def publish() -> None:
            try:
                self._topics.tell(topic, _message(change), alarm=change.alarm.arn, subject=subject)
            except DeliveryError as refusal:
                _log.warning("alarm %s did not reach %s: %s", change.alarm.name, topic, refusal)

        self._clock.call_at(self._clock.now() + DELIVERY_SECONDS, publish, name=f"alarm for {topic}")


def _message(change: StateChange) -> dict[str, Any]:
    return {
        "AlarmName": change.alarm.name,
        "AlarmDescription": change.alarm.request.get("AlarmDescription"),
        "AlarmArn": change.alarm.arn,
        "AWSAccountId": change.alarm.arn.split(":")[4],
        "NewStateValue": str(change.after.state),
        "NewStateReason": change.after.reason,
        "StateChangeTime": iso_seconds(change.after.at),
        "OldStateValue": str(change.before.state),
    }
