"""What must hold for a target after anything: it is whole and at rest, and the reports are true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.rollouts.phases import Phase
from canary_machine.definition import load, states_of

if TYPE_CHECKING:
    from tests.rig import Ended, Rig

MINUTE = 60
ENDS = {"promoted": {"Promoted"}, "rolled_back": {"RolledBack"}}
BETWEEN = {"ParkRollout", "AdvanceRollout", "BakeOn"}
SCHEDULED = {"progression": "scheduled", "max_parked_seconds": 10 * MINUTE}
FAILING = {"FAILING_SHARE": 0.6}


@dataclass
class Before:
    """The target before the rollout, and what the release brings."""

    deployment: str
    old: Mapping[str, str]
    new: Mapping[str, str]


def publish(rig: Rig, **numbers: float) -> Before:
    old = {name: live for name, (live, _) in rig.aliases().items()}
    return Before(rig.stage["deploymentId"], old, rig.publish(**numbers))


AFTERWARDS = {"Watch", "WatchPromotion"}
"""The states that only a promoted release enters which is watched."""


def roll_out(rig: Rig, place: str = "") -> tuple[str, Ended]:
    """Run a rollout to its end, in one execution, or parked after each step if that is the way to `place`.

    Returns the ARN of the first execution, and how the last one ended.
    """
    is_parked = place in BETWEEN
    policy = SCHEDULED if is_parked else {"watch_seconds": 4 * MINUTE} if place in AFTERWARDS else None
    arn = rig.start(**({"policy": policy} if policy else {}))
    ended = rig.finish(arn)
    while is_parked and is_waiting(rig, arn):
        rig.settle(MINUTE)
        ended = rig.finish(rig.start(operation="advance"))
        if ended.ending == "Refused" or ended.status == "ABORTED":
            break
    return arn, ended


def is_waiting(rig: Rig, arn: str) -> bool:
    """Whether the rollout of this execution is parked."""
    owned = rig.record_of(arn)
    return owned is not None and owned.rollout.phase is Phase.PARKED


def endings() -> set[str]:
    return {name for name, state in states_of(load()) if state["Type"] in {"Succeed", "Fail"}}


def check_whole_and_truthful(rig: Rig, before: Before, arn: str, ended: Ended, *, settle: float = 15 * MINUTE) -> None:
    """After time for guard and sweeper: base or the complete release, no canary, lock free; record and ending agree."""
    rig.settle(settle)
    assert rig.is_at_rest(), (ended.ending, rig.stage.get("canarySettings"), rig.aliases(), rig.record_of(arn))
    live = {name: version for name, (version, _) in rig.aliases().items()}
    is_promoted = live == before.new and rig.stage["deploymentId"] != before.deployment
    is_base = live == before.old and rig.stage["deploymentId"] == before.deployment
    assert is_promoted or is_base, (live, before)
    owned = rig.record_of(arn)
    if owned is None:
        assert is_base
        assert ended.ending == "Refused"
        return
    phase = owned.rollout.phase.value
    assert phase == ("promoted" if is_promoted else "rolled_back")
    assert not owned.rollout.needs_operator
    assert owned.rollout.reason
    if ended.status != "ABORTED":
        assert ended.ending in endings()
        assert ended.ending in ENDS[phase] | {"NeedsOperator", "Refused"}, (ended.ending, phase)
    if owned.rollout.intent.deployment_id:
        new = (owned.rollout.intent.deployment_id, before.new)
        assert rig.half_releases((before.deployment, before.old), new) == []
