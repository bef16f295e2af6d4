"""The live demo: its releases are the demo's own, and a wrong port ends it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary_cli.dashboard.source import PressError
from demo.__main__ import main
from demo.live import CHOICES, LOST_ROUTE, NUMBERS, LiveStand, add_second_target
from demo.scenarios import SCENARIOS, Ending
from demo.stand import open_stand

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def live() -> Iterator[LiveStand]:
    with open_stand() as stand:
        add_second_target(stand)
        stand.aws.clock.run_for(60)
        yield LiveStand(stand)


def test_each_release_is_one_of_the_demos_and_promises_its_ending():
    endings = {one.name: one.ending for one in SCENARIOS}
    for choice in CHOICES:
        assert choice.name in NUMBERS or choice.name == LOST_ROUTE
        expected = {Ending.PROMOTED: "promoted", Ending.ROLLED_BACK: "rolled back"}.get(endings.get(choice.name), "refused")
        assert expected in choice.expectation


def test_a_lost_route_is_refused_told_and_put_back(live: LiveStand):
    clock = live._stand.aws.clock
    assert "begins: Lost route" in live.begin(LOST_ROUTE).lines[0]
    clock.run_for(60)
    cards = live.snapshot()["targets"]
    assert [card["target"] for card in cards] == ["orders", "orders-ship"]
    assert cards[0]["attempt"]["error"] == "Refused"
    assert "routes that base serves are lost: GET /orders/{id}" in cards[0]["attempt"]["cause"]

    begun = live.begin("healthy").lines[0]
    clock.run_for(90)
    card = live.snapshot()["targets"][0]
    assert card["status"]["rollout"]["rollout_id"] in begun
    assert card["attempt"] is None
    with pytest.raises(PressError, match=r"rollout healthy-\d is in progress"):
        live.begin("errors")
    with pytest.raises(PressError, match="there is no release 'nope'"):
        live.begin("nope")


@pytest.mark.parametrize("port", ["70000", "x"])
def test_a_port_that_is_none_ends_it_at_once(port: str, capsys: pytest.CaptureFixture[str]):
    assert main(["live", "--port", port]) == 2
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err
