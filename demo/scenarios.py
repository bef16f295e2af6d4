"""The demo's releases: what is wrong with each, and how its rollout must end."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from demo.orders_traffic import Outage


class Ending(enum.StrEnum):
    """How a rollout can end here, by the names of the state machine's endings."""

    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One release, and how its rollout must end.

    ``numbers`` go into the release's `release.py`; ``outage`` hits base and canary alike. ``weight_percent`` is the percent at
    which a rollback must come, where that is the point.
    """

    name: str
    title: str
    ending: Ending
    numbers: Mapping[str, str | float | bool] = field(default_factory=lambda: MappingProxyType({}))
    outage: Outage | None = None
    weight_percent: float | None = None


SCENARIOS = (
    Scenario("healthy", "a healthy release", Ending.PROMOTED),
    Scenario("errors", "a release whose handlers return some 5xx", Ending.ROLLED_BACK, {"FAILING_SHARE": 0.05}),
    Scenario(
        "crashes",
        "a release whose handlers sometimes raise",
        Ending.ROLLED_BACK,
        {"FAILING_SHARE": 0.05, "CATCHES_FAILURES": False},
    ),
    Scenario(
        "slow",
        "a release whose p99 is worse at the same median",
        Ending.ROLLED_BACK,
        {"SLOW_SHARE": 0.04, "SLOW_FACTOR": 6.0},
    ),
    Scenario(
        "overload",
        "a release that leaks connections and breaks only at 50 %",
        Ending.ROLLED_BACK,
        {"RETURNS_CONNECTIONS": False},
        weight_percent=50,
    ),
    Scenario(
        "outage",
        "a healthy release during an outage that hits both arms",
        Ending.PROMOTED,
        outage=Outage(after_seconds=480, lasts_seconds=360, share=0.2),
    ),
)


class UnknownScenarioError(Exception):
    """The user asked for a scenario that does not exist."""


def choose(only: str | None) -> tuple[Scenario, ...]:
    """All scenarios, or only the one asked for.

    Raises:
        UnknownScenarioError: no scenario has this name; the message lists the names.

    """
    if not only:
        return SCENARIOS
    if chosen := tuple(scenario for scenario in SCENARIOS if scenario.name == only):
        return chosen
    known = ", ".join(scenario.name for scenario in SCENARIOS)
    raise UnknownScenarioError(f"there is no scenario {only}; take one of {known}")
