"""A release of stage variables, and stage variables that someone else changes in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.rules.targets.target import Metrics
from tests.flagged import FLAG, failed, make_base, patch, publish, seen, variables_alone
from tests.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.embedded import EmbeddedAws

BASE = {"lambdaAlias": "live"}


@pytest.fixture
def rig(aws: EmbeddedAws) -> Rig:
    """The target without the sample's business metric, which these functions do not write."""
    return Rig(aws, metrics=Metrics())


def test_a_release_of_variables_alone_is_promoted(rig: Rig):
    versions = make_base(rig, "v1")
    before = rig.stage["deploymentId"], rig.aliases()
    ended = rig.run(release=variables_alone(versions, "on"))

    assert ended.ending == "Promoted"
    assert rig.stage["variables"] == {**BASE, FLAG: "on"}
    assert (rig.stage["deploymentId"], rig.aliases()) == before
    assert rig.is_at_rest()
    assert (seen(rig, "canary"), seen(rig, "base")) == ({"v1 on"}, {"v1 off", "v1 on"})
    rig.served.clear()
    rig.settle(60)
    assert seen(rig) == {"v1 on"}
    assert rig.run(release=variables_alone(versions, "on")).ending == "Unchanged"


def test_base_sees_nothing_of_a_variable_that_is_rolled_back(rig: Rig):
    versions = make_base(rig, "v1", bad="on")
    before = rig.stage
    ended = rig.run(release=variables_alone(versions, "on"))

    assert ended.ending == "RolledBack"
    assert "errors" in ended.cause
    assert rig.stage["variables"] == before["variables"] == BASE
    assert rig.is_at_rest()
    assert seen(rig, "base") == {"v1 off"}
    assert failed(rig.served, "canary") > 0
    assert failed(rig.served, "base") == 0


def test_code_that_needs_its_variable_never_runs_without_it(rig: Rig):
    make_base(rig, "v1")
    patch(rig, "replace", f"/variables/{FLAG}", value="old")
    rig.settle(60)
    rig.served.clear()
    versions = publish(rig, "v2")
    ended = rig.run(release={"functions": versions, "variables": {FLAG: "new"}})

    assert ended.ending == "Promoted"
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions
    assert rig.stage["variables"] == {**BASE, FLAG: "new"}
    assert seen(rig) == {"v1 old", "v2 new"}


def test_another_variable_may_change_during_a_rollout_and_is_reported(rig: Rig):
    versions = make_base(rig, "v1")
    running = rig.start(release=variables_alone(versions, "on"))
    rig.settle(150)
    patch(rig, "replace", "/variables/featureX", value="yes")
    ended = rig.finish(running)

    assert ended.ending == "Promoted"
    assert ended.output["reason"].count('stage variable featureX from absent to "yes"') == 1
    assert rig.stage["variables"] == {**BASE, FLAG: "on", "featureX": "yes"}


@pytest.mark.parametrize("name", [FLAG, "lambdaAlias"])
def test_a_variable_of_the_rollout_that_someone_sets_at_base_ends_it(rig: Rig, name: str):
    versions = make_base(rig, "v1")
    running = rig.start(release=variables_alone(versions, "on"))
    rig.settle(150)
    patch(rig, "replace", f"/variables/{name}", value="theirs")
    ended = rig.finish(running)

    assert ended.ending == "RolledBack"
    assert ended.cause.count(f'the stage\'s variable {name} is "theirs", which this rollout did not set') == 1
    assert rig.stage["variables"][name] == "theirs"
    assert "canarySettings" not in rig.stage
