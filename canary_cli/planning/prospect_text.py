"""A prospect as lines of text. Pure: it renders values and reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary_cli.planning.prospect import Foreseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary_cli.planning.prospect import Prospect, StepProspect, VersionChange

WIDTH = 10
"""Columns of the name before each line's text, as in a status."""
TWO = 2


def lines_of_prospect(prospect: Prospect) -> Iterator[str]:
    """What a start would do: the release, the policy with its steps, the price, and every reason to refuse it."""
    yield f"{prospect.target}: {_headline(prospect)}"
    yield from (_line("release", _version(change)) for change in prospect.versions)
    if prospect.deployment:
        yield _line("API", f"deployment: {prospect.deployment}")
    bakes = _minutes(sum(step.bake_seconds for step in prospect.steps) / 60)
    yield _line("policy", f"{prospect.policy}: {_steps(prospect.steps)}, then promotion; the bakes take {bakes} together")
    yield _line("traffic", _traffic(prospect.requests_per_minute))
    for number, step in enumerate(prospect.steps, start=1):
        yield from (_line(f"step {number}", needed) for needed in _needed(step))
    yield _line("price", f"about {prospect.price}")
    yield from (_line("refused", problem) for problem in prospect.problems)
    yield from (_line("note", note) for note in prospect.notes)
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
    old, new = change.old or "?", change.new or "?"
    return f"{change.function} stays at {old}" if old == new else f"{change.function} {old} -> {new}"


def _steps(steps: tuple[StepProspect, ...]) -> str:
    return ", ".join(f"{step.weight_percent:g} % for {_minutes(step.bake_seconds / 60)}" for step in steps)


def _traffic(per_minute: float | None) -> str:
    return "not known" if per_minute is None else f"base had {per_minute:,.1f} requests per minute in the last day"


def _needed(step: StepProspect) -> Iterator[str]:
    if step.needed_requests is None or step.longest_minutes is None:
        return
    took = "never at this traffic" if step.expected_minutes is None else f"in about {_minutes(step.expected_minutes)}"
    longest = _minutes(step.longest_minutes)
    yield f"{step.weight_percent:g} % needs {step.needed_requests:,} canary requests, {took}; it may last {longest}"


def _minutes(minutes: float) -> str:
    """A tenth of a minute matters only below two."""
    return f"{minutes:.0f} min" if minutes >= TWO else f"{minutes:.1f} min"


def _line(name: str, text: str) -> str:
    return f"  {name:<{WIDTH}}{text}"
