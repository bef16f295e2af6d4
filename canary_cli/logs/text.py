"""What broke as text: a table of the failing requests, a few of them with the function's error line, and what was scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.failures.query import WhichArm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from canary.rules.failures.broken import FailedRequest, Failing, LoggedError, Scanned, WhatBroke
    from canary.rules.failures.query import Question

MEGABYTE = 1_000_000
UNKNOWN = "unknown"
LEAST_SHOWN = 0.0001
"""US dollars."""


def price_lines(question: Question, price_per_gb: str, *, is_cut: bool) -> Iterator[str]:
    """What is about to be asked, and what it may cost. How much a query scans is known only afterwards."""
    groups = ", ".join(question.groups)
    yield f"one query of CloudWatch Logs Insights scans {groups}; list price in us-east-1: ${price_per_gb} per GB scanned"
    if is_cut:
        yield "the rollout took longer than 24 h, so only its last 24 h are read"


def lines_of(broken: WhatBroke, rollout_id: str | None, local: Callable[[float], str]) -> Iterator[str]:
    """The answer: failing requests of both arms side by side, samples, other error lines, notes and the price.

    ``local`` writes an instant for people.
    """
    what = f", rollout {rollout_id}" if rollout_id else ""
    yield f"{broken.target}: what broke from {local(broken.begins_at)} to {local(broken.ends_at)}{what}"
    for arm in WhichArm:
        yield f"  {arm.value:<8}{_versions(broken.versions.get(arm, {}))}"
    if not broken.failing and not broken.logged:
        yield "nothing failed, as far as these logs tell"
    if broken.failing:
        yield "failing requests"
        yield from _table(broken.failing)
    if broken.samples:
        yield "samples"
        yield from map(_sample, broken.samples)
    if broken.logged:
        yield "error lines without a failing request beside them"
        yield from map(_logged, broken.logged)
    if broken.is_cut:
        yield "there is more than is shown, so the counts are lower bounds; narrow the time with --since"
    for note in broken.notes:
        yield f"note: {note}"
    yield _scanned(broken.scanned, broken.groups)


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "none"


def _table(failing: Iterable[Failing]) -> Iterator[str]:
    rows = [("route", "status", "canary", "base", "function", "canary's version", "base's version")]
    for one in failing:
        versions = (one.canary_version or UNKNOWN, one.base_version or UNKNOWN)
        rows.append((one.route, str(one.status), f"{one.canary:,}", f"{one.base:,}", one.function or UNKNOWN, *versions))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def _sample(sample: FailedRequest) -> str:
    ran = f"{sample.function} {sample.version or ''}".strip() if sample.function else "no function known"
    request = f", request {sample.request_id}" if sample.request_id else ""
    error = sample.error or "no error line with its request id"
    return f"  {sample.arm.value}: {sample.route} {sample.status}, {ran}{request}: {error}"


def _logged(logged: LoggedError) -> str:
    version = f" {logged.version}" if logged.version else ""
    request = f", such as request {logged.request_id}" if logged.request_id else ""
    times = "once" if logged.lines == 1 else f"{logged.lines:,} times"
    return f"  {logged.arm.value}: {logged.function}{version}, {times}{request}: {logged.error}"


def _scanned(scanned: Scanned, groups: tuple[str, ...]) -> str:
    read = f"{scanned.bytes_scanned / MEGABYTE:,.1f} MB, {scanned.records:,} lines"
    price = f"${scanned.dollars:.4f}" if scanned.dollars >= LEAST_SHOWN else f"less than ${LEAST_SHOWN}"
    return f"scanned   {read} in {len(groups)} log group{'' if len(groups) == 1 else 's'}; {price} at list price"
