"""Someone edits the target in the middle of a rollout: no canary weight is left, and no report is false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rig import Rig

MINUTE = 60


def patch(rig: Rig, *operations: dict[str, str]) -> None:
    stage = rig.target.stage
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id, stageName=stage.stage_name, patchOperations=[*operations]
    )


def replaced(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def started(rig: Rig, phase: str = "shifting") -> str:
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    rig.aws.clock.run_until(lambda: rig.record_of(arn).rollout.phase == phase, limit=3600)
    rig.settle(3)
    return arn


def halves(rig: Rig, arn: str, before: tuple[str, dict[str, str]]) -> list[object]:
    """Requests that half a release served."""
    intent = rig.record_of(arn).rollout.intent
    return rig.half_releases(before, (intent.deployment_id, intent.versions))


@pytest.fixture
def before(rig: Rig) -> tuple[str, dict[str, str]]:
    return rig.stage["deploymentId"], {name: live for name, (live, _) in rig.aliases().items()}


@pytest.mark.parametrize("phase", ["shifting", pytest.param("taking_all", marks=pytest.mark.slow)])
def test_a_canary_with_an_override_of_someones_is_taken_away(rig: Rig, before: tuple[str, dict[str, str]], phase: str):
    arn = started(rig, phase)
    patch(rig, replaced("/canarySettings/stageVariableOverrides/extra", "x"))
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert 'the canary\'s override extra was changed from absent to "x" by someone else' in ended.cause
    assert rig.is_at_rest()
    assert halves(rig, arn, before) == []


@pytest.mark.slow
def test_a_canary_of_someones_is_left_with_the_lock_until_it_is_gone(rig: Rig, before: tuple[str, dict[str, str]]):
    arn = started(rig)
    stage = rig.target.stage
    theirs = rig.aws.client("apigateway").create_deployment(restApiId=stage.rest_api_id, description="theirs")["id"]
    patch(
        rig,
        replaced("/canarySettings/deploymentId", theirs),
        replaced("/canarySettings/stageVariableOverrides/lambdaAlias", "live"),
    )
    canaries = {name: canary for name, (_, canary) in rig.aliases().items()}
    ended = rig.finish(arn)
    assert ended.ending == "NeedsOperator"
    assert f"someone else's canary of deployment {theirs} has 25.0 % of the requests; remove it or promote it" in ended.cause
    rig.settle(12 * MINUTE)
    assert rig.stage["canarySettings"]["percentTraffic"] == 25.0
    assert {name: canary for name, (_, canary) in rig.aliases().items()} == canaries
    assert rig.record_of(arn).lock.rollout_id is not None

    patch(rig, {"op": "remove", "path": "/canarySettings"})
    rig.settle(8 * MINUTE)
    assert rig.record_of(arn).rollout.phase == "rolled_back"
    assert rig.is_at_rest()
    assert rig.aliases() == {name: (version, version) for name, version in before[1].items()}


@pytest.mark.slow
def test_a_promotion_by_hand_ends_nothing_until_it_is_undone(rig: Rig, before: tuple[str, dict[str, str]]):
    arn = started(rig)
    patch(
        rig,
        replaced("/variables/lambdaAlias", "canary"),
        {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
        replaced("/canarySettings/percentTraffic", "0.0"),
    )
    ended = rig.finish(arn)
    assert ended.ending == "NeedsOperator"
    assert f"set it to {before[0]} and its variable lambdaAlias to live again" in ended.cause
    rig.settle(10 * MINUTE)
    assert halves(rig, arn, before) == []

    patch(rig, replaced("/deploymentId", before[0]), replaced("/variables/lambdaAlias", "live"))
    rig.settle(8 * MINUTE)
    assert rig.record_of(arn).rollout.phase == "rolled_back"
    assert rig.is_at_rest()
    assert halves(rig, arn, before) == []
