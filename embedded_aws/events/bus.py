"""EventBridge on the clock: events reach the targets of matching rules one second later.

Decides when and how often a target is called. Delivery is best effort (docs/aws.md#status-events), so a test can have an event
delivered twice or never. Scheduled rules fire when their time comes. The seam knows which rules exist and which of them match;
the embedded Lambda handles failed invocations.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from embedded_aws.events.deliveries import DeliveryError
from embedded_aws.events.schedules import parse_schedule

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from embedded_aws.time.clock import Clock

DELIVERY_SECONDS = 1.0
_KEPT_DELIVERIES = 10_000
_TIMES = {"once": 1, "twice": 2, "never": 0}

_log = logging.getLogger(__name__)


class Receivers(Protocol):
    """What receives events."""

    def hand_over(self, target: str, message: object, *, rule: str, message_group: str | None = None) -> None:
        """Deliver an event to a target on behalf of a rule."""

    def bury(self, queue: str, message: object, *, rule: str, reason: str) -> None:
        """Put an event that was not delivered into a dead-letter queue."""


class Target(NamedTuple):
    """Where a rule sends events: the ARN of a function, topic or queue, and the dead-letter queue for events not delivered.

    ``message_group`` is for a FIFO queue.
    """

    arn: str
    rule: str
    dead_letters: str | None = None
    message_group: str | None = None


class Delivery(NamedTuple):
    """One event delivered to a target, and the time."""

    at: float
    target: str
    event: Any


class Schedule(NamedTuple):
    """A scheduled rule's present state: its targets, each with the function that makes the target's input from the event."""

    expression: str
    rule_arn: str
    targets: list[tuple[Target, Callable[[dict[str, Any]], object]]]


class EventBus:
    """The default event bus of one account and Region."""

    def __init__(
        self,
        clock: Clock,
        receivers: Receivers,
        *,
        rng: random.Random,
        account: str,
        region: str,
    ) -> None:
        self.deliver: Literal["once", "twice", "never"] = "once"
        self.deliveries: deque[Delivery] = deque(maxlen=_KEPT_DELIVERIES)
        self.publish: Callable[[dict[str, Any]], None] = lambda _: None
        self.find_schedule: Callable[[str], Schedule | None] = lambda _: None
        self._clock = clock
        self._receivers = receivers
        self._rng = rng
        self._account = account
        self._region = region
        self._generations: dict[str, int] = {}

    def put(self, source: str, detail_type: str, detail: dict[str, Any], resources: Sequence[str] = ()) -> None:
        """Publish an event of an AWS service."""
        self.publish(self._event(source, detail_type, detail, resources))

    def send(self, target: Target, event: object) -> None:
        """Deliver an event that matched a rule to the rule's target."""
        for time in range(_TIMES[self.deliver]):
            self._deliver_after(DELIVERY_SECONDS * (time + 1), target, event)

    def schedule(self, rule: str, expression: str) -> None:
        """Set the rule's schedule; any earlier schedule of the rule ends.

        Raises:
            ScheduleError: EventBridge refuses the expression.
        """
        next_after = parse_schedule(expression)
        generation = self._generations[rule] = self._generations.get(rule, 0) + 1

        def wait() -> None:
            due = next_after(self._clock.now())
            if due is not None:
                self._clock.call_at(due, fire, name=f"rule {rule}")

        def fire() -> None:
            schedule = self.find_schedule(rule)
            if schedule is None or schedule.expression != expression or self._generations[rule] != generation:
                return
            self._fire(schedule)
            wait()

        wait()

    def _fire(self, schedule: Schedule) -> None:
        event = self._event("aws.events", "Scheduled Event", {}, [schedule.rule_arn])
        for target, shape in schedule.targets:
            self._deliver_after(DELIVERY_SECONDS, target, shape(event))

    def _deliver_after(self, seconds: float, target: Target, event: object) -> None:
        def deliver() -> None:
            self.deliveries.append(Delivery(self._clock.now(), target.arn, event))
            try:
                self._receivers.hand_over(target.arn, event, rule=target.rule, message_group=target.message_group)
            except DeliveryError as refusal:
                _log.warning("an event did not reach %s: %s", target.arn, refusal)
                if target.dead_letters:
                    self._receivers.bury(target.dead_letters, event, rule=target.rule, reason=str(refusal))

        self._clock.call_at(self._clock.now() + seconds, deliver, name=f"event for {target.arn}")

    def _event(self, source: str, kind: str, detail: dict[str, Any], resources: Iterable[str]) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            "detail-type": kind,
            "source": source,
            "account": self._account,
            "time": iso_seconds(self._clock.now()),
            "region": self._region,
            "resources": list(resources),
            "detail": detail,
        }


def iso_seconds(moment: float) -> str:
    """An epoch second in EventBridge's time format."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
