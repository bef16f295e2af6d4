"""`canary explain`: a rollout as a story, from its record alone. `canary logs`: what broke, from the logs.

`explain` costs nothing to speak of. `logs` asks CloudWatch Logs Insights, which charges for the bytes that it scans.
"""

from dataclasses import asdict, replace
from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from canary.aws.calls import never_write
from canary.aws.errors import QueryEndedError, QueryTooSlowError
from canary.aws.insights import what_broke
from canary.aws.stages import Stages
from canary.aws.targets import read_target
from canary.edge.target import target_from_json
from canary.rules.failures.asking import LONGEST_SECONDS, span_of, versions_of
from canary.rules.failures.query import NO_LOG, Question, WhichArm
from canary.rules.reports.breakage import NOT_ASKED, is_worth_asking
from canary.rules.reports.building import report_of
from canary.rules.reports.evidence_report import EvidenceReport
from canary.rules.reports.markdown import to_markdown
from canary.rules.rollouts.price import RATES
from canary.rules.rollouts.rollout import Rollout
from canary.rules.targets.live import AccessLog
from canary.rules.targets.target import Target
from canary_cli.connection import TARGET_PREFIX, Connection
from canary_cli.exits import CommandError, ExitCode
from canary_cli.logs.text import lines_of, price_lines
from canary_cli.past import find_revert, find_rollout, read_recorded
from canary_cli.reading import read_rollout
from canary_cli.reporting import find_kept_report, local_time, write_document, write_page
from canary_cli.requesting import parse_duration
from canary_cli.stories.instants import local
from canary_cli.stories.story import Story, tell
from canary_cli.stories.story_text import as_markdown, as_text
from canary_cli.verbs import Call

Subject = Annotated[
    str,
    typer.Argument(
        metavar="TARGET|ROLLOUT|EXECUTION-ARN", help="A target (its present or last rollout), a rollout's id, or an execution."
    ),
]
HasMinutes = Annotated[bool, typer.Option("--minutes", help="Add every minute that was read, with its counts.")]
IsMarkdown = Annotated[bool, typer.Option("--markdown", help="Write the report as Markdown, for a ticket or a review.")]
HtmlFile = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one HTML page to this file.")
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the report as JSON, with the counts that all of it follows from."),
]


def explain(
    call: Call,
    subject: Subject,
    *,
    minutes: HasMinutes = False,
    markdown: IsMarkdown = False,
    html: HtmlFile = None,
    report: JsonFile = None,
) -> ExitCode:
    """Tell what a rollout did and why, with the numbers behind each decision."""
    rollout = find_rollout(call.connection, subject)
    if rollout is None:
        call.output.say([f"{subject} has had no rollout yet"], {"rollout": None, "target": subject, "events": []})
        return ExitCode.DONE
    recorded = read_recorded(call.connection, rollout)
    looks = recorded.replayed(rollout)
    not_asked = f"{NOT_ASKED} canary logs {rollout.target.name} --rollout {rollout.rollout_id} asks them."
    note, revert = not_asked if is_worth_asking(rollout) else "", find_revert(call.connection, rollout)
    evidence = report_of(rollout, looks, broken_note=note, revert=revert)
    if html:
        write_page(html, evidence)
        call.output.note(f"the report is in {html}")
    if report:
        write_document(report, evidence, rollout, recorded)
        call.output.note(f"the report is in {report}")
    notes = call.connection.archive.list_notes(rollout.rollout_id)
    story = replace(tell(rollout, looks, notes, has_minutes=minutes), report=_kept_report(call, rollout))
    call.output.say(_markdown(evidence, story) if markdown else as_text(story), story)
    return ExitCode.DONE


def _kept_report(call: Call, rollout: Rollout) -> str | None:
    """The link to the kept report; None, with a remark where there should be one, if none can be seen."""
    link, why_none = find_kept_report(call.connection, rollout)
    if why_none:
        call.output.note(why_none)
    return link


def _markdown(evidence: EvidenceReport, story: Story) -> list[str]:
    """The report, and below it the story with its events in order."""
    return [to_markdown(evidence, local=local_time), *as_markdown(story)]


LogsOf = Annotated[str, typer.Argument(metavar="TARGET", help="A target; its present or last rollout is meant.")]
OnlyArm = Annotated[
    WhichArm | None, typer.Option("--arm", help="Only this arm. Without it: both, side by side.", show_default=False)
]
OnlyErrors = Annotated[bool, typer.Option("--errors", help="Only 5xx answers. Without it: 4xx answers too.")]
Since = Annotated[
    str | None,
    typer.Option(
        help="The last 30m or 6h, at most 24h. Without it: the time of the rollout.", metavar="TIME", show_default=False
    ),
]
OfRollout = Annotated[str | None, typer.Option("--rollout", help="An earlier rollout of the target.", show_default=False)]


def logs(
    call: Call,
    target: LogsOf,
    *,
    arm: OnlyArm = None,
    errors: OnlyErrors = False,
    since: Since = None,
    rollout: OfRollout = None,
) -> ExitCode:
    """Say what broke: failing requests by route, status and version in both arms, with the functions' error lines."""
    seconds = _seconds_of(since)
    _, last, now = read_rollout(call.connection, target)
    about = _find_of(call.connection, target, rollout) if rollout else last
    span = span_of(about, now, seconds)
    found = about.target if about else target_from_json(read_target(call.connection.client("ssm"), TARGET_PREFIX, target))
    versions = versions_of(about, span) if about else {WhichArm.BASE: _live_versions(call.connection, found)}
    log = _access_log(call.connection, found)
    question = Question(found, span.begins_at, span.ends_at, versions, log, arm, only_errors=errors)
    if not call.output.is_json:
        call.output.say(price_lines(question, f"{RATES.scanned_gb}", is_cut=span.is_cut), None)
    try:
        broken = what_broke(call.connection.client("logs"), question, wait=sleep)
    except (QueryTooSlowError, QueryEndedError) as error:
        fix = "shorten the time with --since 10m, or run the command again"
        raise CommandError("NoAnswer", str(error), fix, ExitCode.CANNOT_TELL) from error
    rollout_id = about.rollout_id if about else None
    answer = {**asdict(broken), "rollout": rollout_id, "is_time_cut": span.is_cut, "dollars_per_gb": float(RATES.scanned_gb)}
    call.output.say(lines_of(broken, rollout_id, local), answer)
    return ExitCode.DONE


def _seconds_of(since: str | None) -> float | None:
    seconds = parse_duration(since, "--since") if since else None
    if seconds is not None and seconds > LONGEST_SECONDS:
        fix = "write --since 24h or less, or name an older rollout with --rollout"
        raise CommandError("BadDuration", f"--since reads at most 24 h, got {since}", fix, ExitCode.USAGE)
    return seconds


def _find_of(connection: Connection, target: str, rollout_id: str) -> Rollout:
    owned = connection.records.find(rollout_id)
    if owned is None or owned.rollout.target.name != target:
        message = f"no rollout {rollout_id!r} of {target} is recorded"
        raise CommandError("UnknownRollout", message, f"canary history {target} lists its rollouts", ExitCode.USAGE)
    return owned.rollout


def _live_versions(connection: Connection, target: Target) -> dict[str, str]:
    return {name: alias.version for name, alias in connection.shifter(target).read_live().live.items()}


def _access_log(connection: Connection, target: Target) -> AccessLog:
    """Where the stage writes its access log now, and in which format."""
    return Stages(connection.client("apigateway"), target.stage, never_write).read().log if target.stage else NO_LOG
