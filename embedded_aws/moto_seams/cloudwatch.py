"""moto's CloudWatch: metrics and alarms answer from the embedded AWS; dashboards and insight rules stay in moto.

moto reads and writes the query and JSON protocols. It does not know RPC v2 CBOR, which gets its own route to the same
operations. HOOKS lists every name of moto that is replaced and ADDITIONS every name that is added. A test uses both to
notice when moto moves a name or gets one of its own.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from moto.cloudwatch import urls
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model

from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.cloudwatch.metrics_api import CloudWatch
from embedded_aws.cloudwatch.operations import Operation, cloudwatch_operations
from embedded_aws.moto_seams.cloudwatch_wire import FORM, Refusal, read_cbor, refusal, write_cbor, write_refusal
from embedded_aws.wire.refusal import NotBuiltError, RefusalError
from embedded_aws.wire.throttles import ThrottledError, Throttles
from embedded_aws.wire.unknowns import NotRecorded

SERVICE = "cloudwatch"
_RESPONSE = "moto.cloudwatch.responses.CloudWatchResponse"
_HTTP_NOT_IMPLEMENTED = 501
_CBOR_PATH = "{0}/service/GraniteServiceVersion20100801/operation/(?P<operation>[A-Za-z]+)$"

_REPLACED = (
    "delete_alarms",
    "describe_alarms",
    "describe_alarms_for_metric",
    "disable_alarm_actions",
    "enable_alarm_actions",
    "get_metric_data",
    "get_metric_statistics",
    "list_metrics",
    "list_tags_for_resource",
    "put_metric_alarm",
    "put_metric_data",
    "set_alarm_state",
    "tag_resource",
    "untag_resource",
)
_ADDED = ("describe_alarm_history", "put_composite_alarm")
HOOKS = [*(f"{_RESPONSE}.{name}" for name in _REPLACED), "moto.cloudwatch.urls.url_paths"]
ADDITIONS = [f"{_RESPONSE}.{name}" for name in _ADDED]

REFUSALS = (RefusalError, NotBuiltError, NotRecorded, ThrottledError)
"""The exceptions that become an error answer."""

Answer = tuple[int, dict[str, Any], str | bytes]


class Clock(Protocol):
    """The embedded AWS's clock."""

    def now(self) -> float:
        """The time in epoch seconds."""


class Aws(Protocol):
    """What this seam needs from the embedded AWS; also `throttles` and `unknowns`, if it has them."""

    @property
    def metrics(self) -> MetricStore:
        """The store of all metrics."""

    @property
    def alarms(self) -> Alarms:
        """The alarms."""

    @property
    def clock(self) -> Clock:
        """The simulated time."""


def install(aws: Aws) -> Callable[[], None]:
    """Make moto's CloudWatch answer from `aws`; returns a function that restores moto."""
    throttles = getattr(aws, "throttles", None)
    cloudwatch = CloudWatch(aws.metrics, aws.clock.now, getattr(aws, "unknowns", None))
    operations = {
        name: _guarded(name, perform, throttles) for name, perform in cloudwatch_operations(cloudwatch, aws.alarms).items()
    }
    before = {name: vars(CloudWatchResponse).get(name) for name in (*_REPLACED, *_ADDED)}
    for operation, perform in operations.items():
        name = camelcase_to_underscores(operation)
        setattr(CloudWatchResponse, name, _as_action(perform, before[name]))
    urls.url_paths[_CBOR_PATH] = _cbor_route(operations)

    def uninstall() -> None:
        urls.url_paths.pop(_CBOR_PATH, None)
        for name, own in before.items():
            delattr(CloudWatchResponse, name) if own is None else setattr(CloudWatchResponse, name, own)

    return uninstall


def _guarded(operation: str, perform: Operation, throttles: Throttles | None) -> Operation:
    """The operation behind the throttle and the check for required parameters."""
    required: list[str] = get_service_model(SERVICE).operation_model(operation).input_shape.required_members

    def guarded(request: Mapping[str, Any]) -> Mapping[str, Any]:
        if throttles is not None and throttles.is_on(SERVICE):
            throttles.admit(SERVICE, operation)
        for name in required:
            if request.get(name) is None:
                raise RefusalError("MissingParameter", f"The parameter {name} is required.")
        return perform(request) or {}

    return guarded


def _as_action(perform: Operation, own: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """The operation as a method of moto; the tags of insight rules are left to moto's own."""

    def action(response: Any) -> Any:  # noqa: ANN401 (moto is untyped here)
        request = response._get_params()  # noqa: SLF001 (moto has no other name for it)
        if own is not None and ":insight-rule/" in request.get("ResourceARN", ""):
            return own(response)
        try:
            result = perform(request)
        except REFUSALS as error:
            return _with_status(*write_refusal(_refusal_of(error), response.headers))
        if response.headers.get("Content-Type", "").startswith(FORM):
            return ActionResult(result)
        headers = {"Content-Type": response.headers.get("Content-Type") or "application/x-amz-json-1.0"}
        return _with_status(200, headers, json.dumps(result, default=_epoch))

    return action


def _cbor_route(operations: Mapping[str, Operation]) -> Callable[..., Answer]:
    """The function that answers RPC v2 CBOR requests; the operation is the last part of the path."""

    def answer_cbor(request: Any, *_: object) -> Answer:  # noqa: ANN401 (moto's own type)
        operation = request.path.rpartition("/")[2]
        body = gzip.decompress(request.data) if request.content_encoding == "gzip" else request.data
        try:
            if operation not in operations:
                raise NotBuiltError(f"{operation} is not built for RPC v2 CBOR; use a client that speaks JSON")
            result = operations[operation](read_cbor(body)) or {}
        except REFUSALS as error:
            return write_refusal(_refusal_of(error), request.headers)
        return write_cbor(result, get_service_model(SERVICE).operation_model(operation))

    return answer_cbor


def _refusal_of(error: Exception) -> Refusal:
    match error:
        case RefusalError():
            return refusal(error.code, error.message)
        case ThrottledError():
            return refusal("Throttling", "Rate exceeded")
        case NotBuiltError():
            return Refusal("NotBuilt", str(error), _HTTP_NOT_IMPLEMENTED)
        case _:
            return Refusal("NotRecorded", str(error), _HTTP_NOT_IMPLEMENTED)


def _with_status(status: int, headers: dict[str, str], body: str | bytes) -> Answer:
    """An answer in moto's form, which takes the status from the headers."""
    return status, {**headers, "status": status}, body


def _epoch(moment: object) -> float:
    """A datetime as the JSON protocol writes it."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    raise TypeError(f"{moment!r} cannot be part of an answer")
