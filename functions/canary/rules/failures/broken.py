"""What broke, read from the rows of the query: failing requests of both arms beside each other, and a few samples.

Decides which arm and which function a row belongs to. An answer in the access log says its arm. What only a function's log
knows belongs to the canary if the version that logged it is the release's. This module does not know how the rows were fetched.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from canary.rules.failures.query import FUNCTION_LOGS, MOST_ROWS, Question, WhichArm
from canary.rules.failures.safe_text import safe, safe_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_SAMPLES = 5
MOST_ERRORS = 5
MOST_LISTED = 20
_GIGABYTE = 1_000_000_000
_REQUEST_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9+/=_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Failing:
    """Failing requests of one route with one status, and how many each arm had.

    ``function`` is None where no log says who answered. The versions are those that logged an error, or else what the arm
    runs; None where the function is not known.
    """

    route: str
    status: int
    function: str | None
    canary: int
    base: int
    canary_version: str | None
    base_version: str | None


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """One failing request. ``error`` is the function's own line, None where no line carries the request's id."""

    arm: WhichArm
    route: str
    status: int
    function: str | None
    version: str | None
    request_id: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class LoggedError:
    """An error line of a function without a failing answer beside it, and how often its version logged it."""

    arm: WhichArm
    function: str
    version: str | None
    lines: int
    request_id: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the query read, and what that costs at the list price (US dollars)."""

    bytes_scanned: int
    records: int
    dollars: float


@dataclass(frozen=True, slots=True)
class WhatBroke:
    """The answer. ``failing``, ``samples`` and ``logged`` are in the order of their importance, the canary's first.

    ``notes``: what the answer does not cover, one sentence each. ``is_cut``: there was more, so the counts are lower bounds.
    """

    target: str
    begins_at: float
    ends_at: float
    versions: Mapping[WhichArm, Mapping[str, str]]
    groups: tuple[str, ...]
    failing: tuple[Failing, ...]
    samples: tuple[FailedRequest, ...]
    logged: tuple[LoggedError, ...]
    scanned: Scanned
    notes: tuple[str, ...] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of the query: its rows by field, what it scanned, and the log groups that do not exist."""

    rows: tuple[Mapping[str, str], ...]
    bytes_scanned: int
    records: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """Requests that are alike. ``status`` is None where no access-log line was found."""

    arm: WhichArm
    route: str
    status: int | None
    function: str | None
    version: str | None
    error: str | None
    requests: int
    lines: int
    request_id: str | None


def broken_of(question: Question, answered: Answered, price_per_gb: Decimal) -> WhatBroke:
    """What the rows say."""
    rows = [row for row in (_row(question, one) for one in answered.rows) if question.arm in (None, row.arm)]
    failing = [row for row in rows if row.status is not None]
    logged = tuple(_logged(rows))
    listed = tuple(_failing(question, failing))
    dollars = Decimal(answered.bytes_scanned) / _GIGABYTE * price_per_gb
    return WhatBroke(
        target=question.target.name,
        begins_at=question.begins_at,
        ends_at=question.ends_at,
        versions=question.versions,
        groups=tuple(group for group in question.groups if group not in answered.missing),
        failing=listed[:MOST_LISTED],
        samples=tuple(_samples(question, failing)),
        logged=logged[:MOST_ERRORS],
        scanned=Scanned(answered.bytes_scanned, answered.records, float(dollars)),
        notes=tuple(_notes(question, answered)),
        is_cut=len(answered.rows) >= MOST_ROWS or len(listed) > MOST_LISTED,
    )


def _row(question: Question, fields: Mapping[str, str]) -> _Row:
    logger, version = fields.get("logger"), fields.get("version")
    function = safe(logger.rpartition(FUNCTION_LOGS)[2], 64) if logger else None
    status = _whole(fields.get("status"))
    method, route = fields.get("method"), fields.get("route")
    said = safe_error(fields.get("said", ""))
    sample = fields.get("sample", "")
    spoken = WhichArm.CANARY if _is_of_release(question, function, version) else WhichArm.BASE
    answered = WhichArm.CANARY if fields.get("arm") == "true" else WhichArm.BASE
    return _Row(
        arm=spoken if status is None else answered,
        route=safe(f"{method or '?'} {route}", 100) if route and route != "-" else "no route",
        status=status,
        function=function,
        version=safe(version, 10) if version else None,
        error=said or None,
        requests=_whole(fields.get("requests")) or 0,
        lines=_whole(fields.get("lines")) or 0,
        request_id=sample if _REQUEST_ID.fullmatch(sample) else None,
    )


def _is_of_release(question: Question, function: str | None, version: str | None) -> bool:
    canary = question.versions.get(WhichArm.CANARY, {}).get(function or "")
    return version is not None and version == canary != question.versions.get(WhichArm.BASE, {}).get(function or "")


def _whole(text: str | None) -> int | None:
    """A count or a status; Insights writes numbers with or without decimals."""
    return int(float(text)) if text and re.fullmatch(r"\d{1,15}(?:\.\d+)?", text) else None


def _answering(question: Question, rows: Iterable[_Row]) -> Mapping[str, str]:
    """By route, the one function that answers it, as far as the logs or the target tell."""
    functions = question.target.functions
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.function:
            seen[row.route].add(row.function)
        elif len(functions) == 1:
            seen[row.route].add(functions[0].name)
    return {route: next(iter(names)) for route, names in seen.items() if len(names) == 1}


def _failing(question: Question, rows: list[_Row]) -> Iterator[Failing]:
    """Each route and status once, those with the most of the canary's failures first."""
    answering = _answering(question, rows)
    counts: defaultdict[tuple[str, int, str | None], Counter[WhichArm]] = defaultdict(Counter)
    versions: defaultdict[tuple[str, int, str | None, WhichArm], set[str]] = defaultdict(set)
    for row in rows:
        key = (row.route, row.status or 0, row.function or answering.get(row.route))
        counts[key][row.arm] += row.requests
        if row.version:
            versions[*key, row.arm].add(row.version)
    for key, arms in sorted(
        counts.items(), key=lambda item: (-item[1][WhichArm.CANARY], -item[1][WhichArm.BASE], str(item[0]))
    ):
        route, status, function = key
        shown = {arm: ", ".join(sorted(versions[*key, arm])) or _runs(question, arm, function) for arm in WhichArm}
        yield Failing(
            route, status, function, arms[WhichArm.CANARY], arms[WhichArm.BASE], shown[WhichArm.CANARY], shown[WhichArm.BASE]
        )


