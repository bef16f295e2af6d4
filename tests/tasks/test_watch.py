"""What is watched while a rollout is parked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.tasks.watch import watch_parked
from tests.tasks.test_advance_rollout import advance, parked

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground


def test_an_overdue_rollout_goes_back(ground: Ground, tools: Tools):
    walk = parked(ground)

    assert watch_parked(walk.owned, tools, owner="sweeper", now=walk.record.parked_until) == "WAIT"
    assert walk.record.reason == "parked for 2 h without an advance"
    assert ground.percent is None


def test_one_that_was_advanced_meanwhile_has_moved_on(ground: Ground, tools: Tools):
    walk = parked(ground)
    before = walk.owned
    advance(walk)

    assert watch_parked(before, tools, owner="sweeper", now=walk.now) == "MOVED_ON"
    assert ground.percent == 25.0
