"""MoveBase: the commit point."""

from __future__ import annotations

import pytest

from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import Ground, TaskFailedError


def test_every_live_alias_moves_to_the_release(ground: Ground):
    walk = ground.walk().take_all()
    answer = walk.task("MoveBase")

    assert answer["flip"] == "FLIP_STAGE"
    assert answer["wait_seconds"] >= 35
    assert {name: live for name, (live, _) in ground.rig.aliases().items()} == ground.new
    assert (walk.record.phase, walk.record.recovery_stage) == ("moving_base", "based")
    assert ground.rig.stage["deploymentId"] == ground.old_deployment


def test_a_retry_repeats_the_answer_and_moves_nothing(ground: Ground):
    walk = ground.walk().move_base()
    before = walk.record
    ground.aws.faults.add(Fault("MoveBase", "lambda", "UpdateAlias", Mode.REFUSED))

    assert walk.task("MoveBase") == {
        "flip": "FLIP_STAGE",
        "live": {**before.intent.versions},
        "wait_seconds": 35,
    }
    assert walk.record == before


def test_an_alias_target_has_no_stage_to_flip(ground: Ground):
    walk = ground.walk(ground.ship).take_all()

    assert walk.task("MoveBase")["flip"] == "CLEAN_UP"
    assert ground.alias("orders-ship", "live") == (ground.new_ship["orders-ship"], {})


def test_a_refused_alias_reports_the_command_and_keeps_the_phase(ground: Ground):
    walk = ground.walk().take_all()
    ground.aws.faults.add(Fault("MoveBase", "lambda", "UpdateAlias", Mode.REFUSED))
    with pytest.raises(TaskFailedError, match="aws lambda update-alias --function-name orders-read --name live") as failed:
        walk.task("MoveBase")

    assert failed.value.kind == "AwsRefusedError"
    assert (walk.record.phase, walk.record.recovery_stage, walk.record.needs_operator) == ("moving_base", "start", False)
    assert ground.alias("orders-read", "live") == ("1", {})
