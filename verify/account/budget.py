"""The maximum that the questions may use, and what that costs.

Prices come from one dated table of list prices (docs/aws.md#prices). Free tiers are not deducted. Costs that stay below a
hundredth of a cent for any choice of questions are left out: control plane calls are free, and log lines stay below a megabyte
or two.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from canary.rules.rollouts.price import MILLION, RATES

if TYPE_CHECKING:
    from collections.abc import Iterable

API_REQUEST = Decimal("3.50") / MILLION
LOG_GIGABYTE = Decimal("0.50")
WEB_ACL_HOUR = Decimal("5.00") / 730
CUSTOM_METRIC_HOUR = Decimal("0.30") / 730
LINE_BYTES = Decimal(1_000)  # of a request in the access log; a canary's line is written twice
MEMORY_GB = 0.125
CALL_SECONDS = 0.1
GIGABYTE = Decimal(10**9)
DEAREST = 2
"""The factor by which a us-east-1 price is multiplied to cover any Region."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits: ``seconds`` of time, ``requests`` to the API of which ``calls`` reach the function, and so on.

    Only ``usual_seconds`` is an estimate and not a limit: the time it takes if no wait is longer than planned.
    """

    seconds: float = 0.0
    usual_seconds: float = 0.0
    requests: int = 0
    calls: int = 0
    lines: int = 0
    metrics: int = 0
    transitions: int = 0
    web_acl_hours: int = 0
    custom_metric_hours: int = 0

    def __add__(self, other: Budget) -> Budget:
        return Budget(
            self.seconds + other.seconds,
            self.usual_seconds + other.usual_seconds,
            self.requests + other.requests,
            self.calls + other.calls,
            self.lines + other.lines,
            self.metrics + other.metrics,
            self.transitions + other.transitions,
            self.web_acl_hours + other.web_acl_hours,
            self.custom_metric_hours + other.custom_metric_hours,
        )

    @property
    def dollars(self) -> Decimal:
        """The list price in us-east-1."""
        call = RATES.lambda_request + RATES.lambda_gb_second * Decimal(repr(MEMORY_GB * CALL_SECONDS))
        return (
            self.requests * API_REQUEST
            + self.calls * call
            + 2 * self.lines * LINE_BYTES / GIGABYTE * LOG_GIGABYTE
            + self.metrics * RATES.metric
            + self.transitions * RATES.transition
            + self.web_acl_hours * WEB_ACL_HOUR
            + self.custom_metric_hours * CUSTOM_METRIC_HOUR
        )


def total(budgets: Iterable[Budget]) -> Budget:
    """The sum of several budgets."""
    return sum(budgets, Budget())
