"""Waits out throttling by Lambda and API Gateway: they accept few calls per second, for all callers in the account together.

botocore tries three times and waits a random part of a second in between. Whoever reads forty functions in a row is throttled
again and again (docs/aws.md#control-plane-limits), so some call would fail three times by chance.
"""

from __future__ import annotations

from typing import Any

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
