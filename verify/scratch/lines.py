"""The access log lines of certain requests, read from CloudWatch Logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verify.account.aws import RefusedError
from verify.account.clock import Deadline
from verify.scratch.answer import UnansweredError

if TYPE_CHECKING:
    from collections.abc import Collection

    from verify.scratch.scratch import Scratch

Line = dict[str, Any]


def read_lines(scratch: Scratch, group: str, requests: Collection[str]) -> dict[str, Line]:
    """The group's lines for these requests, by request id; none if the group does not exist."""
    try:
        events = list(scratch.aws.pages("logs", "filter_log_events", "events", logGroupName=group))
    except RefusedError as refusal:
        if not refusal.is_absence:
            raise
        return {}
    lines = (_parse(event["message"]) for event in events)
    return {line[name]: line for line in lines for name in ("requestId", "extendedRequestId") if line.get(name) in requests}


def read_all(scratch: Scratch, group: str) -> list[Line]:
    """All lines of the group that are JSON objects."""
    events = scratch.aws.pages("logs", "filter_log_events", "events", logGroupName=group)
    return [line for event in events if (line := _parse(event["message"]))]


def await_lines(scratch: Scratch, group: str, requests: Collection[str]) -> dict[str, Line]:
    """Like `read_lines`, once all lines have arrived.

    Raises:
        UnansweredError: some lines never arrived.
    """
    clock, pace = scratch.aws.clock, scratch.pace
    deadline = Deadline(clock, pace.longest_line_seconds)
    while len(found := read_lines(scratch, group, requests)) < len(requests):
        if deadline.is_over():
            raise UnansweredError(
                f"of {len(requests)} requests the log group has {len(found)} after {pace.longest_line_seconds:g} s"
            )
        clock.sleep(pace.poll_seconds)
    return found


def await_texts(scratch: Scratch, group: str, requests: Collection[str]) -> list[str]:
    """The group's lines that begin with these request ids, unparsed, once all have arrived.

    Raises:
        UnansweredError: some lines never arrived.
    """
    clock, pace = scratch.aws.clock, scratch.pace
    deadline = Deadline(clock, pace.longest_line_seconds)
    while True:
        events = list(scratch.aws.pages("logs", "filter_log_events", "events", logGroupName=group))
        found = [event["message"] for event in events if event["message"].partition(" ")[0] in requests]
        if len(found) >= len(requests):
            return found
        if deadline.is_over():
            raise UnansweredError(
                f"of {len(requests)} requests the log group has {len(found)} after {pace.longest_line_seconds:g} s"
            )
        clock.sleep(pace.poll_seconds)


def has_group(scratch: Scratch, name: str) -> bool:
    """Whether a log group with this name exists."""
    found = scratch.aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return any(group["logGroupName"] == name for group in found)


def _parse(text: str) -> Line:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
