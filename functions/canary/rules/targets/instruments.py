"""Whether the instruments that count requests are unchanged: the stage's access log and the target's metric filters.

If a filter was changed, or the stage no longer writes its log, a look sees no failures and would take that for health. This
module decides what must exist and words each difference. The verdict decides what follows from a fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.rules.targets.access_log import MetricFilter, find_misfit, metric_filters
from canary.rules.targets.target import Outside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target

_TOKENS = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be in place at each look. Empty, with ``log_group`` None, for a target that is not judged on an access log."""

    log_group: str | None = None
    filters: Mapping[str, MetricFilter] = field(default_factory=dict)
    outside: Outside | None = None


@dataclass(frozen=True, slots=True)
class SeenFilter:
    """A metric filter as it is now. ``value`` and ``default`` are the transformation's, ``dimensions`` names its dimensions."""

    name: str
    pattern: str
    namespace: str
    metric: str
    value: str
    default: float | None = None
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenInstruments:
    """What was read. ``filters`` is None if they were not checked because CloudWatch Logs was busy; that is not a fault.

    ``log_group`` and ``log_format`` are the stage's, None without an access log. ``refusal``: why the filters cannot be read
    at all, in AWS's own words.
    """

    log_group: str | None = None
    log_format: str | None = None
    filters: Mapping[str, SeenFilter] | None = None
    refusal: str | None = None


def expected_instruments(target: Target) -> Expected:
    """What must be in place at each look of this target's rollouts."""
    filters = {one.name: one for one in metric_filters(target)}
    return Expected(target.access_log_group, filters, target.outside) if filters else Expected()


def find_faults(expected: Expected, seen: SeenInstruments) -> tuple[str, ...]:
    """Each fault in one sentence that names the instrument; none if everything is unchanged or was not checked."""
    if expected.log_group is None:
        return ()
    return (*_of_log(expected, seen), *_of_filters(expected, seen))


def _of_log(expected: Expected, seen: SeenInstruments) -> Iterator[str]:
    if seen.log_group != expected.log_group:
        yield (
            f"the stage writes its access log to {seen.log_group or 'nowhere'}, and the metric filters count in "
            f"{expected.log_group}; set the stage's access log again"
        )
    elif misfit := find_misfit(seen.log_format or "", expected.outside):
        yield f"the stage's access log no longer fits: {misfit}"


def _of_filters(expected: Expected, seen: SeenInstruments) -> Iterator[str]:
    if seen.refusal is not None:
        yield f"the metric filters of {expected.log_group} cannot be read: {seen.refusal}"
    if seen.filters is None:
        return
    for name, wanted in expected.filters.items():
        found = seen.filters.get(name)
        if found is None:
            yield f"the metric filter {name} is gone; deploy the target again"
        elif difference := _difference(wanted, found):
            yield f"the metric filter {name} was changed: {difference}; deploy the target again"
    published = {(one.namespace, one.metric) for one in expected.filters.values()}
    for found in seen.filters.values():
        is_other = found.name not in expected.filters and not found.dimensions
        if is_other and (found.namespace, found.metric) in published:
            yield f"the metric filter {found.name} also counts into {found.metric} of {found.namespace}; delete it"


def _difference(wanted: MetricFilter, found: SeenFilter) -> str | None:
    """How a filter differs; blanks outside quotes in a pattern do not matter."""
    if _squeezed(wanted.pattern) != _squeezed(found.pattern):
        return f"its pattern is {found.pattern}"
    if (found.namespace, found.metric) != (wanted.namespace, wanted.metric):
        return f"it publishes {found.metric} of {found.namespace}"
    if found.dimensions:
        return f"it publishes with the dimensions {', '.join(found.dimensions)}"
    if found.value != wanted.value:
        return f"it counts {found.value} per line"
    if found.default != wanted.default:
        return f"it counts {'nothing' if found.default is None else found.default} in a minute without a match"
    return None


def _squeezed(pattern: str) -> str:
    return _TOKENS.sub(lambda token: token[1] or "", pattern)
