"""`canary explain`: a rollout as a story, from its record alone."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from canary.aws.calls import refusals
from canary.aws.errors import OwnershipLostError
from canary.rules.judging.history import from_json
from canary.rules.looks.replay import ReplayedLook, read_look, replay
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.upgrades import upgrade_history
from canary_cli.connection import Connection
from canary_cli.exits import CommandError, ExitCode
from canary_cli.story import tell
from canary_cli.story_text import as_markdown, as_text
from canary_cli.verbs import Call

EXECUTION = ":execution:"

Subject = Annotated[
    str,
    typer.Argument(
        metavar="TARGET|ROLLOUT|EXECUTION-ARN", help="A target (its present or last rollout), a rollout's id, or an execution."
    ),
]
HasMinutes = Annotated[bool, typer.Option("--minutes", help="Add every minute that was judged, with its counts.")]
IsMarkdown = Annotated[bool, typer.Option("--markdown", help="Write Markdown, for a ticket or a review.")]


def explain(call: Call, subject: Subject, minutes: HasMinutes = False, markdown: IsMarkdown = False) -> ExitCode:  # noqa: FBT002 - options
    """Tell what a rollout did and why, with the numbers behind each decision."""
    rollout = find_rollout(call.connection, subject)
    story = tell(rollout, read_replay(call.connection, rollout), has_minutes=minutes)
    call.output.say(as_markdown(story) if markdown else as_text(story), story)
    return ExitCode.DONE


def find_rollout(connection: Connection, subject: str) -> Rollout:
    """The rollout that is meant.

    Raises:
        CommandError: no such rollout is recorded.

    """
    for rollout_id in _candidates(connection, subject):
        if owned := connection.records.find(rollout_id):
            return owned.rollout
    raise CommandError(
        "UnknownRollout",
        f"no rollout is recorded for {subject!r}",
        "name a target, a rollout's id or an execution's ARN; canary history TARGET lists the rollouts",
        ExitCode.USAGE,
    )


def _candidates(connection: Connection, subject: str) -> Iterator[str]:
    """The rollouts that may be meant, the likeliest first."""
    if EXECUTION in subject:
        yield subject.rpartition(":")[2]
        yield from _told_by(connection, subject)
        return
    lock = connection.records.read_lock(subject)
    yield from filter(None, (lock.rollout_id, lock.last_rollout_id))
    yield subject


def _told_by(connection: Connection, execution: str) -> Iterator[str]:
    """The rollout of an execution that advanced it: its output names it, or its record names the execution."""
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        described = connection.client("stepfunctions").describe_execution(executionArn=execution)
    given, ended = (json.loads(described.get(key) or "{}") for key in ("input", "output"))
    yield from filter(None, [ended.get("rollout")])
    rollouts, _ = connection.archive.list_rollouts(str(given.get("target")))
    yield from (rollout.rollout_id for rollout in rollouts if rollout.execution == execution)


def read_replay(connection: Connection, rollout: Rollout) -> tuple[ReplayedLook, ...]:
    """The rollout's looks, replayed; none where it was never looked at."""
    items = connection.archive.list_looks(rollout.rollout_id)
    looks = [read_look(one.at, one.verdict, one.reason, one.numbers) for one in items]
    if not looks:
        return ()
    try:
        history = upgrade_history(connection.records.read_history(rollout.rollout_id))
    except OwnershipLostError as error:
        raise CommandError(
            "NoHistory",
            f"the frozen history of rollout {rollout.rollout_id} is gone, so its evidence cannot be computed again",
            "restore it from the table's backup",
        ) from error
    return replay(rollout, from_json(history), looks)
