"""Checks between a target's fields: names must differ, aliases must match, some fields need a stage or an access log.

The checks read the raw input. They skip values of the wrong type, because the field itself reports those. Only the size of the
metric filters needs the whole parsed target.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from canary.edge.model import Clash, Path
from canary.rules.releases.problems import Problem, show
from canary.rules.targets.access_log import MOST_FILTERS, find_long_pattern, metric_filters
from canary.rules.targets.outside import ANY_TEXT
from canary.rules.targets.target import Target

Raw = Mapping[Any, Any]


def find_twice(raw: Raw, key: str, field: str | None = None) -> Iterator[Clash]:
    """Items that the list under ``key`` holds more than once. Mappings are compared by their ``field``."""
    seen: set[str] = set()
    for index, item in enumerate(_items(raw, key)):
        value = item.get(field) if field and isinstance(item, Mapping) else item
        if not isinstance(value, str | int):
            continue
        if str(value) in seen:
            path: Path = (key, index, field) if field else (key, index)
            yield Clash(path, f"listed twice, got {show(value)} again", "remove one of them")
        seen.add(str(value))


def find_alias_clashes(raw: Raw) -> Iterator[Clash]:
    """Aliases that do not fit the shifter, each other or the other functions."""
    has_stage = "stage" in raw
    first: dict[str, str] = {}
    for index, function in enumerate(_items(raw, "functions")):
        if isinstance(function, Mapping):
            here: Path = ("functions", index)
            yield from _find_shared_alias(here, function)
            yield from _find_missing_canary(here, function) if has_stage else _find_surplus_canary(here, function)
            yield from _find_odd_aliases(here, function, first) if has_stage else ()


def find_log_clashes(raw: Raw) -> Iterator[Clash]:
    """An access log without a stage, and metrics that need an access log where there is none."""
    if "access_log_group" in raw and "stage" not in raw:
        got = f"there is no stage, got {show(raw['access_log_group'])}"
        yield Clash(("access_log_group",), got, "remove it, or give the stage that writes this access log")
    metrics = raw.get("metrics")
    if not isinstance(metrics, Mapping) or "access_log_group" in raw:
        return
    if _items(metrics, "latency_limits_ms"):
        got = "latency limits need an access log, and there is none"
        yield Clash(("metrics", "latency_limits_ms"), got, "give access_log_group, or remove the limits")
    if metrics.get("client_errors") in (True, "true"):
        got = "4xx answers are counted in the access log, and there is none"
        yield Clash(("metrics", "client_errors"), got, "give access_log_group, or set client_errors: false")


def find_outside_clashes(raw: Raw) -> Iterator[Clash]:
    """Routes outside the rollout without a stage, and an entry that puts the whole API outside."""
    if _items(raw, "outside") and "stage" not in raw:
        got = "only an API has routes and authorizers, and there is no stage"
        yield Clash(("outside",), got, "remove it, or give the stage")
    for index, one in enumerate(_items(raw, "outside")):
        if isinstance(one, Mapping) and one.get("path") == f"/{ANY_TEXT}" and not _items(one, "methods"):
            got = f"every request would be outside, got {show(one['path'])}"
            yield Clash(("outside", index, "path"), got, "list only the routes that the release does not touch")


def find_filter_problems(target: Target, at: str = "") -> Iterator[Problem]:
    """Too many metric filters for a log group, or a pattern that is too long; ``at`` prefixes the fields' paths."""
    place = f"{at}." if at else ""
    filters = len(metric_filters(target))
    if filters > MOST_FILTERS:
        got = f"the target needs {filters} metric filters; a log group takes {MOST_FILTERS}"
        yield Problem(f"{place}metrics.latency_limits_ms", got, "give fewer limits")
    if too_long := find_long_pattern(target):
        yield Problem(f"{place}outside", too_long, f"give fewer routes, or shorter ones that end in {ANY_TEXT}")


def _find_shared_alias(here: Path, function: Raw) -> Iterator[Clash]:
    live = function.get("live")
    if isinstance(live, str) and live == function.get("canary"):
        yield Clash((*here, "canary"), f"both arms use the alias {show(live)}", "give each arm its own alias")


def _find_missing_canary(here: Path, function: Raw) -> Iterator[Clash]:
    if "canary" not in function:
        yield Clash((*here, "canary"), "is missing", "give the alias that the canary uses behind the stage")


def _find_surplus_canary(here: Path, function: Raw) -> Iterator[Clash]:
    if "canary" in function:
        fix = "remove it, or give the stage; without a stage the live alias's own weights split the traffic"
        yield Clash((*here, "canary"), f"there is no stage, got {show(function['canary'])}", fix)


def _find_odd_aliases(here: Path, function: Raw, first: dict[str, str]) -> Iterator[Clash]:
    """One stage variable holds one alias name, so behind a stage all functions must use the same alias names."""
    for arm in ("live", "canary"):
        alias = function.get(arm)
        if isinstance(alias, str) and alias != first.setdefault(arm, alias):
            got = f"one stage variable names the alias of every function, got {show(alias)} and {show(first[arm])}"
            yield Clash((*here, arm), got, f"use one name for the {arm} alias of all functions")


def _items(raw: Raw, key: str) -> list[Any]:
    items = raw.get(key)
    return list(items) if isinstance(items, list | tuple) else []
