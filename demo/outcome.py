"""How one of the demo's rollouts ended."""

from __future__ import annotations

from dataclasses import dataclass

from demo.readback import Standing
from demo.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one rollout ended, what it left, and what of that is wrong."""

    scenario: Scenario
    execution: str
    ending: str
    reason: str
    seconds: float
    last_weight_percent: float
    standing: Standing
    problems: tuple[str, ...]
