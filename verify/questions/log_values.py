"""What the access log prints for requests that end early: the two numbers that the filters compare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from verify.account.aws import RefusedError
from verify.questions.logs import NO_ROLE, QUOTED, REFUSALS, SAMPLE, UNKNOWN_PATH, LogQuestion, send
from verify.questions.patch_question import agreed
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.api import LOCKED, OPEN, THROTTLED
from verify.scratch.lines import await_lines, read_all
from verify.scratch.parts import log_role
from verify.scratch.traffic import OK, await_answer, await_steady, is_arm
from verify.scratch.web_acl import refusing

if TYPE_CHECKING:
    from collections.abc import Collection

    from verify.account.budget import Budget
    from verify.account.pace import Pace
    from verify.scratch.lines import Line
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

NUMBERS, DASH = "numbers", "dash"
ABANDONED = THROTTLED
"""The path of the requests whose sender closes the connection. The stage does not throttle it."""


class ValuesOfRefusedRequest(LogQuestion):
    """Whether status and latency are numbers if no integration answered."""

    slug = "values-of-refused-request"
    how = (
        "log requests to a path that does not exist and without an API key; in an account also some that a web ACL refuses, "
        "and some whose sender closes the connection"
    )

    def budget(self, pace: Pace) -> Budget:
        """As for the other questions about lines, plus one wait for the web ACL."""
        usual = super().budget(pace)
        return replace(usual, seconds=usual.seconds + pace.longest_watch_seconds, web_acl_hours=1)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        if log_role(scratch) is None:
            raise UnansweredError(NO_ROLE)
        group = scratch.log_group("values")
        with scratch.stage(log=group, log_format=QUOTED) as stage:
            await_steady(scratch, stage, OPEN, is_arm("base"))  # by then every host logs
            kinds = {REFUSALS[path]: send(scratch, stage, path) for path in (UNKNOWN_PATH, LOCKED)}
            if scratch.is_account:
                for _ in range(SAMPLE):
                    scratch.break_off(stage, ABANDONED)
            await_lines(scratch, group, send(scratch, stage, OPEN))
            unasked = _block(scratch, stage, kinds) if scratch.is_account else ()
            scratch.aws.clock.sleep(scratch.pace.grace_seconds)  # lines of refused requests may arrive later, or never
            lines = read_all(scratch, group)
        told = [_judge(kind, _refused(lines, ids)) for kind, ids in kinds.items()]
        if scratch.is_account:
            told.append(_judge("closed by the sender", [line for line in lines if line["resourcePath"] == ABANDONED]))
        evidence = (*(evidence for _, evidence in told), *unasked)
        words = [word for word, _ in told if word]
        if not words:
            raise UnansweredError(f"no refused request was logged: {'; '.join(evidence)}")
        return Answer(agreed(words), evidence)


def _block(scratch: Scratch, stage: Stage, kinds: dict[str, list[str]]) -> tuple[str, ...]:
    """Add the requests that a web ACL refuses; return the reason if there are none."""
    try:
        with refusing(scratch, stage):
            await_answer(scratch, stage, OPEN, lambda reply: reply.status not in {0, OK})
            kinds["a web ACL"] = send(scratch, stage, OPEN)
    except (RefusedError, UnansweredError) as error:
        return (f"a web ACL: not asked, {error}",)
    return ()


def _refused(lines: list[Line], ids: Collection[str]) -> list[Line]:
    of_them = [line for line in lines if line["requestId"] in ids or line["extendedRequestId"] in ids]
    return [line for line in of_them if line["status"] != str(OK)]


def _judge(kind: str, lines: list[Line]) -> tuple[str | None, str]:
    """What the lines of one kind of request say (None if there are none), and the full evidence."""
    if not lines:
        return None, f"{kind}: not logged, or let in"
    word = agreed(_word(str(line[name])) for line in lines for name in ("status", "responseLatency"))
    values = ", ".join(sorted({f"{line['status']} after {line['responseLatency']} ms" for line in lines}))
    return word, f"{kind}: {word}, {values}"


def _word(value: str) -> str:
    return NUMBERS if value.isdecimal() else DASH if value == "-" else value
