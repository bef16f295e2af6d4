"""What Logs Insights makes of a field that an event does not have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

STREAM = "asked"
WITH, WITHOUT = "with", "without"
LINES = ({"kind": WITH, "arm": "base"}, {"kind": WITHOUT})
COMPARISONS = {"!=": 'arm != "canary"', "not": 'not arm = "canary"', "not in": 'arm not in ["canary"]'}
"""By what negates, a condition that is true of the line that has the field."""
MINUTE = 60
HOUR = 3_600
QUERIES = len(COMPARISONS) + 1


class InsightsAbsentField(Question):
    """Whether a line without the field counts as different."""

    slug = "insights-absent-field"
    how = "write a line with a field and one without it, and query for lines in which it differs from a text, in three ways"
    parts = frozenset({Part.LOG})

    def budget(self, pace: Pace) -> Budget:
        """The wait until both lines are found, and as long for each query."""
        return Budget(seconds=(QUERIES + 1) * pace.longest_line_seconds, usual_seconds=float(MINUTE), lines=len(LINES))

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        group = scratch.log_group("queries")
        at = scratch.aws.clock.now()
        scratch.aws.call("logs", "create_log_stream", logGroupName=group, logStreamName=STREAM)
        events = [{"timestamp": int(at * 1_000), "message": json.dumps(line)} for line in LINES]
        scratch.aws.call("logs", "put_log_events", logGroupName=group, logStreamName=STREAM, logEvents=events)
        _await_lines(scratch, group, at)
        found = {name: _kinds(scratch, group, at, condition) for name, condition in COMPARISONS.items()}
        evidence = tuple(
            f"{name} finds the lines {', '.join(sorted(kinds)) or 'of neither kind'}" for name, kinds in found.items()
        )
        words = {_word(kinds) for kinds in found.values()}
        return Answer(words.pop() if len(words) == 1 else "differs-by-comparison", evidence)


def _word(kinds: set[str]) -> str:
    if WITH not in kinds:
        return "otherwise"
    return "true" if WITHOUT in kinds else "not-true"


def _await_lines(scratch: Scratch, group: str, at: float) -> None:
    """Wait until a query finds both lines."""
    deadline = Deadline(scratch.aws.clock, scratch.pace.longest_line_seconds)
    while _kinds(scratch, group, at, "ispresent(kind)") != {WITH, WITHOUT}:
        if deadline.is_over():
            raise UnansweredError(f"a query does not find both lines after {scratch.pace.longest_line_seconds:g} s")
        scratch.aws.clock.sleep(scratch.pace.poll_seconds)


def _kinds(scratch: Scratch, group: str, at: float, condition: str) -> set[str]:
    """The kinds of the lines that a query finds."""
    started = scratch.aws.call(
        "logs",
        "start_query",
        logGroupNames=[group],
        startTime=int(at) - HOUR,
        endTime=int(at) + HOUR,
        queryString=f"fields kind | filter {condition}",
    )
    deadline = Deadline(scratch.aws.clock, scratch.pace.longest_line_seconds)
    while (answer := _results(scratch, started["queryId"]))["status"] != "Complete":
        if deadline.is_over():
            raise UnansweredError(f"the query {condition} was still {answer['status']} in the end")
        scratch.aws.clock.sleep(scratch.pace.poll_seconds)
    return {one["value"] for row in answer["results"] for one in row if one["field"] == "kind"}


def _results(scratch: Scratch, query_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = scratch.aws.call("logs", "get_query_results", queryId=query_id)
    return answer
