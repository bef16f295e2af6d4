"""Which stage may be drilled: one that opted in, was named twice, and on which nobody seems to depend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.checks.hours import HOUR_SECONDS
from canary.rules.looks.sources import stage_error_history
from canary.rules.targets.floor import NO_FLOOR
from canary.rules.targets.policy import CAUTIOUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.aws.metrics import MetricReader
    from canary.rules.targets.target import Target

MOST_PER_SECOND = 1.0
"""Requests per second above which a stage counts as busy."""

OVERRULE = "if no real user depends on this stage, repeat the command with --yes-this-stage"


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a target is not drilled, and what to do. ``can_be_overruled``: by `--yes-this-stage`."""

    found: str
    fix: str
    can_be_overruled: bool = False


def read_per_second(metrics: MetricReader, api_name: str, stage_name: str, now: float) -> float:
    """The stage's requests per second in the last whole hour before ``now`` (epoch seconds), by API Gateway's own count.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    (count,) = stage_error_history(api_name, stage_name).requests
    end = int(now // 60) * 60
    found = metrics.read([count], end - HOUR_SECONDS, end)
    return sum(found[count].values()) / HOUR_SECONDS


def find_objections(target: Target, stage_name: str, *, is_held: bool) -> Iterator[Objection]:
    """What the target itself says against a drill on the named stage. ``is_held``: whether a rollout holds it."""
    if target.stage is None:
        yield Objection(f"{target.name} has no stage, and a drill works on one", "name the target of a stage")
        return
    if target.stage.stage_name != stage_name:
        found = f"the stage of {target.name} is {target.stage.stage_name}, got {stage_name}"
        yield Objection(found, "name the target that describes the non-production stage; a drill works on no other stage")
        return
    if not target.drill:
        found = f"{target.name} does not allow drills"
        yield Objection(found, "add drill: true to its target file and deploy it, if no real user depends on its stage")
    if target.floor != NO_FLOOR:
        found = f"{target.name} has a floor, and a drill's policies are far below any"
        yield Objection(found, "drill the target of another stage, or remove the floor of this one")
    if is_held:
        yield Objection(f"a rollout holds {target.name}", f"wait for its end: canary watch {target.name}")
    if target.policy.name.startswith(CAUTIOUS.name):
        yield Objection(
            f"the policy of {target.name} is {target.policy.name}, as if it were production", OVERRULE, can_be_overruled=True
        )


def find_busy(target: Target, per_second: float) -> Objection | None:
    """Why its traffic speaks against a drill, if it does."""
    if per_second <= MOST_PER_SECOND:
        return None
    found = (
        f"the stage of {target.name} had {per_second:.1f} requests per second in the last hour, more than {MOST_PER_SECOND:g}"
    )
    return Objection(found, OVERRULE, can_be_overruled=True)
