"""Releases taken back after their commit point: from the verb to the earlier release, and who cannot begin that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.target import Metrics
from demo.controller import OPERATOR
from tests.executions.test_alias_shifter import ShipRig, ship
from tests.executions.test_verbs import call
from tests.flagged import FLAG, make_base, seen, variables_alone
from tests.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.embedded import EmbeddedAws
    from tests.rig import Ended

__all__ = ["ship"]

AT_ONCE = 1
"""Within this many seconds of the embedded AWS's time the first requests reach the earlier release: no state waits."""


def back(rig: Rig, verb: str, **more: Any) -> tuple[dict[str, Any], Ended, float]:
    """The verb's answer, the end of the execution that it began, and the seconds from the verb to the first weight."""
    began = rig.aws.clock.now()
    answer = call(rig, OPERATOR, verb=verb, target=rig.target.name, **more)
    assert answer["answer"] == "ACCEPTED", answer
    ended = rig.finish(answer["execution"])
    owned = rig.record_of(answer["execution"])
    return answer, ended, owned.rollout.shifts[0] - began if owned and owned.rollout.shifts else 0.0


@pytest.mark.parametrize(
    ("pause", "least", "most"),
    [(0, 29, 31), pytest.param(10, 19, 21, marks=pytest.mark.slow), pytest.param(60, 0, 1, marks=pytest.mark.slow)],
)
def test_a_promoted_release_is_rolled_back_in_minutes(rig: Rig, pause: float, least: float, most: float):
    """At once, except for the rest of the time that the canary aliases need to settle after the promotion moved them."""
    old, deployment = rig.aliases(), rig.stage["deploymentId"]
    versions = rig.publish()
    first = rig.run()
    assert first.ending == "Promoted"
    promoted = rig.stage["deploymentId"]
    rig.settle(pause)
    answer, ended, seconds = back(rig, "rollback")

    assert (answer["takes_back"], answer["afterwards"]["deployment"]) == (first.output["rollout"], deployment)
    assert (ended.ending, ended.output["operation"], ended.output["reverts"]) == ("Promoted", "revert", answer["takes_back"])
    assert f"{len(ended.states)} transitions" in ended.output["price"]
    assert ended.seconds <= 8 * 60
    assert least <= seconds <= most
    assert (_live(rig.aliases()), rig.stage["deploymentId"], rig.is_at_rest()) == (_live(old), deployment, True)
    new = {name: (version, version) for name, version in versions.items()}
    assert rig.half_releases((deployment, dict(_live(old))), (promoted, dict(_live(new)))) == []

    again = rig.run()
    assert again.ending == "Refused"
    assert f"rollout {answer['takes_back']} of the same release was reverted at" in again.cause
    assert call(rig, OPERATOR, verb="rollback")["answer"] == "NOTHING_TO_ROLL_BACK"


def _live(aliases: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: live for name, (live, _) in aliases.items()}


def test_an_earlier_rollouts_release_comes_back(rig: Rig):
    ended = []
    for _ in range(2):
        rig.publish()
        ended.append(rig.run())
        assert ended[-1].ending == "Promoted"
    brought = _live(rig.aliases())
    _, first, _ = back(rig, "rollback")
    assert first.ending == "Promoted"
    rig.settle(60)
    _, second, seconds = back(rig, "revert", to=ended[-1].output["rollout"])

    assert (second.ending, seconds <= AT_ONCE) == ("Promoted", True)
    assert (_live(rig.aliases()), rig.is_at_rest()) == (brought, True)


def test_a_rollout_that_was_rolled_back_leaves_the_next_revert_as_fast_as_it_was(rig: Rig):
    old = _live(rig.aliases())
    rig.publish()
    assert rig.run().ending == "Promoted"
    rig.publish()
    later = rig.start()
    while "Bake" not in rig.states(later):
        rig.settle(20)
    assert call(rig, OPERATOR, verb="rollback")["answer"] == "WAIT"
    rig.settle(4 * 60)
    rig.settle(60)
    _, ended, seconds = back(rig, "rollback")

    assert (ended.ending, seconds <= AT_ONCE) == ("Promoted", True)
    assert (_live(rig.aliases()), rig.is_at_rest()) == (old, True)


def test_only_the_controller_can_begin_a_revert(rig: Rig):
    rig.publish()
    rollout = rig.run().output["rollout"]
    before = rig.stage, rig.aliases()
    forged = rig.finish(rig.start_with({"operation": "revert", "target": "orders", "rollout": rollout}))

    assert forged.ending == "Refused"
    assert "only its function OperateRollout may begin a revert" in forged.cause
    assert (rig.stage, rig.aliases(), rig.is_at_rest()) == (*before, True)


