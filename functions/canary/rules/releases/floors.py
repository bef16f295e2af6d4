"""Whether a policy keeps its target's floor: every bound that it goes below, with the value found and the least allowed.

Only what a policy guarantees counts. A bake that may end early guarantees no seconds, and a promotion by an authorizer is no
policy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.releases.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.floor import Floor
    from canary.rules.targets.policy import Policy


BELOW_FLOOR_FIX = (
    "give a policy within the target's floor, or have an authorizer start it with a reason: "
    "canary start {target} --below-floor --reason <why>"
)
"""What to do about a start whose policy is below the target's floor."""


def find_below_floor(floor: Floor, policy: Policy, fix: str) -> tuple[Problem, ...]:
    """A problem for each bound of the floor that the policy goes below. ``fix``: what to do about any of them."""
    found = (_below_steps, _below_bake, _below_total, _above_first_weight)
    return tuple(Problem(f"floor.{key}", value, fix) for find in found for key, value in find(floor, policy))


def _below_steps(floor: Floor, policy: Policy) -> Iterator[tuple[str, str]]:
    count = len(policy.steps)
    if floor.min_steps is not None and count < floor.min_steps:
        steps = "1 step" if count == 1 else f"{count} steps"
        yield "min_steps", f"policy {policy.name} has {steps}, and at least {floor.min_steps} are required"


def _below_bake(floor: Floor, policy: Policy) -> Iterator[tuple[str, str]]:
    least = floor.min_bake_seconds
    if least is None:
        return
    if policy.early_advance:
        yield "min_bake_seconds", f"policy {policy.name} has early_advance, and each step must bake at least {least} seconds"
        return
    shortest = min(step.bake_seconds for step in policy.steps)
    if shortest < least:
        found = f"policy {policy.name} has a step that bakes {shortest} seconds, and at least {least} are required"
        yield "min_bake_seconds", found


def _below_total(floor: Floor, policy: Policy) -> Iterator[tuple[str, str]]:
    least, total = floor.min_total_seconds, _least_total_seconds(policy)
    if least is not None and total < least:
        why = " because of early_advance" if policy.early_advance else ""
        found = f"policy {policy.name} promotes after {total} seconds at the earliest{why}, and at least {least} are required"
        yield "min_total_seconds", found


def _above_first_weight(floor: Floor, policy: Policy) -> Iterator[tuple[str, str]]:
    most, first = floor.max_first_weight_percent, policy.steps[0].weight_percent
    if most is not None and first > most:
        yield "max_first_weight_percent", f"policy {policy.name} begins with {first} %, and at most {most} % is allowed"


def _least_total_seconds(policy: Policy) -> int:
    """The least time from the first shift to the promotion that the policy guarantees, if nobody promotes sooner."""
    bakes = 0 if policy.early_advance else sum(step.bake_seconds for step in policy.steps)
    return max(bakes, policy.not_before_seconds)
