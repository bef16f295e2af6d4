"""Releases taken back after their commit point: the rollout of its own that does it, from the verb to the earlier release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.controller import OPERATOR
from tests.executions.test_verbs import call

if TYPE_CHECKING:
    from tests.rig import Ended, Rig


def back(rig: Rig, verb: str, **more: Any) -> tuple[dict[str, Any], Ended]:
    """The verb's answer, and the end of the execution that it began."""
    answer = call(rig, OPERATOR, verb=verb, **more)
    assert answer["answer"] == "ACCEPTED", answer
    return answer, rig.finish(answer["execution"])


def test_a_promoted_release_is_rolled_back_in_minutes(rig: Rig):
    old, deployment = rig.aliases(), rig.stage["deploymentId"]
    rig.publish()
    first = rig.run()
    assert first.status == "SUCCEEDED"
    answer, ended = back(rig, "rollback")
    assert (answer["takes_back"], answer["afterwards"]["deployment"]) == (first.output["rollout"], deployment)
    assert (ended.status, ended.output["operation"], ended.output["reverts"]) == ("SUCCEEDED", "revert", answer["takes_back"])
    assert f"{len(ended.states)} transitions" in ended.output["price"]
    assert rig.aliases() == old
    assert rig.stage["deploymentId"] == deployment
    assert rig.is_at_rest()
