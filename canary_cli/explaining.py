"""`canary explain`: a rollout as a story, from its record alone."""

from pathlib import Path
from typing import Annotated

import typer

from canary.rules.reports.building import report_of
from canary.rules.reports.evidence_report import EvidenceReport
from canary.rules.reports.markdown import to_markdown
from canary_cli.exits import ExitCode
from canary_cli.past import find_rollout, read_recorded
from canary_cli.reporting import local_time, write_document, write_page
from canary_cli.story import Story, tell
from canary_cli.story_text import as_markdown, as_text
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
    evidence = report_of(rollout, looks)
    if html:
        write_page(html, evidence)
        call.output.note(f"the report is in {html}")
    if report:
        write_document(report, evidence, rollout, recorded)
        call.output.note(f"the report is in {report}")
    story = tell(rollout, looks, has_minutes=minutes)
    call.output.say(_markdown(evidence, story) if markdown else as_text(story), story)
    return ExitCode.DONE


def _markdown(evidence: EvidenceReport, story: Story) -> list[str]:
    """The report, and below it the story with its events in order."""
    return [to_markdown(evidence, local=local_time), *as_markdown(story)]
