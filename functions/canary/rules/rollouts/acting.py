"""The actions in a rollout's record: how one is added, how many are kept, and what events and outputs say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from canary.rules.rollouts.actions import Action
    from canary.rules.rollouts.rollout import Rollout

MOST_ACTIONS = 100
"""Actions that a record keeps: some 60 KB at most."""

MOST_TOLD = 10
"""Actions in an event and in an execution's output: the newest ones."""

LONGEST_REASON = 200
"""Characters of an action's reason that are kept."""


def with_action(rollout: Rollout, action: Action) -> Rollout:
    """The rollout with one action more; beyond the limit the second oldest is dropped.

    A request that is carried out again is kept once.
    """
    if any(_is_same_call(one, action) for one in rollout.actions):
        return rollout
    actions = (*rollout.actions, replace(action, reason=action.reason[:LONGEST_REASON]))
    surplus = max(0, len(actions) - MOST_ACTIONS)
    return replace(
        rollout,
        actions=(*actions[:1], *actions[1 + surplus :]),
        actions_dropped=rollout.actions_dropped + surplus,
    )


def _is_same_call(one: Action, other: Action) -> bool:
    """Whether both are one request to Lambda, or one execution, that was carried out twice."""
    return one.verb == other.verb and one.caller.request_id == other.caller.request_id != ""


def describe_actions(rollout: Rollout) -> dict[str, Any]:
    """For events and outputs: the newest actions, and who started the rollout as far as it is told; nothing if nothing is."""
    claims = rollout.started_by.claims if rollout.started_by else ""
    told_of = [_described(action) for action in rollout.actions[-MOST_TOLD:]]
    return {**({"started_by": f"claimed: {claims}"} if claims else {}), **({"actions": told_of} if told_of else {})}


def _described(action: Action) -> dict[str, Any]:
    at = datetime.fromtimestamp(action.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    caller = action.caller
    return {
        "at": at,
        "verb": action.verb,
        "by": caller.arn or "",
        "claimed": caller.claimed,
        "request_id": caller.request_id,
        "reason": action.reason,
    }
