"""A target whose records cannot be used: who is notified, when, and what is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.notifications import Notifications
from canary.aws.records import Records
from canary.aws.troubles import PREFIX, Troubles
from canary.edge.events import TickEvent
from canary.tasks.common.entry import Tools
from canary.tasks.sweep_targets import sweep_targets
from demo.controller import CLAIM, TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed, refusal
from tests.tasks.walk import Ground, edit_record

if TYPE_CHECKING:
    from tests.tasks.walk import Walk

MINUTE = 60
START = 1_800_000_060.0
"""The second minute of a period of five."""


class Bus:
    """EventBridge that keeps what it gets, or accepts nothing."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.is_open = True

    def put_events(self, **given: Any) -> dict[str, Any]:
        if not self.is_open:
            raise refusal("InternalException")
        self.told += [(entry["DetailType"], json.loads(entry["Detail"])) for entry in given["Entries"]]
        return {"FailedEntryCount": 0}


@dataclass
class Watch:
    """The sweeper, minute by minute, with records whose operations can be refused."""

    ground: Ground
    usable: Tools
    bus: Bus
    tools: Tools
    minute: int = 0

    @classmethod
    def over(cls, ground: Ground, tools: Tools) -> Watch:
        bus = Bus()
        usable = replace(tools, notifications=Notifications(lambda: bus, tools.logger))
        return cls(ground, usable, bus, usable)

    def refuse(self, *operations: str) -> None:
        """From now on DynamoDB refuses these operations."""
        client = self.usable.clients.dynamodb
        refused = dict.fromkeys(operations, refuse)
        self.tools = replace(self.usable, records=Records(Changed(client, **refused), self.ground.rig.controller.table))

    def recover(self) -> None:
        """DynamoDB refuses nothing any more."""
        self.tools = self.usable

    def sweep(self, minutes: int = 1) -> str:
        """Sweep for this many minutes; returns the last answer for `orders`."""
        for _ in range(minutes):
            answer = sweep_targets(TickEvent(START + self.minute * MINUTE), self.tools)
            self.minute += 1
        return str(answer["targets"].get("orders", ""))

    def sweep_half_an_hour_apart(self) -> str:
        """The answers of one minute and of the one half an hour later."""
        self.sweep()
        self.minute += 29
        return self.sweep()

    @property
    def told(self) -> list[str]:
        """The kinds of notifications sent so far, except `Rollout Ended`."""
        return [kind for kind, _ in self.bus.told if kind != "Rollout Ended"]

    @property
    def last(self) -> dict[str, Any]:
        return self.bus.told[-1][1]


def refuse(**_: Any) -> None:
    raise refusal("AccessDeniedException", "no such right")


@pytest.fixture
def watch(ground: Ground, tools: Tools) -> Watch:
    return Watch.over(ground, tools)


def troubles(ground: Ground) -> list[str]:
    """The targets with a kept report."""
    found = ground.aws.client("ssm").get_parameters_by_path(Path=PREFIX.rstrip("/"))["Parameters"]
    return [one["Name"].removeprefix(PREFIX) for one in found]


def test_an_operator_is_notified_once_again_each_half_hour_and_once_when_it_is_over(ground: Ground, watch: Watch):
    walk = ground.walk().take_all()
    watch.refuse("transact_write_items")

    assert watch.sweep() == "TROUBLE"
    assert (watch.told, watch.last["rollout"], watch.last["phase"]) == (["Operator Needed"], walk.rollout_id, "taking_all")
    assert "the records of target orders cannot be used: AWS refused" in watch.last["reason"]
    watch.sweep()
    watch.minute = 29
    watch.sweep()
    assert len(watch.told) == 1
    watch.sweep()
    assert watch.told == ["Operator Needed"] * 2
    assert (ground.percent, troubles(ground)) == (100.0, ["orders"])
    watch.recover()
    watch.sweep()

    assert watch.told == ["Operator Needed"] * 2 + ["Records Usable Again"]
    assert "can be used again, after 31 min" in watch.last["reason"]
    assert (ground.percent, troubles(ground)) == (None, [])
    watch.sweep()
    assert len(watch.told) == 3


