"""Two ways to move traffic behind one Protocol."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from canary.aws.shifters import AliasShifter, StageShifter, shifter_for
from canary.rules.live import Intent, LiveAlias, WayBack
from canary.rules.phases import Flip, PointAlias, RemoveCanary

if TYPE_CHECKING:
    from canary.tasks.entry import Tools
    from tests.tasks.walk import Ground


@pytest.fixture
def stage(ground: Ground, tools: Tools) -> StageShifter:
    return shifter_for(ground.rig.target, tools.clients, lambda: None)


@pytest.fixture
def alias(ground: Ground, tools: Tools) -> AliasShifter:
    return shifter_for(ground.ship, tools.clients, lambda: None)


@pytest.fixture
def intent(ground: Ground) -> Intent:
    return Intent(ground.new, ground.way_back, {"lambdaAlias": "canary"}, "lambdaAlias")


def test_the_stage_is_read_with_both_aliases(ground: Ground, stage: StageShifter):
    live = stage.read_live()

    assert live.stage.deployment_id == ground.way_back
    assert {name: alias.version for name, alias in live.live.items()} == ground.old
    assert {name: alias.version for name, alias in live.canary.items()} == ground.old


def test_only_the_rollouts_own_canary_is_removed(ground: Ground, stage: StageShifter, intent: Intent):
    stage.remove_own_canary(intent)
    stage.shift(WayBack(ground.old), intent, Decimal(10))
    stage.remove_own_canary(Intent({}, "another", {"lambdaAlias": "other"}, "lambdaAlias"))
    assert ground.percent == 10.0
    stage.remove_own_canary(intent)

    assert ground.percent is None


def test_a_stages_moves_are_what_their_commands_say(ground: Ground, stage: StageShifter, intent: Intent):
    stage.shift(WayBack(ground.old), intent, Decimal(100))
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
    alias.shift(WayBack({"orders-ship": "1"}), intent, Decimal("12.5"))
    found = alias.read_live().live["orders-ship"]
    assert found == LiveAlias("1", {"2": Decimal("0.125")}, found.revision_id, found.arn)
    move = PointAlias("orders-ship", "live", "2")
    alias.make(move, intent)

    assert ground.alias("orders-ship", "live") == ("2", {})
    assert alias.command(move, intent).startswith("aws lambda update-alias --function-name orders-ship --name live")


def test_an_alias_shifter_has_no_stage_to_flip(alias: AliasShifter, intent: Intent):
    with pytest.raises(TypeError, match="the alias shifter has no stage"):
        alias.make(Flip(), intent)
