"""Which fields of a target must agree: names that differ, aliases that match, what needs a stage or an access log.

It looks at what was written, unchecked, and passes over what does not fit its field: that is the field's own problem. What only
the whole target can show, the size of its metric filters, is asked of the target itself.
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
    """What the list under ``key`` holds more than once, by the items' ``field`` where they are mappings."""
    seen: set[str] = set()
    for index, item in enumerate(_items(raw, key)):
        value = item.get(field) if field and isinstance(item, Mapping) else item
        if not isinstance(value, str | int):
            continue
        if str(value) in seen:
            path: Path = (key, index, field) if field else (key, index)
            yield Clash(path, f"listed twice, got {show(value)} again", "drop one of them")
        seen.add(str(value))


def find_alias_clashes(raw: Raw) -> Iterator[Clash]:
    """Where a function's aliases do not suit the shifter, each other, or the other functions."""
    has_stage = "stage" in raw
    first: dict[str, str] = {}
    for index, function in enumerate(_items(raw, "functions")):
        if isinstance(function, Mapping):
            here: Path = ("functions", index)
            yield from _find_shared_alias(here, function)
            yield from _find_missing_canary(here, function) if has_stage else _find_surplus_canary(here, function)
            yield from _find_odd_aliases(here, function, first) if has_stage else ()


def find_log_clashes(raw: Raw) -> Iterator[Clash]:
    """An access log without a stage, and what is counted in an access log without one."""
    if "access_log_group" in raw and "stage" not in raw:
        got = f"there is no stage, got {show(raw['access_log_group'])}"
        yield Clash(("access_log_group",), got, "drop it, or give the stage whose access log it is")
    metrics = raw.get("metrics")
    if not isinstance(metrics, Mapping) or "access_log_group" in raw:
        return
    if _items(metrics, "latency_limits_ms"):
        got = "limits are counted from the access log, and there is none"
        yield Clash(("metrics", "latency_limits_ms"), got, "give access_log_group, or drop the limits")
    if metrics.get("client_errors") in (True, "true"):
        got = "4xx answers are counted from the access log, and there is none"
        yield Clash(("metrics", "client_errors"), got, "give access_log_group, or drop it")


def find_outside_clashes(raw: Raw) -> Iterator[Clash]:
    """What is outside of no API, and a whole API outside."""
    if _items(raw, "outside") and "stage" not in raw:
        got = "routes and authorizers are an API's, and there is no stage"
        yield Clash(("outside",), got, "drop it, or give the stage")
    for index, one in enumerate(_items(raw, "outside")):
        if isinstance(one, Mapping) and one.get("path") == f"/{ANY_TEXT}" and not _items(one, "methods"):
            got = f"every request would be outside, got {show(one['path'])}"
            yield Clash(("outside", index, "path"), got, "name the routes that the release does not touch")


def find_filter_problems(target: Target, at: str = "") -> Iterator[Problem]:
    """More metric filters than a log group takes, or a pattern that is too long; ``at`` is put before the fields' paths."""
    place = f"{at}." if at else ""
    filters = len(metric_filters(target))
    if filters > MOST_FILTERS:
        got = f"they make {filters} metric filters; a log group takes {MOST_FILTERS}"
        yield Problem(f"{place}metrics.latency_limits_ms", got, "give fewer limits")
    if too_long := find_long_pattern(target):
        yield Problem(f"{place}outside", too_long, f"give fewer routes, or shorter ones that end in {ANY_TEXT}")


def _find_shared_alias(here: Path, function: Raw) -> Iterator[Clash]:
    live = function.get("live")
    if isinstance(live, str) and live == function.get("canary"):
        yield Clash((*here, "canary"), f"both arms use the alias {show(live)}", "give each arm an alias of its own")


def _find_missing_canary(here: Path, function: Raw) -> Iterator[Clash]:
    if "canary" not in function:
        yield Clash((*here, "canary"), "is missing", "give the alias that the canary uses behind the stage")


def _find_surplus_canary(here: Path, function: Raw) -> Iterator[Clash]:
    if "canary" in function:
        fix = "drop it, or give the stage; without a stage the live alias's own weights split the traffic"
        yield Clash((*here, "canary"), f"there is no stage, got {show(function['canary'])}", fix)


def _find_odd_aliases(here: Path, function: Raw, first: dict[str, str]) -> Iterator[Clash]:
    """One stage variable holds one alias name, so behind a stage all functions' aliases are called alike."""
    for arm in ("live", "canary"):
        alias = function.get(arm)
        if isinstance(alias, str) and alias != first.setdefault(arm, alias):
            got = f"one stage variable names every function's alias, got {show(alias)} beside {show(first[arm])}"
            yield Clash((*here, arm), got, f"call the {arm} alias of all functions the same")


def _items(raw: Raw, key: str) -> list[Any]:
    items = raw.get(key)
    return list(items) if isinstance(items, list | tuple) else []