@pytest.mark.parametrize("refused", ["transact_write_items", pytest.param("batch_get_item", marks=pytest.mark.slow)])
def test_a_dead_rollouts_canary_is_removed_after_five_minutes_and_nothing_else(ground: Ground, watch: Watch, refused: str):
    walk = ground.walk().shift()
    aliases = alias_versions(ground)
    watch.refuse(refused)

    assert [watch.sweep() for _ in range(5)] == ["TROUBLE"] * 5
    assert ground.percent == 25.0
    assert "nothing is changed until the records have been unusable for 5 minutes" in watch.last["reason"]
    assert watch.sweep() == "TAKEN_AWAY"
    assert (ground.percent, alias_versions(ground)) == (None, aliases)
    assert (walk.record.phase, walk.owned.lock.rollout_id) == ("shifting", walk.rollout_id)
    assert watch.told == ["Operator Needed"] * 2
    assert "the canary was removed and base has all requests" in watch.last["reason"]
    assert watch.sweep() == "TROUBLE"
    assert len(watch.told) == 2


def test_without_a_list_every_registered_target_is_looked_at(ground: Ground, watch: Watch):
    ground.walk().shift()
    ground.walk(ground.ship)
    client = watch.usable.clients.dynamodb
    refused = Changed(client, get_paginator=refuse_all, batch_get_item=refuse, transact_write_items=refuse)
    watch.tools = replace(watch.usable, records=Records(refused, ground.rig.controller.table))
    answer = sweep_targets(TickEvent(START), watch.tools)

    assert answer["targets"] == {"orders": "TROUBLE", "orders-ship": "AT_REST"}
    assert (watch.told, watch.last["phase"], watch.last["rollout"]) == (["Operator Needed"], "unknown", "")
    assert watch.last["live"]["canary_percent"] == 25.0


def refuse_all(_: str) -> Any:
    raise refusal("AccessDeniedException", "no such right")


def test_a_canary_with_every_request_stays(ground: Ground, watch: Watch):
    ground.walk().take_all()
    watch.refuse("batch_get_item")
    watch.sweep_half_an_hour_apart()

    assert ground.percent == 100.0
    assert "nothing was changed: the canary has every request" in watch.last["reason"]
    back, *forward = watch.last["commands"]
    assert back.startswith("to roll back, if no live alias was moved")
    assert "op=remove,path=/canarySettings" in back
    assert [line.split(":")[0] for line in forward] == [
        f"to finish the promotion, step {n} of 4, 30 seconds apart" for n in (1, 2, 3, 4)
    ]


@pytest.mark.slow
def test_the_commands_are_those_of_the_phase_where_the_record_can_be_read(ground: Ground, watch: Watch):
    ground.walk().move_base()
    watch.refuse("transact_write_items")
    watch.sweep()

    flip, removal = watch.last["commands"]
    assert "op=copy,from=/canarySettings/deploymentId,path=/deploymentId" in flip
    assert "op=remove,path=/canarySettings" in removal


@pytest.mark.slow
def test_a_canary_of_a_promotion_that_began_stays_whatever_its_percent(ground: Ground, watch: Watch):
    ground.walk().move_base()
    ground.patch("/canarySettings/percentTraffic", "40.0")
    watch.refuse("transact_write_items")
    watch.sweep_half_an_hour_apart()

    assert ground.percent == 40.0
    assert "nothing was changed: its promotion has begun" in watch.last["reason"]


@pytest.mark.slow
def test_a_running_execution_keeps_its_canary(ground: Ground, watch: Watch):
    arn = ground.rig.start()
    ground.rig.settle(100)
    watch.refuse("transact_write_items")
    watch.sweep_half_an_hour_apart()

    assert ground.percent == 25.0
    assert "nothing was changed: an execution is running that may be this target's" in watch.last["reason"]
    ground.aws.client("stepfunctions").stop_execution(executionArn=arn)
    watch.sweep()
    assert ground.percent is None


