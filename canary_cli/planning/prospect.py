"""What a start would do, as values: foreseen by the controller's own rules from what people may read. Pure.

Someone with less than the policy `reader` cannot see all that the controller checks; the prospect then says what is open.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.checks.draft import is_unchanged
from canary.rules.checks.forecast import forecast_start, forecast_usage, quiet_problem, says_what_follows
from canary.rules.checks.survey import ALARMS, find_policy_problems, find_problems, find_seen_problems
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.price import price
from canary.rules.rollouts.replacing import Await, Way
from canary.rules.rollouts.taken_back import find_earlier, find_repetition, mark_retry
from canary_cli.planning.holding import find_below, find_input_problems, notes_of_way
from canary_cli.planning.open_points import find_open_points
from canary_cli.planning.steps import StepProspect, compared_of, not_compared_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.checks.forecast import Traffic
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target
    from canary_cli.planning.drafting import Sight
    from canary_cli.planning.past_traffic import PastTraffic


class Foreseen(enum.StrEnum):
    """How a start would be answered, as far as that can be seen."""

    START = "start"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A function's version now, and in the release; None where it is not known."""

    function: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a start would do. ``requests_per_minute`` are base's in the last day, None where they are not known.

    ``compared``: the metrics that both arms are compared by; ``not_compared``: what is not, and why. ``good_hours`` and
    ``bad_hours``: the hours of the day (0 to 23, UTC) with enough traffic for every step, and the others; both are empty where
    two weeks of traffic are not known.
    ``problems``: every reason to refuse it that can be seen. ``notes``: what the record would say beside the plan.
    ``open_points``: what may still come of it, and cannot be seen.
    """

    outcome: Foreseen
    target: str
    versions: tuple[VersionChange, ...]
    deployment: str | None
    policy: str
    steps: tuple[StepProspect, ...]
    requests_per_minute: float | None
    price: str
    compared: tuple[str, ...]
    not_compared: tuple[str, ...]
    good_hours: tuple[int, ...]
    bad_hours: tuple[int, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    open_points: tuple[str, ...]


def foresee(
    request: Request, sight: Sight, draft: Rollout, traffic: Traffic | None, past: PastTraffic | None = None
) -> Prospect:
    """What a start would do. `draft`: of `draft_of`; `traffic`: base's last day; None for what could not be read."""
    target, policy = draft.target, draft.plan.policy
    earlier = find_earlier(sight.taken_back, draft)
    quiet = forecast_start(draft, traffic) if traffic else None
    way = sight.way(request, target, policy)
    problems = tuple(find_start_problems(request, sight, draft, quiet))
    hours = past.hours_of_day(policy) if past else ()
    outcome = _outcome(draft, problems, way)
    starts = outcome is Foreseen.START
    noted = mark_retry(draft, earlier) if request.is_retry else draft
    return Prospect(
        outcome=outcome,
        target=target.name,
        versions=tuple(_versions(draft)),
        deployment=_deployment(request, target),
        policy=policy.name,
        steps=steps_of(draft, traffic, past),
        requests_per_minute=traffic.per_minute if traffic else None,
        price=price(forecast_usage(draft)).text,
        compared=compared_of(draft, past),
        not_compared=tuple(not_compared_of(draft, past)),
        good_hours=tuple(one.hour for one in hours if one.is_good),
        bad_hours=tuple(one.hour for one in hours if not one.is_good),
        problems=tuple(map(str, problems)) if outcome is Foreseen.REFUSED else (),
        notes=(*_notes(sight, draft, way), *noted.plan.notes, *_quiet_note(quiet)) if starts else (),
        open_points=tuple(find_open_points(request, sight.taken_back, draft, traffic, is_whole=sight.is_whole))
        if starts
        else (),
    )


def _notes(sight: Sight, draft: Rollout, way: Way | None) -> Iterator[str]:
    yield from notes_of_way(sight.holder, way)
    for below in find_below(draft.target, draft.plan.policy):
        yield f"below the target's floor, which only an authorizer may allow: {below.field}: {below.value}"


def _quiet_note(quiet: str | None) -> tuple[str, ...]:
    return (f"little traffic: {quiet}",) if quiet else ()


def find_start_problems(request: Request, sight: Sight, draft: Rollout, quiet: str | None) -> Iterator[Problem]:
    """Every reason to refuse the start, in the order of the controller's own check. `quiet`: why base's traffic is too little.

    Of a target that is held, nothing else is this release's problem.
    """
    target, policy, release = draft.target, draft.plan.policy, request.release
    way = sight.way(request, target, policy)
    yield from find_input_problems(request, target, policy, is_below_allowed=sight.is_below_allowed)
    if isinstance(way, Problem):
        yield from find_policy_problems(policy)
        yield way
    if isinstance(way, Problem | Await):
        return
    yield from (find_problems if sight.is_whole else find_seen_problems)(target, release, policy, sight.survey)
    yield from find_repetition(find_earlier(sight.taken_back, draft), draft, is_retry=request.is_retry)
    if problem := quiet_problem(policy, quiet, is_decided=says_what_follows(request)):
        yield problem


def _outcome(draft: Rollout, problems: tuple[Problem, ...], way: Way | None) -> Foreseen:
    """A release that base already runs is unchanged, whatever the alarms and the past say; other problems come first."""
    weighty = [problem for problem in problems if problem.field not in {ALARMS, "release", "policy.when_quiet"}]
    if not isinstance(way, Problem | Await) and not weighty and is_unchanged(draft):
        return Foreseen.UNCHANGED
    return Foreseen.REFUSED if problems else Foreseen.START


def _versions(draft: Rollout) -> Iterator[VersionChange]:
    for name, version in draft.intent.versions.items():
        yield VersionChange(name, draft.snapshot.live.get(name), version or None)


def _deployment(request: Request, target: Target) -> str | None:
    """None where the target has no API."""
    if not target.shifter.has_api:
        return None
    return request.release.deployment or "present if the API's definition changed since the last promotion, else unchanged"
