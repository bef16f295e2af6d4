"""The kinds of notification, what each one reports, how severe that is, and whether it is published.

The kinds are names of events. One kind can report different things: a rollout that ended was rolled back, or never changed
anything. The severity belongs to what is reported, never to a single rollout, so a reader can rely on it
(docs/decisions/0032-severities-and-their-topics.md).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, assert_never

from canary.rules.rollouts.standing import Phase
from canary.rules.rollouts.watched import WatchEnd

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotificationKind(enum.StrEnum):
    """What happened; used as the events' detail-type."""

    STARTED = "Rollout Started"
    SHIFTED = "Rollout Shifted"
    PARKED = "Rollout Parked"
    ENDED = "Rollout Ended"
    PROMOTED = "Rollout Promoted"
    REVERTED = "Rollout Reverted"
    WATCH_ENDED = "Rollout Watch Ended"
    WATCH_OVER = "Rollout Watch Over"
    OPERATOR_NEEDED = "Operator Needed"
    RECORDS_USABLE = "Records Usable Again"
    WAITING = "Rollout Waiting"
    WAIT_OVER = "Rollout Wait Over"


class Severity(enum.StrEnum):
    """Who has to look: nobody; someone, during working hours; someone now."""

    INFO = "info"
    ATTENTION = "attention"
    PAGE = "page"


class Happening(enum.StrEnum):
    """What a notification reports."""

    STARTED = "started"
    STEP_REACHED = "step_reached"
    PARKED = "parked"
    WAITING = "waiting"
    WAIT_OVER = "wait_over"
    ROLLED_BACK = "rolled_back"
    REVERT_FAILED = "revert_failed"
    REFUSED = "refused"
    PROMOTED = "promoted"
    REVERTED = "reverted"
    WATCH_ENDED = "watch_ended"
    WATCH_OVER = "watch_over"
    CONDEMNED = "condemned"
    NEEDS_OPERATOR = "needs_operator"
    RECORDS_USABLE = "records_usable"
    OTHER = "other"


_ALWAYS = {
    NotificationKind.STARTED: Happening.STARTED,
    NotificationKind.SHIFTED: Happening.STEP_REACHED,
    NotificationKind.PARKED: Happening.PARKED,
    NotificationKind.PROMOTED: Happening.PROMOTED,
    NotificationKind.REVERTED: Happening.REVERTED,
    NotificationKind.WATCH_OVER: Happening.WATCH_OVER,
    NotificationKind.OPERATOR_NEEDED: Happening.NEEDS_OPERATOR,
    NotificationKind.RECORDS_USABLE: Happening.RECORDS_USABLE,
    NotificationKind.WAITING: Happening.WAITING,
    NotificationKind.WAIT_OVER: Happening.WAIT_OVER,
}
_GOES_ON = frozenset({Phase.PREPARING, Phase.SHIFTING, Phase.PARKED})


def happening_of(kind: str, detail: Mapping[str, Any]) -> Happening:
    """What an event of this kind reports; `OTHER` for a kind that this version does not know."""
    if kind == NotificationKind.ENDED:
        return _how_it_ended(detail)
    if kind == NotificationKind.WATCH_ENDED:
        watch = detail.get("watch") or {}
        stays = watch.get("end") == WatchEnd.CONDEMNED and not watch.get("reverted_by")
        return Happening.CONDEMNED if stays else Happening.WATCH_ENDED
    return _ALWAYS[NotificationKind(kind)] if kind in {*NotificationKind} else Happening.OTHER


def severity_of(happening: Happening) -> Severity:
    """How severe it is."""
    match happening:
        case (
            Happening.STARTED
            | Happening.STEP_REACHED
            | Happening.WAIT_OVER
            | Happening.PROMOTED
            | Happening.WATCH_OVER
            | Happening.RECORDS_USABLE
        ):
            return Severity.INFO
        case (
            Happening.PARKED
            | Happening.WAITING
            | Happening.ROLLED_BACK
            | Happening.REFUSED
            | Happening.REVERTED
            | Happening.WATCH_ENDED
            | Happening.OTHER
        ):
            return Severity.ATTENTION
        case Happening.NEEDS_OPERATOR | Happening.CONDEMNED | Happening.REVERT_FAILED:
            return Severity.PAGE
        case _:
            assert_never(happening)


def is_published(kind: str, detail: Mapping[str, Any]) -> bool:
    """Whether the event is worth a message: not a watch that found nothing, nor a wait that ended with its rollout."""
    if kind == NotificationKind.WAIT_OVER:
        return detail.get("phase") in _GOES_ON
    return kind != NotificationKind.WATCH_OVER


def _how_it_ended(detail: Mapping[str, Any]) -> Happening:
    if detail.get("phase") != Phase.ROLLED_BACK:
        return Happening.REFUSED
    return Happening.REVERT_FAILED if detail.get("reverts") else Happening.ROLLED_BACK
