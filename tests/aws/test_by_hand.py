"""What a person may do by hand while records cannot be used: the direction that is safe at the canary's percentage."""

from __future__ import annotations

import pytest

from canary.aws.aliases import Aliases
from canary.aws.by_hand import find_commands, free_command
from canary.aws.shifters import AliasShifter, StageShifter
from canary.aws.stages import Stages
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.live import Live, LiveAlias
from tests.builders import a_canary, a_live, a_stage, a_target

TARGET = a_target("orders-read", "orders-write")
BACK, TO_FLIP, TO_REMOVE = "to roll back", "op=copy,from=/canarySettings/deploymentId", "op=remove,path=/canarySettings"


def commands(percent, *, moved=(), phase=None):
    """The live state with these functions' live aliases already on the release."""
    names = [function.name for function in TARGET.functions]
    live = {name: LiveAlias("2" if name in moved else "1") for name in names}
    found = Live(a_stage(a_canary(percent)), live, {name: LiveAlias("2") for name in names})
    shifter = StageShifter(TARGET, Stages(None, TARGET.stage, None), Aliases(None, None))
    return find_commands(TARGET, found, shifter, phase)


def test_below_full_weight_the_only_direction_is_back():
    for phase in (None, Phase.SHIFTING, Phase.MOVING_BASE):
        (back,) = commands(99, phase=phase)
        assert back.startswith(BACK)
        assert back.endswith(TO_REMOVE)


def test_at_full_weight_both_directions_are_offered_while_a_live_alias_has_to_move():
    back, *forward = commands(100)
    assert back.startswith(BACK)
    assert [line.partition(",")[0] for line in forward] == ["to finish the promotion"] * 4
    assert "--function-name orders-read --name live --function-version 2" in forward[0]
    assert TO_FLIP in forward[2]
    assert forward[3].endswith(TO_REMOVE)


def test_once_every_live_alias_is_at_the_release_the_only_direction_is_forward():
    flip, removal = commands(100, moved=("orders-read", "orders-write"))
    assert TO_FLIP in flip
    assert removal.endswith(TO_REMOVE)


@pytest.mark.parametrize(("phase", "count"), [(Phase.TAKING_ALL, 1), (Phase.ROLLING_BACK, 1), (Phase.MOVING_BASE, 3)])
def test_a_known_phase_decides_the_direction(phase, count):
    assert len(commands(100, moved=("orders-read",), phase=phase)) == count


def test_without_a_canary_there_is_nothing_to_do():
    assert find_commands(TARGET, a_live(), StageShifter(TARGET, None, None), None) == ()


def test_weights_of_aliases_are_removed_where_there_are_some():
    target = a_target("orders-read", "orders-write", stage=None)
    live = {"orders-read": LiveAlias("1", {"2": 0.1}), "orders-write": LiveAlias("1")}
    (command,) = find_commands(target, Live(None, live, {}), AliasShifter(target, None), None)

    assert command.startswith("to send all requests to version 1: aws lambda update-alias --function-name orders-read")


def test_a_target_is_freed_by_taking_its_holder_off_the_lock():
    assert '{"pk": {"S": "target#orders"}, "sk": {"S": "lock"}}' in free_command("canary", "orders")
