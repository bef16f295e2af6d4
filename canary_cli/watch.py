"""`canary watch`: follow a target's rollout to its end, or all rollouts that are in progress."""

from typing import Annotated

import typer

from canary.aws.executions import find_running
from canary_cli.exits import ExitCode
from canary_cli.following import Follower
from canary_cli.reading import names_of_targets, read_rollout
from canary_cli.times import parse_duration
from canary_cli.verbs import Call
from canary_cli.watching import Limits, OnCancel, watch_all

TargetName = Annotated[
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
    target: TargetName = None,
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
