"""What a record consists of: every field of every value in it, by class, and where each schema's are kept.

`python -m tests.rules.rollouts.record_fields` stores changed fields as those of the next schema, and raises the version. It
never replaces those of a schema that is already stored, because records of that schema may exist.
"""

import enum
import json
import re
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

from canary.rules.judging import evidence_json, history
from canary.rules.judging.beginning import begin_evidence
from canary.rules.rollouts import schema_version
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from canary.rules.rollouts.upgrades import UPGRADES
from tests.builders import families

STORED = Path(__file__).with_name("record_fields.json")
VERSION = Path(schema_version.__file__)

_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")


def record_fields():
    """By class the type of each field, or an enum's values; the judge's own JSON by its keys."""
    evidence = begin_evidence({"errors": [(1000, 10)] * 60}, families=families("errors"), stakes={"errors": 1.0}, alpha=0.01)
    return {
        **{name: _described(kind) for name, kind in sorted(_kinds_in(Rollout).items())},
        "evidence_json.to_json": _keys_of(evidence_json.to_json(evidence)["errors"]),
        "history.to_json": _keys_of(history.to_json(evidence.history)["metrics"]["errors"]),
    }


def stored_fields(path=STORED):
    """The stored fields by schema version, as text."""
    return json.loads(path.read_text(encoding="utf-8"))


def left_open(before, after):
    """The differences between two schemas' fields that no default answers: a record of the first needs an upgrade for them."""
    kinds = _kinds_in(Rollout)
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if isinstance(old, list):
            yield from (f"{name} has no {value}" for value in old if value not in new)
        else:
            answered = _with_default(kinds[name]) if name in kinds else set()
            added = new.keys() - old.keys() - answered
            yield from (f"{name}.{field}" for field in sorted({one for one in old if old[one] != new.get(one)} | added))


def _with_default(kind):
    return {one.name for one in fields(kind) if (one.default, one.default_factory) != (MISSING, MISSING)}


def _kinds_in(kind):
    """The enums and dataclasses that a value of this type consists of, by name."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {kind.__name__: kind}
    if not is_dataclass(kind):
        return {name: found for one in get_args(kind) for name, found in _kinds_in(one).items()}
    inner = {name: found for hint in get_type_hints(kind).values() for name, found in _kinds_in(hint).items()}
    return {**inner, kind.__name__: kind}


def _described(kind):
    """An enum's values, or the type of each field."""
    if issubclass(kind, enum.Enum):
        return sorted(str(member.value) for member in kind)
    return {name: _name_of(hint) for name, hint in sorted(get_type_hints(kind).items())}


def _name_of(hint):
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else _MODULE.sub("", str(hint))


def _keys_of(found):
    return {name: type(value).__name__ for name, value in sorted(found.items())}


def store(path=STORED, version=VERSION):
    """Store the present fields as those of the next schema and raise the version; returns the new one."""
    stored = stored_fields(path)
    present = record_fields()
    if stored[str(SCHEMA_VERSION)] == present and SCHEMA_VERSION not in UPGRADES:
        raise SystemExit(f"the fields are those stored for schema {SCHEMA_VERSION}, so there is nothing to store")
    raised = SCHEMA_VERSION + 1
    path.write_text(f"{json.dumps({**stored, str(raised): present}, indent=1)}\n", encoding="utf-8")
    text = version.read_text(encoding="utf-8")
    version.write_text(text.replace(f"SCHEMA_VERSION = {SCHEMA_VERSION}\n", f"SCHEMA_VERSION = {raised}\n"), encoding="utf-8")
    return raised


if __name__ == "__main__":
    print(f"records have schema {store()} now")  # noqa: T201
