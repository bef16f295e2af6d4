"""Remove everything that a ledger names, in reverse order, and report what could not be removed and how to remove it.

If one resource cannot be removed, the others still are. A removed resource is taken off the ledger at once, so the removal can
be restarted at any point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.account.aws import RefusedError
from verify.account.removal import KINDS, commands, remove

if TYPE_CHECKING:
    from collections.abc import Callable

    from verify.account.aws import Aws
    from verify.account.ledger import Entry, Ledger

LATE_SECONDS = 60.0
"""How long to wait for API Gateway's last lines, which may create a log group again."""

_BUSY_TRIES = 6
_BUSY_SECONDS = 10.0
_BUSY = frozenset({"BadRequestException", "ConflictException", "DeleteConflict", "OperationAbortedException"})
_BUSY |= {"ResourceConflictException"}


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A resource that could not be removed."""

    what: str
    why: str
    commands: str


def clean_up(ledger: Ledger, aws: Aws, tell: Callable[[str], None]) -> list[LeftBehind]:
    """Remove everything; return what is left."""
    entries = ledger.remaining[::-1]
    late = [entry for entry in entries if entry.kind == "late-log-group"]
    left = []
    for entry in entries:
        tell(f"removing {KINDS[entry.kind].label} {entry.name}")
        failed = _try(ledger, aws, entry, strike=entry not in late)
        if failed and entry not in late:
            left.append(failed)
    if late:
        tell(f"waiting {LATE_SECONDS:g} s for lines that are still on their way, and checking once more")
        aws.clock.sleep(LATE_SECONDS)
    again = [_try(ledger, aws, entry, strike=True) for entry in late]
    return [*left, *(failed for failed in again if failed)]


def _try(ledger: Ledger, aws: Aws, entry: Entry, *, strike: bool) -> LeftBehind | None:
    try:
        _remove(aws, entry)
    except Exception as error:  # noqa: BLE001 - whatever it is, the rest is to be removed
        why = str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
        return LeftBehind(f"{KINDS[entry.kind].label} {entry.name}", why, commands(entry, ledger.header))
    if strike:
        ledger.gone(entry)
    return None


def _remove(aws: Aws, entry: Entry) -> None:
    """Remove it; retry while another resource that is being removed still uses it."""
    for tries_left in range(_BUSY_TRIES - 1, -1, -1):
        try:
            remove(aws, entry)
        except RefusedError as refusal:
            if refusal.code not in _BUSY or not tries_left:
                raise
            aws.clock.sleep(_BUSY_SECONDS)
        else:
            return
