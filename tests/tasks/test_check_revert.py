"""CheckRelease for a revert, and the tasks that follow it until the earlier release has all traffic."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.events import CheckEvent
from canary.rules.rollouts.grants import VALID_SECONDS, Grant, GrantKind
from canary.tasks.check_release import check_release
from canary.tasks.check_revert import MOST_WAITS
from tests.aws.stubs import Changed
from tests.tasks.test_trouble import delete_record
from tests.tasks.walk import SETTLE, Ground, TaskFailedError, Walk, edit_record, iso

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools


@pytest.fixture
def promoted(ground: Ground) -> Walk:
    """A rollout that was promoted, and whose canary aliases have settled since."""
    walk = ground.walk().promote()
    walk.pause(SETTLE + 2)
    return walk


def revert_of(walk: Walk, tools: Tools, *, number: str = "", **grant: Any) -> Walk:
    """The execution that reverts a rollout, as OperateRollout begins it; `grant` changes what it is allowed."""
    name = f"{walk.rollout_id}-revert{number}"
    given = Grant(name, GrantKind.REVERT, walk.target.name, walk.now, walk.rollout_id)
    assert tools.records.give(replace(given, **grant))
    return Walk(walk.ground, walk.target, name)


def check(revert: Walk, rollout: str, waits: int = 0, **more: Any) -> dict[str, Any]:
    """What CheckRelease answers to the revert's execution."""
    given = {"operation": "revert", "target": revert.target.name, "rollout": rollout, **more}
    who = {"rollout_id": revert.rollout_id, "execution": revert.execution, "now": iso(revert.now)}
    revert.checked = revert.ground.invoke("CheckRelease", {"input": given, **who, "waits": waits})
    return revert.checked


def notices(ground: Ground) -> list[str]:
    """The kinds of the notifications that were sent."""
    return [call.operation for call in ground.aws.faults.calls if call.task == "CheckRelease" and call.operation == "PutEvents"]


