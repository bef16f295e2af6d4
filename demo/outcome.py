"""How one of the demo's rollouts ended."""

from __future__ import annotations

from dataclasses import dataclass

from demo.readback import Standing
from demo.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one rollout ended, the state it left, and what is wrong with either."""

    scenario: Scenario
    execution: str
    ending: str
    reason: str
    seconds: float
    last_weight_percent: float
    standing: Standing
    problems: tuple[str, ...]
