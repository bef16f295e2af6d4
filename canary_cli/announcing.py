"""What every steering verb says before its call: where, what is live, what will change, and the same call as one `aws` line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from canary_cli.exits import CommandError, ExitCode
from canary_cli.faults import describe
from canary_cli.reading import read_status
from canary_cli.status_text import served
from canary_cli.status_view import live_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from canary_cli.reading import Reading
    from canary_cli.verbs import Call

Read = TypeVar("Read")


def try_reading(call: Call, target: str) -> tuple[Reading | None, str]:
    """The target's status, or why it cannot be read."""
    return attempt(lambda: read_status(call.connection, target))


def attempt(read: Callable[[], Read]) -> tuple[Read | None, str]:
    """What is read, or why it cannot be. A verb that a function answers does not depend on it."""
    try:
        return read(), ""
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, as above
        return None, describe(error).message


def announce(call: Call, target: str, reading: Reading | None, changes: Iterable[str], aws: str) -> dict[str, Any]:
    """Where, what is live, what will change, and the same verb as a line for CloudShell: told as text, and given for JSON."""
    live = live_of(reading.live) if reading and reading.live else None
    told = [*changes]
    plan: dict[str, Any] = {
        "account": call.connection.controller.account if reading else None,
        "region": call.connection.region,
        "target": target,
        "live": asdict(live) if live else None,
        "changes": told,
        "aws": aws,
    }
    if not call.output.is_json:
        lines = [
            f"account {plan['account'] or 'not known'}, Region {plan['region']}, target {target}",
            f"  live      {served(live) if live else 'not known'}",
            *(f"  change    {change}" for change in told),
            f"  aws       {aws}",
        ]
        call.output.say(lines, None)
    return plan


def is_confirmed(verb: str, plan: Mapping[str, Any]) -> bool:
    """Whether a person says yes. The question is on stderr, so that the answer stays readable to programs."""
    place = f"account {plan['account'] or 'not known'}, Region {plan['region']}"
    try:
        return typer.confirm(f"{verb} {plan['target']} in {place}?", err=True)
    except typer.Abort:
        return False


def not_confirmed(verb: str, message: str) -> CommandError:
    """That a verb was not carried out, because nobody said yes."""
    return CommandError("NotConfirmed", message, f"repeat the command with --yes to {verb} without a question", ExitCode.USAGE)
