"""How CodeDeploy shifts a Lambda alias, as the steps of a policy. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "CodeDeployDefault.Lambda"
CANARY = re.compile(r"Canary(\d+)Percent(\d+)Minutes?")
LINEAR = re.compile(r"Linear(\d+)PercentEvery(\d+)Minutes?")
ALL = 100
LONGER = "; a step lasts longer if its traffic proves too little (max_extension_seconds, when_unproven)"


@dataclass(frozen=True, slots=True)
class Shift:
    """A way to shift: its name, the steps (percent, seconds of bake), None where none carry over, and what is to be said."""

    name: str
    steps: tuple[tuple[int, int], ...] | None
    told: str


def shift_of_name(name: str) -> Shift:
    """The steps of one of AWS's own configurations, by CodeDeploy's name or by SAM's."""
    plain = name.removeprefix(PREFIX)
    if found := CANARY.fullmatch(plain):
        return _canary(name, int(found[1]), int(found[2]))
    if found := LINEAR.fullmatch(plain):
        return _linear(name, int(found[1]), int(found[2]))
    if plain == "AllAtOnce":
        return Shift(name, None, "there is nothing to compare in a shift at once, so the policy standard applies")
    return Shift(name, None, "its steps are not in this file, so the policy standard applies: write them as policy.steps")


def shift_of_config(name: str, routing: Mapping[str, Any]) -> Shift:
    """The steps of a configuration of one's own, as CodeDeploy describes its routing."""
    match routing:
        case {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": percent, "canaryInterval": minutes}}:
            return _canary(name, int(percent), int(minutes))
        case {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": percent, "linearInterval": minutes}}:
            return _linear(name, int(percent), int(minutes))
        case _:
            return shift_of_name(name)


def slowest(shifts: list[Shift]) -> Shift:
    """The shift that takes longest; a target has one policy."""
    return max(shifts, key=lambda shift: sum(bake for _, bake in shift.steps or ()))


def _canary(name: str, percent: int, minutes: int) -> Shift:
    if not 0 < percent < ALL or minutes <= 0:
        return shift_of_name("")
    return Shift(name, ((percent, minutes * 60),), f"one step of {percent} % for {minutes} min, then promotion{LONGER}")


def _linear(name: str, percent: int, minutes: int) -> Shift:
    if not 0 < percent < ALL or minutes <= 0:
        return shift_of_name("")
    weights = range(percent, ALL, percent)
    told = f"{len(weights)} steps from {weights[0]} to {weights[-1]} %, {minutes} min each, then promotion{LONGER}"
    return Shift(name, tuple((weight, minutes * 60) for weight in weights), told)
