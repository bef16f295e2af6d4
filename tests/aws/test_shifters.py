"""Two ways to move traffic behind one Protocol."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.shifters import AliasShifter, StageShifter, shifter_for
from canary.rules.rollouts.phases import Flip, PointAlias, RemoveCanary
from canary.rules.targets.live import Intent, LiveAlias, Snapshot

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground


@pytest.fixture
def stage(ground: Ground, tools: Tools) -> StageShifter:
    return shifter_for(ground.rig.target, tools.clients, lambda: None)


@pytest.fixture
def alias(ground: Ground, tools: Tools) -> AliasShifter:
    return shifter_for(ground.ship, tools.clients, lambda: None)


@pytest.fixture
def intent(ground: Ground) -> Intent:
    return Intent(ground.new, ground.old_deployment, {"lambdaAlias": "canary"}, "lambdaAlias")


def test_the_stage_is_read_with_both_aliases(ground: Ground, stage: StageShifter):
    live = stage.read_live()

    assert live.stage.deployment_id == ground.old_deployment
    assert {name: alias.version for name, alias in live.live.items()} == ground.old
    assert {name: alias.version for name, alias in live.canary.items()} == ground.old


def test_only_the_rollouts_own_canary_is_removed(ground: Ground, stage: StageShifter, intent: Intent):
    stage.remove_own_canary(intent)
    stage.shift(Snapshot(ground.old), intent, Decimal(10))
    stage.remove_own_canary(Intent({}, "another", {"lambdaAlias": "other"}, "lambdaAlias"))
    assert ground.percent == 10.0
    stage.remove_own_canary(intent)

    assert ground.percent is None


def test_a_stages_moves_are_what_their_commands_say(ground: Ground, stage: StageShifter, intent: Intent):
    stage.shift(Snapshot(ground.old), intent, Decimal(100))
    point = PointAlias("orders-read", "live", "2")
    stage.make(point, intent)
    stage.make(Flip(), intent)
    assert (ground.alias("orders-read", "live"), ground.percent) == (("2", {}), 0.0)
    stage.make(RemoveCanary(), intent)
    assert ground.percent is None

    assert "--name live --function-version 2" in stage.command(point, intent)
    assert "op=copy,from=/canarySettings/deploymentId" in stage.command(Flip(), intent)
    assert stage.command(RemoveCanary(), intent).endswith("--patch-operations op=remove,path=/canarySettings")


def test_an_alias_is_split_and_pointed(ground: Ground, alias: AliasShifter):
    intent = Intent(ground.new_ship)
    alias.shift(Snapshot({"orders-ship": "1"}), intent, Decimal("12.5"))
    found = alias.read_live().live["orders-ship"]
    assert found == LiveAlias("1", {"2": Decimal("0.125")}, found.revision_id, found.arn)
    move = PointAlias("orders-ship", "live", "2")
    alias.make(move, intent)

    assert ground.alias("orders-ship", "live") == ("2", {})
    assert alias.command(move, intent).startswith("aws lambda update-alias --function-name orders-ship --name live")


def test_a_new_version_gets_nearly_all_where_a_weight_of_one_is_refused(ground: Ground, alias: AliasShifter):
    snapshot, intent = Snapshot({"orders-ship": "1"}), Intent(ground.new_ship)
    for answer, share in (("refused", 0.99), ("accepted", 1.0)):
        with ground.aws.unknowns.answering("alias-weight-of-one", answer):
            for _ in range(2):
                alias.shift(snapshot, intent, Decimal(100))
                assert ground.alias("orders-ship", "live") == ("1", {"2": share})


@pytest.mark.parametrize("percent", [Decimal(50), Decimal(100)])
def test_another_refusal_is_no_reason_for_another_weight(ground: Ground, alias: AliasShifter, percent: Decimal):
    with pytest.raises(AwsRefusedError, match="Function not found"):
        alias.shift(Snapshot({"orders-ship": "1"}), Intent({"orders-ship": "99"}), percent)
    assert ground.alias("orders-ship", "live") == ("1", {})


def test_a_smaller_weight_that_is_refused_stays_refused(alias: AliasShifter):
    with pytest.raises(AwsRefusedError, match=r"ValidationException|InvalidParameterValueException"):
        alias.shift(Snapshot({"orders-ship": "1"}), Intent({"orders-ship": "$LATEST"}), Decimal(50))


def test_an_alias_shifter_has_no_stage_to_flip(alias: AliasShifter, intent: Intent):
    with pytest.raises(TypeError, match="the alias shifter moves only aliases"):
        alias.make(Flip(), intent)


def test_the_stage_alone_is_read_where_there_is_one(stage: StageShifter, alias: AliasShifter, intent: Intent):
    assert stage.read_stage() == stage.read_live().stage
    assert alias.read_stage() is None
    alias.remove_own_canary(intent)
    assert alias.read_live().live["orders-ship"].shares == {}
