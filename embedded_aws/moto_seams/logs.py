"""moto's CloudWatch Logs: groups and streams stay in moto; lines and metric filters belong to the embedded AWS.

moto stores metric filters without ever applying them, matches no JSON patterns, runs a small part of the language of Logs
Insights, and has only one class of log groups. Here
every line that moto accepts, and every line that the embedded AWS writes itself, goes through `embedded_aws.logs.ingest`. A
stream is announced to moto with its first line.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from moto.logs.models import LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from embedded_aws.logs.filter_pattern import parse_pattern
from embedded_aws.logs.ingest import CLASSES, STANDARD, LogIngest, event_of
from embedded_aws.logs.insights.definitions import QueryDefinitions
from embedded_aws.logs.insights.queries import Insights, groups_named
from embedded_aws.logs.metric_filters import check_length, constraint_error
from embedded_aws.wire.refusal import NotBuiltError, RefusalError
from embedded_aws.wire.unknowns import NotRecorded, Unknowns

_RESPONSE = "moto.logs.responses.LogsResponse"
_BACKEND = "moto.logs.models.LogsBackend"
_ACTIONS = (
    "delete_metric_filter",
    "describe_metric_filters",
    "describe_queries",
    "filter_log_events",
    "get_log_events",
    "get_query_results",
    "put_metric_filter",
    "start_query",
)
_ADDED = {"stop_query": "stop_query", "test_metric_filter": "match_lines"}
"""The operations that moto lacks, with our name for each."""
_WRAPPED = ("create_log_group", "describe_log_groups", "describe_subscription_filters", "put_subscription_filter")
_METHODS = ("delete_log_group", "put_log_events")
HOOKS = [
    *(f"{_RESPONSE}.{name}" for name in (*_ACTIONS, *_WRAPPED)),
    *(f"{_BACKEND}.{name}" for name in (*_METHODS, "ensure_log_group", "ensure_log_stream")),
]

_ACCOUNT, _REGION = "123456789012", "eu-west-1"
_LONGEST_NAME = 512
_LONGEST_METRIC = 255
_MOST_EVENTS = 10_000
_MOST_FILTERS_A_PAGE = 50
_CHEAP = ("INFREQUENT_ACCESS", "ESSENTIALS")
_TWO_WEEKS = 14 * 86_400
_TWO_HOURS = 7_200
_MILLISECONDS = 1_000

Answer = tuple[int, dict[str, Any], str]
Moto = Any
"""moto is untyped here."""


class Clock(Protocol):
    """The embedded AWS's clock."""

    def now(self) -> float:
        """The time in epoch seconds."""


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def logs(self) -> LogIngest:
        """Lines and metric filters."""

    @property
    def clock(self) -> Clock:
        """The simulated time."""

    @property
    def unknowns(self) -> Unknowns:
        """The questions that no record settles."""


def install(aws: Aws) -> Callable[[], None]:
    """Make moto's CloudWatch Logs answer from `aws`; returns a function that restores moto."""
    insights = Insights(_ACCOUNT, aws.logs.lines_of, aws.clock.now, aws.unknowns)
    calls = _Calls(aws.logs, aws.unknowns, insights)
    saved = QueryDefinitions(aws.clock.now)
    before = [(LogsResponse, name, getattr(LogsResponse, name)) for name in (*_ACTIONS, *_WRAPPED)]
    saving = {
        "delete_query_definition": saved.delete,
        "describe_query_definitions": saved.describe,
        "put_query_definition": saved.put,
    }
    added = {name: getattr(LogsResponse, name, None) for name in (*_ADDED, *saving)}
    before += [(LogsBackend, name, getattr(LogsBackend, name)) for name in _METHODS]
    for name in (*_ACTIONS, *_ADDED):
        setattr(LogsResponse, name, _as_action(getattr(calls, _ADDED.get(name, name))))
    for name, perform in saving.items():
        setattr(LogsResponse, name, _as_action(_beside_moto(perform)))
    LogsResponse.create_log_group = _creating(LogsResponse.create_log_group, aws.logs)
    LogsResponse.describe_log_groups = _with_classes(LogsResponse.describe_log_groups, aws.logs)
    for name in ("describe_subscription_filters", "put_subscription_filter"):
        setattr(LogsResponse, name, _for_standard_groups(getattr(LogsResponse, name), aws.logs))
    LogsBackend.delete_log_group = _forgetting(LogsBackend.delete_log_group, aws.logs)
    LogsBackend.put_log_events = _ingesting(LogsBackend.put_log_events, aws)
    aws.logs.on_new_stream = _announce

    def uninstall() -> None:
        aws.logs.on_new_stream = None
        for owner, name, own in before:
            setattr(owner, name, own)
        for name, own in added.items():
            if own is None:
                delattr(LogsResponse, name)
            else:
                setattr(LogsResponse, name, own)

    return uninstall