def test_a_rollback_past_the_commit_point_reverts_what_is_being_promoted(rig: Rig):
    old, deployment = rig.aliases(), rig.stage["deploymentId"]
    rig.publish()
    promotion = rig.start()
    while "BaseSettle" not in rig.states(promotion):
        rig.settle(20)
    refused = call(rig, OPERATOR, verb="abort")
    assert (refused["answer"], "canary rollback orders" in refused["reason"]) == ("REFUSED", True)
    answer, ended, _ = back(rig, "rollback")

    assert rig.finish(promotion).ending == "Promoted"
    assert answer["phase"] == "moving_base"
    assert ended.states.count("VersionActivation") >= 1
    assert ended.ending == "Promoted"
    assert (_live(rig.aliases()), rig.stage["deploymentId"], rig.is_at_rest()) == (_live(old), deployment, True)


def test_a_start_and_a_revert_at_once_have_one_owner(rig: Rig):
    rig.publish()
    assert rig.run().ending == "Promoted"
    rig.publish()
    answer = call(rig, OPERATOR, verb="rollback")
    other = rig.start()
    ends = {rig.finish(answer["execution"]).ending, rig.finish(other).ending}

    assert "Refused" in ends
    assert len(ends & {"Promoted"}) == 1
    assert rig.is_at_rest()


def test_a_revert_that_cannot_begin_names_the_slower_way_and_tells_an_operator(rig: Rig):
    rig.publish()
    assert rig.run().ending == "Promoted"
    new = rig.aliases()
    rig.aws.client("lambda").update_alias(
        FunctionName="orders-read", Name="canary", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    ended = rig.finish(call(rig, OPERATOR, verb="rollback")["execution"])
    rig.aws.client("lambda").update_alias(
        FunctionName="orders-read", Name="canary", RoutingConfig={"AdditionalVersionWeights": {}}
    )

    assert ended.ending == "Refused"
    assert "alias canary already splits traffic" in ended.cause
    assert "the slower way: start it: canary start orders --function orders-read=1" in ended.cause
    assert (rig.aliases(), rig.is_at_rest()) == (new, True)


def test_a_rollback_while_a_stopped_revert_is_made_safe_begins_another(rig: Rig):
    old = _live(rig.aliases())
    rig.publish()
    assert rig.run().ending == "Promoted"
    new = rig.aliases()
    answer = call(rig, OPERATOR, verb="rollback")
    rig.settle(60)
    assert rig.stage["canarySettings"]["percentTraffic"] == 100.0
    rig.aws.client("stepfunctions").stop_execution(executionArn=answer["execution"])
    rig.settle(90)
    assert rig.record_of(answer["execution"]).rollout.phase == "rolling_back"
    assert rig.aliases() == new
    again, ended, _ = back(rig, "rollback")

    assert (again["revert"], ended.ending) == (f"{answer['revert']}-2", "Promoted")
    assert (_live(rig.aliases()), rig.is_at_rest()) == (old, True)


def test_a_version_behind_an_alias_goes_back_at_once(ship: ShipRig):
    ship.publish()
    assert ship.finish(ship.start()).ending == "Promoted"
    answer, ended, seconds = back(ship, "rollback")

    assert ended.ending == "Promoted"
    assert seconds <= AT_ONCE
    assert answer["afterwards"] == {"functions": {"orders-ship": "1"}, "deployment": None}
    assert (ship.live(), ship.is_at_rest()) == (("1", {}), True)


@pytest.mark.parametrize("had", ["", "off"])
def test_a_release_of_variables_alone_is_taken_back(aws: EmbeddedAws, had: str):
    rig = Rig(aws, metrics=Metrics())
    versions = make_base(rig, "v1")
    if had:
        assert rig.run(release=variables_alone(versions, had)).ending == "Promoted"
    before = rig.stage["variables"]
    assert rig.run(release=variables_alone(versions, "on")).ending == "Promoted"
    rig.settle(60)
    _, ended, seconds = back(rig, "rollback")

    assert ended.ending == "Promoted"
    assert seconds <= AT_ONCE
    assert (rig.stage["variables"], rig.is_at_rest()) == (before, True)
    rig.served.clear()
    rig.settle(60)
    assert seen(rig) == {"v1 off"}
    assert (FLAG in before) is bool(had)
