"""How Lambda's own throttle is waited for: its control plane takes few calls a second, of everybody in the account together.

botocore tries three times, and waits a random part of a second in between. Whoever reads forty functions in a row meets the
throttle again and again (docs/aws.md#control-plane-limits), so some call would be refused three times by chance.
"""

from __future__ import annotations

from typing import Any

MOST_ATTEMPTS = 5
"""Of one call. The two that botocore would not make cost two seconds of a task's minute."""

PAUSE_SECONDS = 1.0
"""After so long as many calls are allowed again as Lambda takes in a second."""


def be_patient(client: Any) -> None:  # noqa: ANN401 - botocore's
    """Have the client of Lambda try a throttled call again where botocore has given up."""
    client.meta.events.register("needs-retry.lambda", wait_for_rate, unique_id="canary-patience")


def wait_for_rate(*, response: tuple[Any, Any] | None, attempts: int, **_: object) -> float | None:
    """The seconds until another attempt, or None for none; botocore's own answer comes before this one."""
    status = response[0].status_code if response else None
    return PAUSE_SECONDS if status == 429 and attempts < MOST_ATTEMPTS else None  # noqa: PLR2004 - too many requests
