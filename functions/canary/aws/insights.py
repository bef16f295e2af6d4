"""Asks CloudWatch Logs Insights what broke: one query, waited for within limits, and stopped when it takes too long.

Nothing that decides about a rollout calls this: a query takes seconds, costs money by the bytes that it scans, and may fail.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from math import ceil
from shlex import quote
from typing import TYPE_CHECKING, Any

from canary.aws.calls import is_of_what_is_gone, refusals
from canary.aws.errors import AwsRefusedError, QueryEndedError, QueryTooSlowError
from canary.aws.patience import UNFINISHED
from canary.rules.failures.broken import Answered, WhatBroke, broken_of
from canary.rules.failures.query import MOST_ROWS, query_of
from canary.rules.rollouts.price import RATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from canary.rules.failures.query import Question

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
_MISSING = re.compile(r"Log group '([^']+)' does not exist")


def what_broke(
    client: Any,  # noqa: ANN401 - botocore makes its clients at run time
    question: Question,
    *,
    wait: Callable[[float], None] | None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> WhatBroke:
    """The failing requests of both arms. ``wait`` lets that many seconds pass; None for a client that waits by itself.

    Raises:
        QueryTooSlowError: it took longer than ``patience_seconds``; the query was stopped.
        QueryEndedError: CloudWatch Logs ended the query without an answer.
        AwsRefusedError: CloudWatch Logs refused a call.

    """
    query_id, missing = _start(client, question)
    if query_id is None:
        return broken_of(question, Answered((), 0, 0, missing), RATES.scanned_gb)
    with _stopped_on_the_way(client, query_id):
        answer = _finish(client, query_id, wait, patience_seconds)
    rows = tuple({one["field"]: one["value"] for one in row if "value" in one} for row in answer["results"])
    scanned = answer.get("statistics", {})
    answered = Answered(rows, int(scanned.get("bytesScanned", 0)), int(scanned.get("recordsScanned", 0)), missing)
    return broken_of(question, answered, RATES.scanned_gb)


def _start(client: Any, question: Question) -> tuple[str | None, tuple[str, ...]]:  # noqa: ANN401 - as above
    """The query's id, None if none of the log groups exists, and the groups that do not.

    A function that never logged has no group, and a query that names it is refused (docs/aws.md#insights-limits).
    """
    groups, missing = list(question.groups), list[str]()
    while groups:
        try:
            return _ask(client, question, groups), tuple(missing)
        except AwsRefusedError as error:
            absent = _absent(error, groups)
            if absent is None:
                raise
            groups.remove(absent)
            missing.append(absent)
    return None, tuple(missing)


def _ask(client: Any, question: Question, groups: list[str]) -> str:  # noqa: ANN401 - as above
    """Start the query. Both ends of its range are included, in whole seconds."""
    with refusals(f"aws logs start-query --log-group-names {' '.join(map(quote, groups))}"):
        started = client.start_query(
            logGroupNames=[*groups],
            startTime=int(question.begins_at),
            endTime=ceil(question.ends_at),
            queryString=query_of(question),
            limit=MOST_ROWS,
        )
    return str(started["queryId"])


def _absent(error: AwsRefusedError, groups: list[str]) -> str | None:
    """The log group that does not exist, if that is why the query was refused."""
    if not is_of_what_is_gone(error):
        return None
    named = _MISSING.search(str(error))
    return named[1] if named and named[1] in groups else None


def _finish(
    client: Any,  # noqa: ANN401 - as above
    query_id: str,
    wait: Callable[[float], None] | None,
    patience_seconds: float,
) -> Mapping[str, Any]:
    """The finished query's results."""
    for _ in range(max(1, int(patience_seconds / POLL_SECONDS)) if wait else 1):
        if wait:
            wait(POLL_SECONDS)
        with refusals(f"aws logs get-query-results --query-id {query_id}"):
            answer: dict[str, Any] = client.get_query_results(queryId=query_id)
        if answer["status"] == "Complete":
            return answer
        if answer["status"] not in UNFINISHED:
            raise QueryEndedError(f"CloudWatch Logs ended the query {query_id} with the status {answer['status']}")
    raise QueryTooSlowError(f"the query {query_id} took longer than {patience_seconds:g} s and was stopped")


@contextmanager
def _stopped_on_the_way(client: Any, query_id: str) -> Iterator[None]:  # noqa: ANN401 - as above
    """However the wait for the query is given up, the query is stopped, because it costs money."""
    try:
        yield
    except QueryEndedError:
        raise
    except BaseException:
        with suppress(AwsRefusedError), refusals(f"aws logs stop-query --query-id {query_id}"):
            client.stop_query(queryId=query_id)
        raise