def _runs(question: Question, arm: WhichArm, function: str | None) -> str | None:
    """What the arm runs of a function, as far as that is known."""
    return question.versions.get(arm, {}).get(function or "")


def _samples(question: Question, rows: list[_Row]) -> Iterator[FailedRequest]:
    """The canary's first, then those with an error line, then the most frequent; each error once per route and status."""
    answering = _answering(question, rows)
    seen: set[tuple[object, ...]] = set()
    for row in sorted(rows, key=lambda one: (one.arm is not WhichArm.CANARY, one.error is None, -one.requests)):
        function = row.function or answering.get(row.route)
        key = (row.arm, row.route, row.status, row.error)
        if key in seen or len(seen) == MOST_SAMPLES:
            continue
        seen.add(key)
        version = row.version or _runs(question, row.arm, function)
        yield FailedRequest(row.arm, row.route, row.status or 0, function, version, row.request_id, row.error)


def _logged(rows: list[_Row]) -> Iterator[LoggedError]:
    """Error lines that no failing answer was found for: the canary's first, then the most frequent.

    A line that repeats what the same version logged with a request's id is left out: the runtime logs what a handler raises,
    often after the handler has logged it itself.
    """
    told = {(row.function, row.version, row.error) for row in rows if row.request_id and row.error}
    alike: defaultdict[tuple[WhichArm, str, str | None, str], list[_Row]] = defaultdict(list)
    for row in rows:
        if row.status is None and row.function and row.error:
            alike[row.arm, row.function, row.version, row.error].append(row)
    counts = {key: sum(row.lines for row in found) for key, found in alike.items()}
    for key, found in sorted(alike.items(), key=lambda item: (item[0][0] is not WhichArm.CANARY, -counts[item[0]])):
        arm, function, version, error = key
        request_id = next((row.request_id for row in found if row.request_id), None)
        is_repeated = any(error.endswith(said) for name, ran, said in told if (name, ran) == (function, version))
        if request_id or not is_repeated:
            yield LoggedError(arm, function, version, counts[key], request_id, error)


def _notes(question: Question, answered: Answered) -> Iterator[str]:
    """What the answer does not cover, and what to do about it."""
    if question.target.stage is None:
        yield "the target has no stage, so there are no routes and no statuses: only error lines of its functions"
    elif question.is_elsewhere:
        yield f"the access log goes to {question.log.group}, which no query reads: only error lines of the functions"
    elif question.misfit:
        yield f"{question.misfit}; so there are no routes and no statuses, only error lines of the functions"
    elif not question.has_access_log:
        yield "the stage writes no access log, so there are no routes and no statuses; set one, see docs/access-log.md"
    elif not question.is_joined:
        yield (
            "the access log does not name the functions' requests, so error lines stand apart from the failing requests; add "
            '"functionRequestId":"$context.integration.requestId" to its format'
        )
    for group in answered.missing:
        if group.startswith(FUNCTION_LOGS):
            yield (
                f"log group {group} does not exist: the function has logged nothing yet, may not write logs, or writes to "
                "another group"
            )
        else:
            yield f"log group {group} does not exist, although the stage writes its access log there; create it"
    if question.left_out:
        yield f"one query reads 50 log groups; not read: {', '.join(question.left_out)}"
