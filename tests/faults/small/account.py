"""The services of the small AWS, and how botocore's clients reach them without the layers below their methods.

The clients, their paginators and their errors are botocore's own. Their calls come here as dictionaries and are answered
with dictionaries. Calls that the controller never makes are not built, and raise an error that says so.
"""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config

from canary.aws import clients as controllers_clients
from canary.aws import histories
from embedded_aws.faults.caller import running_task
from embedded_aws.faults.calls import Mode
from embedded_aws.wire.errors import denied, throttled
from embedded_aws.wire.unknowns import Unknowns
from tests.faults.small.functions import SmallFunctions
from tests.faults.small.gateway import SmallGateway
from tests.faults.small.refusals import as_error, refuse
from tests.faults.small.settings_history import Setting, SettingsHistory
from tests.faults.small.table import Table
from tests.faults.small.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from embedded_aws.faults.calls import Faults
    from tests.faults.small.clock import SmallClock
    from tests.faults.small.machine import Machine
    from tests.faults.small.sample import Sample

Json = dict[str, Any]
ADDRESS = "http://127.0.0.1:0/small"
REGION = "eu-west-1"
LATENCY_SECONDS = 0.2
"""The longest that a call takes; everything else goes on meanwhile."""

SDK_PAUSES = (0.5, 1.0)
"""botocore's average waits before its second and its third attempt."""

HISTORY_SECONDS = 3600
"""How much of the past has metrics, and is read as base's history. The real controller reads a day."""

ANSWERS = {
    "replace-deployment-under-canary": "accepted",
    "remove-absent-canary": "accepted",
    "remove-absent-override": "accepted",
    "delete-canary-deployment": "accepted",
}
"""The likelier answers to the open questions (`embedded_aws.wire.unknowns`) that edits by others raise."""