def _beside_moto(perform: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[[Moto, Mapping[str, Any]], dict[str, Any]]:
    return lambda _backend, request: perform(request)


def has_group(name: str) -> bool:
    """Whether a log group with this name exists."""
    return name in logs_backends[_ACCOUNT][_REGION].groups


def _announce(group: str, stream: str) -> None:
    """Announce a stream of the embedded AWS to moto, which describes streams."""
    backend = logs_backends[_ACCOUNT][_REGION]
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)


def _forgetting(own: Callable[..., Any], logs: LogIngest) -> Callable[..., Any]:
    def delete_log_group(backend: Moto, log_group_name: str) -> None:
        own(backend, log_group_name)
        logs.forget_group(log_group_name)

    return delete_log_group


def _ingesting(own: Callable[..., Any], aws: Aws) -> Callable[..., Any]:
    def put_log_events(
        backend: Moto, log_group_name: str, log_stream_name: str, log_events: Sequence[Mapping[str, Any]]
    ) -> Any:  # noqa: ANN401 (whatever moto answers)
        answered = own(backend, log_group_name, log_stream_name, log_events)
        now = aws.clock.now()
        lines = [(event["timestamp"] / _MILLISECONDS, event["message"]) for event in log_events]
        taken = [(at, line) for at, line in lines if now - _TWO_WEEKS <= at <= now + _TWO_HOURS]
        aws.logs.put_events(log_group_name, taken, stream=log_stream_name)
        return answered

    return put_log_events


def _creating(own: Callable[[Moto], str], logs: LogIngest) -> Callable[[Moto], str | Answer]:
    def create_log_group(response: Moto) -> str | Answer:
        request = json.loads(response.body)
        log_class = request.get("logGroupClass") or STANDARD
        if log_class not in CLASSES:
            return _refuse(
                constraint_error("logGroupClass", log_class, f"Member must satisfy enum value set: [{', '.join(CLASSES)}]")
            )
        answered = own(response)
        logs.create_group(request["logGroupName"], log_class)
        return answered

    return create_log_group


def _with_classes(own: Callable[[Moto], str], logs: LogIngest) -> Callable[[Moto], str]:
    """The list of groups with their classes, or of one class's groups; one cheap class stands for both."""

    def describe_log_groups(response: Moto) -> str:
        wanted = json.loads(response.body or "{}").get("logGroupClass")
        classes = CLASSES if wanted is None else _CHEAP if wanted in _CHEAP else (wanted,)
        answered = json.loads(own(response))
        groups = [{**one, "logGroupClass": logs.class_of(one["logGroupName"])} for one in answered["logGroups"]]
        return json.dumps({**answered, "logGroups": [one for one in groups if one["logGroupClass"] in classes]})

    return describe_log_groups


def _for_standard_groups(own: Callable[[Moto], str], logs: LogIngest) -> Callable[[Moto], str | Answer]:
    def action(response: Moto) -> str | Answer:
        try:
            logs.expect_standard(json.loads(response.body)["logGroupName"])
        except RefusalError as error:
            return _refuse(error)
        return own(response)

    return action


