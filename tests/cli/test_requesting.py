"""The input that options make."""

import pytest

from canary_cli.exits import CommandError, ExitCode
from canary_cli.requesting import execution_name, parse_start, start_input


def test_what_is_not_given_is_left_out():
    assert start_input("orders") == {"target": "orders"}


def test_options_become_the_input_of_an_execution():
    given = start_input(
        "orders",
        functions=["orders-read=7", "orders-write=8"],
        deployment="unchanged",
        policy="fast",
        changes=["alpha=0.02", "detect.errors=0.03", "when_unproven=roll_back", "early_advance=false"],
        reason="OPS-1",
    )

    assert given == {
        "target": "orders",
        "release": {"functions": {"orders-read": "7", "orders-write": "8"}, "deployment": "unchanged"},
        "policy": {
            "from": "fast",
            "alpha": 0.02,
            "detect": {"errors": 0.03},
            "when_unproven": "roll_back",
            "early_advance": False,
        },
        "reason": "OPS-1",
    }
    assert parse_start(given).release.functions == {"orders-read": "7", "orders-write": "8"}


def test_a_policy_alone_is_its_name():
    assert start_input("orders", policy="cautious")["policy"] == "cautious"


@pytest.mark.parametrize("options", [{"functions": ["orders-read"]}, {"changes": ["alpha="]}, {"changes": ["=1"]}])
def test_an_option_without_name_or_value_is_wrong_use(options: dict[str, list[str]]):
    with pytest.raises(CommandError) as refused:
        start_input("orders", **options)

    assert refused.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("changes", [["detect=5", "detect.errors=1"], ["detect.errors.x=1", "detect.errors=1"]])
def test_a_key_that_is_set_twice_in_two_ways_is_wrong_use(changes: list[str]):
    with pytest.raises(CommandError):
        parse_start(start_input("orders", changes=changes))


def test_the_longest_name_fits_an_executions_name():
    name = execution_name(f"{'x' * 40}-advance", 1_767_614_400.0, "3f9a")

    assert name.endswith("-20260105T120000Z-3f9a")
    assert len(name) <= 80
