"""Who did what to a rollout: the verbs that took effect, and who started it. Values, and how they are told.

A caller is *vouched for* if AWS itself named it (`canary.rules.rollouts.proofs`). Whatever a call or an input says about its
caller is only *claimed*, and is recorded with the id by which CloudTrail finds the call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

MOST_ACTIONS = 100
"""Actions that a record keeps: some 60 KB at most."""

MOST_TOLD = 10
"""Actions in an event and in an execution's output: the newest ones."""

LONGEST_REASON = 200
"""Characters of an action's reason that are kept."""


@dataclass(frozen=True, slots=True)
class CalledBy:
    """Who made a call.

    ``arn``: the caller as STS named it, None if nobody vouches for one. ``claimed``: what the call says on whose behalf it is
    made. ``request_id``: the id of the Lambda request or the ARN of the execution, by which CloudTrail finds the call.
    ``proof_id``: the request id that the proof is bound to. ``unproven``: why a proof that was sent vouches for nobody.
    """

    arn: str | None = None
    claimed: str = ""
    request_id: str = ""
    proof_id: str = ""
    unproven: str = ""

    @property
    def name(self) -> str:
        """The caller for a sentence; empty if nothing is known of it."""
        claim = f"claimed: {self.claimed}" if self.claimed else ""
        if self.arn:
            return f"{self.arn} ({claim})" if claim else self.arn
        return f"someone ({claim})" if claim else ""


UNKNOWN_CALLER = CalledBy()


@dataclass(frozen=True, slots=True)
class Action:
    """A verb that took effect. ``at``: AWS's time of the call, in epoch seconds. ``verb``: an operator's verb, or advance."""

    at: float
    verb: str
    reason: str = ""
    caller: CalledBy = UNKNOWN_CALLER


@dataclass(frozen=True, slots=True)
class StartedBy:
    """Who started a rollout, as far as its execution's input tells; all of it is claimed.

    ``execution``: the ARN by which CloudTrail finds the call of StartExecution and its caller. ``parent``: the execution that
    started this one, as Step Functions itself passes it on. ``is_scheduled``: whether the input names a scheduled time.
    """

    execution: str = ""
    parent: str = ""
    claimed: str = ""
    is_scheduled: bool = False

    @property
    def claims(self) -> str:
        """What the input tells of the starter; empty if nothing."""
        parts = (self.claimed, f"execution {self.parent}" if self.parent else "", "a schedule" if self.is_scheduled else "")
        return "; ".join(filter(None, parts))


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


def told(verb: str, caller: CalledBy, reason: str) -> str:
    """What was done, in one sentence: `aborted by arn:...: OPS-1`. `verb` in the past tense."""
    by = f" by {caller.name}" if caller.name else ""
    return f"{verb}{by}: {reason}" if reason else f"{verb}{by}"


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
