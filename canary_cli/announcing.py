"""What every steering verb says before its call: where, what is live, what will change, and the same call as one `aws` line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from canary_cli.exits import CommandError, ExitCode
from canary_cli.faults import describe
from canary_cli.operating import start_command
from canary_cli.planning.prospect import Foreseen, draft_of, foresee
from canary_cli.planning.prospect_text import lines_of_prospect
from canary_cli.planning.sighting import look_at, read_past_traffic
from canary_cli.reading import read_status
from canary_cli.status_text import served
from canary_cli.status_view import live_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from canary.rules.releases.release import Request
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


def foretell(call: Call, name: str, given: Mapping[str, Any], request: Request, reading: Reading) -> ExitCode:
    """`start --dry-run`: say what an execution of this name and input would do. It changes and starts nothing.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    connection = call.connection
    sight = look_at(connection.records, connection.client, request, reading.target, reading.now)
    draft = draft_of(request, reading.target, sight)
    traffic, unread = attempt(lambda: read_past_traffic(connection.client("cloudwatch"), draft, reading.now))
    prospect = foresee(request, sight, draft, traffic)
    if not call.output.is_json:
        call.output.say(["dry run: nothing is changed, and no execution is started"], None)
    plan = announce(call, request.target, reading, (), start_command(connection.controller, name, given))
    exit_code = ExitCode.REFUSED if prospect.outcome is Foreseen.REFUSED else ExitCode.DONE
    answer = {"verb": "start", "dry_run": True, **plan, **asdict(prospect), "exit_code": int(exit_code)}
    call.output.say(lines_of_prospect(prospect), answer)
    if unread:
        call.output.note(f"base's traffic could not be read: {unread}")
    return exit_code


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
