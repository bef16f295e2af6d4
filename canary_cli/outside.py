"""What connects the command to other tools: `canary ci` in a job of a CI system, and `canary import`."""

import os
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from canary.edge.target import require_target
from canary.rules.releases.problems import RefusedError
from canary.rules.reports.building import report_of
from canary.rules.reports.evidence_report import EvidenceReport
from canary.rules.targets.policy import effective_policy
from canary_cli.announcing import attempt
from canary_cli.ci.options import (
    Changes,
    Deployment,
    Functions,
    Labels,
    PolicyName,
    Reason,
    Retry,
    SessionEnds,
    SummaryFile,
    Target,
    Wait,
    Within,
)
from canary_cli.ci.sessions import end_of_session, parse_end
from canary_cli.ci.summary import Heard, summary_of
from canary_cli.ci.waiting import Room, find_obstacle, room_of
from canary_cli.connection import Connection
from canary_cli.exits import CommandError, ExitCode
from canary_cli.following import Follower
from canary_cli.importing.carried import imported
from canary_cli.importing.options import Aliases, Api, Application, GroupFile, SamFile, StageName, TargetName
from canary_cli.importing.sources import read_described_group, read_group_file, read_sam
from canary_cli.importing.text import file_lines, remark_lines
from canary_cli.output import Output
from canary_cli.past import read_recorded
from canary_cli.reading import read_status
from canary_cli.requesting import pair_of, parse_duration, parse_start, start_input
from canary_cli.steering import await_check, start
from canary_cli.verbs import Call
from canary_cli.watching import OnCancel

OnCancelled = Annotated[
    OnCancel, typer.Option("--on-cancel", help="What a cancelled job does to the rollout.", envvar="CANARY_ON_CANCEL")
]

LONGEST_ACCEPTANCE_SECONDS = 600
"""So long a job that does not wait still waits for the check of the release; Lambda activates a version within minutes."""


class _Listening(Output):
    """An output that remembers what was said of the rollout. It writes a line for each look, on a terminal too."""

    def __init__(self, output: Output, target: str) -> None:
        super().__init__(is_json=output.is_json, console=output.out)
        self.heard = Heard(target)

    @property
    def is_live(self) -> bool:
        return False

    def say(self, lines: Iterable[str], answer: object) -> None:
        match answer:
            case {"event": "begun", "rollout_id": str(rollout_id), "watch": str(watch)}:
                self.heard = replace(self.heard, rollout_id=rollout_id, watch=watch)
            case {"event": "ending", "outcome": str(outcome), "reason": str(reason)}:
                self.heard = replace(self.heard, outcome=outcome, reason=reason)
            case {"event": "aborted", "answer": str(said)} if said != "REFUSED":
                self.heard = replace(self.heard, outcome=said.lower())
        super().say(lines, answer)


def ci(  # noqa: PLR0913 - one parameter an option
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
    wait: Wait = True,
    within: Within = None,
    session_ends: SessionEnds = None,
    on_cancel: OnCancelled = OnCancel.LEAVE,
    summary: SummaryFile = None,
) -> ExitCode:
    """Start a rollout in a job of a CI system, and wait if the job lasts long enough. Each option has a variable, too."""
    asked = parse_start(start_input(target, functions=functions or (), policy=policy, changes=changes or ()))
    room = Room(None)
    if wait:
        room = room_of(parse_duration(within, "--within") if within else None, _session_seconds(call, session_ends))
        known = read_status(call.connection, target).target
        if obstacle := find_obstacle(effective_policy(known.policy, asked.policy_override), room):
            raise CommandError("CannotWait", *obstacle, ExitCode.USAGE)
    output = _Listening(call.output, target)
    code = ExitCode.CANNOT_TELL
    try:
        code = start(
            Call(call.connection, output),
            target,
            functions=functions,
            deployment=deployment,
            policy=policy,
            changes=changes,
            reason=reason,
            labels=labels,
            retry=retry,
            watch=wait,
            timeout=f"{room.timeout_seconds}s" if room.timeout_seconds else None,
            on_cancel=on_cancel,
        )
        if code is ExitCode.DONE and not (wait or output.heard.outcome):
            code = _await_acceptance(call.connection, output)
    finally:
        if summary:
            _append(summary, call, output.heard, code)
    return code


