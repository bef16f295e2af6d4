"""The stage's variables during a rollout: which of them the rollout controls, and what someone else did to them.

A rollout controls the variables that its canary overrides, which are the alias variable and those that the release brings, and
those that a revert removes. Every other variable belongs to the user and is the same for both arms, so it may change at any
time. Such a change is only reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.releases.problems import cut, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.targets.live import Intent, LiveStage, Snapshot

MOST_NAMED = 10
"""How many changes are named: a stage may have a hundred variables, and a Fail state's cause is short."""


def has_old_variables(stage: LiveStage, snapshot: Snapshot, intent: Intent) -> bool:
    """Whether base has its old values of everything that the canary overrides."""
    return all(stage.variables.get(name) == snapshot.variables.get(name) for name in intent.controlled_variables)


def find_drifted_variables(
    stage: LiveStage, snapshot: Snapshot, intent: Intent, *, is_promoting: bool = False
) -> Iterator[str]:
    """Controlled variables with a value at base that this rollout did not set; `is_promoting` allows the release's values."""
    for name in sorted(intent.controlled_variables):
        found, old = stage.variables.get(name), snapshot.variables.get(name)
        new = _promoted(name, old, intent) if is_promoting else old
        if found not in {old, new}:
            yield f"the stage's variable {name} is {_value(found)}, which this rollout did not set (it was {_value(old)})"


def find_edited_overrides(found: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """The canary's overrides that differ from what the rollout set: a few by name, the rest counted."""
    edited = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    for name in edited[:MOST_NAMED]:
        before, now = _value(wanted.get(name)), _value(found.get(name))
        yield f"the canary's override {cut(name)} was changed from {before} to {now} by someone else"
    if (rest := len(edited) - MOST_NAMED) > 0:
        yield f"someone else changed {rest} more of the canary's overrides"


def find_harmless(stage: LiveStage, snapshot: Snapshot, intent: Intent) -> tuple[str, ...]:
    """The user's own variables that changed since the rollout's check: a few by name, the rest counted."""
    before, found = snapshot.variables, stage.variables
    own = sorted({*before, *found} - intent.controlled_variables)
    changed = [name for name in own if found.get(name) != before.get(name)]
    named = [_tell(name, before.get(name), found.get(name)) for name in changed[:MOST_NAMED]]
    rest = len(changed) - len(named)
    return (*named, f"someone else changed {rest} more stage variables") if rest else tuple(named)


def _promoted(name: str, old: str | None, intent: Intent) -> str | None:
    return None if name in intent.removed_variables else intent.promoted_variables.get(name, old)


def _tell(name: str, before: str | None, found: str | None) -> str:
    return f"someone else changed stage variable {cut(name)} from {_value(before)} to {_value(found)}; both arms see it"


def _value(value: str | None) -> str:
    return "absent" if value is None else show(value)
