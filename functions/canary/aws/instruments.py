"""What counts the requests, read at a look: the stage's access log from GetStage's answer, and the metric filters.

All filters of the log group are read, for one of any name may count into the target's metrics. They take one call where they
fit on one page of fifty, and two at most (docs/aws.md#metric-filter-limits). A look must not fail because CloudWatch Logs is
busy, so an answer that may come the next time makes no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.instruments import SeenFilter, SeenInstruments, expected_instruments, find_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.aws.clients import TargetClients
    from canary.rules.targets.live import AccessLog, LiveStage
    from canary.rules.targets.target import Target

BUSY = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "ServiceUnavailableException",
}
SERVER_ERROR = 500


def read_instruments(clients: TargetClients, target: Target, log: AccessLog) -> SeenInstruments:
    """What counts the target's requests. `log` is the stage's, which a look has read anyway.

    A target that is not judged on an access log has nothing to read.
    """
    if not metric_filters(target):
        return SeenInstruments()
    try:
        filters = _read_filters(clients.logs, target)
    except ClientError as error:
        return SeenInstruments(log.group, log.format, refusal=None if _is_passing(error) else str(error))
    except BotoCoreError:
        return SeenInstruments(log.group, log.format)
    return SeenInstruments(log.group, log.format, filters)


def find_instrument_faults(clients: TargetClients, target: Target, stage: LiveStage | None) -> tuple[str, ...]:
    """What is wrong with what counts the target's requests, one sentence each; nothing without a stage."""
    if stage is None:
        return ()
    return find_faults(expected_instruments(target), read_instruments(clients, target, stage.log))


def _read_filters(client: Any, target: Target) -> dict[str, SeenFilter]:  # noqa: ANN401
    pages = client.get_paginator("describe_metric_filters").paginate(logGroupName=target.access_log_group)
    found = (_seen(one) for page in pages for one in page["metricFilters"])
    return {one.name: one for one in found}


def _seen(answer: Mapping[str, Any]) -> SeenFilter:
    """A filter has exactly one transformation (docs/aws.md#metric-filter-limits)."""
    (transformation,) = answer["metricTransformations"]
    return SeenFilter(
        name=answer["filterName"],
        pattern=answer.get("filterPattern", ""),
        namespace=transformation["metricNamespace"],
        metric=transformation["metricName"],
        value=transformation["metricValue"],
        default=transformation.get("defaultValue"),
        dimensions=(*transformation.get("dimensions", {}), *answer.get("emitSystemFieldDimensions", ())),
    )


def _is_passing(error: ClientError) -> bool:
    """Whether the same call may succeed at the next look."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in BUSY or status >= SERVER_ERROR
