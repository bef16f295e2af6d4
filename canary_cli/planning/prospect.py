"""What a start would do, as values: foreseen by the controller's own rules from what people may read. Pure.

The controller reads more than a person with the policy `reader` may: the API's definition, who may call the functions, the
state of the versions, and the metric filters. What follows from those is left open, and the prospect says so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.checks.draft import draft_rollout, is_unchanged
from canary.rules.checks.forecast import forecast_rollout, forecast_start, forecast_usage, quiet_problem, says_what_follows
from canary.rules.checks.replacement import without_rollout
from canary.rules.checks.survey import ALARMS, Survey, find_policy_problems, find_seen_problems
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.price import price
from canary.rules.rollouts.replacing import Await, GiveWay, Way
from canary.rules.rollouts.taken_back import TakenBack, find_earlier, find_repetition, mark_retry
from canary.rules.targets.policy import effective_policy
from canary_cli.planning.holding import Held, find_below, find_input_problems, notes_of_way, way_of
from canary_cli.planning.open_points import find_open_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.checks.forecast import StepForecast, Traffic
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target


class Foreseen(enum.StrEnum):
    """How a start would be answered, as far as that can be seen."""

    START = "start"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read of a target before a start, at ``now`` (epoch seconds).

    ``holder``: the rollout that holds it. ``taken_back``: the releases that were rolled back. ``is_below_allowed``: whether the
    start may go below the target's floor.
    """

    now: float
    survey: Survey
    taken_back: tuple[TakenBack, ...] = ()
    holder: Held | None = None
    is_below_allowed: bool = False

    def way(self, request: Request, target: Target, policy: Policy) -> Way | None:
        """What the start does about the holder; None without one."""
        found = find_input_problems(request, target, policy, is_below_allowed=self.is_below_allowed)
        return way_of(self.holder, policy, found, self.now)


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A function's version now, and in the release; None where it is not known."""

    function: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class StepProspect:
    """One step of the policy. Without base's traffic the last three are None.

    ``needed_requests``: the canary requests on which it must be judged. ``expected_minutes``: how long those take to arrive;
    None also if base has no traffic.
    """

    weight_percent: float
    bake_seconds: int
    needed_requests: int | None = None
    expected_minutes: float | None = None
    longest_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a start would do. ``requests_per_minute`` are base's in the last day, None where they are not known.

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
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    open_points: tuple[str, ...]


def draft_of(request: Request, target: Target, sight: Sight) -> Rollout:
    """The rollout that would start, as far as it can be seen. Its id and its execution are not known yet."""
    policy = effective_policy(target.policy, request.policy_override)
    return draft_rollout(
        rollout_id="",
        execution="",
        now=sight.now,
        target=target,
        policy=policy,
        request=request,
        survey=_survey(sight, sight.way(request, target, policy)),
    )


def _survey(sight: Sight, way: Way | None) -> Survey:
    """The target as the start would find it, once the rollout that it replaces is gone."""
    held = sight.holder.rollout if sight.holder and isinstance(way, GiveWay) else None
    return without_rollout(sight.survey, held) if held else sight.survey


def foresee(request: Request, sight: Sight, draft: Rollout, traffic: Traffic | None) -> Prospect:
    """What a start would do. `draft`: of `draft_of`; `traffic`: base's last day, None where it could not be read."""
    target, policy = draft.target, draft.plan.policy
    earlier = find_earlier(sight.taken_back, draft)
    quiet = forecast_start(draft, traffic) if traffic else None
    way = sight.way(request, target, policy)
    problems = tuple(_find_problems(request, sight, draft, quiet, way))
    outcome = _outcome(draft, problems, way)
    noted = mark_retry(draft, earlier) if request.is_retry else draft
    return Prospect(
        outcome=outcome,
        target=target.name,
        versions=tuple(_versions(draft)),
        deployment=_deployment(request, target),
        policy=policy.name,
        steps=_steps(policy, forecast_rollout(draft, traffic) if traffic else ()),
        requests_per_minute=traffic.per_minute if traffic else None,
        price=price(forecast_usage(draft)).text,
        problems=tuple(map(str, problems)) if outcome is Foreseen.REFUSED else (),
        notes=(*_notes(sight, draft, way), *noted.plan.notes, *_quiet_note(quiet)) if outcome is Foreseen.START else (),
        open_points=tuple(find_open_points(request, sight.taken_back, draft, traffic)) if outcome is Foreseen.START else (),
    )


def _notes(sight: Sight, draft: Rollout, way: Way | None) -> Iterator[str]:
    yield from notes_of_way(sight.holder, way)
    for below in find_below(draft.target, draft.plan.policy):
        yield f"below the target's floor, which only an authorizer may allow: {below.field}: {below.value}"


def _quiet_note(quiet: str | None) -> tuple[str, ...]:
    return (f"little traffic: {quiet}",) if quiet else ()


def _find_problems(request: Request, sight: Sight, draft: Rollout, quiet: str | None, way: Way | None) -> Iterator[Problem]:
    """In the order of the controller's own check. Of a target that is held, nothing else is this release's problem."""
    target, policy, release = draft.target, draft.plan.policy, request.release
    yield from find_input_problems(request, target, policy, is_below_allowed=sight.is_below_allowed)
    if isinstance(way, Problem):
        yield from find_policy_problems(policy)
        yield way
    if isinstance(way, Problem | Await):
        return
    yield from find_seen_problems(target, release, policy, _survey(sight, way))
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


def _steps(policy: Policy, forecasts: tuple[StepForecast, ...]) -> tuple[StepProspect, ...]:
    plain = tuple(StepProspect(float(step.weight_percent), step.bake_seconds) for step in policy.steps)
    if not forecasts:
        return plain
    return tuple(
        replace(step, needed_requests=one.needed, expected_minutes=one.minutes, longest_minutes=one.allowed_minutes)
        for step, one in zip(plain, forecasts, strict=True)
    )
