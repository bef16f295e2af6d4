"""The states of a function's versions: which versions may run, and what the control plane says about the others.

Unless a test arranges otherwise, every version is active as soon as it is published, as nearly all are on AWS. A pending
version becomes active at a set time. A version that was idle for too long refuses the invocation that wakes it
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
"""How long an idle version takes to be restored, unless a test says otherwise."""


class State(StrEnum):
    """Lambda's names of the states."""

    PENDING = "Pending"
    ACTIVE = "Active"
    INACTIVE = "Inactive"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of one version, with Lambda's reasons. It lasts until the epoch second ``until``; then the version is active.

    ``wakes_in`` is how many seconds an inactive version takes to be restored once it is invoked.
    """

    state: State
    reason: str
    reason_code: str
    until: float = math.inf
    wakes_in: float = RESTORING_SECONDS

    def describe(self) -> dict[str, str]:
        """What GetFunctionConfiguration shows; for a pending or failed version the last update's status repeats the reason."""
        shown = {"State": self.state.value, "StateReason": self.reason, "StateReasonCode": self.reason_code}
        status = {State.PENDING: "InProgress", State.FAILED: "Failed"}.get(self.state)
        if status is None:
            return shown
        told = {"LastUpdateStatusReason": self.reason, "LastUpdateStatusReasonCode": self.reason_code}
        return {**shown, "LastUpdateStatus": status, **told}


def pending(until: float) -> Condition:
    """A version that Lambda is still preparing."""
    return Condition(State.PENDING, "The function is being created.", "Creating", until)


def failed(code: str = "FunctionError", reason: str = "The function failed to initialize.") -> Condition:
    """A version that Lambda could not prepare."""
    return Condition(State.FAILED, reason, code)


def inactive(wakes_in: float = RESTORING_SECONDS) -> Condition:
    """A version that was not invoked for weeks."""
    return Condition(State.INACTIVE, "The function is currently idle.", "Idle", wakes_in=wakes_in)


class FunctionStates:
    """The versions of one account and Region that are not active, or were not at some time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.conditions: dict[tuple[str, str], Condition] = {}
        self._arranged: dict[str, float | Condition] = {}

    # Called by tests.

    def put(self, function: str, version: str, condition: Condition) -> None:
        """Put this version into this condition from now on."""
        self.conditions[function, version] = condition

    def delay_new_versions(self, function: str, seconds: float) -> None:
        """Keep versions of the function that are published from now on pending for this many seconds."""
        self._arranged[function] = seconds

    def spoil_new_versions(self, function: str, condition: Condition) -> None:
        """Put versions of the function that are published from now on into this condition."""
        self._arranged[function] = condition

    # Called on changes.

    def published(self, function: str, version: str) -> None:
        """Set the condition of a version that was published, or of ``$LATEST`` when it was created or updated."""
        self.conditions.pop((function, version), None)
        arranged = None if version == LATEST else self._arranged.get(function)
        if arranged is not None:
            condition = arranged if isinstance(arranged, Condition) else pending(self._now() + arranged)
            self.conditions[function, version] = condition

    def forget(self, function: str, version: str | None = None) -> None:
        """Drop a deleted version, or a deleted function with all its versions."""
        for key in [key for key in self.conditions if key[0] == function and version in (None, key[1])]:
            del self.conditions[key]

    def reset(self) -> None:
        """Make every version active, and drop the arrangements."""
        self.conditions.clear()
        self._arranged.clear()

    # Queries.

    def of(self, function: str, version: str, at: float | None = None) -> Condition | None:
        """The version's condition, now unless a time is given; None if it is active."""
        condition = self.conditions.get((function, version))
        return None if condition is None or condition.until <= (self._now() if at is None else at) else condition

    def expect_active(self, function: str, version: str, at: float) -> None:
        """Refuse an invocation of a version that is not active; an idle version starts to be restored by it.

        Raises:
            CannotRunError: the version is not active.
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
        """Refuse an alias to a version that is not ready; ``arn`` is the version's.

        Raises:
            ResourceConflictError: the version is pending or has failed.
        """
        condition = self.of(function, version)
        if condition is not None and condition.state is not State.INACTIVE:
            raise ResourceConflictError(
                f"The operation cannot be performed at this time. The resource {arn} is currently in the following state: "
                f"'{condition.state}'. StateReasonCode: '{condition.reason_code}'"
            )
