"""Upgrades of records that an earlier version of the controller wrote, one schema after the other.

A controller is updated while rollouts run, and guard and sweeper must be able to take these over. So the previous schema is
always readable. A field that the earlier version did not have gets the value that means "was not done". If that is the field's
default, the schema needs no upgrade here: a field that a record does not have is read as its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from canary.rules.rollouts.schema_version import SCHEMA_VERSION

Record = Mapping[str, Any]


def _from_2(record: Record) -> Record:
    """Schema 3 compares 4xx answers. A rollout that began without them has no evidence of them and is judged without them."""
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


def _policy_from_3(policy: Record) -> Record:
    steps = [_renamed(step, {"weight": "weight_percent"}) for step in policy["steps"]]
    return {**_renamed(policy, {"max_hold_seconds": "max_parked_seconds"}), "steps": steps}


def _renamed(fields: Record, names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}


def _from_4(record: Record) -> Record:
    """Schema 5 has the metrics' families in the frozen history; the record itself is the same (`upgrade_history`)."""
    return record


def _from_5(record: Record) -> Record:
    """Schema 6 has labels, retries and pauses. A plan made before counted no time for pauses, so its rollout is not paused."""
    plan = record["plan"]
    return {
        **record,
        "labels": {},
        "retry_of": None,
        "plan": {**plan, "policy": {**plan["policy"], "max_pause_seconds": 0}},
    }


def _from_6(record: Record) -> Record:
    """Schema 7 has reverts, replacements, callers and the watch after promotion.

    A plan made before has no time for a watch: none is made. Each other new field's default says that there was nothing of the
    kind.
    """
    plan = record["plan"]
    return {**record, "plan": {**plan, "policy": {**plan["policy"], "watch_seconds": 0}}}


def _from_8(record: Record) -> Record:
    """Schema 9 says in the frozen history which metrics are latency limits; the record is the same (`upgrade_history`)."""
    return record


def _from_9(record: Record) -> Record:
    """In schema 10 a target may leave its warm-up to be learned; a rollout that has begun still says what it allows."""
    return record


def _from_10(record: Record) -> Record:
    """Schema 11 has rarer looks while nothing speaks against the release; a rollout that has begun keeps its minutes."""
    target, plan = ({**record[key], "policy": {**record[key]["policy"], "calm_look_seconds": 60}} for key in ("target", "plan"))
    return {**record, "target": target, "plan": plan}


UPGRADES: Mapping[int, Callable[[Record], Record]] = {
    2: _from_2,
    3: _from_3,
    4: _from_4,
    5: _from_5,
    6: _from_6,
    8: _from_8,
    9: _from_9,
    10: _from_10,
}
"""By schema: the function that turns a record of it into one of the next schema, if defaults do not do that."""

READABLE = tuple(range(min(UPGRADES), SCHEMA_VERSION + 1))
"""The schemas that this controller reads."""


def upgrade(record: Record, schema: int) -> Record:
    """The record, whose schema is one of `READABLE`, in the present schema."""
    for version in range(schema, SCHEMA_VERSION):
        record = UPGRADES.get(version, _as_it_is)(record)
    return record


def _as_it_is(record: Record) -> Record:
    return record


def upgrade_history(history: Record) -> Record:
    """The frozen history in the present schema.

    Before schema 4, a metric's stake was called its weight. Before schema 5, only a metric's name said which family it is of.
    Before schema 9, only the family said whether it is a latency limit.
    """
    named = {name: {"family": _family_from_4(name), **frozen} for name, frozen in history["metrics"].items()}
    metrics = {
        name: {"is_slow": frozen["family"] == "slow", **_renamed(frozen, {"weight": "stake"})} for name, frozen in named.items()
    }
    return {**history, "metrics": metrics}


def _family_from_4(metric: str) -> str:
    return metric if metric == "client_errors" else metric.partition("_")[0]
