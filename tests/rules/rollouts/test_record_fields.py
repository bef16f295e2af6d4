"""A record's fields do not change without a new schema version, and no field is left without a value for older records."""

from itertools import pairwise

import pytest

from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from canary.rules.rollouts.upgrades import UPGRADES
from tests.rules.rollouts.record_fields import VERSION, left_open, record_fields, store, stored_fields

WHAT_TO_DO = (
    "the record's fields are not those stored for schema {version}; add a line to CHANGELOG.md, and then run: "
    "python -m tests.rules.rollouts.record_fields"
)


def test_the_records_fields_are_those_of_its_schema_version():
    assert stored_fields().get(str(SCHEMA_VERSION)) == record_fields(), WHAT_TO_DO.format(version=SCHEMA_VERSION)


def test_the_newest_stored_schema_is_the_present_one():
    assert max(map(int, stored_fields())) == SCHEMA_VERSION > max(UPGRADES)


def test_every_field_has_a_value_for_older_records():
    stored = {int(version): fields for version, fields in stored_fields().items()}
    lacking = {old: [*left_open(stored[old], stored[new])] for old, new in pairwise(sorted(stored)) if old not in UPGRADES}
    assert not any(lacking.values()), f"no default and no upgrade in rules/rollouts/upgrades.py, by older schema: {lacking}"


def test_a_field_with_a_default_is_answered_and_other_changes_are_not():
    present = record_fields()
    assert [*left_open(present, present)] == []

    older = {**present, "Metrics": {"errors": "bool"}, "Phase": [*present["Phase"], "resting"]}
    assert [*left_open(older, present)] == ["Phase has no resting"]
    older = {**present, "Step": {"weight_percent": "int"}, "history.to_json": {}}
    assert {*left_open(older, present)} >= {"Step.bake_seconds", "Step.weight_percent", "history.to_json.stake"}
    older = {**present, "Metrics": {**present["Metrics"], "duration": "int"}}
    assert [*left_open(older, present)] == ["Metrics.duration"]


def test_every_value_of_the_record_is_described():
    fields = record_fields()
    assert {"Rollout", "Target", "Policy", "Step", "Phase", "SplitEvidence", "Habit", "evidence_json.to_json"} <= fields.keys()
    assert fields["Rollout"]["phase"] == "Phase"
    assert fields["Rollout"]["limits_ms"] == "Mapping[str, tuple[float, ...]]"
    assert "parked" in fields["Phase"]


def test_changed_fields_are_those_of_the_next_schema(tmp_path):
    kept, version = tmp_path / "fields.json", tmp_path / "schema_version.py"
    kept.write_text(f'{{"{SCHEMA_VERSION}": {{}}}}', encoding="utf-8")
    version.write_text(VERSION.read_text(encoding="utf-8"), encoding="utf-8")

    assert store(kept, version) == SCHEMA_VERSION + 1
    assert stored_fields(kept) == {str(SCHEMA_VERSION): {}, str(SCHEMA_VERSION + 1): record_fields()}
    assert version.read_text(encoding="utf-8").endswith(f"\nSCHEMA_VERSION = {SCHEMA_VERSION + 1}\n")


def test_unchanged_fields_raise_no_version():
    with pytest.raises(SystemExit, match=f"the fields are those stored for schema {SCHEMA_VERSION}"):
        store()
