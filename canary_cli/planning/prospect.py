"""What a start would do, as values: foreseen by the controller's own rules from what people may read. Pure.

Someone with less than the policy `reader` cannot see all that the controller checks; the prospect then says what is open.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.checks.draft import draft_rollout, is_unchanged
from canary.rules.checks.forecast import forecast_start, forecast_usage, quiet_problem, says_what_follows
from canary.rules.checks.survey import ALARMS, Survey, find_policy_problems, find_problems, find_seen_problems
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.rollouts.price import price
from canary.rules.rollouts.replacing import Await, Way
from canary.rules.rollouts.taken_back import TakenBack, find_earlier, find_repetition, mark_retry
from canary.rules.targets.policy import effective_policy
from canary_cli.planning.holding import Held, find_below, find_input_problems, notes_of_way, way_of
from canary_cli.planning.open_points import find_open_points
from canary_cli.planning.steps import StepProspect, compared_of, not_compared_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.checks.forecast import Traffic
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target
    from canary_cli.planning.past_traffic import PastTraffic


class Foreseen(enum.StrEnum):
    """How a start would be answered, as far as that can be seen."""

    START = "start"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read of a target before a start, at ``now`` (epoch seconds).

    ``survey``: without the rollout that holds the target, if one does. ``holder``: that rollout. ``taken_back``: the releases
    that were rolled back. ``is_below_allowed``: whether the start may go below the target's floor. ``is_whole``: whether
    everything was read that the controller's own check reads; if not, ``unread`` says why.
    """

    now: float
    survey: Survey
    taken_back: tuple[TakenBack, ...] = ()
    holder: Held | None = None
    is_below_allowed: bool = False
    is_whole: bool = False
    unread: str = ""

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


def draft_of(request: Request, target: Target, sight: Sight) -> Rollout:
    """The rollout that would start, as far as it can be seen. Its id and its execution are not known yet."""
    try:
        draft = _draft(request, target, sight.now, sight.survey)
    except RefusedError:  # the definition cannot be read, which is one of the problems
        draft = _draft(request, target, sight.now, _without_definitions(sight.survey))
    live = {one.name: draft.snapshot.live.get(one.name, "") for one in target.functions}
    return replace(draft, snapshot=replace(draft.snapshot, live=live))


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


def _draft(request: Request, target: Target, now: float, survey: Survey) -> Rollout:
    return draft_rollout(
        rollout_id="",
        execution="",
        now=now,
        target=target,
        policy=effective_policy(target.policy, request.policy_override),
        request=request,
        survey=survey,
    )


def _without_definitions(survey: Survey) -> Survey:
    return replace(survey, stage=replace(survey.stage, definitions=None) if survey.stage else None)


def _versions(draft: Rollout) -> Iterator[VersionChange]:
    for name, version in draft.intent.versions.items():
        yield VersionChange(name, draft.snapshot.live.get(name), version or None)


def _deployment(request: Request, target: Target) -> str | None:
    """None where the target has no API."""
    if not target.shifter.has_api:
        return None
    return request.release.deployment or "present if the API's definition changed since the last promotion, else unchanged"
