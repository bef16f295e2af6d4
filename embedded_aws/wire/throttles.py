"""How often AWS allows calls to its control plane: token buckets on the simulated clock.

Simulated time stands still while a handler runs, so all its calls arrive at one instant. The bucket's size limits them, and
the bucket refills as the clock moves. A rate of "one in five seconds" is a bucket of one: a second call at the same instant
is refused, as on AWS a second call within five seconds is. Every service starts without throttling, because setting up a
sample makes more calls at once than any account could.

The module knows rates, not how a service words a refusal; each seam knows that. Rates: docs/aws.md#control-plane-limits.
"""

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ALL_CALLS = "*"
_ALMOST = 1e-6  # tokens: a bucket that is due may lack this much because epoch seconds are rounded


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls per second in the long run, and how many may arrive at once."""

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
"""A service's operations that do not count as calls of its control plane."""


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
        """Throttle this service from now on, starting with full buckets."""
        if service not in RATES:
            raise ValueError(f"no rates of {service!r} are known; choose one of {', '.join(RATES)}")
        with self._lock:
            self._on.add(service)
            self._empty(service)

    def turn_off(self, service: str) -> None:
        """Stop throttling this service."""
        with self._lock:
            self._on.discard(service)
            self._empty(service)

    def is_on(self, service: str) -> bool:
        """Whether this service is throttled at present."""
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
        """Stop throttling every service."""
        with self._lock:
            self._on.clear()
            self._buckets.clear()

    def _bucket(self, service: str, name: str, now: float) -> "_Bucket":
        return self._buckets.setdefault((service, name), _Bucket(RATES[service][name], now))

    def _empty(self, service: str) -> None:
        for key in [key for key in self._buckets if key[0] == service]:
            del self._buckets[key]


def _counted(service: str, operation: str) -> tuple[str, ...]:
    """The names of the rates that a call counts towards."""
    return (operation,) if operation in APART.get(service, ()) else (operation, ALL_CALLS)


class _Bucket:
    """One token bucket, full when created."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._filled_at = now

    def wait(self, now: float) -> float:
        """Refill up to now; returns the seconds until a call is allowed."""
        gained = max(0.0, now - self._filled_at) * self._rate.per_second
        self._tokens = min(self._rate.burst, self._tokens + gained)
        self._filled_at = now
        missing = 1 - self._tokens
        return 0.0 if missing <= _ALMOST else missing / self._rate.per_second

    def take(self) -> None:
        """Count an allowed call."""
        self._tokens = max(0.0, self._tokens - 1)
