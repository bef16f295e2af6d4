"""`canary status`, `watch` and `history`: what a target does now, how a rollout goes on, and what became of all of them."""

import time
from dataclasses import asdict
from typing import Annotated

import typer

from canary.aws.executions import find_running
from canary_cli.exits import ExitCode
from canary_cli.following import Follower
from canary_cli.past import read_serving
from canary_cli.reading import names_of_targets, read_rollout, read_status
from canary_cli.requesting import parse_duration
from canary_cli.serving import parse_at, serving_lines
from canary_cli.status_text import lines_of
from canary_cli.status_view import Status, status_of
from canary_cli.stories.history_view import history_of
from canary_cli.stories.history_view import lines_of as history_lines
from canary_cli.verbs import Call
from canary_cli.watching import Limits, OnCancel, watch_all

TargetName = Annotated[str | None, typer.Argument(metavar="TARGET", help="A registered target. Without it: all targets.")]


def status(call: Call, target: TargetName = None) -> ExitCode:
    """Say what a target does now: step, weight, both arms, evidence, alarms, and what happens next."""
    names = names_of_targets(call.connection) if target is None else (target,)
    found = [read(call, name) for name in names]
    if not found:
        call.output.say(["no target is registered; deploy one with make deploy TARGETS=<folder>"], {"targets": []})
        return ExitCode.DONE
    lines = [line for one in found for line in (*lines_of(one), "")]
    call.output.say(lines[:-1], found[0] if target else {"targets": [asdict(one) for one in found]})
    return ExitCode.DONE


def read(call: Call, name: str) -> Status:
    """A target's status now."""
    controller = call.connection.controller
    return status_of(read_status(call.connection, name), account=controller.account, region=controller.region)


WatchedName = Annotated[
    str | None, typer.Argument(metavar="TARGET", help="A registered target. Without it: all that are not at rest.")
]
RolloutId = Annotated[
    str | None,
    typer.Option("--rollout", help="A rollout by its id. Default: the one in progress, or else the last.", metavar="ID"),
]
TimeoutOption = Annotated[
    str | None, typer.Option("--timeout", help="Stop watching after this time, such as 90s, 15m or 2h.", metavar="TIME")
]
OnCancelOption = Annotated[OnCancel, typer.Option("--on-cancel", help="What Ctrl-C or SIGTERM does to the rollout.")]


def watch(
    call: Call,
    target: WatchedName = None,
    *,
    rollout: RolloutId = None,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Follow a rollout to its end, and end with its exit code. Ctrl-C leaves the rollout running."""
    limits = limits_of(timeout, on_cancel, is_whole=False)
    if target is None:
        locks = call.connection.records.read_locks(names_of_targets(call.connection)).values()
        followers = [Follower(lock.target, lock.rollout_id) for lock in locks if lock.rollout_id]
    elif rollout:
        followers = [Follower(target, rollout.rpartition(":")[2])]
    else:
        followers = _of_target(call, target)
    if not followers:
        said = f"no rollout is in progress{f' on {target}, and there never was one' if target else ''}"
        call.output.say([said], {"event": "nothing", "target": target})
        return ExitCode.DONE
    return watch_all(call, followers, limits)


def limits_of(timeout: str | None, on_cancel: OnCancel, *, is_whole: bool) -> Limits:
    """The limits that the options set."""
    seconds = parse_duration(timeout, "--timeout") if timeout else None
    return Limits(seconds, on_cancel, is_whole=is_whole)


def _of_target(call: Call, target: str) -> list[Follower]:
    """The rollout in progress, one whose execution still checks its release, or the last one."""
    connection = call.connection
    lock, found, _ = read_rollout(connection, target)
    if lock.rollout_id is None:
        machine = connection.controller.machine
        if execution := find_running(connection.client("stepfunctions"), machine, target):
            return [Follower(target, execution.rpartition(":")[2], execution)]
    return [Follower(target, found.rollout_id)] if found else []


PastTarget = Annotated[str, typer.Argument(metavar="TARGET", help="A target, also one that is no longer registered.")]
Since = Annotated[str, typer.Option(help="How far back, such as 12h or 90d.", metavar="TIME")]


At = Annotated[
    str | None,
    typer.Option(help="Say what both arms served then, such as 2026-01-31T12:00Z.", metavar="TIME", show_default=False),
]


def history(call: Call, target: PastTarget, *, since: Since = "90d", at: At = None) -> ExitCode:
    """Say what became of a target's rollouts: rollbacks, change failure rate, time to safe, requests harmed."""
    if at is not None:
        serving = read_serving(call.connection, target, parse_at(at))
        call.output.say(serving_lines(serving), serving)
        return ExitCode.DONE
    seconds = parse_duration(since, "--since")
    _, last, read_at = read_rollout(call.connection, target)
    now = read_at if last else time.time()
    found = history_of(target, call.connection.archive.read_past(target), now - seconds)
    call.output.say(history_lines(found, now), found)
    return ExitCode.DONE
