"""What every steering verb says before its call: where, what is live, what will change, and the same call as one `aws` line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from canary.rules.rollouts.phases import Phase
from canary_cli.exits import CommandError, ExitCode
from canary_cli.faults import describe
from canary_cli.operating import FORWARD, below_floor_command, start_command
from canary_cli.outlook import step_words
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


def foretell(
    call: Call, name: str, given: Mapping[str, Any], request: Request, reading: Reading, *, below_floor: bool
) -> ExitCode:
    """`start --dry-run`: say what an execution of this name and input would do. It changes and starts nothing.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    connection = call.connection
    target, now = reading.target, reading.now
    sight = look_at(connection.records, connection.client, request, target, now, is_below_allowed=below_floor)
    draft = draft_of(request, reading.target, sight)
    traffic, unread = attempt(lambda: read_past_traffic(connection.client("cloudwatch"), draft, reading.now))
    prospect = foresee(request, sight, draft, traffic)
    if not call.output.is_json:
        call.output.say(["dry run: nothing is changed, and no execution is started"], None)
    aws = (
        below_floor_command(connection.region, name, given)
        if below_floor
        else start_command(connection.controller, name, given)
    )
    plan = announce(call, request.target, reading, (), aws)
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


def unreadable_changes(reading: Reading) -> Iterable[str]:
    """Of a rollout whose record another version of the controller wrote: its phase is known, and not what it will do."""
    if reading.is_in_progress and (outline := reading.outline):
        yield f"rollout {outline.rollout_id} is {outline.phase}; another version of the controller recorded it, and decides"


def advance_changes(reading: Reading) -> Iterable[str]:
    """What an advance does to the parked rollout, if there is one."""
    if changes := [*unreadable_changes(reading)]:
        return changes
    if reading.rollout is None or not reading.is_in_progress:
        return ["nothing: no rollout is parked"]
    following = reading.rollout.step.index + 1
    if following >= len(reading.rollout.plan.policy.steps):
        return [f"rollout {reading.rollout.rollout_id} is promoted if its last step is proven"]
    return [f"rollout {reading.rollout.rollout_id} takes {step_words(reading.rollout, following)}"]


def abort_changes(reading: Reading) -> Iterable[str]:
    """What an abort does to the rollout in progress, or to a start that still checks its release."""
    if changes := [*unreadable_changes(reading)]:
        return changes
    if reading.rollout is None or not reading.is_in_progress:
        return ["a start that still checks is stopped; otherwise nothing: no rollout is in progress"]
    name = f"rollout {reading.rollout.rollout_id} is {reading.rollout.phase}"
    if reading.rollout.phase is Phase.WATCHING:
        return [f"{name}: its watch ends, and a revert takes the promoted release back"]
    if reading.rollout.phase in FORWARD:
        return [f"nothing: {name}, past its commit point; take it back with: canary rollback {reading.target.name}"]
    return [f"{name}: base gets all traffic, the canary is removed"]
