"""Records that an earlier version of the controller wrote, made into those of this one, one schema after the other.

A controller is updated while rollouts run, and guard and sweeper must be able to take them over. So the schema before the
present one is always in the table. What the earlier version did not know gets the value that stands for "was not done".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from canary.rules.rollouts.rollout import SCHEMA_VERSION

Record = Mapping[str, Any]


def _from_2(record: Record) -> Record:
    """Schema 3 compares 4xx answers. A rollout that began without has no evidence of them, and is judged to its end without."""
    target = record["target"]
    return {**record, "target": {**target, "metrics": {**target["metrics"], "client_errors": False}}}


def _from_3(record: Record) -> Record:
    """Schema 4 has clearer names for the same values."""
    names = {
        "hold_after": "park_after",
        "held_since": "parked_since",
        "held_until": "parked_until",
        "way_back": "snapshot",
        "rung": "recovery_stage",
    }
    target, plan = ({**record[key], "policy": _policy_from_3(record[key]["policy"])} for key in ("target", "plan"))
    return {
        **_renamed({**record, "target": target, "plan": plan}, names),
        "phase": "parked" if record["phase"] == "held" else record["phase"],
        "tally": _renamed(record["tally"], {"held_looks": "parked_looks"}),
    }


def _from_4(record: Record) -> Record:
    """Schema 5 knows pauses. A plan that was made without counted no time for them, so its rollout is not paused."""
    plan = record["plan"]
    return {**record, "plan": {**plan, "policy": {**plan["policy"], "max_pause_seconds": 0}}}


def _policy_from_3(policy: Record) -> Record:
    steps = [_renamed(step, {"weight": "weight_percent"}) for step in policy["steps"]]
    return {**_renamed(policy, {"max_hold_seconds": "max_parked_seconds"}), "steps": steps}


def _renamed(fields: Record, names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}


UPGRADES: Mapping[int, Callable[[Record], Record]] = {2: _from_2, 3: _from_3, 4: _from_4}
"""By schema: what makes a record of it one of the next."""

READABLE = (*UPGRADES, SCHEMA_VERSION)
"""The schemas that this controller reads."""


def upgrade(record: Record, schema: int) -> Record:
    """The record, one of `READABLE`, as of the present schema."""
    for version in range(schema, SCHEMA_VERSION):
        record = UPGRADES[version](record)
    return record


def upgrade_history(history: Record) -> Record:
    """The frozen history as of the present schema. Before schema 4 each metric's stake was its weight."""
    metrics = {name: _renamed(frozen, {"weight": "stake"}) for name, frozen in history["metrics"].items()}
    return {**history, "metrics": metrics}
