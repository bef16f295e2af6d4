"""Where a rollout stands: its phase, its recovery stage, its snapshot and its intent. Values only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from canary.rules.targets.live import Intent, Snapshot
from canary.rules.targets.shifters import ShifterKind


class Phase(enum.StrEnum):
    """How far a rollout has come; see the table in `canary.rules.rollouts.phases`."""

    PREPARING = "preparing"
    SHIFTING = "shifting"
    PARKED = "parked"
    TAKING_ALL = "taking_all"
    MOVING_BASE = "moving_base"
    WATCHING = "watching"
    ROLLING_BACK = "rolling_back"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"

    @property
    def is_terminal(self) -> bool:
        """Whether the rollout is over and its lock free."""
        return self in {Phase.PROMOTED, Phase.ROLLED_BACK, Phase.REFUSED}


class RecoveryStage(enum.StrEnum):
    """How far the passes of the present direction, back or forward, have come."""

    START = "start"
    CLEARED = "cleared"
    SETTLED = "settled"
    BASED = "based"
    FLIPPED = "flipped"
    DOUBTED = "doubted"
    RETREATING = "retreating"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class AliasNames:
    """The aliases of a target's functions, by function name; ``canary`` is empty for the alias shifter."""

    live: Mapping[str, str]
    canary: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rollout stands: everything that a pass decides from, except the live state."""

    phase: Phase
    shifter: ShifterKind
    snapshot: Snapshot
    intent: Intent
    aliases: AliasNames
    recovery_stage: RecoveryStage = RecoveryStage.START
    not_before: float = 0.0
