"""What `make serve` begins with: the sample, a controller alone, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from embedded_aws.dataplane.traffic_file import TrafficPlan


class Account(StrEnum):
    """What is in the account at first."""

    SAMPLE = "sample"
    CONTROLLER = "controller"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account and what happens in it by itself.

    ``targets`` is a folder of target files that are registered by themselves; None leaves that to stacks. ``per_minute`` is
    the rate of each stage for which ``traffic`` has none. ``history_hours`` is the past, in simulated hours, that each target
    gets once it is registered.
    """

    account: Account
    targets: Path | None = None
    traffic: Sequence[TrafficPlan] = ()
    per_minute: float = 600.0
    history_hours: float = 0.0


class ServeError(Exception):
    """The caller's fault: options that do not fit each other, with what to do."""


def account_of(named: str | None, *, has_targets: bool) -> Account:
    """The account that is meant: a folder of targets needs a controller, and no sample unless it is asked for.

    Raises:
        ServeError: there is no such account, or an empty one has no controller that could register the targets.
    """
    if named is None:
        return Account.CONTROLLER if has_targets else Account.SAMPLE
    try:
        account = Account(named)
    except ValueError:
        raise ServeError(f"account: got {named!r}; choose one of {', '.join(Account)}") from None
    if account is Account.EMPTY and has_targets:
        raise ServeError("account: an empty one has no controller to register targets with; drop the targets, and deploy them")
    return account
