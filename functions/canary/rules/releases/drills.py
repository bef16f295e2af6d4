"""A rollout that is a drill: what it may ask for, and which targets allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.releases.problems import Problem
from canary.rules.targets.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target

LATEST_REFUSALS_SECONDS = 3600
"""How long after its start a drill's refusals begin, at the latest."""

LONGEST_REFUSALS_SECONDS = 1800
"""How long a drill's refusals last, at most."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill asks for besides its rollout.

    ``refuse_seconds``: how long the calls that shift traffic are refused, from ``refuse_after_seconds`` after the execution's
    start on; 0 for no refusals.
    """

    refuse_after_seconds: int = 0
    refuse_seconds: int = 0


def refusals_of(drill: Drill | None, requested_at: float) -> Refusals | None:
    """When the drill's refusals begin and end; None if it has none. ``requested_at``: the execution's start (epoch seconds)."""
    if drill is None or not drill.refuse_seconds:
        return None
    since = requested_at + drill.refuse_after_seconds
    return Refusals(since, since + drill.refuse_seconds)


def find_drill_problems(drill: Drill | None, target: Target) -> Iterator[Problem]:
    """Why the target takes no drill, or not this one."""
    if drill is None:
        return
    if not target.drill:
        found = f"target {target.name} does not allow drills"
        yield Problem("drill", found, "add drill: true to its file and deploy it, if no real user depends on its stage")
    elif drill.refuse_seconds and target.role_arn is None:
        found = f"target {target.name} has no role_arn, and the refusals belong to the session of its role"
        yield Problem("drill.refuse_seconds", found, "register the target with the CDK app, which creates the role")
