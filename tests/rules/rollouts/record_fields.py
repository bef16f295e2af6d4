"""What a record consists of: every field of every value in it, by class, and where each schema's are kept.

`python -m tests.rules.rollouts.record_fields` stores the fields of a new schema. It never replaces those of a schema that is
already stored, because records of that schema may exist.
"""

import enum
import json
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

from canary.rules.judging import evidence_json, history
from canary.rules.judging.beginning import begin_evidence
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.upgrades import SCHEMA_VERSION
from tests.builders import families

STORED = Path(__file__).with_name("record_fields.json")

_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")


def record_fields():
    """By class the type of each field, or an enum's values; the judge's own JSON by its keys."""
    evidence = begin_evidence({"errors": [(1000, 10)] * 60}, families=families("errors"), stakes={"errors": 1.0}, alpha=0.01)
    return {
        **dict(sorted(_fields_of(Rollout).items())),
        "evidence_json.to_json": _keys_of(evidence_json.to_json(evidence)["errors"]),
        "history.to_json": _keys_of(history.to_json(evidence.history)["metrics"]["errors"]),
    }


def stored_fields(path=STORED):
    """The stored fields by schema version, as text."""
    return json.loads(path.read_text(encoding="utf-8"))


def _fields_of(kind):
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {kind.__name__: sorted(str(member.value) for member in kind)}
    if not is_dataclass(kind):
        return {name: found for one in get_args(kind) for name, found in _fields_of(one).items()}
    hints = get_type_hints(kind)
    inner = {name: found for hint in hints.values() for name, found in _fields_of(hint).items()}
    return {**inner, kind.__name__: {name: _name_of(hint) for name, hint in sorted(hints.items())}}


def _name_of(hint):
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else _MODULE.sub("", str(hint))


def _keys_of(found):
    return {name: type(value).__name__ for name, value in sorted(found.items())}


def store(path=STORED):
    """Store the present fields for the present schema version, unless it has some already."""
    stored = stored_fields(path)
    if str(SCHEMA_VERSION) in stored:
        raise SystemExit(f"schema {SCHEMA_VERSION} is stored already; if the fields changed, first add an upgrade to UPGRADES")
    text = json.dumps({**stored, str(SCHEMA_VERSION): record_fields()}, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    store()
