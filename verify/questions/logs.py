"""What the access log contains about a canary's requests, and where."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from verify.account.aws import RefusedError
from verify.account.budget import Budget
from verify.questions.patch_question import agreed
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.api import LOCKED, OPEN, THROTTLED
from verify.scratch.lines import await_lines, has_group, read_lines
from verify.scratch.parts import Part, log_role
from verify.scratch.patches import canary, replace
from verify.scratch.traffic import OK, await_answer, await_steady, is_arm, most_requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verify.account.pace import Pace
    from verify.scratch.lines import Line
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

SAMPLE = 5
"""The number of requests of each kind whose lines are read."""
UNKNOWN_PATH = "/nowhere"
FIELDS = ("requestId", "extendedRequestId", "resourcePath", "status", "responseLatency", "isCanaryRequest")
QUOTED = "{" + ",".join(f'"{name}":"$context.{name}"' for name in FIELDS) + "}"
"""A line that is JSON whatever its variables print."""
THROTTLE = "/~1throttled/GET/throttling/{}"
REFUSALS = {UNKNOWN_PATH: "a path that does not exist", LOCKED: "no API key", THROTTLED: "a method throttled to zero"}
NO_ROLE = (
    "API Gateway has no role for logs in this account and Region, so no stage can write an access log; "
    "set one, or let this lend it one with --lend-log-role"
)


class LogQuestion(Question):
    """A question about lines of the access log."""

    parts = frozenset({Part.API, Part.LOG})

    def budget(self, pace: Pace) -> Budget:
        """Two waits for the stage, and three for lines."""
        seconds = 2 * pace.longest_watch_seconds + 3 * pace.longest_line_seconds + pace.grace_seconds
        requests = 2 * most_requests(pace, pace.longest_watch_seconds) + 4 * SAMPLE
        usual = 2 * pace.steady_seconds + pace.grace_seconds
        return Budget(seconds=seconds, usual_seconds=usual, requests=requests, lines=requests)


@contextmanager
def logging_stage(scratch: Scratch, purpose: str) -> Iterator[Stage]:
    """A stage that logs."""
    if log_role(scratch) is None:
        raise UnansweredError(NO_ROLE)
    with scratch.stage(log=scratch.log_group(purpose), log_format=QUOTED) as stage:
        await_answer(scratch, stage, OPEN, is_arm("base"))
        yield stage


def _take_all(scratch: Scratch, stage: Stage) -> None:
    stage.patch(*canary(scratch.second, 100, arm="canary"))
    await_steady(scratch, stage, OPEN, is_arm("canary"))


class CanaryLogGroup(LogQuestion):
    """Who creates the second group to which the canary's lines go."""

    slug = "canary-log-group"
    how = "log a canary's requests, see whether <group>/Canary appears by itself, then create it beforehand and log again"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        group = scratch.log_group("arms")
        twin = f"{group}/Canary"
        with logging_stage(scratch, "arms") as stage:
            _take_all(scratch, stage)
            await_lines(scratch, group, send(scratch, stage, OPEN))
            scratch.aws.clock.sleep(scratch.pace.grace_seconds)
            came = has_group(scratch, twin)
            _make_beforehand(scratch, twin)
            sent = send(scratch, stage, OPEN)
            await_lines(scratch, group, sent)
            written = _is_written(scratch, twin, sent)
        evidence = (
            f"<group>/Canary {'came' if came else 'did not come'} by itself",
            f"made beforehand it was {'' if written else 'not '}written to",
            f"API Gateway's role for logs is {(log_role(scratch) or '').rpartition('/')[2]}",
        )
        return Answer("created" if came else "only-if-it-exists" if written else "never-written", evidence)


def _make_beforehand(scratch: Scratch, group: str) -> None:
    """Create the group as a user would. It is in the ledger from the beginning."""
    for operation in ("delete_log_group", "create_log_group"):
        try:
            scratch.aws.call("logs", operation, logGroupName=group)
        except RefusedError as refusal:
            if not refusal.is_absence and refusal.code != "ResourceAlreadyExistsException":
                raise


def _is_written(scratch: Scratch, group: str, requests: list[str]) -> bool:
    clock, end = scratch.aws.clock, scratch.aws.clock.now() + scratch.pace.grace_seconds
    while not (found := read_lines(scratch, group, requests)) and clock.now() < end:
        clock.sleep(scratch.pace.poll_seconds)
    return bool(found)


class IsCanaryOfRefusedRequest(LogQuestion):
    """For which arm a request counts that never reached an arm."""

    slug = "is-canary-of-refused-request"
    how = "with a canary at 100 %, log requests that are refused because of an unknown path, a missing API key and throttling"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        group = scratch.log_group("refusals")
        with logging_stage(scratch, "refusals") as stage:
            stage.try_patch(replace(THROTTLE.format("rateLimit"), "0"), replace(THROTTLE.format("burstLimit"), "0"))
            _take_all(scratch, stage)
            sent = {path: send(scratch, stage, path) for path in REFUSALS}
            await_lines(scratch, group, send(scratch, stage, OPEN))
            scratch.aws.clock.sleep(scratch.pace.grace_seconds)  # lines of refused requests may arrive later, or never
            found = {path: read_lines(scratch, group, ids) for path, ids in sent.items()}
        told = [_judge(REFUSALS[path], [*lines.values()]) for path, lines in found.items()]
        words = [word for word, _ in told if word]
        if not words:
            raise UnansweredError(f"no refused request was logged: {'; '.join(evidence for _, evidence in told)}")
        return Answer(agreed(words), tuple(evidence for _, evidence in told))


def _judge(kind: str, lines: list[Line]) -> tuple[str | None, str]:
    """What the lines of one kind of refusal say (None if there are none), and the full evidence."""
    refused = [line for line in lines if line["status"] != str(OK)]
    if not refused:
        return None, f"{kind}: {'let in, so not asked' if lines else 'not logged'}"
    said = agreed(_said(line) for line in refused)
    statuses = ", ".join(sorted({str(line["status"]) for line in refused}))
    return said, f"{kind}: {said}, with status {statuses} in {len(refused)} lines"


def _said(line: Line) -> str:
    said = str(line["isCanaryRequest"])
    return "absent" if said in {"-", ""} else said


def send(scratch: Scratch, stage: Stage, path: str) -> list[str]:
    """Send a few requests; return their ids."""
    replies = [scratch.get(stage, path) for _ in range(SAMPLE)]
    ids = [reply.request_id for reply in replies if reply.request_id]
    if not ids:
        raise UnansweredError(f"requests to {path} of a scratch stage got no answer")
    return ids
