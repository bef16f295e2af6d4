"""A record's fields do not change without a new schema version."""

import pytest

from canary.rules.rollouts.upgrades import SCHEMA_VERSION
from tests.rules.rollouts.record_fields import record_fields, store, stored_fields

WHAT_TO_DO = (
    "the record's fields are not those stored for schema {version}. Add the upgrade from schema {version} to "
    "UPGRADES in rules/rollouts/upgrades.py, which raises SCHEMA_VERSION, and a line to CHANGELOG.md, then run: "
    "python -m tests.rules.rollouts.record_fields"
)


def test_the_records_fields_are_those_of_its_schema_version():
    assert stored_fields().get(str(SCHEMA_VERSION)) == record_fields(), WHAT_TO_DO.format(version=SCHEMA_VERSION)


def test_every_value_of_the_record_is_described():
    fields = record_fields()
    assert {"Rollout", "Target", "Policy", "Step", "Phase", "SplitEvidence", "Habit", "evidence_json.to_json"} <= fields.keys()
    assert fields["Rollout"]["phase"] == "Phase"
    assert fields["Rollout"]["limits_ms"] == "Mapping[str, tuple[float, ...]]"
    assert "parked" in fields["Phase"]


def test_the_fields_of_a_stored_schema_are_never_replaced(tmp_path):
    kept = tmp_path / "fields.json"
    kept.write_text('{"1": {}}', encoding="utf-8")
    store(kept)
    assert stored_fields(kept) == {"1": {}, str(SCHEMA_VERSION): record_fields()}
    with pytest.raises(SystemExit, match="is stored already"):
        store(kept)
