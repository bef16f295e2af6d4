"""`canary history`: a target's rollouts, and what they add up to."""

import time
from typing import Annotated

import typer

from canary_cli.exits import ExitCode
from canary_cli.history_view import history_of, lines_of
from canary_cli.past import read_serving
from canary_cli.reading import read_rollout
from canary_cli.serving import parse_at, serving_lines
from canary_cli.times import parse_duration
from canary_cli.verbs import Call

Target = Annotated[str, typer.Argument(metavar="TARGET", help="A target, also one that is no longer registered.")]
Since = Annotated[str, typer.Option(help="How far back, such as 12h or 90d.", metavar="TIME")]


At = Annotated[
    str | None,
    typer.Option(help="Say what both arms served then, such as 2026-01-31T12:00Z.", metavar="TIME", show_default=False),
]


def history(call: Call, target: Target, *, since: Since = "90d", at: At = None) -> ExitCode:
    """Say what became of a target's rollouts: rollbacks, change failure rate, time to safe, requests harmed."""
    if at is not None:
        serving = read_serving(call.connection, target, parse_at(at))
        call.output.say(serving_lines(serving), serving)
        return ExitCode.DONE
    seconds = parse_duration(since, "--since")
    _, last, read_at = read_rollout(call.connection, target)
    now = read_at if last else time.time()
    found = history_of(target, call.connection.archive.read_past(target), now - seconds)
    call.output.say(lines_of(found, now), found)
    return ExitCode.DONE
