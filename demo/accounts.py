"""What `make serve` begins with: the sample, a controller alone, or nothing."""

from __future__ import annotations

from enum import StrEnum


class Account(StrEnum):
    """What is in the account at first."""

    SAMPLE = "sample"
    CONTROLLER = "controller"
    EMPTY = "empty"


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
