"""What a drill releases: base's own versions and deployment, with one stage variable that no function needs to know.

The variable's value is new each time, so every exercise has a release of its own. A rollback removes it, and so does a revert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.releases.release import UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary_cli.drilling.ground import Ground

VARIABLE = "canaryDrill"
WEIGHT_PERCENT = 10
BAKE_SECONDS = 600
"""How long the exercises have to act: then the rollout is parked, or rolled back."""

REFUSE_AFTER_SECONDS = 120
"""From the start until the refusals begin: by then the canary has its weight, and the bake is not over."""

REFUSE_SECONDS = 480
"""How long the refusals last: until well after the bake, after which the next change is refused."""

_SHARED: Mapping[str, Any] = {
    "from": "hotfix",
    "min_requests": 1,
    "detect": {"errors": 0.5, "client_errors": 0.5, "slow": 0.5, "business": 0.5},
    "max_extension_seconds": 120,
    "when_quiet": "go",
    "max_blind_seconds": 600,
    "watch_seconds": 0,
    "after_rollback": "allow",
}
PROMOTING: Mapping[str, Any] = {
    **_SHARED,
    "name": "drill: promotion",
    "steps": [{"weight_percent": WEIGHT_PERCENT, "bake_seconds": 120}],
    "when_unproven": "promote",
}
"""Ends promoted if the canary gets a request. Without any it is rolled back, and so is a release that fails."""

WAITING: Mapping[str, Any] = {
    **_SHARED,
    "name": "drill: wait",
    "steps": [{"weight_percent": WEIGHT_PERCENT, "bake_seconds": BAKE_SECONDS}, {"weight_percent": 50, "bake_seconds": 60}],
    "when_unproven": "roll_back",
    "progression": "scheduled",
    "max_parked_seconds": 60,
}
"""Never ends promoted: it is parked after its step, nobody advances it, and the sweeper rolls it back."""

GOING_ON: Mapping[str, Any] = {
    **_SHARED,
    "name": "drill: refusals",
    "steps": [{"weight_percent": WEIGHT_PERCENT, "bake_seconds": 180}, {"weight_percent": 50, "bake_seconds": 600}],
    "when_unproven": "roll_back",
}
"""Makes its next change after three minutes, whatever it sees: the next weight, or the rollback."""


def input_of(
    ground: Ground, exercise: str, rollout_id: str, policy: Mapping[str, Any], drill: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The input of the execution of an exercise. The rollout's id is the variable's value, which no earlier release had."""
    versions = {name: alias.version for name, alias in ground.before.live.items()}
    return {
        "target": ground.target.name,
        "release": {
            "functions": versions,
            "deployment": UNCHANGED,
            "variables": {VARIABLE: rollout_id},
        },
        "policy": dict(policy),
        "reason": f"drill: {exercise}",
        "labels": {"kind": "drill", "exercise": exercise},
        "drill": dict(drill or {}),
    }