@pytest.mark.slow
def test_an_execution_that_names_no_target_may_be_anyones(ground: Ground, watch: Watch):
    walk = ground.walk().shift()
    client = watch.usable.clients.stepfunctions
    running = Changed(client, get_paginator=one_running, describe_execution=lambda **_: {"input": "[]"})
    watch.usable.clients.__dict__["stepfunctions"] = running
    edit_record(ground, walk, schema_version={"N": "99"})
    try:
        watch.sweep_half_an_hour_apart()
    finally:
        watch.usable.clients.__dict__["stepfunctions"] = client

    assert ground.percent == 25.0


def one_running(_: str) -> Any:
    class Pages:
        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            return [{"executions": [{"executionArn": "arn:x"}]}]

    return Pages()


@pytest.mark.slow
def test_without_knowing_the_executions_nothing_is_changed(ground: Ground, watch: Watch):
    ground.walk().shift()
    ground.aws.client("ssm").delete_parameter(Name=CLAIM)
    watch.refuse("transact_write_items")
    try:
        watch.sweep_half_an_hour_apart()
    finally:
        ground.aws.client("ssm").put_parameter(Name=CLAIM, Type="String", Value=ground.rig.controller.machine_arn)

    assert ground.percent == 25.0
    assert f"nothing was changed: AWS refused `aws ssm get-parameter --name {CLAIM}`" in watch.last["reason"]


@pytest.mark.parametrize("schema", ["99", pytest.param("3", marks=pytest.mark.slow)])
def test_a_record_that_this_code_cannot_read_is_reported_and_its_canary_removed(ground: Ground, watch: Watch, schema: str):
    walk = ground.walk().shift()
    edit_record(ground, walk, schema_version={"N": schema}, record={"S": "{}"})

    assert watch.sweep() == "TROUBLE"
    assert (watch.last["rollout"], watch.last["execution"]) == (walk.rollout_id, walk.execution)
    assert "version that wrote it" in watch.last["reason"]
    watch.sweep(5)
    assert (ground.percent, ground.rig.records.read_lock("orders").owner) == (None, walk.execution)


def test_a_deleted_record_is_reported_with_the_command_that_frees_the_target(ground: Ground, watch: Watch):
    walk = ground.walk().shift()
    delete_record(ground, walk)

    assert watch.sweep() == "TROUBLE"
    assert f"the record of rollout {walk.rollout_id}, which holds orders, was deleted" in watch.last["reason"]
    removal, freeing = watch.last["commands"]
    assert "op=remove,path=/canarySettings" in removal
    assert "aws dynamodb update-item --table-name canary" in freeing
    watch.sweep(5)
    assert ground.percent is None


@pytest.mark.slow
def test_a_new_cause_is_reported_at_once_and_counts_from_the_beginning(ground: Ground, watch: Watch):
    walk = ground.walk().shift()
    watch.refuse("transact_write_items")
    watch.sweep(3)
    watch.recover()
    edit_record(ground, walk, schema_version={"N": "99"})
    watch.sweep(2)

    assert (watch.told, ground.percent) == (["Operator Needed"] * 2, 25.0)
    assert watch.sweep() == "TAKEN_AWAY"


def test_a_target_at_rest_has_nothing_to_lose(ground: Ground, watch: Watch):
    ground.walk()
    watch.refuse("transact_write_items")

    assert watch.sweep(5) == "AT_REST"
    assert watch.told == []


def test_a_parameter_that_is_gone_as_well_is_reported_without_the_live_state(ground: Ground, watch: Watch):
    ground.walk().shift()
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)
    watch.refuse("batch_get_item")
    watch.sweep(10)

    assert (watch.told, ground.percent) == (["Operator Needed"], 25.0)
    assert (watch.last["commands"], "live" in watch.last) == ([], False)
    assert watch.last["reason"].endswith("nothing was changed")


