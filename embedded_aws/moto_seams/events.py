"""moto's EventBridge: rules stay in moto; their targets and schedules run on the clock (`embedded_aws.events.bus`).

moto matches patterns, and `embedded_aws.events.patterns` checks them first, because moto accepts many that EventBridge refuses.
moto's rules have no Lambda and no SNS targets, fail on a queue when an AWS service's event arrives, fire when they are
disabled, and match every event if they have only a schedule. All of that is fixed here. Other targets stay as in moto.
"""

from __future__ import annotations

import copy
import json
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import events_backends
from moto.events.utils import EventTemplateParser

from embedded_aws.events import patterns as event_patterns
from embedded_aws.events.bus import EventBus, Schedule, Target, iso_seconds
from embedded_aws.events.deliveries import can_receive
from embedded_aws.events.patterns import EventPatternError
from embedded_aws.events.schedules import ScheduleError
from embedded_aws.moto_seams.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_BACKEND = "moto.events.models.EventsBackend"
_DEFAULT_BUS = "default"


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def events(self) -> EventBus:
        """Deliveries."""

    @property
    def account(self) -> str:
        """The account's number."""

    @property
    def region(self) -> str:
        """The Region."""


def install(aws: Aws) -> None:
    """Make the rules of moto's EventBridge deliver through ``aws``."""
    aws.events.publish = partial(_publish, aws)
    aws.events.find_schedule = partial(_find_schedule, aws)
    for name, replacement in _METHODS.items():
        wrap(name, aws, replacement)


def _rules(aws: Aws) -> dict[str, Any]:
    rules: dict[str, Any] = events_backends[aws.account][aws.region].event_buses[_DEFAULT_BUS].rules
    return rules


def _publish(aws: Aws, event: dict[str, Any]) -> None:
    for rule in list(_rules(aws).values()):
        rule.send_to_targets(event)


def _find_schedule(aws: Aws, name: str) -> Schedule | None:
    """The rule's schedule, if it still has one; a disabled rule has no targets."""
    rule = _rules(aws).get(name)
    if rule is None or not rule.scheduled_expression:
        return None
    targets: list[tuple[Target, Callable[[dict[str, Any]], object]]] = []
    if rule.state == "ENABLED":
        targets = [(_target(rule, each), partial(_input, each)) for each in rule.targets if can_receive(each["Arn"])]
    return Schedule(rule.scheduled_expression, rule.arn, targets)


def _send_to_targets(
    original: Callable[..., None],
    aws: Aws,
    rule: Any,  # noqa: ANN401 - moto's
    event: dict[str, Any],
    transform_input: bool = True,  # noqa: FBT001, FBT002 - moto's signature
) -> None:
    pattern = rule.event_pattern
    if rule.state != "ENABLED" or not pattern.get_pattern() or not pattern.matches_event(event):
        return
    for target in rule.targets:
        if can_receive(target["Arn"]):
            aws.events.send(_target(rule, target), _input(target, _delivered(event)))
    others = copy.copy(rule)
    others.targets = [target for target in rule.targets if not can_receive(target["Arn"])]
    if others.targets:
        original(others, _as_motos_own(event), transform_input)


def _put_rule(original: Callable[..., Any], aws: Aws, backend: Any, name: str, **options: Any) -> Any:  # noqa: ANN401
    if pattern := options.get("event_pattern"):
        _check_pattern(name, pattern)
    expression = options.get("scheduled_expression")
    bus = backend._normalize_event_bus_arn(options.get("event_bus_arn"))  # noqa: SLF001 - a seam
    if expression and bus == _DEFAULT_BUS:
        known = _rules(aws).get(name)
        if known is None or known.scheduled_expression != expression:
            _schedule(aws, name, expression)
    return original(backend, name, **options)


def _check_pattern(rule: str, pattern: str) -> None:
    if len(pattern) > event_patterns.LONGEST:
        raise ValidationException(
            f"1 validation error detected: Value '{pattern}' at 'eventPattern' failed to satisfy constraint: "
            f"Member must have length less than or equal to {event_patterns.LONGEST}"
        )
    if len(pattern) > event_patterns.LIMIT:
        raise ValidationException(f"Parameter EventPattern for rule {rule} exceeds limit of {event_patterns.LIMIT}.")
    try:
        event_patterns.check_pattern(pattern)
    except EventPatternError as error:
        raise InvalidEventPatternException(str(error)) from error


def _schedule(aws: Aws, name: str, expression: str) -> None:
    try:
        aws.events.schedule(name, expression)
    except ScheduleError as error:
        raise ValidationException("Parameter ScheduleExpression is not valid.") from error


def _target(rule: Any, target: dict[str, Any]) -> Target:  # noqa: ANN401 - moto's
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    return Target(target["Arn"], rule.arn, queue, target.get("SqsParameters", {}).get("MessageGroupId"))


def _delivered(event: dict[str, Any]) -> dict[str, Any]:
    """The event as targets get it; moto keeps some times as numbers, and one field for itself."""
    shown = {key: value for key, value in event.items() if key != "ingestion-time"}
    if isinstance(shown["time"], int | float):
        shown["time"] = iso_seconds(shown["time"])
    return shown


def _as_motos_own(event: dict[str, Any]) -> dict[str, Any]:
    """An event in the form in which moto keeps those put by calls; events of AWS's services already have their final form."""
    time = event["time"]
    second = datetime.fromisoformat(time).timestamp() if isinstance(time, str) else time
    return {"ingestion-time": second, **event, "time": second}


def _input(target: dict[str, Any], event: dict[str, Any]) -> object:
    """The input with which the target is invoked."""
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        return _at_path(event, target["InputPath"])
    if transformer := target.get("InputTransformer"):
        with_ingestion = {**event, "ingestion-time": event["time"]}
        return EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), with_ingestion)
    return copy.deepcopy(event)


def _at_path(event: dict[str, Any], path: str) -> object:
    value: Any = event
    for name in path.removeprefix("$").split(".")[1:]:
        value = value.get(name) if isinstance(value, dict) else None
    return copy.deepcopy(value)


_METHODS: dict[str, Callable[..., Any]] = {
    "moto.events.models.Rule.send_to_targets": _send_to_targets,
    f"{_BACKEND}.put_rule": _put_rule,
}
HOOKS = [*_METHODS]
