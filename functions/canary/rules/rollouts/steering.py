"""What operators ask of a running rollout, and what its looks have heard of it. Values only.

A verb that waits for the next look is recorded as a signal, in an item beside the rollout's record, because only the owner may
write the record. Only the newest signal is kept: it says all that is wanted now. A look applies each signal once.

What a signal does to a rollout is decided in `canary.rules.rollouts.signal_effects`, and who is refused one in
`canary.rules.rollouts.verbs`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.rollouts.actions import UNKNOWN_CALLER, CalledBy

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy


class Verb(enum.StrEnum):
    """What an operator can ask of a rollout."""

    ABORT = "abort"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    REVERT = "revert"


class SignalVerb(enum.StrEnum):
    """The verbs that wait for the next look."""

    PAUSE = Verb.PAUSE
    RESUME = Verb.RESUME
    PROMOTE = Verb.PROMOTE


class DirectVerb(enum.StrEnum):
    """The verbs that OperateRollout carries out at once: those that take a release back."""

    ABORT = Verb.ABORT
    ROLLBACK = Verb.ROLLBACK
    REVERT = Verb.REVERT


class OperatorVerb(enum.StrEnum):
    """The verbs that OperateRollout takes."""

    ABORT = Verb.ABORT
    PAUSE = Verb.PAUSE
    RESUME = Verb.RESUME
    ROLLBACK = Verb.ROLLBACK
    REVERT = Verb.REVERT

    @property
    def done_as(self) -> SignalVerb | DirectVerb:
        """The same verb among those that wait for a look, or among those that do not."""
        return SignalVerb(self) if self in {*map(str, SignalVerb)} else DirectVerb(self)


class AuthorizerVerb(enum.StrEnum):
    """The verbs that AuthorizeRollout takes: those that let a release skip what its policy or its target's floor asks for."""

    PROMOTE = Verb.PROMOTE
    START_BELOW_FLOOR = "start_below_floor"


@dataclass(frozen=True, slots=True)
class Signal:
    """One call of a verb that waits for a look. Each has a higher ``number`` than the one before, starting at 1.

    ``at``: AWS's time of the call, in epoch seconds. ``tolerated_alarms``: names that may fire, for a promotion.
    ``caller``: who made the call.
    """

    number: int
    verb: SignalVerb
    at: float
    reason: str = ""
    tolerated_alarms: tuple[str, ...] = ()
    caller: CalledBy = UNKNOWN_CALLER


@dataclass(frozen=True, slots=True)
class Pause:
    """``since``: the look that stopped the bake's clock, in epoch seconds. ``by``: who paused, for a sentence."""

    since: float
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """``asked_at``: when the verb was called, in epoch seconds. ``tolerated_alarms`` do not veto this rollout any more.

    ``by``: who promoted, for a sentence.
    """

    asked_at: float
    reason: str = ""
    tolerated_alarms: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Steering:
    """What the looks have heard of operators.

    ``heard``: the number of the newest signal that a look has heard. ``pause``: the pause that lasts.
    ``paused_seconds``: how long the pauses lasted that are over. ``promotion``: the one that was asked for.
    """

    heard: int = 0
    pause: Pause | None = None
    paused_seconds: float = 0.0
    promotion: Promotion | None = None

    def pause_seconds_left(self, policy: Policy, now: float) -> float:
        """For how many seconds from `now` (epoch seconds) the rollout may still be paused."""
        lasting = now - self.pause.since if self.pause else 0.0
        return policy.max_pause_seconds - self.paused_seconds - lasting

    def bake_clock(self, now: float) -> float:
        """What the bake's clock shows at `now`: it stands while the rollout is paused (epoch seconds)."""
        return self.pause.since if self.pause else now


NOT_STEERED = Steering()
