"""One notification of everything that can be reported, as the controller's events describe it."""

from dataclasses import replace

from canary.aws.notifications import describe
from canary.rules.messages.kinds import NotificationKind
from canary.rules.messages.notification import Notification
from canary.rules.reports.building import report_of
from canary.rules.reports.evidence_report import BrokenRoute
from canary.rules.rollouts.actions import StartedBy
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from tests.builders import NOON, a_policy, a_rollout
from tests.rules.reports.past import GOOD, LATE, SILENT, replayed

WORDS = {"labels": {"commit": "4fa2c1", "ticket": "OPS-125"}, "started_by": StartedBy(claimed="ci-release")}
BROKEN = (
    BrokenRoute("GET /orders/{id}", 2, 0),
    BrokenRoute("POST /orders", 16, 0, "orders-write 5", "KeyError 'currency'"),
    BrokenRoute("GET /health", 0, 3),
)
POLICY = a_policy(10, 25, 50)


def a_notification(kind, rollout=None, report=None, **changed):
    detail = {**(describe(rollout) if rollout else {}), **changed}
    return Notification(kind, detail, "123456789012", "eu-west-1", NOON, report)


def with_report(kind, past, *, broken=(), **changed):
    """As the controller sends it once it has read the record."""
    rollout = replace(past[0], **WORDS)
    return a_notification(kind, rollout, report_of(*replayed((rollout, past[1])), broken=broken), **changed)


def at_step(index=1, **changes):
    return a_rollout(policy=POLICY, **{"phase": Phase.SHIFTING, "step": StepState(index=index), **WORDS, **changes})


def after_watch(end, **more):
    watch = PromotionWatch(NOON - 600, NOON, end=end, ended_at=NOON, **more)
    return a_notification(NotificationKind.WATCH_ENDED, at_step(2, phase=Phase.PROMOTED, watch=watch))


PARKED = at_step(phase=Phase.PARKED, parked_since=NOON, parked_until=NOON + 3600)
COMMANDS = ("aws apigateway update-stage --rest-api-id a1", "aws lambda update-alias --name live")

STARTED = with_report(NotificationKind.STARTED, (GOOD[0], ()))
STARTED_UNREAD = a_notification(NotificationKind.STARTED, at_step(-1, phase=Phase.PREPARING, reason="release 41"))
REVERT_STARTED = a_notification(NotificationKind.STARTED, at_step(-1, phase=Phase.PREPARING, reverts="run-0"))
STEP = a_notification(NotificationKind.SHIFTED, at_step())
IS_PARKED = a_notification(NotificationKind.PARKED, PARKED)
WAITING = a_notification(NotificationKind.WAITING, at_step(reason="60 canary requests of the 500 that the step needs"))
PAUSED = a_notification(NotificationKind.WAITING, at_step(reason="paused by an operator (OPS-1); roll_back in 106 min"))
GOES_ON = a_notification(NotificationKind.WAIT_OVER, at_step(reason="no worse than base over 12 judged minutes"))
ROLLED_BACK = with_report(NotificationKind.ENDED, LATE, broken=BROKEN)
ROLLED_BACK_BLIND = with_report(NotificationKind.ENDED, SILENT)
ROLLED_BACK_UNREAD = a_notification(
    NotificationKind.ENDED, at_step(phase=Phase.ROLLED_BACK, reason="aborted"), requests_harmed=18, harm_beyond_chance=True
)
REVERT_FAILED = a_notification(
    NotificationKind.ENDED, at_step(-1, phase=Phase.ROLLED_BACK, reverts="run-0", reason="alias live was changed")
)
REFUSED = a_notification(NotificationKind.ENDED, at_step(-1, phase=Phase.REFUSED, reason="AWS refuses: AccessDenied"))
PROMOTED = with_report(NotificationKind.PROMOTED, GOOD)
PROMOTED_WATCHED = a_notification(
    NotificationKind.PROMOTED, at_step(2, phase=Phase.WATCHING, reason="promoted", watch=PromotionWatch(NOON, NOON + 1800))
)
REVERTED = a_notification(NotificationKind.REVERTED, at_step(-1, phase=Phase.PROMOTED, reverts="run-0", reason="OPS-7"))
CONDEMNED = after_watch(WatchEnd.CONDEMNED, reason="errors 4.0 % where at most 0.6 % is usual")
TAKEN_BACK = after_watch(WatchEnd.CONDEMNED, reason="errors 4.0 %", reverted_by="run-1-watch-revert")
CUT_SHORT = after_watch(WatchEnd.CUT_SHORT, reason="a newer rollout took the target", cut_short_by="run-2")
CUT_SHORT_BY_NOBODY = after_watch(WatchEnd.CUT_SHORT, reason="the stage was changed")
NOT_SEEN = after_watch(WatchEnd.OVER, unseen=("the access log", "alarm orders-5xx"))
NOTHING_FOUND = a_notification(
    NotificationKind.WATCH_OVER,
    at_step(
        2, phase=Phase.PROMOTED, reason="promoted", watch=PromotionWatch(NOON - 600, NOON, end=WatchEnd.OVER, ended_at=NOON)
    ),
)
OPERATOR = a_notification(
    NotificationKind.OPERATOR_NEEDED,
    at_step(phase=Phase.ROLLING_BACK, reason="AWS refuses: AccessDenied"),
    commands=list(COMMANDS),
)
UNREADABLE = a_notification(
    NotificationKind.OPERATOR_NEEDED,
    target="orders",
    rollout="",
    phase="unknown",
    reason="the records of target orders cannot be used: AccessDenied; nothing was changed",
)
USABLE = a_notification(
    NotificationKind.RECORDS_USABLE, target="orders", rollout="", reason="the records of target orders can be used again"
)
UNKNOWN = a_notification("Records Refused", since="noon")

ALL = tuple(one for one in globals().values() if isinstance(one, Notification))
"""Every notification of this module."""
