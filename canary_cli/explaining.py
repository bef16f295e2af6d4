"""`canary explain`: a rollout as a story, from its record alone."""

from typing import Annotated

import typer

from canary_cli.exits import ExitCode
from canary_cli.past import find_rollout, read_replay
from canary_cli.story import tell
from canary_cli.story_text import as_markdown, as_text
from canary_cli.verbs import Call

Subject = Annotated[
    str,
    typer.Argument(
        metavar="TARGET|ROLLOUT|EXECUTION-ARN", help="A target (its present or last rollout), a rollout's id, or an execution."
    ),
]
HasMinutes = Annotated[bool, typer.Option("--minutes", help="Add every minute that was read, with its counts.")]
IsMarkdown = Annotated[bool, typer.Option("--markdown", help="Write Markdown, for a ticket or a review.")]


def explain(call: Call, subject: Subject, *, minutes: HasMinutes = False, markdown: IsMarkdown = False) -> ExitCode:
    """Tell what a rollout did and why, with the numbers behind each decision."""
    rollout = find_rollout(call.connection, subject)
    if rollout is None:
        call.output.say([f"{subject} has had no rollout yet"], {"rollout": None, "target": subject, "events": []})
        return ExitCode.DONE
    notes = call.connection.archive.list_notes(rollout.rollout_id)
    story = tell(rollout, read_replay(call.connection, rollout), notes, has_minutes=minutes)
    call.output.say(as_markdown(story) if markdown else as_text(story), story)
    return ExitCode.DONE
