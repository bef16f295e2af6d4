"""The queries of CloudWatch Logs Insights that are saved for a target, for a person to run in the console.

Decides what each query asks and which log groups it reads. They ask what `canary.rules.failures.query` does not: they count
the requests that went well too, and a person edits them. An access log tells the arms apart. Without one only the version that
logged a line does, so a target without an access log has queries by version alone.

Only access logs with the standard fields `httpMethod` and `resourcePath` show routes; the other fields are required of every
format (`canary.rules.targets.log_format`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.failures.query import ERROR_LINE, FUNCTION_LOGS, MOST_GROUPS, UUID, is_answer, is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Outside, Stage, Target

REQUEST_ID = "put a request's id here"
"""What a person replaces in the query for one request. No line holds this text, so the query finds nothing before that."""

FOLDER = "canary"

_SAID = "substr(coalesce(errorMessage, error, message, @message), 0, 300)"


class Asks(enum.StrEnum):
    """What a saved query asks, in the words of its name."""

    BY_ARM = "requests by arm"
    BY_VERSION = "calls by version"
    ERRORS_BESIDE_BASE = "errors of both arms"
    ERRORS_BY_VERSION = "errors by version"
    ONE_REQUEST = "one request's path"


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """One query: its name with the folders in which the console shows it, the log groups it reads, and its text."""

    asks: Asks
    name: str
    groups: tuple[str, ...]
    text: str


def saved_queries(target: Target) -> tuple[SavedQuery, ...]:
    """The queries of a target. A query reads at most fifty groups (docs/aws.md#insights-limits), the first functions' logs."""
    functions = tuple(f"{FUNCTION_LOGS}{function.name}" for function in target.functions)
    return tuple(
        SavedQuery(asks, f"{FOLDER}/{target.name}/{asks.value}", groups[:MOST_GROUPS], "\n| ".join(commands))
        for asks, groups, commands in _asked(target, functions)
    )


def _asked(target: Target, functions: tuple[str, ...]) -> Iterator[tuple[Asks, tuple[str, ...], tuple[str, ...]]]:
    log: tuple[str, ...] = ()
    if target.stage and target.access_log_group:
        log = (target.access_log_group,)
        counted = f"filter {' and '.join(_counted(target.stage, target.outside))}"
        yield Asks.BY_ARM, log, (counted, *_BY_ARM)
        yield Asks.ERRORS_BESIDE_BASE, log, (counted, *_ERRORS_BESIDE_BASE)
    else:
        yield Asks.ERRORS_BY_VERSION, functions, _ERRORS_BY_VERSION
    yield Asks.BY_VERSION, functions, _BY_VERSION
    yield Asks.ONE_REQUEST, (*log, *functions), _ONE_REQUEST


def _counted(stage: Stage, outside: Outside) -> Iterator[str]:
    """The conditions of an access-log line that the judge counts; several stages may share a log group."""
    yield is_answer(stage)
    yield from (f"not ({is_on(one, 'resourcePath', 'httpMethod')})" for one in outside.routes)


_IS_CANARY = 'isCanary = "true"'

_BY_ARM = (
    f'fields case({_IS_CANARY}, "canary", "base") as which_arm',
    "fields case(status >= 500, 100, 0) as is_5xx, case(status >= 400 and status < 500, 100, 0) as is_4xx",
    (
        "stats count(*) as requests, avg(is_5xx) as percent_5xx, avg(is_4xx) as percent_4xx, "
        "pct(responseLatency, 50) as p50_ms, pct(responseLatency, 99) as p99_ms by which_arm"
    ),
    "sort requests desc",
)
"""A hundred for a bad request and nothing for a good one: their average is the rate in percent."""

_ERRORS_BESIDE_BASE = (
    f"fields case({_IS_CANARY}, 1, 0) as on_canary, case({_IS_CANARY}, 0, 1) as on_base",
    "fields case(status >= 500, on_canary, 0) as failed_on_canary, case(status >= 500, on_base, 0) as failed_on_base",
    (
        "stats sum(failed_on_canary) as canary_errors, sum(on_canary) as canary_requests, "
        "sum(failed_on_base) as base_errors, sum(on_base) as base_requests by httpMethod, resourcePath"
    ),
    "sort canary_errors desc",
)

_RAN = r"parse @logStream /\[(?<ran_version>[^\]]+)\]/"
"""A stream's name has the version that logged the line (docs/aws.md#function-request-id)."""

_CALL = (
    _RAN,
    f"parse @message /(?<spoken_id>{UUID})/",
    "fields coalesce(function_request_id, requestId, spoken_id) as which_call",
)

_BY_VERSION = (
    f"filter @message like /{UUID}/",
    *_CALL,
    f"fields case(@message like {ERROR_LINE}, 1, 0) as is_error",
    "stats count_distinct(which_call) as calls, sum(is_error) as error_lines by @log, ran_version",
    "sort calls desc",
)
"""A function's lines carry Lambda's request id, in START and REPORT lines if nowhere else."""

_ERRORS_BY_VERSION = (
    f"filter @message like {ERROR_LINE}",
    *_CALL,
    f"fields {_SAID} as what_it_said",
    "stats count_distinct(which_call) as calls, count(*) as lines by @log, ran_version, what_it_said",
    "sort lines desc",
)

_ONE_REQUEST = (
    f'filter @message like "{REQUEST_ID}"',
    _RAN,
    f'fields case({_IS_CANARY}, "canary", ispresent(isCanary), "base") as logged_arm',
    "fields coalesce(version, ran_version) as which_version, coalesce(arm, logged_arm) as which_arm",
    "sort @timestamp asc",
    "display @timestamp, @log, which_version, which_arm, status, @message",
)
