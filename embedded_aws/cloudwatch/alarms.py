"""CloudWatch alarms: stores them, evaluates them every minute, and reports their state changes.

Decides when a state changes. `embedded_aws/cloudwatch/alarm_rules.py` and `embedded_aws/cloudwatch/composite_rules.py` decide
which state follows from the data, `embedded_aws/cloudwatch/alarm_actions.py` runs the actions, and
`embedded_aws/cloudwatch/alarm_answers.py` answers the operations that only show alarms.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from embedded_aws.cloudwatch.alarm_configuration import MetricRule, parse_metric_alarm
from embedded_aws.cloudwatch.alarm_evaluation import evaluate_rule, is_due, sample_counts
from embedded_aws.cloudwatch.alarm_reasons import (
    composite_reason,
    composite_reason_data,
    first_composite_reason,
    metric_reason,
    metric_reason_data,
)
from embedded_aws.cloudwatch.alarm_records import (
    COMPOSITE,
    Alarm,
    Condition,
    HistoryItem,
    StateChange,
    configuration_update,
    first_condition,
    state_update,
)
from embedded_aws.cloudwatch.alarm_rules import State
from embedded_aws.cloudwatch.composite_rules import CompositeRule, RuleError, parse_rule
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.wire.refusal import NotBuiltError, RefusalError, invalid

_HISTORY_ITEMS = 10_000

Listener = Callable[[StateChange], None]


class Alarms:
    """All alarms of the embedded AWS."""

    def __init__(
        self, store: MetricStore, now: Callable[[], float], *, region: str = "eu-west-1", account: str = "123456789012"
    ) -> None:
        self._store = store
        self._now = now
        self._prefix = f"arn:aws:cloudwatch:{region}:{account}:alarm:"
        self._lock = threading.RLock()
        self._alarms: dict[str, Alarm] = {}
        self._history: deque[HistoryItem] = deque(maxlen=_HISTORY_ITEMS)
        self._listeners: list[Listener] = []

    def __iter__(self) -> Iterator[Alarm]:
        """All alarms, sorted by name."""
        with self._lock:
            return iter([self._alarms[name] for name in sorted(self._alarms)])

    def find(self, name_or_arn: str) -> Alarm | None:
        """The alarm of this name or ARN; None if there is none."""
        return self._alarms.get(name_or_arn.removeprefix(self._prefix))

    def history(self) -> list[HistoryItem]:
        """The history of all alarms, oldest first."""
        with self._lock:
            return list(self._history)

    def on_change(self, listener: Listener) -> None:
        """Call ``listener`` after every state change."""
        self._listeners.append(listener)

    def put_metric_alarm(self, request: Mapping[str, Any]) -> None:
        """Create the alarm, or change its configuration; an existing alarm keeps its state."""
        self._put(request, parse_metric_alarm(request))

    def put_composite_alarm(self, request: Mapping[str, Any]) -> None:
        """Create a composite alarm, or change its rule; an existing alarm keeps its state."""
        try:
            rule = parse_rule(request["AlarmRule"])
        except RuleError as error:
            raise invalid(f"AlarmRule must be a valid rule: {error}") from error
        unknown = [child for child in rule.children if self.find(child) is None]
        if unknown:
            raise invalid(f"Could not save the composite alarm as alarms [{', '.join(unknown)}] in the alarm rule do not exist")
        self._put(request, rule)

    def delete_alarms(self, names: Sequence[str]) -> None:
        """Delete the alarms that exist; refused while a composite alarm refers to one of them."""
        with self._lock:
            found = [self._alarms[name] for name in dict.fromkeys(names) if name in self._alarms]
            if sum(alarm.kind == COMPOSITE for alarm in found) > 1:
                raise invalid("Only one composite alarm can be deleted at a time.")
            for alarm in found:
                self._check_unreferenced(alarm, found)
            for alarm in found:
                del self._alarms[alarm.name]
                self._history.append(configuration_update(alarm, "delete", self._now()))

    def set_alarm_state(self, name: str, state: str, reason: str, data: str | None = None) -> None:
        """Set a state by hand; the next evaluation may change it back."""
        if state not in list(State):
            raise invalid(
                f"1 validation error detected: Value '{state}' at 'stateValue' failed to satisfy constraint: "
                "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
            )
        with self._lock:
            alarm = self._alarms.get(name)
            if alarm is None:
                raise RefusalError("ResourceNotFound")
            changes = self._enter(alarm, Condition(State(state), reason, data, self._now()))
            changes += self._settle(changes)
        self._tell(changes)

    def set_evaluation_state(self, name: str, state: str | None) -> None:
        """Put an alarm into `EVALUATION_ERROR`, `EVALUATION_FAILURE` or `PARTIAL_DATA`; None repairs it."""
        with self._lock:
            alarm = self._alarms[name]
            alarm.is_broken = state is not None
            self._mark(alarm, state)

    def enable_actions(self, names: Iterable[str], *, enabled: bool) -> None:
        """Mark the alarms' actions as enabled or disabled."""
        for name in names:
            if name in self._alarms:
                self._alarms[name].actions_enabled = enabled

    def evaluate(self, now: float) -> None:
        """Evaluate every alarm on the data that is visible now; called once a minute."""
        with self._lock:
            changes: list[StateChange] = []
            for alarm in self:
                if isinstance(alarm.rule, MetricRule) and not alarm.is_broken and is_due(alarm.rule, now):
                    changes += self._evaluate(alarm, alarm.rule, now)
            changes += self._settle(changes)
        self._tell(changes)

    def reset(self) -> None:
        """Delete all alarms; the listeners stay."""
        with self._lock:
            self._alarms.clear()
            self._history.clear()

    def _put(self, request: Mapping[str, Any], rule: MetricRule | CompositeRule) -> None:
        name, now = request["AlarmName"], self._now()
        enabled = request.get("ActionsEnabled") is not False
        with self._lock:
            known = self._alarms.get(name)
            if known is None:
                alarm = Alarm(name, self._prefix + name, request, rule, now, first_condition(now), now, now, enabled)
                alarm.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
            elif isinstance(known.rule, type(rule)):
                alarm = replace(known, request=request, rule=rule, configured_at=now, actions_enabled=enabled)
            else:
                raise invalid(f"The alarm {name} already exists and is a {known.kind}.")
            self._alarms[name] = alarm
            self._history.append(configuration_update(alarm, "update" if known else "create", now))

    def _check_unreferenced(self, alarm: Alarm, deleted: Sequence[Alarm]) -> None:
        for other in self:
            if isinstance(other.rule, CompositeRule) and other not in deleted:
                children = [self.find(child) for child in other.rule.children]
                if alarm in children:
                    raise RefusalError(
                        "ResourceConflict", f"Cannot delete {alarm.name} as there are composite alarm(s) depending on it."
                    )

    def _evaluate(self, alarm: Alarm, rule: MetricRule, now: float) -> list[StateChange]:
        old = alarm.condition.state
        try:
            found = evaluate_rule(self._store, rule, now)
        except (RefusalError, NotBuiltError) as error:
            self._mark(alarm, "EVALUATION_ERROR")
            alarm.condition = replace(alarm.condition, reason=str(error))
            return []
        self._mark(alarm, None)
        if found.state in (None, old):
            return []
        data = metric_reason_data(rule, found, sample_counts(self._store, rule, found), now)
        reason = metric_reason(rule, found, old=old, new=found.state)
        return self._enter(alarm, Condition(found.state, reason, data, now))

    def _settle(self, changes: Sequence[StateChange]) -> list[StateChange]:
        """Update composite alarms until none changes any more; alarms in a cycle stop after one round per composite alarm."""
        composites = [(alarm, alarm.rule) for alarm in self if isinstance(alarm.rule, CompositeRule)]
        changed = {change.alarm.arn for change in changes}
        settled: list[StateChange] = []
        for _ in composites:
            fresh = [change for alarm, rule in composites for change in self._follow(alarm, rule, changed)]
            if not fresh:
                break
            settled += fresh
            changed = {change.alarm.arn for change in fresh}
        return settled

    def _follow(self, alarm: Alarm, rule: CompositeRule, changed: set[str]) -> list[StateChange]:
        state = State.ALARM if rule.is_true(self._state_of) else State.OK
        if state is alarm.condition.state:
            return []
        children = [child for name in rule.children if (child := self.find(name))]
        is_first = alarm.condition.state is State.INSUFFICIENT_DATA
        telling = children if is_first else [child for child in children if child.arn in changed] or children
        if is_first or not telling:
            reason = first_composite_reason(alarm.arn, state)
        else:
            last = telling[-1]
            reason = composite_reason(last.arn, last.condition.state, last.condition.at)
        data = composite_reason_data({child.arn: (child.condition.state, child.condition.at) for child in telling})
        return self._enter(alarm, Condition(state, reason, data, self._now()))

    def _state_of(self, name_or_arn: str) -> State:
        alarm = self.find(name_or_arn)
        return alarm.condition.state if alarm else State.INSUFFICIENT_DATA

    def _enter(self, alarm: Alarm, condition: Condition) -> list[StateChange]:
        before, alarm.condition = alarm.condition, condition
        alarm.updated_at = condition.at
        if before.state is condition.state:
            return []
        alarm.transitioned_at = condition.at
        change = StateChange(alarm, before, condition)
        self._history.append(state_update(change))
        return [change]

    def _mark(self, alarm: Alarm, evaluation_state: str | None) -> None:
        if alarm.evaluation_state != evaluation_state:
            alarm.evaluation_state = evaluation_state
            alarm.updated_at = self._now()

    def _tell(self, changes: Iterable[StateChange]) -> None:
        for change in changes:
            for listener in self._listeners:
                listener(change)
