"""What `canary logs` asks: which target, which time range and which versions, from the records and from what is live.

AWS knows the stage's present access-log format only. Lines that were written in an older one are found as far as they have the
same fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.aws.calls import never_write
from canary.aws.stages import Stages
from canary.aws.targets import read_target
from canary.edge.target import target_from_json
from canary.rules.failures.query import Arm, Question
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.live import AccessLog
from canary_cli.connection import TARGET_PREFIX
from canary_cli.exits import CommandError, ExitCode
from canary_cli.reading import read_rollout
from canary_cli.times import DAY, parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target
    from canary_cli.connection import Connection

    Versions = Mapping[Arm, Mapping[str, str]]

LONGEST_SECONDS = DAY
LATE_SECONDS = 60
"""The last lines of a rollout arrive after its end."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time range in epoch seconds. ``is_cut``: what was asked for is longer than a query may be."""

    begins_at: float
    ends_at: float
    is_cut: bool = False


def question_of(
    connection: Connection, name: str, rollout_id: str | None, since: str | None, arm: Arm | None, *, only_errors: bool
) -> tuple[Question, Rollout | None, bool]:
    """What is asked, the rollout that it is about, and whether its time range had to be cut.

    Raises:
        CommandError: the time range is no duration or too long, or there is no such rollout of this target.
        ControllerError: the records, the target or its stage cannot be read.

    """
    seconds = _seconds_of(since)
    _, last, now = read_rollout(connection, name)
    rollout = _find(connection, name, rollout_id) if rollout_id else last
    target = rollout.target if rollout else target_from_json(read_target(connection.client("ssm"), TARGET_PREFIX, name))
    span = span_of(rollout, now, seconds)
    versions = versions_of(rollout, span) if rollout else _live_versions(connection, target)
    log = _access_log(connection, target)
    return Question(target, span.begins_at, span.ends_at, versions, log, arm, only_errors), rollout, span.is_cut


def _seconds_of(since: str | None) -> float | None:
    seconds = parse_duration(since, "--since") if since else None
    if seconds is not None and seconds > LONGEST_SECONDS:
        fix = "write --since 24h or less, or name an older rollout with --rollout"
        raise CommandError("BadDuration", f"--since reads at most 24 h, got {since}", fix, ExitCode.USAGE)
    return seconds


def _find(connection: Connection, name: str, rollout_id: str) -> Rollout:
    owned = connection.records.find(rollout_id)
    if owned is None or owned.rollout.target.name != name:
        message = f"no rollout {rollout_id!r} of {name} is recorded"
        raise CommandError("UnknownRollout", message, f"canary history {name} lists its rollouts", ExitCode.USAGE)
    return owned.rollout


def span_of(rollout: Rollout | None, now: float, seconds: float | None) -> Span:
    """The last `seconds`; without them the rollout's own time, and without a rollout the longest time."""
    if seconds is not None:
        return Span(now - seconds, now)
    if rollout is None:
        return Span(now - LONGEST_SECONDS, now)
    ends_at = now if rollout.ended_at is None else min(now, rollout.ended_at + LATE_SECONDS)
    begins_at = max(rollout.started_at, ends_at - LONGEST_SECONDS)
    return Span(begins_at, ends_at, is_cut=begins_at > rollout.started_at)


def versions_of(rollout: Rollout, span: Span) -> Versions:
    """What each arm ran; after the rollout's end there is only base."""
    before, release = rollout.snapshot.live, {**rollout.snapshot.live, **rollout.intent.versions}
    if rollout.ended_at is not None and span.begins_at > rollout.ended_at:
        return {Arm.CANARY: {}, Arm.BASE: release if rollout.phase is Phase.PROMOTED else before}
    return {Arm.CANARY: release, Arm.BASE: before}


def _live_versions(connection: Connection, target: Target) -> Versions:
    live = connection.shifter(target).read_live().live
    return {Arm.CANARY: {}, Arm.BASE: {name: alias.version for name, alias in live.items()}}


def _access_log(connection: Connection, target: Target) -> AccessLog:
    if target.stage is None:
        return AccessLog()
    return Stages(connection.client("apigateway"), target.stage, never_write).read().log
