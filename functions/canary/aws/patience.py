"""Waits within a call: until Lambda and API Gateway accept it, and until a query of logs has its answer.

Lambda and API Gateway accept few calls per second, for all callers in the account together. botocore tries three times and
waits a random part of a second in between. Whoever reads forty functions in a row is throttled again and again
(docs/aws.md#control-plane-limits), so some call would fail three times by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ATTEMPTS = 5
"""Attempts per call. The two that botocore would not make cost two seconds of a task's minute."""

PAUSE_SECONDS = 1.0
"""After this many seconds either service again accepts as many calls as it takes in one second."""


PATIENT = {"lambda": "lambda", "apigateway": "api-gateway"}
"""By service, its name in botocore's events."""


def be_patient(client: Any, service: str) -> None:  # noqa: ANN401 - botocore's
    """Have the client of a service in `PATIENT` retry a throttled call after botocore has given up."""
    client.meta.events.register(f"needs-retry.{PATIENT[service]}", wait_for_rate, unique_id="canary-patience")


def wait_for_rate(*, response: tuple[Any, Any] | None, attempts: int, **_: object) -> float | None:
    """The seconds until another attempt, or None for no attempt; botocore's own decision comes first."""
    status = response[0].status_code if response else None
    return PAUSE_SECONDS if status == 429 and attempts < MOST_ATTEMPTS else None  # noqa: PLR2004 - too many requests


LOGS = "logs"
MOST_POLLS = 10
UNFINISHED = frozenset({"Scheduled", "Running"})
"""The states of a query that still runs."""


def await_queries(client: Any) -> None:  # noqa: ANN401 - botocore's
    """Have a client of CloudWatch Logs ask for a query's results until it has ended, for about ten seconds."""
    events = client.meta.events
    events.register("needs-retry.cloudwatch-logs.GetQueryResults", wait_for_query, unique_id="canary-query")


def wait_for_query(
    *,
    response: tuple[Any, Mapping[str, Any]] | None,
    attempts: int,
    **_: object,
) -> float | None:
    """The seconds until the results are asked for again, or None once the query has ended or has taken too long."""
    is_running = response is not None and response[1].get("status") in UNFINISHED
    return PAUSE_SECONDS if is_running and attempts < MOST_POLLS else None
