"""`canary rollback` and `revert`: what they announce and ask, what the controller answers, and each exit code."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from demo.controller import TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode
from tests.cli.test_signalling import type_in
from tests.ground import tools
from tests.tasks.verbs.test_take_back import an_aborted_revert

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.tasks.common.entry import Tools
    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground, Walk

    Canary = Callable[..., Told]

__all__ = ["tools", "type_in"]


@pytest.fixture
def promoted(ground: Ground) -> Walk:
    """A rollout that was promoted."""
    return ground.walk().promote()


def test_a_running_rollout_is_aborted_without_asking(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    told = canary("rollback", "orders", "--reason", "OPS-1")

    assert told.code == 0, told.err
    assert f"change    rollout {walk.rollout_id} is shifting: base gets all traffic, the canary is removed" in told.out
    assert "--function-name canary-OperateRollout" in told.out
    assert f"orders: rollout {walk.rollout_id} is rolling_back: base gets all traffic" in told.out
    assert ground.percent is None


def test_a_promoted_release_is_reverted_and_watched_to_its_end(ground: Ground, canary: Canary, promoted: Walk):
    told = canary("rollback", "orders", "--reason", "OPS-1", "--yes", "--watch")

    assert told.code == 0, told.err
    assert "change    orders-read 2 -> 1" in told.out
    assert f"deployment {promoted.record.intent.deployment_id} -> {ground.old_deployment}" in told.out
    assert f"takes back rollout {promoted.rollout_id}; base will serve orders-read 1, orders-write 1, deployment" in told.out
    assert "promoted" in told.out.splitlines()[-1]
    assert ground.rig.is_at_rest()
    assert {name: live for name, (live, _) in ground.rig.aliases().items()} == ground.old

    again = canary("rollback", "orders", "--yes")
    assert again.code == 0
    assert f"there is nothing to roll back: rollout {promoted.rollout_id} was taken back already" in again.out
    assert canary("revert", "orders", "--yes").code == 3
    for verb in (["status", "orders"], ["explain", "orders"], ["history", "orders"]):
        assert canary(*verb).code == 0


def test_what_was_begun_is_said_in_json_and_can_be_watched(ground: Ground, canary: Canary, promoted: Walk):
    told = canary("revert", "orders", "--yes", "--json")
    answer = told.events[0]

    assert (told.code, answer["answer"], answer["takes_back"]) == (0, "ACCEPTED", promoted.rollout_id)
    assert answer["afterwards"] == {"functions": ground.old, "deployment": ground.old_deployment}
    same = canary("rollback", "orders")
    assert same.code == 0
    assert "changes nothing" in same.out
    assert canary("pause", "orders").code == 3
    assert canary("status", "orders").code == 0
    assert canary("watch", "orders", "--rollout", answer["revert"]).code == 0
    assert ground.rig.is_at_rest()


def test_without_a_terminal_a_revert_needs_yes(canary: Canary, promoted: Walk, monkeypatch: pytest.MonkeyPatch):
    assert promoted.record.phase == "promoted"
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    for verb in ("revert", "rollback"):
        told = canary(verb, "orders", "--json")
        assert (told.code, told.out, told.error["code"]) == (2, "", "NotConfirmed")
        assert "--yes" in told.error["fix"]


def test_in_a_terminal_a_revert_asks_first(ground: Ground, canary: Canary, promoted: Walk, type_in: Callable[[str], None]):
    type_in("n\n")
    told = canary("revert", "orders")

    assert told.code == 2
    assert "revert orders in account 123456789012, Region eu-west-1? [y/N]" in told.err
    assert ground.rig.records.read_lock("orders").last_rollout_id == promoted.rollout_id


def test_there_may_be_nothing_to_take_back(canary: Canary):
    rolled, reverted = canary("rollback", "orders"), canary("revert", "orders", "--yes")

    assert (rolled.code, reverted.code) == (0, 3)
    assert "orders: there is nothing to roll back: no rollout was promoted on this target" in rolled.out
    assert "orders: there is nothing to revert: no rollout was promoted on this target" in reverted.out


def test_what_cannot_be_reverted_says_why(ground: Ground, canary: Canary, promoted: Walk):
    told = canary("revert", "orders", "--to", "nope", "--yes")
    assert told.code == 3
    assert "rollout nope was never promoted on orders" in told.out
    assert promoted.record.phase == "promoted"

    ground.point("orders-read", "canary", "1", **{"2": 0.5})
    refused = canary("rollback", "orders", "--yes")
    assert refused.code == 3
    assert "alias canary already splits traffic: 2 at 0.5" in refused.out
    slower = f"canary start orders --function orders-read=1 --function orders-write=1 --deployment {ground.old_deployment}"
    assert f"the slower way: start it: {slower}" in refused.out


def test_a_rollback_does_not_depend_on_what_can_be_read(ground: Ground, canary: Canary):
    ground.walk().shift()
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)
    ground.aws.faults.add(Fault(None, "ssm", "GetParameter", Mode.REFUSED))
    told = canary("rollback", "orders")

    assert told.code == 0
    assert "change    not known: AWS refused" in told.out
    assert ground.percent is None


def test_a_rollback_while_a_revert_is_rolled_back_begins_another_without_asking(
    ground: Ground, tools: Tools, canary: Canary, promoted: Walk
):
    aborted = an_aborted_revert(ground, tools, promoted)
    told = canary("rollback", "orders", "--reason", "OPS-2")

    found = f"rollout {aborted.rollout_id}, which was to take rollout {promoted.rollout_id} back, is being rolled back itself"
    changes = [line.split(maxsplit=1)[1] for line in told.out.splitlines() if line.startswith("  change ")]
    assert told.code == 0, told.err
    assert changes == [
        f"{found}; a new revert begins as soon as that is over",
        "orders-read 2 -> 1",
        "orders-write 2 -> 1",
        f"deployment {promoted.record.intent.deployment_id} -> {ground.old_deployment}",
    ]
    assert f"orders: rollback is accepted: {found}" in told.out
    assert f"watch it: canary watch orders --rollout {promoted.rollout_id}-revert-2" in told.out

    while aborted.record.phase != "rolled_back":  # the verb makes the next pass as soon as it may be
        assert canary("abort", "orders").code == 0
        aborted.pause(61)
    ground.rig.settle(600)
    assert ground.rig.records.find(f"{promoted.rollout_id}-revert-2").rollout.phase == "promoted"
    assert {name: live for name, (live, _) in ground.rig.aliases().items()} == ground.old
