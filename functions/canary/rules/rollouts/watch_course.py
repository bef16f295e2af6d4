"""The course of a watch after promotion, besides its looks: what begins it, what ends it, and what is then to be reported."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from canary.rules.rollouts.grants import LONGEST_NAME
from canary.rules.rollouts.standing import Phase
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary.rules.targets.policy import AfterPromotion

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

REVERT = "-watch-revert"
"""Ends the id of a revert that a watch began."""


class EndReport(enum.StrEnum):
    """What is to be reported of a rollout that has ended."""

    ENDED = "ended"
    PROMOTED = "promoted"
    REVERTED = "reverted"
    WATCH_ENDED = "watch_ended"
    WATCH_OVER = "watch_over"


def reports_of_end(rollout: Rollout) -> tuple[EndReport, ...]:
    """What is still to be reported of an ended rollout: its end, or its promotion and what its watch found.

    A watch that has nothing to report is reported as over, which notifies nobody.
    """
    if rollout.phase is not Phase.PROMOTED:
        return (EndReport.ENDED,)
    if rollout.reverts is not None:
        return (EndReport.REVERTED,)
    watch = rollout.watch
    promotion = () if watch and watch.is_told else (EndReport.PROMOTED,)
    if watch and watch.is_remarkable:
        return (*promotion, EndReport.WATCH_ENDED)
    return promotion or (EndReport.WATCH_OVER,)


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


def describe_end(watch: PromotionWatch) -> str | None:
    """How a watch ended, in a sentence; None while it goes on."""
    why = f": {watch.reason}" if watch.reason else ""
    match watch.end:
        case None:
            return None
        case WatchEnd.CONDEMNED:
            then = f"Rollout {watch.reverted_by} takes the release back." if watch.reverted_by else "The release stays."
            return f"The watch condemns the release{why}. {then}"
        case WatchEnd.CUT_SHORT:
            by = f" by rollout {watch.cut_short_by}" if watch.cut_short_by else ""
            return f"The watch is cut short{by}{why}."
        case WatchEnd.OVER:
            return "The watch is over, and nothing spoke against the release."
        case _:
            assert_never(watch.end)
