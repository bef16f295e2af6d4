"""A release with variables, stopped at each state and disturbed at each change of the stage, while someone adds a variable.

Whatever happens, code and variable change together, and the added variable stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.rules.targets.target import Metrics
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.faults.calls import Fault, Mode, StopFault
from tests.faults.conftest import BLUNT
from tests.faults.test_tasks import RECOVERY, STOPPED
from tests.faults.verdicts import BETWEEN, MINUTE
from tests.flagged import FLAG, make_base, patch, publish, seen, variables_alone
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGERS = ("ShiftTraffic", "TakeAllTraffic", "FlipStage", "CleanUp", "MakeSafe")
HINDRANCES = [Mode.REFUSED, Mode.KILLED_BEFORE, Mode.KILLED_AFTER]
STOPS = [state for state in STOPPED if state not in BETWEEN]
SAMPLES = {
    ("FlipStage", Mode.KILLED_AFTER, "alone"),
    ("MoveBase", None, "with code"),
    ("ShiftTraffic", Mode.KILLED_BEFORE, "alone"),
}
CASES = [
    *((state, None, kind) for state in STOPS for kind in ("alone", "with code")),
    *((task, mode, kind) for task in CHANGERS for mode in HINDRANCES for kind in ("alone", "with code")),
]


@pytest.fixture
def rig() -> Iterator[Rig]:
    """The target without the sample's business metric, which these functions do not write."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Rig(aws, policy=BLUNT, per_minute=60, history=False, metrics=Metrics())


def a_fault(place: str, mode: Mode | None) -> StopFault | Fault:
    return Fault(place, "apigateway", "UpdateStage", mode, times=1) if mode else StopFault(place)


def test_the_samples_are_among_the_cases():
    assert {*CASES} >= SAMPLES


@pytest.mark.parametrize(
    ("place", "mode", "kind"), [case if case in SAMPLES else pytest.param(*case, marks=pytest.mark.slow) for case in CASES]
)
def test_a_release_with_variables_ends_whole(rig: Rig, place: str, mode: Mode | None, kind: str):
    bad = "on" if place in RECOVERY else None
    versions = make_base(rig, "v1", bad=bad)
    old, new = "v1 off", "v1 on"
    release = variables_alone(versions, "on")
    if kind == "with code":
        release = {"functions": publish(rig, "v2", bad=bad), "variables": {FLAG: "on"}}
        new = "v2 on"
    rig.aws.faults.add(a_fault(place, mode))
    arn = rig.start(release=release)
    rig.settle(100)
    patch(rig, "replace", "/variables/theirs", value="yes")
    rig.finish(arn)
    rig.settle(15 * MINUTE)

    owned = rig.record_of(arn)
    is_promoted = owned is not None and owned.rollout.phase == "promoted"
    assert is_promoted or owned is None or owned.rollout.phase == "rolled_back"
    assert rig.is_at_rest()
    flag = {FLAG: "on"} if is_promoted else {}
    assert rig.stage["variables"] == {"lambdaAlias": "live", "theirs": "yes", **flag}
    assert seen(rig) <= {old, new}
    rig.served.clear()
    rig.settle(MINUTE)
    assert seen(rig) == {new if is_promoted else old}
