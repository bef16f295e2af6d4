"""Provisioned concurrency: environments that Lambda keeps ready for one version, configured on the version or on an alias.

Decides which qualifiers may have it, and when it is ready. Allocation takes simulated time, and starts again when the alias
moves (docs/aws.md#provisioned-concurrency). `lambda_concurrency` decides its effect on invocations.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.aliases import LATEST
from embedded_aws.awslambda.errors import (
    InvalidParameterValueError,
    NoProvisionedConcurrencyError,
    ResourceConflictError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded_aws.awslambda.aliases import Alias

ALLOCATION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Provisioned:
    """One qualifier's configuration; ``version`` is what the qualifier points to. Ready at an epoch second unless it failed."""

    version: str
    requested: int
    asked_at: float
    ready_at: float
    allocated: int = 0
    failure: str | None = None

    def is_ready(self, now: float) -> bool:
        """Whether its environments are ready."""
        return self.failure is None and self.ready_at <= now

    def describe(self, now: float) -> dict[str, Any]:
        """The configuration as GetProvisionedConcurrencyConfig shows it."""
        is_ready, is_over = self.is_ready(now), self.ready_at <= now
        allocated = self.requested if is_ready else 0 if is_over else self.allocated
        shown: dict[str, Any] = {
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AllocatedProvisionedConcurrentExecutions": allocated,
            "AvailableProvisionedConcurrentExecutions": allocated,
            "Status": "READY" if is_ready else "FAILED" if is_over else "IN_PROGRESS",
            "LastModified": datetime.fromtimestamp(self.asked_at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }
        return {**shown, "StatusReason": self.failure} if self.failure and is_over else shown


class ProvisionedConcurrency:
    """The provisioned concurrency of one account and Region. While ``failure`` is set, new configurations fail with it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.allocation_seconds = ALLOCATION_SECONDS
        self.failure: str | None = None
        self._now = now
        self._configs: dict[tuple[str, str], Provisioned] = {}

    def put(self, function: str, qualifier: str, wanted: int, alias: Alias | None) -> Provisioned:
        """PutProvisionedConcurrencyConfig for a version, or for the alias.

        Raises:
            LambdaError: Lambda refuses it.
        """
        if wanted < 1:
            raise ValidationError.of(
                wanted, "provisionedConcurrentExecutions", "Member must have value greater than or equal to 1"
            )
        if qualifier == LATEST:
            raise InvalidParameterValueError(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        if alias is not None and alias.weights:
            raise InvalidParameterValueError("Alias with weights can not be used with Provisioned Concurrency")
        version = alias.version if alias else qualifier
        self._expect_alone(function, qualifier, version, is_alias=alias is not None)
        return self._allocate(function, qualifier, Provisioned(version, wanted, self._now(), 0.0, failure=self.failure))

    def get(self, function: str, qualifier: str) -> Provisioned:
        """The qualifier's configuration.

        Raises:
            LambdaError: the qualifier has none, or cannot have one.
        """
        if qualifier == LATEST:
            raise InvalidParameterValueError("The function resource provided must be an alias or a published version.")
        found = self._configs.get((function, qualifier))
        if found is None:
            raise NoProvisionedConcurrencyError
        return found

    def drop(self, function: str, qualifier: str) -> None:
        """Delete the qualifier's configuration; it is no error if there is none."""
        if qualifier == LATEST:
            raise InvalidParameterValueError("The function resource provided must be an alias or a published version.")
        self._configs.pop((function, qualifier), None)

    def of(self, function: str) -> Iterator[tuple[str, Provisioned]]:
        """The configurations of the function's qualifiers."""
        return ((qualifier, found) for (name, qualifier), found in self._configs.items() if name == function)

    def total(self, function: str) -> int:
        """How much concurrency is provisioned for the function's qualifiers."""
        return sum(found.requested for _, found in self.of(function))

    def ready(self, function: str, version: str | None = None) -> int:
        """How many environments are ready, for the function or for one of its versions."""
        now = self._now()
        return sum(
            found.requested for _, found in self.of(function) if version in (None, found.version) and found.is_ready(now)
        )

    def moved(self, function: str, alias: Alias) -> None:
        """The alias has changed: allocate its configuration again if its version moved."""
        found = self._configs.get((function, alias.name))
        if found is not None and found.version != alias.version:
            self._allocate(function, alias.name, dataclasses.replace(found, version=alias.version, allocated=found.requested))

    def forget(self, function: str, qualifier: str | None = None) -> None:
        """Drop the configurations of a deleted alias or version, or of the whole function."""
        for key in [key for key in self._configs if key[0] == function and qualifier in (None, key[1])]:
            del self._configs[key]

    def reset(self) -> None:
        """Drop all configurations."""
        self._configs.clear()

    def _allocate(self, function: str, qualifier: str, wanted: Provisioned) -> Provisioned:
        ready_at = self._now() + self.allocation_seconds
        made = self._configs[function, qualifier] = dataclasses.replace(wanted, ready_at=ready_at)
        return made

    def _expect_alone(self, function: str, qualifier: str, version: str, *, is_alias: bool) -> None:
        others = [other for other, found in self.of(function) if found.version == version and other != qualifier]
        if not others:
            return
        if is_alias and version in others:
            raise ResourceConflictError(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        raise ResourceConflictError("Version is pointed by a Provisioned Concurrency alias")
