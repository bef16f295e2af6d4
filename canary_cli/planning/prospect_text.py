"""A prospect as lines of text. Pure: it renders values and reads nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

from canary.rules.checks.forecast import StepForecast, in_minutes
from canary.rules.checks.hours import spans_of
from canary_cli.planning.prospect import Foreseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary_cli.planning.prospect import Prospect, VersionChange
    from canary_cli.planning.steps import StepProspect

WIDTH = 10
"""Columns of the name before each line's text, as in a status."""


def lines_of_prospect(prospect: Prospect, *, is_registered: bool = True) -> Iterator[str]:
    """What a start would do: the release, the policy with its steps, the price, and every reason to refuse it.

    Of what is not registered yet, the doctor tells what it lacks.
    """
    yield f"{prospect.target}: {_headline(prospect) if is_registered else 'what a rollout would do, once the API is a target'}"
    yield from (_line("release", _version(change)) for change in prospect.versions)
    if prospect.deployment:
        yield _line("API", f"deployment: {prospect.deployment}")
    bakes = in_minutes(sum(step.bake_seconds for step in prospect.steps) / 60)
    yield _line("policy", f"{prospect.policy}: {_steps(prospect.steps)}, then promotion; the bakes take {bakes} together")
    yield _line("traffic", _traffic(prospect.requests_per_minute))
    for number, step in enumerate(prospect.steps, start=1):
        yield from (_line(f"step {number}", line) for line in _of_step(step))
    yield _line("compared", ", ".join(prospect.compared) or "nothing")
    yield from (_line("left out", one) for one in prospect.not_compared)
    yield from _of_hours(prospect)
    yield _line("price", f"about {prospect.price}")
    if is_registered:
        yield from (_line("refused", problem) for problem in prospect.problems)
    yield from (_line("note", note) for note in prospect.notes if note not in prospect.not_compared)
    yield from (_line("open", point) for point in prospect.open_points)


def _headline(prospect: Prospect) -> str:
    match prospect.outcome:
        case Foreseen.START:
            return "a start would begin a rollout, as far as can be seen"
        case Foreseen.UNCHANGED:
            return "a start would end unchanged: base already runs the release"
        case Foreseen.REFUSED:
            return f"a start would be refused ({len(prospect.problems)} found)"
        case _:
            assert_never(prospect.outcome)


def _version(change: VersionChange) -> str:
    if not (change.old or change.new):
        return f"{change.function} has no version yet"
    old, new = change.old or "?", change.new or "?"
    return f"{change.function} stays at {old}" if old == new else f"{change.function} {old} -> {new}"


def _steps(steps: tuple[StepProspect, ...]) -> str:
    return ", ".join(f"{step.weight_percent:g} % for {in_minutes(step.bake_seconds / 60)}" for step in steps)


def _traffic(per_minute: float | None) -> str:
    return "not known" if per_minute is None else f"base had {per_minute:,.1f} requests per minute in the last day"


def _of_step(step: StepProspect) -> Iterator[str]:
    if step.needed_requests is None or step.longest_minutes is None:
        return
    weight = Decimal(f"{step.weight_percent:g}")
    yield str(StepForecast(weight, step.needed_requests, step.expected_minutes, step.longest_minutes))
    if step.expected_requests is not None and step.expected_errors is not None:
        yield f"expects {step.expected_requests:,.0f} canary requests in its bake, {step.expected_errors:,.1f} of them errors"
    seen = {metric: points for metric, points in step.smallest_regressions.items() if points is not None}
    unseen = [metric for metric in step.smallest_regressions if metric not in seen]
    if seen:
        yield f"sees {', '.join(f'{metric} from +{points * 100:.2g} points' for metric, points in seen.items())}"
    if unseen:
        yield f"sees no regression of {', '.join(unseen)} with so few requests"


def _of_hours(prospect: Prospect) -> Iterator[str]:
    """The hours at which a start has enough traffic, from two weeks of it."""
    if prospect.good_hours:
        yield _line("good", f"start at {spans_of(prospect.good_hours)}: every step gets its requests in time")
    if prospect.bad_hours:
        yield _line("bad", f"at {spans_of(prospect.bad_hours)} a step would not get its requests in time")


def _line(name: str, text: str) -> str:
    return f"  {name:<{WIDTH}}{text}"
