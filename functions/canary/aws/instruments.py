"""Reads at each look what counts the requests: the stage's access log from GetStage's answer, and the metric filters.

It reads all filters of the log group, because a filter with any name may count into the target's metrics. Up to fifty filters
fit on one page and take one call, more take two (docs/aws.md#metric-filter-limits). A look must not fail because CloudWatch
Logs is busy, so an error that may pass by the next look is ignored.
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
    """What counts the target's requests. `log` is the stage's access log, which a look reads anyway.

    Nothing is read for a target that is not judged on an access log.
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
    """What is wrong with the counting of the target's requests, one sentence each; nothing without a stage."""
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
