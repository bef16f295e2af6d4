"""The life of a query: started, running for a moment, complete, or stopped (docs/aws.md#insights-limits).

Decides which requests CloudWatch Logs refuses and what a query has scanned. A query sees the lines that are kept when it
starts. How long a query takes is not recorded; here it takes a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.logs.insights.commands import parse_query
from embedded_aws.logs.insights.values import EventRow
from embedded_aws.wire.refusal import NotBuiltError, RefusalError

if TYPE_CHECKING:
    from embedded_aws.logs.lines import Line
    from embedded_aws.wire.unknowns import Unknowns

MOST_GROUPS = 50
MOST_RUNNING = 100
MOST_ROWS = 100_000
MOST_ROWS_A_PAGE = 10_000
LONGEST_QUERY = 10_000
RUNS_SECONDS = 1.0
_SOURCES = ("logGroupName", "logGroupNames", "logGroupIdentifiers")


@dataclass
class _Query:
    """A started query with its result, which is shown once it is complete."""

    started_at: float
    rows: list[list[dict[str, str]]]
    statistics: Mapping[str, float]
    is_stopped: bool = False

    def status(self, now: float) -> str:
        if self.is_stopped:
            return "Cancelled"
        if now <= self.started_at:
            return "Scheduled"
        return "Running" if now < self.started_at + RUNS_SECONDS else "Complete"


class Insights:
    """The queries of the account."""

    def __init__(
        self, account: str, lines_of: Callable[[str], Iterable[Line]], now: Callable[[], float], unknowns: Unknowns
    ) -> None:
        self._account = account
        self._lines_of = lines_of
        self._now = now
        self._unknowns = unknowns
        self._queries: dict[str, _Query] = {}

    def start(self, request: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
        """StartQuery over these groups, which exist.

        Raises:
            RefusalError: AWS refuses the request.
            NotBuiltError: AWS could run the query.

        """
        if request.get("queryLanguage") not in (None, "CWLI"):
            raise NotBuiltError(f"the query language {request['queryLanguage']} is not built")
        text = request["queryString"]
        if len(text) > LONGEST_QUERY:
            raise _invalid(f"the query has {len(text)} characters; at most {LONGEST_QUERY} are allowed")
        if not 1 <= (limit := request.get("limit") or MOST_ROWS_A_PAGE) <= MOST_ROWS:
            raise _invalid(f"limit must be from 1 to {MOST_ROWS}, got {limit}")
        if request["startTime"] > request["endTime"]:
            raise _invalid("the start time must not be after the end time")
        now = self._now()
        if sum(one.status(now) in ("Scheduled", "Running") for one in self._queries.values()) >= MOST_RUNNING:
            raise RefusalError("LimitExceededException", "Resource limit exceeded.")
        query = parse_query(text, self._unknowns)
        events = [*self._events(request, groups)]
        scanned = sum(len(str(event.get("@message")).encode()) for event in events)
        rows, matched = query.run(events)
        statistics = {"recordsMatched": float(matched), "recordsScanned": float(len(events)), "bytesScanned": float(scanned)}
        query_id = f"{len(self._queries) + 1:08x}-0000-4000-8000-{int(now):012x}"
        self._queries[query_id] = _Query(now, rows[:limit], {**statistics, "logGroupsScanned": float(len(groups))})
        return {"queryId": query_id}

    def results(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """GetQueryResults: nothing before the query is complete, then its rows, page by page."""
        query = self._find(request["queryId"])
        status = query.status(self._now())
        answer = {"queryLanguage": "CWLI", "status": status}
        if status != "Complete":
            nothing = dict.fromkeys(query.statistics, 0.0)
            return {**answer, "results": [], "statistics": nothing}
        first = int(request.get("nextToken") or 0)
        last = first + min(request.get("maxItems") or MOST_ROWS_A_PAGE, MOST_ROWS_A_PAGE)
        more = {"nextToken": str(last)} if len(query.rows) > last else {}
        return {**answer, "results": query.rows[first:last], "statistics": query.statistics, **more}

    def stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """StopQuery.

        Raises:
            RefusalError: the query is not running.

        """
        query = self._find(request["queryId"])
        if query.status(self._now()) not in ("Scheduled", "Running"):
            raise _invalid(f"Query {request['queryId']} is not running")
        query.is_stopped = True
        return {"success": True}

    def reset(self) -> None:
        """Forget every query."""
        self._queries.clear()

    def _find(self, query_id: str) -> _Query:
        if query_id not in self._queries:
            raise RefusalError("ResourceNotFoundException", f"Query {query_id} does not exist.")
        return self._queries[query_id]

    def _events(self, request: Mapping[str, Any], groups: list[str]) -> Iterable[EventRow]:
        """The lines of the range, whose ends are both included."""
        first, last = request["startTime"] * 1_000, request["endTime"] * 1_000
        for group in groups:
            yield from (EventRow(self._account, group, line) for line in self._lines_of(group) if first <= line.at <= last)


def groups_named(request: Mapping[str, Any]) -> list[str]:
    """The log groups that a request names, in one of three ways.

    Raises:
        RefusalError: it names them in several ways or not at all, or too many.

    """
    given = [name for name in _SOURCES if request.get(name)]
    if len(given) > 1:
        raise _invalid("exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given")
    if not given:
        raise NotBuiltError("a query without log groups, which the command SOURCE would name, is not built")
    named = request[given[0]]
    groups = [named] if isinstance(named, str) else [*named]
    if len(groups) > MOST_GROUPS:
        raise _invalid(f"a query takes at most {MOST_GROUPS} log groups, got {len(groups)}")
    return [_name_of(group) for group in groups]


def _name_of(group: str) -> str:
    return group.partition(":log-group:")[2] if group.startswith("arn:") else group


def _invalid(message: str) -> RefusalError:
    """The refusal of a parameter; the codes are the service model's, the wording is ours."""
    return RefusalError("InvalidParameterException", message)