class Account:
    """One account with the sample in it. ``notifications`` are what was put on the event bus: when, detail-type, detail.

    ``on_call`` is called before a task's call takes effect, with its service, operation and parameters. ``on_invoke`` is
    called for asynchronous invocations.
    """

    def __init__(self, sample: Sample, clock: SmallClock, faults: Faults, *, seed: int, per_minute: float) -> None:
        self.clock = clock
        self.faults = faults
        self.table = Table(sample.indexes)
        self.notifications: list[tuple[float, str, Json]] = []
        self.parameters = dict(sample.parameters)
        self.filters = {one["filterName"]: one for one in sample.filters}
        self.alarms: dict[str, Json] = {name: {**one, "StateValue": "OK"} for name, one in sample.alarms.items()}
        self.alarm_history: list[tuple[float, str, str]] = []
        self.on_alarm: Callable[[str], None] = lambda _: None
        self.on_invoke: Callable[[str, Json], None] = lambda _function, _event: None
        self.on_call: Callable[[str, str, Json], None] = lambda _service, _operation, _asked: None
        self._rng = random.Random(f"account {seed}")
        self.gateway = SmallGateway(sample, clock.now, Unknowns(ANSWERS), self._rng)
        self.functions = SmallFunctions(sample, self._rng)
        self.history = SettingsHistory(sample.target)
        self.traffic = Traffic(sample.target, self.history, per_minute=per_minute, since=clock.now() - HISTORY_SECONDS)
        self.machine: Machine | None = None
        self._sample = sample
        self._log_filters()
        self.history.add(Setting(clock.now() - HISTORY_SECONDS, self.gateway.stage, self.functions.pointing()))
        self.functions.after_change = self._note_settings
        self.gateway.gateway.settings_changed(lambda *_: self._note_settings())

    def call(self, service: str, operation: str, asked: Json) -> Json:
        """Make one call of a client, with the faults that concern it."""
        if running_task() is None:
            return self._answer(service, operation, asked)
        self.clock.sleep(self._rng.random() * LATENCY_SECONDS)
        answer = self.faults.around(service, operation, partial(self._attempt, service, operation, asked), self)
        self.faults.after_call(service, operation)
        return answer

    def sleep(self, seconds: float) -> None:
        """Make the caller wait."""
        self.clock.sleep(seconds)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run the action after some seconds."""
        self.clock.call_after(seconds, action)

    def _attempt(self, service: str, operation: str, asked: Json) -> Json:
        mode = self.faults.before_call(service, operation)
        for pause in SDK_PAUSES if mode is Mode.THROTTLED else ():
            self.clock.sleep(pause)
            mode = self.faults.before_call(service, operation)
            if mode is not Mode.THROTTLED:
                break
        if mode is not None:
            raise as_error(throttled(service) if mode is Mode.THROTTLED else denied(service, operation), operation)
        self.on_call(service, operation, asked)
        return self._answer(service, operation, asked)

    def _answer(self, service: str, operation: str, asked: Json) -> Json:
        handle = self._services().get(service)
        if handle is None:
            raise NotImplementedError(f"the small AWS has no {service}; build it in {__name__}")
        answer = handle(operation, asked)
        date = format_datetime(datetime.fromtimestamp(self.clock.now(), UTC), usegmt=True)
        return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"date": date}, "RetryAttempts": 0}}

    def _services(self) -> Mapping[str, Callable[[str, Json], Json]]:
        return {
            "apigateway": self.gateway.answer,
            "lambda": self._lambda,
            "dynamodb": self._dynamodb,
            "cloudwatch": self._cloudwatch,
            "events": self._events,
            "logs": self._logs,
            "ssm": self._ssm,
            "stepfunctions": self._stepfunctions,
        }

    def _lambda(self, operation: str, asked: Json) -> Json:
        if operation != "Invoke":
            return self.functions.answer(operation, asked)
        if asked.get("InvocationType") != "Event":
            raise NotImplementedError(f"the small AWS has no synchronous Invoke; build it in {__name__}")
        self.on_invoke(asked["FunctionName"], json.loads(asked.get("Payload", "{}")))
        return {"StatusCode": 202}

    def _dynamodb(self, operation: str, asked: Json) -> Json:
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
        if not hasattr(self.table, name):
            raise _unknown("dynamodb", operation)
        answer: Json = getattr(self.table, name)(asked)
        return answer

    def _events(self, operation: str, asked: Json) -> Json:
        if operation != "PutEvents":
            raise _unknown("events", operation)
        for entry in asked["Entries"]:
            self.notifications.append((self.clock.now(), entry["DetailType"], json.loads(entry["Detail"])))
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "0"} for _ in asked["Entries"]]}

    def _cloudwatch(self, operation: str, asked: Json) -> Json:
        match operation:
            case "GetMetricData":
                self.traffic.advance(self.clock.now())
                return self.traffic.get_metric_data(asked, self.clock.now())
            case "DescribeAlarms":
                named = asked.get("AlarmNames") or self.alarms
                return {"MetricAlarms": [self.alarms[one] for one in named if one in self.alarms], "CompositeAlarms": []}
            case "DescribeAlarmHistory":
                return {"AlarmHistoryItems": [_item(state) for _, state in self._changes(asked)]}
            case "DeleteAlarms":
                for name in asked["AlarmNames"]:
                    self.alarms.pop(name, None)
                return {}
            case "SetAlarmState":
                self._set_alarm(asked["AlarmName"], asked["StateValue"])
                return {}
            case "PutMetricData":
                return {}
            case _:
                raise _unknown("cloudwatch", operation)

    def _changes(self, asked: Json) -> list[tuple[float, str]]:
        since, until = asked["StartDate"].timestamp(), asked["EndDate"].timestamp()
        return [(at, state) for at, name, state in self.alarm_history if name == asked["AlarmName"] and since <= at <= until]

    def _set_alarm(self, name: str, state: str) -> None:
        changed = datetime.fromtimestamp(self.clock.now(), UTC)
        self.alarms[name] = {**self.alarms[name], "StateValue": state, "StateTransitionedTimestamp": changed}
        self.alarm_history.append((self.clock.now(), name, state))
        if state == "ALARM":
            self.on_alarm(name)

    def _logs(self, operation: str, asked: Json) -> Json:
        match operation:
            case "DescribeMetricFilters":
                return {"metricFilters": list(self.filters.values())}
            case "DeleteMetricFilter":
                self.filters.pop(asked["filterName"])
            case "PutMetricFilter":
                self.filters[asked["filterName"]] = asked
            case _:
                raise _unknown("logs", operation)
        self.traffic.advance(self.clock.now())
        self._log_filters()
        return {}

    def _log_filters(self) -> None:
        self.traffic.filters = {each["metricName"] for one in self.filters.values() for each in one["metricTransformations"]}

    def _ssm(self, operation: str, asked: Json) -> Json:
        match operation:
            case "GetParameter" if asked["Name"] in self.parameters:
                return {"Parameter": {"Name": asked["Name"], "Value": self.parameters[asked["Name"]]}}
            case "GetParameter":
                raise refuse(operation, "ParameterNotFound", "")
            case "GetParametersByPath":
                under = {name: text for name, text in self.parameters.items() if name.startswith(asked["Path"])}
                return {"Parameters": [{"Name": name, "Value": text} for name, text in under.items()]}
            case "PutParameter" if asked["Name"] in self.parameters and not asked.get("Overwrite"):
                raise refuse(operation, "ParameterAlreadyExists", "The parameter already exists.")
            case "PutParameter":
                self.parameters[asked["Name"]] = asked["Value"]
            case "DeleteParameter" if asked["Name"] not in self.parameters:
                raise refuse(operation, "ParameterNotFound", "")
            case "DeleteParameter":
                del self.parameters[asked["Name"]]
            case _:
                raise _unknown("ssm", operation)
        return {}

    def _stepfunctions(self, operation: str, asked: Json) -> Json:
        if self.machine is None:
            raise NotImplementedError("the small AWS's account has no state machine; set one first")
        if operation == "StartExecution":
            return {"executionArn": self._start_execution(self.machine, asked)}
        arn = asked.get("executionArn", "")
        if operation != "ListExecutions" and arn not in self.machine.executions:
            raise refuse(operation, "ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        match operation:
            case "DescribeExecution":
                found = self.machine.executions[arn]
                return {"executionArn": arn, "status": found.status, "input": json.dumps(found.given)}
            case "StopExecution":
                self.machine.stop(arn, error=asked.get("error", ""), cause=asked.get("cause", ""))
                return {}
            case "ListExecutions":
                wanted = asked.get("statusFilter")
                listed = [one for one in self.machine.executions.values() if wanted in {None, one.status}]
                return {"executions": [{"executionArn": one.arn, "name": one.name, "status": one.status} for one in listed]}
            case _:
                raise _unknown("stepfunctions", operation)

    @staticmethod
    def _start_execution(machine: Machine, asked: Json) -> str:
        """A name belongs to one execution, which a start with the same input finds while it runs."""
        arn = f"{asked['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{asked['name']}"
        given, known = json.loads(asked["input"]), machine.executions.get(arn)
        if known is None:
            machine.start(arn, given)
        elif not known.is_running or known.given != given:
            raise refuse("StartExecution", "ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return arn

    def _note_settings(self) -> None:
        """Note a change of the stage or an alias; the requests until now are counted under the earlier settings."""
        self.traffic.advance(self.clock.now())
        self.history.add(Setting(self.clock.now(), self.gateway.stage, self.functions.pointing()))


@contextmanager
def reached(account: Account) -> Iterator[None]:
    """While in the block, the controller's clients and `client_of` reach this account."""
    make_api_call, make = BaseClient._make_api_call, controllers_clients._Maker.make
    day = histories.DAY

    def call(client: BaseClient, operation: str, asked: Json) -> Json:
        if client.meta.endpoint_url != ADDRESS:
            answer: Json = make_api_call(client, operation, asked)
            return answer
        return account.call(client.meta.service_model.service_name, operation, asked)

    BaseClient._make_api_call = call
    controllers_clients._Maker.make = lambda _, service: client_of(service)  # type: ignore[method-assign, assignment]
    histories.DAY = HISTORY_SECONDS
    try:
        yield
    finally:
        BaseClient._make_api_call = make_api_call
        controllers_clients._Maker.make = make  # type: ignore[method-assign]
        histories.DAY = day


@cache
def client_of(service: str) -> Any:
    """A client of whichever small account is reachable; cached, because making one takes longer than a run."""
    session = botocore.session.Session()
    session.set_credentials("small", "small")
    return session.create_client(service, region_name=REGION, endpoint_url=ADDRESS, config=Config(retries={"mode": "standard"}))


def _unknown(service: str, operation: str) -> NotImplementedError:
    return NotImplementedError(f"the small AWS has no {service}.{operation}; build it in {__name__}")


def _item(state: str) -> Json:
    return {"HistoryData": json.dumps({"newState": {"stateValue": state}}), "HistoryItemType": "StateUpdate"}
