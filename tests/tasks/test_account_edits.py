"""Each edit around the target, made on the embedded AWS in the middle of a rollout: what a task says, and what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.target import target_to_json
from demo.controller import TARGET_PREFIX
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rules.account_edits import ACCOUNT_EDITS, BACK, GOES_ON, GONE, HELD, KEPT, REMOVED, WAITS
from tests.tasks.walk import PATIENT, PAYMENTS, Ground, TaskFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rules.account_edits import AccountEdit
    from tests.tasks.walk import Walk

READ = {"FunctionName": "orders-read"}


@pytest.fixture
def ground() -> Iterator[Ground]:
    """A separate ground for the test: nothing restores what it deletes."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Ground(aws, policy=PATIENT)


def take_log_off(ground: Ground) -> None:
    ground.aws.client("apigateway").update_stage(
        **of_stage(ground), patchOperations=[{"op": "remove", "path": "/accessLogSettings"}]
    )


def delete_filter(ground: Ground) -> None:
    logs, group = ground.aws.client("logs"), ground.rig.target.access_log_group
    first = logs.describe_metric_filters(logGroupName=group)["metricFilters"][0]["filterName"]
    logs.delete_metric_filter(logGroupName=group, filterName=first)


def write_parameter(ground: Ground, text: str) -> None:
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}orders", Value=text, Type="String", Overwrite=True)


def of_stage(ground: Ground) -> dict[str, Any]:
    stage = ground.rig.target.stage
    return {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}


def name_another_stage(ground: Ground) -> None:
    target = ground.rig.target
    write_parameter(ground, target_to_json(replace(target, stage=replace(target.stage, stage_name="beta"))))


MADE: dict[str, Callable[[Ground], object]] = {
    "the stage's access log is removed": take_log_off,
    "a metric filter is deleted": delete_filter,
    "an alarm is deleted": lambda ground: ground.aws.client("cloudwatch").delete_alarms(AlarmNames=[PAYMENTS]),
    "an alarm fires": Ground.fire,
    "a live alias is deleted": lambda ground: ground.aws.client("lambda").delete_alias(**READ, Name="live"),
    "a canary alias is deleted": lambda ground: ground.aws.client("lambda").delete_alias(**READ, Name="canary"),
    "a function is deleted": lambda ground: ground.aws.client("lambda").delete_function(**READ),
    "the stage is deleted": lambda ground: ground.aws.client("apigateway").delete_stage(**of_stage(ground)),
    "the target's parameter is deleted": lambda ground: ground.aws.client("ssm").delete_parameter(
        Name=f"{TARGET_PREFIX}orders"
    ),
    "the target's parameter can no longer be read": lambda ground: write_parameter(ground, "{"),
    "the target's parameter names another stage": name_another_stage,
}
QUICK = {("a live alias is deleted", "shifting"), ("a canary alias is deleted", "moving_base")}
MOMENTS = ("shifting", "taking_all", "moving_base")


def cases() -> Iterator[Any]:
    for edit in ACCOUNT_EDITS:
        for moment in MOMENTS:
            marks = () if (edit.name, moment) in QUICK else (pytest.mark.slow,)
            yield pytest.param(edit, moment, id=f"{edit.name} in {moment}", marks=marks)


def walk_to(ground: Ground, moment: str) -> Walk:
    walk = ground.walk()
    {"shifting": walk.shift, "taking_all": walk.take_all, "moving_base": walk.move_base}[moment]()
    walk.pause(60)
    return walk


def look_at(walk: Walk, moment: str) -> tuple[str, str]:
    """The word and the reason of the phase's own task, or ERROR and its message."""
    try:
        if moment == "shifting":
            answer = walk.look()
            return answer["verdict"], answer["reason"]
        if moment == "taking_all":
            answer = walk.drain()
            return answer["drain"], answer["reason"]
        walk.task("FlipStage")
    except TaskFailedError as error:
        return "ERROR", error.message
    return "WAIT", ""


WORDS = {
    GOES_ON: {"CONTINUE", "HOLD", "WAIT"},
    HELD: {"HOLD"},
    WAITS: {"WAIT"},
    BACK: {"ROLL_BACK"},
    REMOVED: {"ERROR"},
    KEPT: {"ERROR"},
    GONE: {"ERROR"},
}


@pytest.mark.parametrize(("edit", "moment"), [*cases()])
def test_an_edit_around_the_target_is_named_and_followed(ground: Ground, edit: AccountEdit, moment: str):
    answer = edit.at(moment)
    walk = walk_to(ground, moment)
    MADE[edit.name](ground)
    word, reason = look_at(walk, moment)
    assert word in WORDS[answer.follows]
    assert answer.said in reason
    made = walk.make_safe("Test", "a pass")

    if answer.follows in {REMOVED, KEPT, GONE}:
        assert made["ending"] == "NEEDS_OPERATOR"
        assert answer.said in made["reason"]
        assert walk.owned.lock.rollout_id == walk.rollout_id
    if answer.follows == REMOVED:
        assert ground.percent is None
    elif answer.follows == KEPT:
        assert ground.percent == 100.0
    elif moment == "moving_base" and answer.follows == GOES_ON:
        assert (made["answer"], ground.percent) == ("WAIT", 0.0)
    elif answer.follows != GONE:
        assert (made["answer"], ground.percent) == ("WAIT", None)


def test_a_rollout_ends_once_a_deleted_alias_is_there_again(ground: Ground):
    walk = walk_to(ground, "shifting")
    MADE["a live alias is deleted"](ground)
    assert walk.make_safe("Test", "a pass")["ending"] == "NEEDS_OPERATOR"
    ground.aws.client("lambda").create_alias(**READ, Name="live", FunctionVersion="1")
    walk.end()

    assert (walk.record.phase, ground.rig.is_at_rest()) == ("rolled_back", True)


def test_every_edit_of_the_table_can_be_made():
    assert [*MADE] == [edit.name for edit in ACCOUNT_EDITS]