def test_a_revert_takes_all_traffic_without_a_step(ground: Ground, tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    assert check(revert, promoted.rollout_id, reason="OPS-1")["start"] == "READY"
    revert.lock()
    assert revert.task("PrepareRelease") == {
        "beginning": "TAKE_ALL",
        "canary": {**revert.record.intent.versions},
        "wait_seconds": 0,
    }
    with pytest.raises(TaskFailedError, match="is already preparing; its weight stays"):
        revert.task("ShiftTraffic")
    assert revert.task("TakeAllTraffic") == {"weight_percent": 100.0, "wait_seconds": SETTLE}

    record = revert.record
    assert (record.phase, record.reverts, record.evidence, ground.percent) == ("taking_all", promoted.rollout_id, {}, 100.0)
    assert ground.rig.stage["canarySettings"]["deploymentId"] == ground.old_deployment
    assert {canary for _, canary in ground.rig.aliases().values()} == {"1"}


def test_a_revert_right_after_the_promotion_lets_the_canary_aliases_settle(ground: Ground, tools: Tools):
    walk = ground.walk().promote()
    walk.pause(10)
    revert = revert_of(walk, tools)
    check(revert, walk.rollout_id)
    revert.lock()

    assert SETTLE - 10 <= revert.task("PrepareRelease")["wait_seconds"] <= SETTLE - 8


@pytest.mark.parametrize(("schema", "seconds"), [(None, SETTLE), ("99", SETTLE), ("gone", 0)])
def test_the_canary_aliases_settle_after_the_last_rollout_whichever_it_was(
    ground: Ground, tools: Tools, promoted: Walk, schema: str | None, seconds: int
):
    later = ground.walk().prepare(release={"functions": dict(ground.old)})
    while later.make_safe()["answer"] != "SAFE":
        later.pause(SETTLE)
    if schema == "gone":
        delete_record(ground, later)
    elif schema:
        edit_record(ground, later, schema_version={"N": schema})
    revert = revert_of(promoted, tools)
    check(revert, promoted.rollout_id)
    revert.lock()

    assert seconds - 2 <= revert.task("PrepareRelease")["wait_seconds"] <= seconds + 2


def test_what_someone_else_moves_after_the_check_stops_the_revert(ground: Ground, tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    check(revert, promoted.rollout_id)
    revert.lock()
    ground.point("orders-read", "canary", ground.new["orders-read"])
    with pytest.raises(TaskFailedError, match="the canary alias of orders-read was moved to 2"):
        revert.task("PrepareRelease")
    ground.point("orders-read", "canary", "1")

    assert revert.task("PrepareRelease") == {
        "beginning": "TAKE_ALL",
        "canary": {**revert.record.intent.versions},
        "wait_seconds": 0,
    }


def test_a_firing_alarm_is_noted_and_the_revert_goes_on(ground: Ground, tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    check(revert, promoted.rollout_id)
    revert.lock()
    revert.task("PrepareRelease")
    revert.pause(SETTLE)
    revert.task("TakeAllTraffic")
    revert.pause(SETTLE)
    ground.fire()
    assert revert.drain()["drain"] == "WAIT"
    revert.pause(240)
    assert revert.drain()["drain"] == "DRAINED"

    assert [note for note in revert.record.plan.notes if "is firing" in note] == [
        "alarm orders-payment-failures is firing: payments fail; a revert goes on all the same"
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rollout": "another"}, "was begun to revert rollout"),
        ({"target": "orders-ship"}, "was begun to revert rollout"),
        ({"to": "earlier"}, "was begun to revert rollout"),
        ({"rollout": ""}, "rollout: a rollout's id must be one line"),
    ],
)
def test_an_input_that_says_more_than_the_grant_is_refused(
    ground: Ground, tools: Tools, promoted: Walk, given: dict[str, str], said: str
):
    revert = revert_of(promoted, tools)
    answer = check(revert, **{"rollout": promoted.rollout_id, **given})

    assert (answer["start"], answer["target"]) == ("REFUSED", "")
    assert said in answer["reason"]
    assert ground.rig.records.find(revert.rollout_id) is None


def test_an_execution_without_a_grant_is_refused(ground: Ground, tools: Tools, promoted: Walk):
    revert_of(promoted, tools)
    copied = Walk(ground, promoted.target, "copied")
    answer = check(copied, promoted.rollout_id)

    assert answer["start"] == "REFUSED"
    assert "the controller did not begin the execution copied" in answer["reason"]


def test_a_grant_does_not_last(tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools, given_at=promoted.now - 2 * VALID_SECONDS)

    assert "20 minutes before it began" in check(revert, promoted.rollout_id)["reason"]


def test_a_revert_waits_for_the_promotion_that_it_takes_back(ground: Ground, tools: Tools):
    walk = ground.walk().move_base()
    revert = revert_of(walk, tools)
    waiting = check(revert, walk.rollout_id)
    late = check(revert, walk.rollout_id, waits=MOST_WAITS)

    assert (waiting["start"], waiting["wait_seconds"]) == ("WAIT", 30)
    assert late["start"] == "REFUSED"
    assert f"rollout {walk.rollout_id} is running on orders" in late["reason"]


def test_a_promotion_that_went_back_leaves_nothing_to_revert(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    revert = revert_of(walk, tools)
    walk.end()
    answer = check(revert, walk.rollout_id)

    assert answer["start"] == "UNCHANGED"
    assert "was rolled back in the end" in answer["reason"]


def test_another_rollout_that_was_faster_is_not_waited_for(ground: Ground, tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    ground.rig.publish()
    other = ground.walk().begin()
    answer = check(revert, promoted.rollout_id)

    assert answer["start"] == "REFUSED"
    assert f"rollout {other.rollout_id} is running on orders" in answer["reason"]
    delete_record(ground, other)
    assert f"{other.rollout_id} holds it; take back what is running" in check(revert, promoted.rollout_id)["reason"]


def test_a_release_that_is_no_longer_served_is_not_reverted(ground: Ground, tools: Tools, promoted: Walk):
    earlier = revert_of(promoted, tools, rollout="earlier")
    assert "the record of rollout earlier was deleted" in check(earlier, "earlier")["reason"]

    walk = ground.walk()
    revert = revert_of(promoted, tools, number="-2")
    lock = ground.rig.records.read_lock("orders")
    table = ground.aws.client("dynamodb")
    key = {"pk": {"S": "target#orders"}, "sk": {"S": "lock"}}
    item = table.get_item(TableName=ground.rig.controller.table, Key=key)["Item"]
    table.put_item(TableName=ground.rig.controller.table, Item={**item, "promoted_rollout_id": {"S": walk.rollout_id}})
    answer = check(revert, promoted.rollout_id)

    assert lock.promoted_rollout_id == promoted.rollout_id
    assert f"rollout {walk.rollout_id} was promoted after rollout {promoted.rollout_id}" in answer["reason"]


def test_what_is_in_the_way_is_refused_with_the_slower_way_and_an_operator_is_told(
    ground: Ground, tools: Tools, promoted: Walk
):
    revert = revert_of(promoted, tools)
    ground.point("orders-read", "canary", "1", v2=0.5)
    before = len(notices(ground))
    answer = check(revert, promoted.rollout_id)

    assert "alias canary already splits traffic" in answer["reason"]
    assert "the slower way: start it: canary start orders --function orders-read=1" in answer["reason"]
    assert len(notices(ground)) == before + 1


def test_an_earlier_rollout_must_have_been_promoted(tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools, to="nope")

    assert "rollout nope was never promoted on orders" in check(revert, promoted.rollout_id, to="nope")["reason"]


def test_a_target_must_still_be_registered(ground: Ground, tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    ground.aws.client("ssm").delete_parameter(Name="/canary/targets/orders")

    assert "no target orders is registered" in check(revert, promoted.rollout_id)["reason"]


def test_what_base_serves_already_is_unchanged(tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools, to=promoted.rollout_id)
    answer = check(revert, promoted.rollout_id, to=promoted.rollout_id)

    assert (answer["start"], answer["reason"]) == ("UNCHANGED", "base already serves the earlier release")


def test_a_used_name_is_refused_unless_it_is_the_executions_own(tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    check(revert, promoted.rollout_id)
    revert.lock()
    assert check(revert, promoted.rollout_id)["start"] == "READY"
    revert.end()
    assert "was used before" in check(revert, promoted.rollout_id)["reason"]


def test_a_version_that_is_pending_is_waited_for(tools: Tools, promoted: Walk):
    revert = revert_of(promoted, tools)
    own = tools.clients.of(promoted.target)
    get = own.lambda_.get_function_configuration
    vars(own)["lambda_"] = Changed(own.lambda_, get_function_configuration=lambda **named: {**get(**named), "State": "Pending"})
    given = {"operation": "revert", "target": "orders", "rollout": promoted.rollout_id}
    answers = [
        check_release(CheckEvent(given, revert.rollout_id, revert.execution, revert.now, waits), tools)
        for waits in (0, MOST_WAITS)
    ]

    assert [answer["start"] for answer in answers] == ["WAIT", "REFUSED"]
    assert "is still Pending" in answers[1]["reason"]
    assert "canary start orders" in answers[1]["reason"]
