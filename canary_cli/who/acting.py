"""Who did what to a rollout, as the command shows it: a view for JSON, and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.rollouts.rollout import Rollout

NEWEST = 3
"""How many actions a status shows in text."""

NOBODY = "someone who is not recorded"


@dataclass(frozen=True, slots=True)
class ActionView:
    """A verb that took effect. ``by`` is an ARN that STS vouched for, or None; ``claimed`` is what the call said."""

    done_at: float
    verb: str
    by: str | None
    claimed: str
    reason: str
    request_id: str
    unproven: str

    @property
    def sentence(self) -> str:
        """Such as `abort by arn:aws:iam::123456789012:user/alice: OPS-1`."""
        claim = f"claimed: {self.claimed}" if self.claimed else ""
        name = (f"{self.by} ({claim})" if claim else self.by) if self.by else claim or NOBODY
        return f"{self.verb} by {name}{f': {self.reason}' if self.reason else ''}"

    @property
    def grounds(self) -> Iterator[str]:
        """By what the caller can be found, and why nobody vouches for it."""
        if self.request_id:
            yield f"{'execution' if self.request_id.startswith('arn:') else 'Lambda request'} {self.request_id}"
        if self.unproven:
            yield f"the caller is not proven: {self.unproven}"


def actions_of(rollout: Rollout) -> tuple[ActionView, ...]:
    """The verbs that took effect on a rollout, oldest first."""
    return tuple(
        ActionView(
            done_at=one.at,
            verb=one.verb,
            by=one.caller.arn,
            claimed=one.caller.claimed,
            reason=one.reason,
            request_id=one.caller.request_id,
            unproven=one.caller.unproven,
        )
        for one in rollout.actions
    )


def starter_of(rollout: Rollout) -> str:
    """Who started a rollout, in what its execution's input claims; empty if it claims nothing."""
    return rollout.started_by.claims if rollout.started_by else ""