class _Calls:
    """The operations under moto's names for them; each gets moto's backend, which knows groups and streams."""

    def __init__(self, logs: LogIngest, unknowns: Unknowns, insights: Insights) -> None:
        self._logs = logs
        self._unknowns = unknowns
        self._insights = insights

    def put_metric_filter(self, backend: Moto, request: Mapping[str, Any]) -> None:
        _group_of(backend, request)
        self._logs.put_metric_filter(request)

    def delete_metric_filter(self, backend: Moto, request: Mapping[str, Any]) -> None:
        check_length("filterName", request["filterName"], _LONGEST_NAME)
        self._logs.delete_metric_filter(_group_of(backend, request), request["filterName"])

    def describe_metric_filters(self, backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        check_length("filterNamePrefix", request.get("filterNamePrefix") or "", _LONGEST_NAME)
        check_length("metricName", request.get("metricName") or "", _LONGEST_METRIC)
        _check_limit(request, _MOST_FILTERS_A_PAGE)
        if request.get("logGroupName"):
            _group_of(backend, request)
        return self._logs.describe_metric_filters(request)

    def match_lines(self, _backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        """TestMetricFilter: the lines that a pattern matches, counted from 1. The values that it extracts are not built."""
        text: str = request["filterPattern"]
        pattern = parse_pattern(text)
        if "!=" in text and self._unknowns.ask("metric-filter-patterns") == "otherwise":
            return {"matches": []}
        lines = enumerate(request["logEventMessages"], start=1)
        found = [(number, line) for number, line in lines if pattern.matches(line, event_of(line))]
        return {"matches": [{"eventNumber": number, "eventMessage": line} for number, line in found]}

    def filter_log_events(self, backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        _check_limit(request, _MOST_EVENTS)
        group = _group_of(backend, request)
        self._logs.expect_standard(group)
        return self._logs.filter_log_events({**request, "logGroupName": group})

    def get_log_events(self, backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        _check_limit(request, _MOST_EVENTS)
        group = _group_of(backend, request)
        self._logs.expect_standard(group)
        if request["logStreamName"] not in backend.groups[group].streams:
            raise RefusalError("ResourceNotFoundException", "The specified log stream does not exist.")
        return self._logs.get_log_events({**request, "logGroupName": group})

    def start_query(self, backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        groups = groups_named(request)
        for group in groups:
            if group not in backend.groups:
                message = f"Log group '{group}' does not exist for account ID '{_ACCOUNT}'"
                raise RefusalError("ResourceNotFoundException", message)
            if self._logs.class_of(group) != STANDARD:
                raise NotBuiltError("queries of log groups that are not of the standard class are not built")
        return self._insights.start(request, groups)

    def describe_queries(self, _backend: Moto, _request: Mapping[str, Any]) -> dict[str, Any]:
        raise NotBuiltError("the list of queries is not built; ask for the results of each")

    def get_query_results(self, _backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._insights.results(request)

    def stop_query(self, _backend: Moto, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._insights.stop(request)


def _group_of(backend: Moto, request: Mapping[str, Any]) -> str:
    """The name of the group in a request, given as a name or as an ARN."""
    given: str = request.get("logGroupName") or request.get("logGroupIdentifier") or ""
    name = given.partition(":log-group:")[2].removesuffix(":*") if given.startswith("arn:") else given
    if len(name) > _LONGEST_NAME:
        raise RefusalError(
            "InvalidParameterException",
            f"Invalid LogGroup or LogStream, both must have length less than or equal to {_LONGEST_NAME}.",
        )
    if name not in backend.groups:
        raise RefusalError("ResourceNotFoundException", "The specified log group does not exist.")
    return name


def _check_limit(request: Mapping[str, Any], most: int) -> None:
    limit = request.get("limit")
    if limit is not None and not 1 <= limit <= most:
        bound = f"less than or equal to {most}" if limit > most else "greater than or equal to 1"
        raise constraint_error("limit", str(limit), f"Member must have value {bound}")


def _as_action(perform: Callable[[Moto, Mapping[str, Any]], Mapping[str, Any] | None]) -> Callable[[Moto], Answer]:
    """The operation as a method of moto."""

    def action(response: Moto) -> Answer:
        try:
            result = perform(response.logs_backend, json.loads(response.body))
        except RefusalError as error:
            return _refuse(error)
        except NotBuiltError as error:
            return _answer(501, {"__type": "NotBuilt", "message": str(error)})
        except NotRecorded as error:
            return _answer(501, {"__type": "NotRecorded", "message": str(error)})
        return _answer(200, result or {})

    return action


def _refuse(error: RefusalError) -> Answer:
    return _answer(400, {"__type": error.code, "message": error.message})


def _answer(status: int, body: Mapping[str, Any]) -> Answer:
    """An answer in moto's form, which takes the status from the headers."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "status": status}
    return status, headers, json.dumps(body)
