"""A start below its target's floor: refused as an execution of anyone, accepted as one that AuthorizeRollout began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.floor import Floor
from demo.controller import AUTHORIZER
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.executions.test_verbs import call
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_STEP: dict[str, Any] = {"policy": {"steps": [{"weight_percent": 50, "bake_seconds": 120}]}}


@pytest.fixture
def rig() -> Iterator[Rig]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Rig(aws, floor=Floor(min_steps=2, min_bake_seconds=60))


def test_only_the_execution_that_an_authorizer_began_goes_below_the_floor(rig: Rig):
    rig.publish()
    refused = rig.run(**ONE_STEP)
    answer = call(rig, AUTHORIZER, verb="start_below_floor", name="hotfix-9", input={**ONE_STEP, "reason": "OPS-9"})
    ended = rig.finish(answer["execution"])

    assert (refused.ending, answer["answer"], ended.ending) == ("Refused", "ACCEPTED", "Promoted")
    assert refused.cause.startswith("floor.min_steps: policy quick (changed) has 1 step, and at least 2 are required")
    assert any(note.startswith("below the target's floor, which an authorizer allowed") for note in ended.output["notes"])
    assert rig.record_of(answer["execution"]).rollout.below_floor.reason == "OPS-9"
    assert rig.is_at_rest()
