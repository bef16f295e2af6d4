"""Which rollout holds a target against a start; one whose release is promoted and watched does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.rollouts.watched import WatchEnd
from canary.rules.targets.policy import OnNewer
from canary.tasks.common.holding import find_holder
from tests.tasks.test_trouble import delete_record
from tests.tasks.test_watch_promotion import POLICY

if TYPE_CHECKING:
    from canary.tasks.common.holding import Holder
    from tests.tasks.walk import Ground, Walk


def holder_for(ground: Ground, rollout_id: str = "other", execution: str = "other") -> Holder | None:
    return find_holder(ground.rig.records.read_lock("orders"), rollout_id, execution, ground.rig.records)


def watched(ground: Ground) -> Walk:
    return ground.walk(policy=POLICY).promote()


def test_a_rollout_in_progress_holds_its_target_against_everyone_but_itself(ground: Ground):
    assert holder_for(ground) is None
    walk = ground.walk().shift()
    held = holder_for(ground)

    assert held is not None
    assert held.rollout == walk.record
    assert held.problem.value.startswith(f"rollout {walk.rollout_id} is running on orders (since ")
    assert holder_for(ground, walk.rollout_id, walk.execution) is None
    assert holder_for(ground, walk.rollout_id, "an execution of the same name") is not None
    delete_record(ground, walk)
    lost = holder_for(ground)
    assert lost is not None
    assert lost.rollout is None
    assert walk.rollout_id in lost.problem.value


def test_a_start_may_have_a_target_whose_release_is_watched(ground: Ground):
    """Not even `replace` rolls that release back: TakeLock ends the watch, in one transaction."""
    before = watched(ground)
    ground.rig.publish()
    assert holder_for(ground) is None
    later = ground.walk(policy=replace(POLICY, on_newer=OnNewer.REPLACE))
    assert later.check()["start"] == "READY"
    assert before.record.phase == "watching"
    later.lock()

    watch = before.record.watch
    assert (before.record.phase, watch.end, watch.cut_short_by) == ("promoted", WatchEnd.CUT_SHORT, later.rollout_id)
    assert ground.rig.records.read_lock("orders").rollout_id == later.rollout_id


def test_a_pause_and_a_promote_leave_a_watch_as_it_is_and_an_abort_begins_a_revert(ground: Ground):
    walk = watched(ground)
    before = walk.owned
    pause = ground.invoke("OperateRollout", {"verb": "pause", "target": "orders"})
    promote = ground.invoke("AuthorizeRollout", {"verb": "promote", "target": "orders"})

    assert (pause["answer"], promote["answer"]) == ("REFUSED", "UNCHANGED")
    assert (walk.record, walk.owned.lock, holder_for(ground)) == (before.rollout, before.lock, None)
    abort = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})
    assert (abort["answer"], abort["takes_back"]) == ("ACCEPTED", walk.rollout_id)
    ground.rig.settle(5)
    lock = ground.rig.records.read_lock("orders")
    assert (lock.rollout_id, walk.record.phase, walk.record.watch.cut_short_by) == (
        abort["revert"],
        "promoted",
        abort["revert"],
    )
    ground.aws.client("stepfunctions").stop_execution(executionArn=abort["execution"])