def test_a_report_that_the_bus_refuses_is_sent_the_next_minute(ground: Ground, watch: Watch):
    ground.walk().shift()
    watch.refuse("transact_write_items")
    watch.bus.is_open = False
    watch.sweep(2)
    watch.bus.is_open = True
    watch.sweep(3)
    assert (watch.told, ground.percent) == (["Operator Needed"], 25.0)
    watch.bus.is_open = False
    assert watch.sweep() == "TAKEN_AWAY"
    watch.bus.is_open = True
    watch.sweep()

    assert (len(watch.told), ground.percent) == (2, None)
    assert "the canary was removed earlier" in watch.last["reason"]
    watch.recover()
    watch.bus.is_open = False
    watch.sweep()
    assert troubles(ground) == ["orders"]
    watch.bus.is_open = True
    watch.sweep()
    assert (watch.told[-1], troubles(ground)) == ("Records Usable Again", [])


def test_records_that_can_be_used_end_the_trouble_even_where_the_sweep_fails(ground: Ground, watch: Watch):
    ground.walk().shift()
    watch.refuse("transact_write_items")
    watch.sweep()
    watch.recover()
    ground.aws.faults.add(Fault(None, "stepfunctions", "DescribeExecution", Mode.REFUSED, times=1))

    assert watch.sweep().startswith("NOT_SWEPT: ")
    assert (watch.told[-1], troubles(ground)) == ("Records Usable Again", [])


def test_an_unreported_trouble_ends_without_a_report(ground: Ground, watch: Watch):
    ground.walk().shift()
    watch.refuse("transact_write_items")
    watch.bus.is_open = False
    watch.sweep()
    watch.recover()
    watch.bus.is_open = True
    watch.sweep()

    assert (watch.told, troubles(ground)) == ([], [])


def test_without_the_earlier_reports_a_trouble_is_reported_again(ground: Ground, watch: Watch):
    ground.walk().shift()
    watch.refuse("transact_write_items")
    watch.sweep()
    client = watch.usable.clients.ssm
    blind = Changed(client, get_paginator=refuse_all)
    watch.tools = replace(watch.tools, troubles=Troubles(lambda: blind, watch.tools.logger))
    watch.sweep()

    assert watch.told == ["Operator Needed"] * 2


def test_a_target_of_weighted_aliases_is_reported_and_left(ground: Ground, watch: Watch):
    walk = ground.walk(ground.ship).shift()
    watch.refuse("batch_get_item")
    for minute in (0, 9):
        answer = sweep_targets(TickEvent(START + minute * MINUTE), watch.tools)

    assert answer["targets"]["orders-ship"] == "TROUBLE"
    (command,) = watch.last["commands"]
    assert command.startswith("to send all requests to version 1: aws lambda update-alias --function-name orders-ship")
    assert ground.alias("orders-ship", "live")[1] == {ground.new_ship["orders-ship"]: 0.25}
    assert "the target has no canary of a rollout" in watch.last["reason"]
    assert walk.record.phase == "shifting"


def test_a_stage_whose_aliases_cannot_be_read_is_enough(ground: Ground, watch: Watch):
    ground.walk().shift()
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.REFUSED))
    watch.refuse("transact_write_items")
    watch.sweep(6)

    assert ground.percent is None
    assert watch.bus.told[0][1]["live"]["live_aliases"] == {}


def test_aliases_that_cannot_be_read_are_reported_where_they_are_all_there_is(ground: Ground, watch: Watch):
    ground.walk(ground.ship).shift()
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.REFUSED))
    watch.refuse("batch_get_item")
    watch.sweep()

    assert watch.told == ["Operator Needed"]
    assert "AWS refused `aws lambda get-alias" in watch.last["reason"]


def alias_versions(ground: Ground) -> list[str]:
    return [ground.alias(f.name, str(name))[0] for f in ground.rig.target.functions for name in (f.live, f.canary)]


def delete_record(ground: Ground, walk: Walk) -> None:
    key = {"pk": {"S": f"rollout#{walk.rollout_id}"}, "sk": {"S": "rollout"}}
    ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=key)
