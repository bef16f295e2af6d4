"""The tasks of the loop in `bench.lambda_deploy`, as Lambda runs them. Each makes the AWS calls that such a deployment needs.

Health is defined as in the original: no error of the new version in the last minute. No data counts as healthy too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

Json = dict[str, Any]
MINUTE = timedelta(minutes=1)


def plan_weights(event: Json, _context: object) -> Json:
    """The shares (0 to 1) to pass through; the last one is all traffic."""
    return {"weights": [*event["weights"], 1.0]}


def move_weight(event: Json, _context: object) -> Json:
    """Give the new version this share of the alias's traffic."""
    _route(event, {event["version"]: event["weight"]})
    return {"weight": event["weight"]}


def check_health(event: Json, _context: object) -> Json:
    """Whether Lambda counted an error for the new version in the last minute."""
    now = datetime.now(UTC)
    dimensions = {
        "FunctionName": event["function"],
        "Resource": f"{event['function']}:{event['alias']}",
        "ExecutedVersion": event["version"],
    }
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - MINUTE,
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    return {"is_healthy": not any(point["Sum"] for point in answer["Datapoints"])}


def finish(event: Json, _context: object) -> Json:
    """Make the new version the alias's own."""
    _route(event, {}, FunctionVersion=event["version"])
    return {}


def take_back(event: Json, _context: object) -> Json:
    """Give the old version all requests again."""
    _route(event, {})
    return {}


def _route(event: Json, weights: dict[str, float], **more: str) -> None:
    boto3.client("lambda").update_alias(
        FunctionName=event["function"], Name=event["alias"], RoutingConfig={"AdditionalVersionWeights": weights}, **more
    )
