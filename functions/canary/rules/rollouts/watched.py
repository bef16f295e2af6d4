"""What the record keeps of the watch after a promotion: since when, what was judged, what was not seen, and how it ended.

Values, and what else writes them than a look. How a look judges is in `canary.rules.looks.promotion`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from canary.rules.judging.absolute import BarEvidence
from canary.rules.rollouts.grants import LONGEST_NAME
from canary.rules.rollouts.standing import Phase
from canary.rules.targets.policy import AfterPromotion

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout


REVERT = "-watch-revert"
"""Ends the id of a revert that a watch began."""


class WatchEnd(enum.StrEnum):
    """How a watch ended: its time was over, something ended it before, or it condemned the release."""

    OVER = "over"
    CUT_SHORT = "cut_short"
    CONDEMNED = "condemned"


@dataclass(frozen=True, slots=True)
class PromotionWatch:
    """The watch of a promoted release. Times are epoch seconds.

    ``until``: when it ends if nothing ends it before. ``judged_to``: the start of the newest minute that was judged or left
    out. ``is_told``: whether the bus accepted that the rollout was promoted. ``metrics``: the metrics that are held against a
    bar; empty before the first look. ``log_e``: the evidence of all of them. ``unseen``: what the watch could not see, one
    sentence each. ``cut_short_by``: the rollout that took the target. ``reason``: why it ended as it did. ``reverted_by``: the
    rollout that takes the condemned release back.
    """

    since: float
    until: float
    judged_to: int = 0
    is_told: bool = False
    looks: int = 0
    metrics: Mapping[str, BarEvidence] = field(default_factory=dict)
    log_e: float = 0.0
    unseen: tuple[str, ...] = ()
    end: WatchEnd | None = None
    ended_at: float | None = None
    reason: str = ""
    cut_short_by: str | None = None
    reverted_by: str | None = None

    @property
    def is_remarkable(self) -> bool:
        """Whether its end is worth a notification: it condemned, did not last, or could not see everything."""
        return self.end in {WatchEnd.CONDEMNED, WatchEnd.CUT_SHORT} or (self.end is WatchEnd.OVER and bool(self.unseen))


class Notice(enum.StrEnum):
    """What is to be reported of a rollout that has ended."""

    ENDED = "ended"
    PROMOTED = "promoted"
    REVERTED = "reverted"
    WATCH_ENDED = "watch_ended"


def notices_of_end(rollout: Rollout) -> tuple[Notice, ...]:
    """What is still to be reported of an ended rollout: its end, or its promotion and what its watch found, if anything."""
    if rollout.phase is not Phase.PROMOTED:
        return (Notice.ENDED,)
    if rollout.reverts is not None:
        return (Notice.REVERTED,)
    watch = rollout.watch
    promotion = () if watch and watch.is_told else (Notice.PROMOTED,)
    return (*promotion, Notice.WATCH_ENDED) if watch and watch.is_remarkable else promotion


def is_watched(rollout: Rollout) -> bool:
    """Whether the rollout is to be watched once it is promoted; once only."""
    return rollout.plan.policy.watch_seconds > 0 and rollout.watch is None and rollout.reverts is None


def is_to_be_reverted(rollout: Rollout) -> bool:
    """Whether the rollout's watch condemned the release and its policy takes it back then."""
    is_condemned = rollout.watch is not None and rollout.watch.end is WatchEnd.CONDEMNED
    return is_condemned and rollout.plan.policy.after_promotion is AfterPromotion.REVERT


def name_of_revert(rollout: Rollout) -> str:
    """The id of the rollout that takes the release back after its watch; no execution has this name."""
    return f"{rollout.rollout_id[: LONGEST_NAME - len(REVERT)]}{REVERT}"


def is_after_watch(rollout: Rollout) -> bool:
    """Whether the rollout is a revert that its watch began: then it is not its execution's first rollout."""
    return rollout.reverts is not None and not rollout.execution.endswith(f":{rollout.rollout_id}")


def begin_watch(rollout: Rollout, now: float) -> Rollout:
    """The promoted rollout from the flip on."""
    watch = PromotionWatch(since=now, until=now + rollout.plan.policy.watch_seconds)
    return replace(rollout, phase=Phase.WATCHING, watch=watch, needs_operator=False)


def cut_short(rollout: Rollout, now: float, *, reason: str = "", by: str | None = None) -> Rollout:
    """The rollout, still promoted, with its watch ended before its time. A reason that is noted already stays."""
    watch = rollout.watch or PromotionWatch(now, now)
    why = watch.reason or reason
    ended = replace(watch, end=WatchEnd.CUT_SHORT, ended_at=now, reason=why, cut_short_by=by)
    return end_watch(rollout, ended, now)


def end_watch(rollout: Rollout, watch: PromotionWatch, now: float) -> Rollout:
    """The promoted rollout whose watch has ended as `watch` says."""
    return replace(rollout, phase=Phase.PROMOTED, watch=watch, ended_at=now, not_before=0.0, needs_operator=False)


def note_reason(rollout: Rollout, reason: str) -> Rollout:
    """The rollout with the reason for which it ends: its own, or that of its watch, because a promoted release stays."""
    if rollout.phase is Phase.WATCHING and rollout.watch:
        return replace(rollout, watch=replace(rollout.watch, reason=reason))
    return replace(rollout, reason=reason)
