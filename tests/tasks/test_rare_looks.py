"""How rare the looks of a step are: every second minute once nothing speaks against the release, else each minute."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from canary.rules.targets.policy import Step
from canary.tasks.common import look
from tests.rig import QUICK

if TYPE_CHECKING:
    from tests.tasks.walk import Ground, Walk

BAKE = replace(QUICK, steps=(Step(Decimal(25), 900), Step(Decimal(50), 900)))


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout in a bake of fifteen minutes."""
    return ground.walk(policy=BAKE).shift()


def look_for(walk: Walk, minutes: int) -> list[tuple[bool, int]]:
    """A look each minute: whether the record then is calm, and the seconds to the next look."""
    found = []
    for _ in range(minutes):
        walk.pause(60)
        answer = walk.look()
        assert answer["verdict"] == "CONTINUE"
        found.append((walk.record.is_calm, answer["look_seconds"]))
    return found


def test_a_calm_step_is_looked_at_every_second_minute_from_its_fifth_on(walk: Walk):
    found = look_for(walk, 9)
    first, later = found[:3], found[4:]  # the fourth may begin the fifth minute, as the weight was set a little before
    assert all(seconds <= 60 for _, seconds in first)
    assert any(is_calm for is_calm, _ in later)
    assert all((60 < seconds <= 120) is is_calm for is_calm, seconds in later)


def test_a_step_that_awaits_a_minute_is_looked_at_each_minute(walk: Walk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(look, "awaits_minute", lambda _rollout, _now: True)
    found = look_for(walk, 9)
    assert not any(is_calm for is_calm, _ in found)
    assert all(seconds <= 60 for _, seconds in found)
