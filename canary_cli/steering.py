"""`canary start`, `advance` and `abort`: what they say before and after, and the calls that they make."""

import secrets
import time
from collections.abc import Iterable, Mapping
from time import sleep
from typing import Annotated, Any

import typer

from canary.edge.request import parse_advance
from canary_cli.announcing import abort_changes, advance_changes, announce, try_reading
from canary_cli.exits import ExitCode
from canary_cli.faults import describe
from canary_cli.following import Follower, News
from canary_cli.operating import (
    abort_command,
    abort_target,
    below_floor_command,
    exit_code_of_answer,
    lines_of_answer,
    lines_of_caller,
    start_below_floor,
    start_command,
    start_execution,
)
from canary_cli.preflight import foretell
from canary_cli.reading import Reading, read_status
from canary_cli.requesting import changes_of, execution_name, optional, parse_start, start_input, wrong_input
from canary_cli.seeing import OnCancelOption, TimeoutOption, limits_of
from canary_cli.verbs import Call
from canary_cli.watch_text import ending_event, ending_line
from canary_cli.watching import OnCancel, cannot_tell, resume_command, watch_all

LONGEST_CHECK_SECONDS = 15
"""So long `start` and `advance` wait for the controller to accept or refuse, without --watch."""

Target = Annotated[str, typer.Argument(metavar="TARGET", help="A registered target.")]
Reason = Annotated[str, typer.Option(help="Why, in one line, such as a ticket.", metavar="TEXT")]
OnBehalfOf = Annotated[str, typer.Option(help="On whose behalf, in one line. It is recorded as claimed.", metavar="TEXT")]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--function", help="A version for a function; may be repeated. Default: the newest ones.", metavar="NAME=VERSION"
    ),
]
Deployment = Annotated[str | None, typer.Option(help="A deployment's id, present, or unchanged.", metavar="ID")]
PolicyName = Annotated[str | None, typer.Option(help="A shipped policy, instead of the target's own.", metavar="NAME")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="A policy's key for this rollout; may be repeated.", metavar="KEY=VALUE"),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        help="Where the release comes from, such as commit=3f9a; may be repeated, ten at most.",
        metavar="NAME=VALUE",
    ),
]
Retry = Annotated[bool, typer.Option("--retry", help="Start a release that was rolled back before. Needs --reason.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what a start would do; ends with 0, or 3 if refused.")]
BelowFloor = Annotated[
    bool,
    typer.Option("--below-floor", help="Start below the target's floor, as an authorizer. Needs --reason."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Watch the rollout, and end with its exit code.")]


def start(  # noqa: PLR0913 - one parameter an option
    call: Call,
    target: Target,
    *,
    functions: Functions = None,
    deployment: Deployment = None,
    policy: PolicyName = None,
    changes: Changes = None,
    reason: Reason = "",
    labels: Labels = None,
    retry: Retry = False,
    dry_run: DryRun = False,
    on_behalf_of: OnBehalfOf = "",
    below_floor: BelowFloor = False,
    watch: Watch = False,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Start a rollout of a release: the newest versions, or those that are named."""
    limits = limits_of(timeout, on_cancel, is_whole=True)
    given = start_input(
        target,
        functions=functions or (),
        deployment=deployment,
        policy=policy,
        changes=changes or (),
        reason=reason,
        labels=labels or (),
        is_retry=retry,
        on_behalf_of=on_behalf_of,
    )
    request = parse_start(given)
    reading = read_status(call.connection, target)
    name = execution_name(target, time.time(), secrets.token_hex(2))
    if dry_run:
        return foretell(call, name, given, request, reading, below_floor=below_floor)
    planned = changes_of(request, reading.target, reading.live)
    begin = _begin_below_floor if below_floor else _begin
    follower = begin(call, "start", name, given, reading, planned, rollout_id=name)
    return watch_all(call, [follower], limits) if watch else await_check(call, follower)


def advance(
    call: Call,
    target: Target,
    *,
    reason: Reason = "",
    on_behalf_of: OnBehalfOf = "",
    watch: Watch = False,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Let a parked rollout take its next step."""
    limits = limits_of(timeout, on_cancel, is_whole=False)
    given = {"operation": "advance", **optional({"target": target, "reason": reason, "on_behalf_of": on_behalf_of})}
    asked, problems = parse_advance(given)
    if asked is None:
        raise wrong_input(problems)
    reading = read_status(call.connection, target)
    name = execution_name(f"{target}-advance", time.time(), secrets.token_hex(2))
    rollout_id = reading.lock.rollout_id or name
    follower = _begin(call, "advance", name, given, reading, advance_changes(reading), rollout_id=rollout_id)
    return watch_all(call, [follower], limits) if watch else await_check(call, follower)


def abort(call: Call, target: Target, *, reason: Reason = "", on_behalf_of: OnBehalfOf = "") -> ExitCode:
    """Roll back the rollout that is in progress, or stop a start that still checks, at once and without asking."""
    plan = announce_abort(call, target, reason, on_behalf_of)
    answer = abort_target(call.connection, target, reason, on_behalf_of=on_behalf_of)
    call.output.say([*lines_of_answer(answer), *lines_of_caller(answer)], {"verb": "abort", **plan, **answer})
    return exit_code_of_answer(answer)


def announce_abort(call: Call, target: str, reason: str, on_behalf_of: str) -> dict[str, Any]:
    """What an abort says first; the plan for JSON."""
    aws = abort_command(call.connection.region, target, reason, on_behalf_of)
    reading, unread = try_reading(call, target)
    changes = abort_changes(reading) if reading else [f"not known: {unread}"]
    return announce(call, target, reading, changes, aws)


def _begin(
    call: Call, verb: str, name: str, given: Mapping[str, Any], reading: Reading, changes: Iterable[str], *, rollout_id: str
) -> Follower:
    """Announce the execution, start it, and say how to watch the rollout that it begins or advances."""
    aws = start_command(call.connection.controller, name, given)
    plan = announce(call, given["target"], reading, changes, aws)
    follower = Follower(given["target"], rollout_id, start_execution(call.connection, name, given))
    _say_begun(call, verb, follower, plan)
    return follower


def _begin_below_floor(
    call: Call, verb: str, name: str, given: Mapping[str, Any], reading: Reading, changes: Iterable[str], *, rollout_id: str
) -> Follower:
    """The same, where the controller's function starts the execution."""
    plan = announce(call, given["target"], reading, changes, below_floor_command(call.connection.region, name, given))
    follower = Follower(given["target"], rollout_id, start_below_floor(call.connection, name, given))
    _say_begun(call, verb, follower, plan)
    return follower


def _say_begun(call: Call, verb: str, follower: Follower, plan: dict[str, Any]) -> None:
    names = {"rollout_id": follower.rollout_id, "execution": follower.execution}
    resume = resume_command(call, follower)
    event = {"event": "begun", "verb": verb, **plan, **names, "watch": resume}
    call.output.say([f"{verb}: rollout {follower.rollout_id}; watch it: {resume}"], event)


def await_check(call: Call, follower: Follower, longest_seconds: int = LONGEST_CHECK_SECONDS) -> ExitCode:
    """Wait a little for the controller's answer: a refusal usually comes within seconds."""
    for _ in range(longest_seconds):
        news = _poll(call, follower)
        if follower.execution is None:
            return ExitCode.DONE
        if news.ending:
            names = (follower.target, follower.rollout_id)
            call.output.say([ending_line(*names, news.ending)], ending_event(*names, news.ending))
            return news.ending.exit_code
        sleep(1)
    call.output.note("the controller is still checking the release")
    return ExitCode.DONE


def _poll(call: Call, follower: Follower) -> News:
    try:
        return follower.poll(call.connection)
    except Exception as error:
        trouble = describe(error)
        if trouble.exit_code is not ExitCode.CANNOT_TELL:
            raise
        raise cannot_tell(call, [follower], trouble) from error
