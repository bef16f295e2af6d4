"""How many requests a function may serve at a time: its reserved concurrency, minus what is provisioned for some versions.

Decides which invocations are throttled (docs/aws.md#reserved-concurrency). Functions without a reservation are never
throttled, because the account's own limit is not emulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.awslambda.errors import InvalidParameterValueError, SwitchedOffError, TooManyRequestsError
from embedded_aws.awslambda.provisioned import ProvisionedConcurrency

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACCOUNT_LIMIT = 1_000
ALWAYS_UNRESERVED = 100


class Concurrency:
    """The concurrency of one account and Region; ``reservations`` are by function name."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.provisioned = ProvisionedConcurrency(now)
        self.reservations: dict[str, int] = {}
        self._busy: dict[str, list[tuple[float, str | None]]] = {}

    def reserve(self, function: str, executions: int) -> None:
        """PutFunctionConcurrency.

        Raises:
            InvalidParameterValueError: the account does not have that much left, or more than that is provisioned.
        """
        others = sum(number for name, number in self.reservations.items() if name != function)
        if ACCOUNT_LIMIT - others - executions < ALWAYS_UNRESERVED:
            raise InvalidParameterValueError(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{ALWAYS_UNRESERVED}]."
            )
        given_away = self.provisioned.total(function)
        if executions < given_away:
            raise InvalidParameterValueError(
                f" ReservedConcurrentExecutions  {executions} should not be lower than function's total provisioned "
                f"concurrency [{given_away}]."
            )
        self.reservations[function] = executions

    def release(self, function: str) -> None:
        """DeleteFunctionConcurrency: the function shares the unreserved concurrency again."""
        self.reservations.pop(function, None)
        self._busy.pop(function, None)

    def reserved(self, function: str) -> int | None:
        """The function's reserved concurrency; None if it has none."""
        return self.reservations.get(function)

    def expect_room(self, function: str, qualifier: str, wanted: int) -> None:
        """Refuse to provision more concurrency than the function has reserved.

        Raises:
            InvalidParameterValueError: the reservation would be exceeded.
        """
        limit = self.reservations.get(function)
        others = sum(found.requested for other, found in self.provisioned.of(function) if other != qualifier)
        if limit is not None and others + wanted > limit:
            raise InvalidParameterValueError(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
            )

    def admit(self, function: str, version: str, at: float) -> None:
        """Admit an invocation of a version.

        Raises:
            TooManyRequestsError: the function has no concurrency left for it.
        """
        limit = self.reservations.get(function)
        if limit is None:
            return
        if limit == 0:
            raise SwitchedOffError
        busy = self._busy[function] = [one for one in self._busy.get(function, ()) if one[0] > at]
        if self._pool(function, version, busy) is None:
            shared = limit - self.provisioned.ready(function)
            if sum(1 for _, pool in busy if pool is None) >= shared:
                raise TooManyRequestsError

    def ran(self, function: str, version: str, end: float) -> None:
        """Record that an admitted invocation lasts until ``end``."""
        if function in self.reservations:
            busy = self._busy.setdefault(function, [])
            busy.append((end, self._pool(function, version, busy)))

    def _pool(self, function: str, version: str, busy: Sequence[tuple[float, str | None]]) -> str | None:
        """The version itself if it has a free provisioned environment; None for the function's shared concurrency."""
        own = self.provisioned.ready(function, version)
        return version if own > sum(1 for _, pool in busy if pool == version) else None

    def forget(self, function: str) -> None:
        """Drop a deleted function."""
        self.release(function)
        self.provisioned.forget(function)

    def reset(self) -> None:
        """Drop all reservations."""
        self.reservations.clear()
        self._busy.clear()
        self.provisioned.reset()
