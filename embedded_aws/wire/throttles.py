"""How often AWS lets its control plane be called: token buckets on the simulated clock.

Simulated time stands still while a handler runs, so all its calls come at one instant: what bounds them is the
bucket's size, and it fills again as the clock moves. A rate of "one in five seconds" is a bucket of one, so two such
calls in the same instant are one too many, as two within five seconds are on AWS. Each service is off until switched
on: setting up a sample makes more calls at once than any account could.

The module knows rates, not how a service says no; that is each seam's. Rates: docs/aws.md#control-plane-limits.
"""

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ALL_CALLS = "*"
_ALMOST = 1e-6  # tokens: what rounding of epoch seconds may take from a bucket that is due


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second in the long run, and how many may come at once."""

    per_second: float
    burst: float


def _every(seconds: float) -> Rate:
    return Rate(1 / seconds, 1)


RATES: Final[Mapping[str, Mapping[str, Rate]]] = MappingProxyType(
    {
        "apigateway": MappingProxyType(
            {
                ALL_CALLS: Rate(10, 40),
                "CreateDeployment": _every(5),
                "CreateResource": Rate(5, 5),
                "CreateRestApi": _every(3),
                "DeleteResource": Rate(5, 5),
                "DeleteRestApi": _every(30),
                "GetResources": Rate(2.5, 5),
                "ImportRestApi": _every(3),
                "PutRestApi": _every(1),
                "UpdateAccount": _every(20),
                "UpdateUsagePlan": _every(20),
            }
        ),
        "cloudwatch": MappingProxyType(
            {
                "DeleteAlarms": Rate(3, 3),
                "DescribeAlarms": Rate(9, 9),
                "GetMetricData": Rate(500, 500),
                "ListMetrics": Rate(25, 25),
                "PutCompositeAlarm": Rate(3, 3),
                "PutMetricAlarm": Rate(3, 3),
                "SetAlarmState": Rate(3, 3),
            }
        ),
        "lambda": MappingProxyType({ALL_CALLS: Rate(15, 15), "GetFunction": Rate(100, 100), "GetPolicy": Rate(15, 15)}),
        "states": MappingProxyType(
            {
                "DescribeExecution": Rate(15, 15),
                "ListExecutions": Rate(5, 5),
                "StartExecution": Rate(300, 1300),
                "StopExecution": Rate(200, 200),
            }
        ),
    }
)

APART: Final[Mapping[str, frozenset[str]]] = MappingProxyType({"lambda": frozenset({"GetFunction", "GetPolicy", "Invoke"})})
"""The operations of a service that do not count as calls of its control plane."""


class ThrottledError(Exception):
    """A call that came too soon."""

    def __init__(self, service: str, operation: str, *, retry_after_seconds: int) -> None:
        self.service = service
        self.operation = operation
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{service} {operation} came too soon; call again in {retry_after_seconds} s")


class Throttles:
    """The control-plane throttles of one account and Region."""

    def __init__(self, now: Callable[[], float], *, on: Iterable[str] = ()) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._on: set[str] = set()
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        for service in on:
            self.turn_on(service)

    def turn_on(self, service: str) -> None:
        """From now on this service's rates hold, starting from full buckets."""
        if service not in RATES:
            raise ValueError(f"no rates are known of {service!r}; choose one of {', '.join(RATES)}")
        with self._lock:
            self._on.add(service)
            self._empty(service)

    def turn_off(self, service: str) -> None:
        """Let this service be called as often as anybody likes."""
        with self._lock:
            self._on.discard(service)
            self._empty(service)

    def is_on(self, service: str) -> bool:
        """Whether this service's rates hold at present."""
        return service in self._on

    def admit(self, service: str, operation: str) -> None:
        """Count one call, or raise `ThrottledError` and count nothing."""
        if service not in self._on:
            return
        with self._lock:
            now = self._now()
            buckets = [self._bucket(service, name, now) for name in _counted(service, operation) if name in RATES[service]]
            wait = max((bucket.wait(now) for bucket in buckets), default=0.0)
            if wait > 0:
                raise ThrottledError(service, operation, retry_after_seconds=math.ceil(wait))
            for bucket in buckets:
                bucket.take()

    def reset(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._on.clear()
            self._buckets.clear()

    def _bucket(self, service: str, name: str, now: float) -> "_Bucket":
        return self._buckets.setdefault((service, name), _Bucket(RATES[service][name], now))

    def _empty(self, service: str) -> None:
        for key in [key for key in self._buckets if key[0] == service]:
            del self._buckets[key]


def _counted(service: str, operation: str) -> tuple[str, ...]:
    """The names whose rates a call counts for."""
    return (operation,) if operation in APART.get(service, ()) else (operation, ALL_CALLS)


class _Bucket:
    """One token bucket; full when made."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._filled_at = now

    def wait(self, now: float) -> float:
        """Fill up to now, and the seconds until a call is allowed."""
        gained = max(0.0, now - self._filled_at) * self._rate.per_second
        self._tokens = min(self._rate.burst, self._tokens + gained)
        self._filled_at = now
        missing = 1 - self._tokens
        return 0.0 if missing <= _ALMOST else missing / self._rate.per_second

    def take(self) -> None:
        """Count a call that was allowed."""
        self._tokens = max(0.0, self._tokens - 1)
