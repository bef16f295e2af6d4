"""Every AWS call that a rollout makes, as (task, service, operation), and how each can go wrong.

`test_calls` proves that the lists are complete.
"""

from __future__ import annotations

from embedded_aws.faults.calls import Fault, Mode

PROMOTING = (
    ("CheckDrain", "apigateway", "GetStage"),
    ("CheckDrain", "cloudwatch", "DescribeAlarms"),
    ("CheckDrain", "cloudwatch", "GetMetricData"),
    ("CheckDrain", "dynamodb", "BatchGetItem"),
    ("CheckDrain", "dynamodb", "TransactWriteItems"),
    ("CheckDrain", "lambda", "GetAlias"),
    ("CheckDrain", "logs", "DescribeMetricFilters"),
    ("CheckRelease", "apigateway", "GetAuthorizers"),
    ("CheckRelease", "apigateway", "GetExport"),
    ("CheckRelease", "apigateway", "GetGatewayResponses"),
    ("CheckRelease", "apigateway", "GetModels"),
    ("CheckRelease", "apigateway", "GetRequestValidators"),
    ("CheckRelease", "apigateway", "GetResources"),
    ("CheckRelease", "apigateway", "GetRestApi"),
    ("CheckRelease", "apigateway", "GetStages"),
    ("CheckRelease", "cloudwatch", "DescribeAlarms"),
    ("CheckRelease", "cloudwatch", "GetMetricData"),
    ("CheckRelease", "dynamodb", "BatchGetItem"),
    ("CheckRelease", "lambda", "GetAlias"),
    ("CheckRelease", "lambda", "GetFunctionConfiguration"),
    ("CheckRelease", "lambda", "GetPolicy"),
    ("CheckRelease", "lambda", "ListEventSourceMappings"),
    ("CheckRelease", "lambda", "ListVersionsByFunction"),
    ("CheckRelease", "logs", "DescribeMetricFilters"),
    ("CheckRelease", "ssm", "GetParameter"),
    ("CleanUp", "apigateway", "GetStage"),
    ("CleanUp", "apigateway", "UpdateStage"),
    ("CleanUp", "dynamodb", "BatchGetItem"),
    ("CleanUp", "dynamodb", "TransactWriteItems"),
    ("CleanUp", "events", "PutEvents"),
    ("CleanUp", "lambda", "GetAlias"),
    ("CleanUp", "lambda", "UpdateAlias"),
    ("EvaluateCanary", "apigateway", "GetStage"),
    ("EvaluateCanary", "cloudwatch", "DescribeAlarms"),
    ("EvaluateCanary", "cloudwatch", "GetMetricData"),
    ("EvaluateCanary", "dynamodb", "BatchGetItem"),
    ("EvaluateCanary", "dynamodb", "TransactWriteItems"),
    ("EvaluateCanary", "lambda", "GetAlias"),
    ("EvaluateCanary", "logs", "DescribeMetricFilters"),
    ("FlipStage", "apigateway", "GetStage"),
    ("FlipStage", "apigateway", "UpdateStage"),
    ("FlipStage", "dynamodb", "BatchGetItem"),
    ("FlipStage", "dynamodb", "TransactWriteItems"),
    ("FlipStage", "lambda", "GetAlias"),
    ("MoveBase", "apigateway", "GetStage"),
    ("MoveBase", "dynamodb", "BatchGetItem"),
    ("MoveBase", "dynamodb", "TransactWriteItems"),
    ("MoveBase", "lambda", "GetAlias"),
    ("MoveBase", "lambda", "UpdateAlias"),
    ("PrepareRelease", "apigateway", "CreateDeployment"),
    ("PrepareRelease", "apigateway", "GetAuthorizers"),
    ("PrepareRelease", "apigateway", "GetDeployments"),
    ("PrepareRelease", "apigateway", "GetGatewayResponses"),
    ("PrepareRelease", "apigateway", "GetModels"),
    ("PrepareRelease", "apigateway", "GetRequestValidators"),
    ("PrepareRelease", "apigateway", "GetResources"),
    ("PrepareRelease", "apigateway", "GetRestApi"),
    ("PrepareRelease", "apigateway", "GetStage"),
    ("PrepareRelease", "cloudwatch", "GetMetricData"),
    ("PrepareRelease", "dynamodb", "BatchGetItem"),
    ("PrepareRelease", "dynamodb", "TransactWriteItems"),
    ("PrepareRelease", "lambda", "GetAlias"),
    ("PrepareRelease", "lambda", "UpdateAlias"),
    ("ShiftTraffic", "apigateway", "GetStage"),
    ("ShiftTraffic", "apigateway", "UpdateStage"),
    ("ShiftTraffic", "dynamodb", "BatchGetItem"),
    ("ShiftTraffic", "dynamodb", "TransactWriteItems"),
    ("ShiftTraffic", "events", "PutEvents"),
    ("TakeAllTraffic", "apigateway", "GetStage"),
    ("TakeAllTraffic", "apigateway", "UpdateStage"),
    ("TakeAllTraffic", "dynamodb", "BatchGetItem"),
    ("TakeAllTraffic", "dynamodb", "TransactWriteItems"),
    ("TakeLock", "dynamodb", "BatchGetItem"),
    ("TakeLock", "dynamodb", "TransactWriteItems"),
    ("TakeLock", "events", "PutEvents"),
)
"""The calls of a rollout that is promoted."""

WAITING = (("EvaluateCanary", "events", "PutEvents"),)
"""The calls of a step that waits beyond its bake, because the bake is too short for its traffic."""

PARKING = (
    ("AdvanceRollout", "dynamodb", "BatchGetItem"),
    ("AdvanceRollout", "dynamodb", "TransactWriteItems"),
    ("ParkRollout", "dynamodb", "BatchGetItem"),
    ("ParkRollout", "dynamodb", "TransactWriteItems"),
    ("ParkRollout", "events", "PutEvents"),
)
"""The additional calls of a rollout that is parked between its steps."""

GOING_BACK = (
    ("MakeSafe", "apigateway", "GetStage"),
    ("MakeSafe", "apigateway", "UpdateStage"),
    ("MakeSafe", "dynamodb", "BatchGetItem"),
    ("MakeSafe", "dynamodb", "TransactWriteItems"),
    ("MakeSafe", "events", "PutEvents"),
    ("MakeSafe", "lambda", "GetAlias"),
    ("MakeSafe", "lambda", "UpdateAlias"),
)
"""The additional calls of a rollout that rolls back."""

READS = ("Get", "BatchGet", "Describe", "List")
KINDS = ("refused once", "refused for ten minutes", "killed before", "killed after")


def kinds_of(call: tuple[str, str, str]) -> tuple[str, ...]:
    """How a call goes wrong. Killed after a read, a function leaves what it leaves when it is killed before it."""
    return KINDS[:3] if call[2].startswith(READS) else KINDS


def a_fault(call: tuple[str, str, str], kind: str) -> Fault:
    match kind:
        case "refused once":
            return Fault(*call, Mode.REFUSED, times=1)
        case "refused for ten minutes":
            return Fault(*call, Mode.REFUSED, lasts=600.0)
        case "killed before":
            return Fault(*call, Mode.KILLED_BEFORE, times=1)
        case "killed after":
            return Fault(*call, Mode.KILLED_AFTER, times=1)
    raise ValueError(f"no kind {kind!r}; choose one of {', '.join(KINDS)}")
