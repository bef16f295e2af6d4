"""`canary logs`: what broke in a target's rollout, in both arms."""

from dataclasses import asdict
from time import sleep
from typing import Annotated

import typer

from canary.aws.errors import QueryEndedError, QueryTooSlowError
from canary.aws.insights import what_broke
from canary.rules.failures.query import Arm
from canary.rules.rollouts.price import RATES
from canary_cli.exits import CommandError, ExitCode
from canary_cli.logs.asking import question_of
from canary_cli.logs.text import lines_of, price_line
from canary_cli.verbs import Call

Target = Annotated[str, typer.Argument(metavar="TARGET", help="A target: its present or last rollout is meant.")]
OnlyArm = Annotated[
    Arm | None, typer.Option("--arm", help="Only this arm. Without it: both, side by side.", show_default=False)
]
OnlyErrors = Annotated[bool, typer.Option("--errors", help="Only 5xx answers. Without it: 4xx answers too.")]
Since = Annotated[
    str | None,
    typer.Option(help="The last 30m or 6h, at most 24h. Without it: the rollout's time.", metavar="TIME", show_default=False),
]
OfRollout = Annotated[str | None, typer.Option("--rollout", help="An earlier rollout of the target.", show_default=False)]


def logs(
    call: Call,
    target: Target,
    *,
    arm: OnlyArm = None,
    errors: OnlyErrors = False,
    since: Since = None,
    rollout: OfRollout = None,
) -> ExitCode:
    """Say what broke: failing requests by route, status and version in both arms, with the functions' error lines.

    It costs what CloudWatch Logs Insights charges for the bytes that it scans.
    """
    question, found, is_cut = question_of(call.connection, target, rollout, since, arm, only_errors=errors)
    call.output.note(price_line(question, f"{RATES.scanned_gb}"))
    if is_cut:
        call.output.note("the rollout took longer than 24 h, and only its last 24 h are read")
    try:
        broken = what_broke(call.connection.client("logs"), question, wait=sleep)
    except (QueryTooSlowError, QueryEndedError) as error:
        fix = "shorten the time with --since 10m, or run the command again"
        raise CommandError("NoAnswer", str(error), fix, ExitCode.CANNOT_TELL) from error
    rollout_id = found.rollout_id if found else None
    answer = {"rollout": rollout_id, **asdict(broken), "is_time_cut": is_cut, "dollars_per_gb": float(RATES.scanned_gb)}
    call.output.say(lines_of(broken, rollout_id), answer)
    return ExitCode.DONE
