"""Loads the state machine and puts the functions' ARNs in. Knows YAML and nothing of AWS.

Placeholders stand inside strings only, so the file parses, and can be linted and drawn, before anything is put in.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PACKED = Path(__file__).with_name("rollout.asl.yaml")
_IN_REPOSITORY = Path(__file__).parents[1] / "statemachine" / "rollout.asl.yaml"
SOURCE = _PACKED if _PACKED.exists() else _IN_REPOSITORY
"""The wheel carries the file inside this package; the repository keeps it beside the examples of its input."""
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")

State = dict[str, Any]


class SubstitutionError(Exception):
    """The substitutions and the definition's placeholders are not the same names."""


def load(source: Path = SOURCE) -> dict[str, Any]:
    """The definition with its placeholders, as written."""
    return deepcopy(_parse(source.read_text(encoding="utf-8")))


@cache
def _parse(text: str) -> dict[str, Any]:
    """Reading YAML takes fifty times as long as copying what was read."""
    definition: dict[str, Any] = yaml.safe_load(text)
    return definition


def substitute(definition: Mapping[str, Any], arns: Mapping[str, str]) -> str:
    """The definition as JSON with every placeholder replaced; `arns` by placeholder name (`ShiftTrafficArn`).

    Raises:
        SubstitutionError: a placeholder without a value, or a value without a placeholder.

    """
    text = json.dumps(definition)
    wanted = set(PLACEHOLDER.findall(text))
    if wanted != set(arns):
        missing, surplus = sorted(wanted - set(arns)), sorted(set(arns) - wanted)
        raise SubstitutionError(f"placeholders without a value: {missing}; values without a placeholder: {surplus}")
    return PLACEHOLDER.sub(lambda match: arns[match[1]], text)


def states_of(definition: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """Every state by name, those inside branches included."""
    for name, state in definition["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from states_of(branch)


def task_names(definition: Mapping[str, Any]) -> list[str]:
    """The Task states' names, which are the functions' names."""
    return [name for name, state in states_of(definition) if state["Type"] == "Task"]
