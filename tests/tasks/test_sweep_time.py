"""How long the sweeper takes if targets hang: a minute's ticks, Lambda's event queue and its slots, in simulated time.

The sweeper's own code plans each minute and takes each part. A target that hangs holds its call until the function times out.
"""

from __future__ import annotations

import heapq
import json
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.record_reads import Unfinished
from canary.edge.events import TickEvent
from canary.rules.rollouts.phases import LATE_WRITER_SECONDS
from canary.tasks import sweep_targets as module

if TYPE_CHECKING:
    from collections.abc import Iterator

FLEET = [f"target-{number:03}" for number in range(200)]
QUICK_SECONDS, HANG_SECONDS = 2.0, 60.0
"""A pass over a target, and the function's timeout."""
ASK_SECONDS = 0.05
"""The time until Lambda accepts an event."""
OLDEST_SECONDS = 60.0
"""How long Lambda keeps an event for the sweeper (`SWEEPER_PATIENCE`)."""


class Account:
    """An account with this many slots for the sweeper, and the rollouts of a fleet, all dead."""

    def __init__(self, slots: int, hanging: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.safe: dict[str, float] = {}
        self._hanging = hanging
        self._free = [0.0] * slots
        self._events: deque[tuple[float, dict[str, Any]]] = deque()
        self._asked = 0
        self._took = 0.0
        self._now = 0.0
        self.tools = SimpleNamespace(
            settings=SimpleNamespace(task="SweepTargets", target_prefix="/canary/targets/"),
            clients=SimpleNamespace(functions=self, ssm=None),
            records=SimpleNamespace(list_unfinished=lambda: Unfinished(tuple(FLEET)), beat=lambda _: None),
            troubles=SimpleNamespace(read=dict),
            logger=SimpleNamespace(exception=lambda *_, **__: None),
        )
        monkeypatch.setattr(module, "sweep_target", self._sweep)
        monkeypatch.setattr(module, "list_targets", lambda *_: FLEET)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803 - boto3's names
        """Lambda accepts an event and handles it when a slot is free."""
        assert (FunctionName, InvocationType) == ("canary-SweepTargets", "Event")
        self._asked += 1
        self._events.append((self._now + self._asked * ASK_SECONDS, json.loads(Payload)))

    def run(self, seconds: int) -> None:
        """One tick per minute, and everything that follows from it."""
        for minute in range(0, seconds, 60):
            self._work(until=minute)
            self._events.append((float(minute), {}))
        self._work(until=seconds)

    def _work(self, until: float) -> None:
        while self._events and self._free[0] < until:
            due, event = self._events.popleft()
            slot = heapq.heappop(self._free)
            begins = max(due, slot)
            is_too_old = begins - due > OLDEST_SECONDS
            heapq.heappush(self._free, slot if is_too_old else begins + self._call(event, begins))
            self._events = deque(sorted(self._events, key=lambda one: one[0]))

    def _call(self, event: dict[str, Any], begins: float) -> float:
        """How long a call takes."""
        self._now, self._asked, self._took = begins, 0, 0.0
        module.sweep_targets(TickEvent(begins, event.get("round")), self.tools)
        return min(self._asked * ASK_SECONDS + self._took, float(LATE_WRITER_SECONDS))

    def _sweep(self, name: str, _: object, now: float) -> str:
        self._took += HANG_SECONDS if name in self._hanging else QUICK_SECONDS
        if name not in self._hanging:
            self.safe.setdefault(name, now + self._took)
        return "WAIT"


def hanging_by(pattern: str) -> Iterator[str]:
    """A tenth of the fleet, spread out or all in a row."""
    yield from FLEET[::10] if pattern == "spread" else FLEET[:20]


@pytest.mark.parametrize("pattern", ["spread", "in a row"])
@pytest.mark.parametrize("slots", [1000, 10])
def test_every_dead_rollout_is_safe_within_five_minutes_although_a_tenth_of_the_targets_hangs(
    monkeypatch: pytest.MonkeyPatch, slots: int, pattern: str
):
    hanging = {*hanging_by(pattern)}
    account = Account(slots, hanging, monkeypatch)
    account.run(300)

    assert {*account.safe} == {*FLEET} - hanging
    assert max(account.safe.values()) <= 300


def test_four_hanging_targets_do_not_starve_the_fifth(monkeypatch: pytest.MonkeyPatch):
    account = Account(5, {*FLEET[:4]}, monkeypatch)
    account.tools.records.list_unfinished = lambda: Unfinished(tuple(FLEET[:5]))
    account.run(60)

    assert account.safe[FLEET[4]] <= 60
