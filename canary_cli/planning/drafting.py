"""What was read of a target before a start, and the draft of the rollout that would begin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.checks.draft import draft_rollout
from canary.rules.checks.survey import Survey
from canary.rules.releases.problems import RefusedError
from canary.rules.rollouts.taken_back import TakenBack
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenReleases, find_warm_up_notes, with_warm_up
from canary.rules.targets.policy import effective_policy
from canary_cli.planning.holding import Held, find_input_problems, way_of

if TYPE_CHECKING:
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.replacing import Way
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read of a target before a start, at ``now`` (epoch seconds).

    ``survey``: without the rollout that holds the target, if one does. ``holder``: that rollout. ``taken_back``: the releases
    that were rolled back. ``seen``: what the promoted ones showed of the warm-up. ``is_below_allowed``: whether the start may
    go below the target's floor. ``is_whole``: whether everything was read that the controller's own check reads; if not,
    ``unread`` says why.
    """

    now: float
    survey: Survey
    taken_back: tuple[TakenBack, ...] = ()
    seen: SeenReleases = NOTHING_SEEN
    holder: Held | None = None
    is_below_allowed: bool = False
    is_whole: bool = False
    unread: str = ""

    def way(self, request: Request, target: Target, policy: Policy) -> Way | None:
        """What the start does about the holder; None without one."""
        found = find_input_problems(request, target, policy, is_below_allowed=self.is_below_allowed)
        return way_of(self.holder, policy, found, self.now)


def draft_of(request: Request, target: Target, sight: Sight) -> Rollout:
    """The rollout that would start, as far as it can be seen. Its id and its execution are not known yet."""
    try:
        draft = _draft(request, target, sight, sight.survey)
    except RefusedError:  # the definition cannot be read, which is one of the problems
        draft = _draft(request, target, sight, _without_definitions(sight.survey))
    live = {one.name: draft.snapshot.live.get(one.name, "") for one in target.functions}
    return replace(draft, snapshot=replace(draft.snapshot, live=live))


def _draft(request: Request, target: Target, sight: Sight, survey: Survey) -> Rollout:
    drafted = draft_rollout(
        rollout_id="",
        execution="",
        now=sight.now,
        target=with_warm_up(target, sight.seen),
        policy=effective_policy(target.policy, request.policy_override),
        request=request,
        survey=survey,
    )
    notes = (*drafted.plan.notes, *find_warm_up_notes(target, sight.seen))
    return replace(drafted, plan=replace(drafted.plan, notes=notes))


def _without_definitions(survey: Survey) -> Survey:
    return replace(survey, stage=replace(survey.stage, definitions=None) if survey.stage else None)