def _await_acceptance(connection: Connection, output: _Listening) -> ExitCode:
    """Wait until the controller has accepted the release or refused it: a refusal at this point sends no event."""
    target, rollout_id = output.heard.target, output.heard.rollout_id
    follower = Follower(target, rollout_id, connection.controller.execution(rollout_id))
    code = await_check(Call(connection, output), follower, LONGEST_ACCEPTANCE_SECONDS)
    is_checking = code is ExitCode.DONE and follower.execution is not None and not output.heard.outcome
    return ExitCode.STILL_RUNNING if is_checking else code


def _session_seconds(call: Call, given: str | None) -> float | None:
    """How long the credentials last; None if they have no end, or none that is known, which is said."""
    now = time.time()
    if given:
        ends = parse_end(given)
        if ends is None:
            fix = "write it with its zone, such as 2026-01-31T12:00:00Z"
            raise CommandError("BadTime", f"--session-ends is no instant, got {given!r}", fix, ExitCode.USAGE)
        return ends - now
    connection = call.connection
    ends, is_known = end_of_session(
        connection.credentials_method, os.environ, now, has_token=bool(connection.credentials.token)
    )
    if not is_known:
        call.output.note("it is not known when the session of these credentials ends; say it with --session-ends")
    return None if ends is None else ends - now


def _append(file: Path, call: Call, heard: Heard, code: ExitCode) -> None:
    """Add the summary to the file. What cannot be read or written is told, and does not hide how the rollout ended."""
    report, unread = attempt(lambda: _report_of(call, heard))
    if unread:
        call.output.note(f"the summary has no report: {unread}")
    try:
        with file.open("a", encoding="utf-8") as open_file:
            open_file.write(summary_of(heard, int(code), report) + "\n")
    except OSError as error:
        call.output.note(f"the summary cannot be written to {file}: {error.strerror}")


def _report_of(call: Call, heard: Heard) -> EvidenceReport | None:
    """The evidence report; None where no rollout is recorded."""
    owned = call.connection.records.find(heard.rollout_id) if heard.rollout_id else None
    if owned is None:
        return None
    return report_of(owned.rollout, read_recorded(call.connection, owned.rollout).replayed(owned.rollout))


def import_target(
    call: Call,
    *,
    sam: SamFile = None,
    group: GroupFile = None,
    codedeploy: Application = None,
    functions: Aliases = None,
    name: TargetName = None,
    api: Api = None,
    stage: StageName = "prod",
) -> ExitCode:
    """Write the target that comes nearest to what SAM or CodeDeploy does, and say what does not carry over."""
    aliases = [pair_of(one, "--function") for one in functions or ()]
    try:
        match sam, group, codedeploy:
            case Path(), None, None:
                carried = read_sam(sam)
            case None, Path(), None:
                carried = read_group_file(group, aliases)
            case None, None, str():
                carried = read_described_group(call.connection.client, codedeploy, aliases)
            case _:
                raise CommandError("Usage", "one source is imported", "give --sam, --group or --codedeploy", ExitCode.USAGE)
        found = imported(carried, name, (api, stage) if api else None)
        require_target(found.target)
    except (ValueError, RefusedError) as error:
        fix = "docs/coming-from.md says what can be imported, and from which files"
        message = f"{sam or group or codedeploy} cannot be imported: {error}"
        raise CommandError("CannotImport", message, fix, ExitCode.USAGE) from error
    remarks, file = remark_lines(found), [*file_lines(found)]
    call.output.say([*remarks, *file], {"file": "\n".join(file), "remarks": [asdict(one) for one in found.remarks]})
    return ExitCode.DONE
