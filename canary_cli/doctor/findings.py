"""What the doctor finds, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Condition(enum.StrEnum):
    """How something is that a rollout needs."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    NOTE = "note"
    """Worth knowing; it prevents no start."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was checked.

    ``found`` and ``fixes``: sentences, a fix for each finding. ``commands``: AWS CLI lines that make it right, in order; where
    there are none, the fixes say what to do.
    """

    area: str
    condition: Condition
    found: tuple[str, ...]
    fixes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def refuses(self) -> bool:
        """Whether a start would be refused because of it."""
        return self.condition in {Condition.MISSING, Condition.WRONG}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was checked.

    ``is_ready``: whether nothing found would refuse a start. ``commands``: those of all checks, in the order in which they are
    to be run. ``target_file``: the target as a file, where it is not registered yet. ``following``: what to do next.
    """

    target: str
    rest_api_id: str | None
    stage_name: str | None
    is_ready: bool
    checks: tuple[Checked, ...]
    commands: tuple[str, ...]
    target_file: str | None
    following: str
