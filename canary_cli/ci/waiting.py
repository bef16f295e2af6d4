"""Whether a job can wait for a rollout to its end. Pure.

A plan has a longest run (`rules.releases.plan`). What comes after its last step is added here;
pauses are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.releases.plan import longest_execution_seconds
from canary.rules.reports.amounts import lasting
from canary.rules.targets.policy import AfterPromotion, WhenUnproven

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy

ENDING_SECONDS = 20 * 60
"""The check of the release, its preparation, the drain of base (at most 13 minutes) and the promotion, or the recovery."""

MARGIN_SECONDS = 120
"""So long before its end a job stops to watch: time to say so, and to write its summary."""


@dataclass(frozen=True, slots=True)
class Room:
    """How long a job may wait, in seconds; None if nothing is known to limit it. ``limit``: what ends it, in words."""

    seconds: float | None
    limit: str = ""

    @property
    def timeout_seconds(self) -> int | None:
        """When to stop watching."""
        return None if self.seconds is None else max(1, int(self.seconds - MARGIN_SECONDS))


def room_of(job_seconds: float | None, session_seconds: float | None) -> Room:
    """What ends first: the job, or the session of its credentials."""
    found = {"the job": job_seconds, "the session of the credentials": session_seconds}
    known = [(seconds, name) for name, seconds in found.items() if seconds is not None]
    return Room(*min(known)) if known else Room(None)


def longest_wait_seconds(policy: Policy) -> int:
    """How long a rollout under this policy can keep a job waiting, pauses left out."""
    reverts = policy.watch_seconds and policy.after_promotion is AfterPromotion.REVERT
    endings = 2 if reverts else 1
    return longest_execution_seconds(policy) + policy.watch_seconds + endings * ENDING_SECONDS


def find_obstacle(policy: Policy, room: Room) -> tuple[str, str] | None:
    """Why a job with this room must not wait, and what to do instead; None if it can."""
    longest = longest_wait_seconds(policy)
    if room.timeout_seconds is None or longest <= room.timeout_seconds:
        return None
    ends = f"{room.limit} ends in {lasting(room.seconds or 0)}"
    message = f"the rollout can last {lasting(longest)}, and {ends}; nothing was started"
    return message, f"{_shorter(policy, longest)}give {room.limit} more time, or do not wait (--no-wait)"


def _shorter(policy: Policy, longest: int) -> str:
    """What a rollout lasts that does not hold a step for want of proof."""
    decided = longest_wait_seconds(replace(policy, when_unproven=WhenUnproven.ROLL_BACK))
    if decided >= longest:
        return ""
    return f"set when_unproven=roll_back, with which it lasts {lasting(decided)} at most, or "
