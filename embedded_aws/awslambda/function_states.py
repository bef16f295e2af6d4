"""The states of a function's versions: which of them may run, and what the control plane says of the others.

Every version is active as soon as it is published, as nearly all are on AWS, unless a test arranges otherwise. A version that
is pending becomes active when its time has come; one that was idle for too long refuses the invocation that wakes it
(docs/aws.md#function-states).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from embedded_aws.awslambda.aliases import LATEST
from embedded_aws.awslambda.errors import IdleError, NotActiveError, ResourceConflictError

if TYPE_CHECKING:
    from collections.abc import Callable

RESTORING_SECONDS = 60.0
"""How long a version that was idle takes to come back, unless a test says otherwise."""


class State(StrEnum):
    """As Lambda names them."""

    PENDING = "Pending"
    ACTIVE = "Active"
    INACTIVE = "Inactive"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of one version with what Lambda says of it. It is ``until`` an epoch second, and active from then on.

    ``wakes_in`` is how many seconds an inactive version takes to come back once it is invoked.
    """

    state: State
    reason: str
    reason_code: str
    until: float = math.inf
    wakes_in: float = RESTORING_SECONDS

    def describe(self) -> dict[str, str]:
        """What GetFunctionConfiguration shows of it; a version that is being made or could not be made says so twice."""
        shown = {"State": self.state.value, "StateReason": self.reason, "StateReasonCode": self.reason_code}
        status = {State.PENDING: "InProgress", State.FAILED: "Failed"}.get(self.state)
        if status is None:
            return shown
        told = {"LastUpdateStatusReason": self.reason, "LastUpdateStatusReasonCode": self.reason_code}
        return {**shown, "LastUpdateStatus": status, **told}


def pending(until: float) -> Condition:
    """A version that Lambda still makes ready."""
    return Condition(State.PENDING, "The function is being created.", "Creating", until)


def failed(code: str = "FunctionError", reason: str = "The function failed to initialize.") -> Condition:
    """A version that Lambda could not make ready."""
    return Condition(State.FAILED, reason, code)


def inactive(wakes_in: float = RESTORING_SECONDS) -> Condition:
    """A version that nobody has invoked for weeks."""
    return Condition(State.INACTIVE, "The function is currently idle.", "Idle", wakes_in=wakes_in)


class FunctionStates:
    """The versions of one account and Region that are not active, or were not at some time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.conditions: dict[tuple[str, str], Condition] = {}
        self._arranged: dict[str, float | Condition] = {}

    # What a test arranges.

    def put(self, function: str, version: str, condition: Condition) -> None:
        """From now on this version is in this condition."""
        self.conditions[function, version] = condition

    def delay_new_versions(self, function: str, seconds: float) -> None:
        """Versions of the function that are published from now on are pending for so long."""
        self._arranged[function] = seconds

    def spoil_new_versions(self, function: str, condition: Condition) -> None:
        """Versions of the function that are published from now on are in this condition."""
        self._arranged[function] = condition

    # What happens.

    def published(self, function: str, version: str) -> None:
        """A version was published, or ``$LATEST`` was made or updated."""
        self.conditions.pop((function, version), None)
        arranged = None if version == LATEST else self._arranged.get(function)
        if arranged is not None:
            condition = arranged if isinstance(arranged, Condition) else pending(self._now() + arranged)
            self.conditions[function, version] = condition

    def forget(self, function: str, version: str | None = None) -> None:
        """A version was deleted, or the function with all of them."""
        for key in [key for key in self.conditions if key[0] == function and version in (None, key[1])]:
            del self.conditions[key]

    def reset(self) -> None:
        """Every version is active, and stays so."""
        self.conditions.clear()
        self._arranged.clear()

    # What is asked.

    def of(self, function: str, version: str, at: float | None = None) -> Condition | None:
        """The version's condition, now unless a time is given; None for an active one."""
        condition = self.conditions.get((function, version))
        return None if condition is None or condition.until <= (self._now() if at is None else at) else condition

    def expect_active(self, function: str, version: str, at: float) -> None:
        """Refuse an invocation of a version that is not active; an idle one is on its way back from then on.

        Raises:
            CannotRunError: it is not active.

        """
        condition = self.of(function, version, at)
        if condition is None:
            return
        if condition.state is not State.INACTIVE:
            raise NotActiveError(
                f"The operation cannot be performed at this time. The function is currently in the following state: "
                f"{condition.state}"
            )
        woken = Condition(State.PENDING, "The function is being restored.", "Restoring", at + condition.wakes_in)
        self.put(function, version, woken)
        raise IdleError

    def expect_usable(self, function: str, version: str, arn: str) -> None:
        """Refuse an alias to a version, of this ARN, that was never ready.

        Raises:
            ResourceConflictError: it is pending, or has failed.

        """
        condition = self.of(function, version)
        if condition is not None and condition.state is not State.INACTIVE:
            raise ResourceConflictError(
                f"The operation cannot be performed at this time. The resource {arn} is currently in the following state: "
                f"'{condition.state}'. StateReasonCode: '{condition.reason_code}'"
            )
