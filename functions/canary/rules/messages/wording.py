"""What each happening is called, and what its message says in the lines below. Pure text, without any channel's markup."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, assert_never

from canary.rules.messages.figures import acquitting, broke, condemning, harmed_by_record, is_worse
from canary.rules.messages.kinds import Happening
from canary.rules.reports.amounts import weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.messages.notification import Notification
    from canary.rules.reports.evidence_report import EvidenceReport, Novelty

MARKS = {
    Happening.STARTED: "▶",
    Happening.STEP_REACHED: "⏩",
    Happening.PARKED: "⏸",
    Happening.WAITING: "⏳",
    Happening.WAIT_OVER: "▶",
    Happening.ROLLED_BACK: "⏪",
    Happening.REVERT_FAILED: "🚨",
    Happening.REFUSED: "⛔",
    Happening.PROMOTED: "✅",
    Happening.REVERTED: "⏪",
    Happening.WATCH_ENDED: "👀",
    Happening.WATCH_OVER: "✅",
    Happening.CONDEMNED: "🚨",
    Happening.NEEDS_OPERATOR: "🚨",
    Happening.RECORDS_USABLE: "✅",
    Happening.OTHER: "🔔",
}
"""The picture before a title, by which a channel is skimmed. No title needs it to be understood."""

MOST_NEWS = 4


def title_of(notification: Notification) -> str:  # noqa: C901, PLR0911, PLR0912 - one line each
    """What happened to which target, and whether someone must act: one line of printable ASCII but for the target's name."""
    name, happening = notification.target or "the controller", notification.happening
    match happening:
        case Happening.STARTED:
            return f"{name}: {_operation(notification)} started{_towards(notification.report)}"
        case Happening.STEP_REACHED:
            return f"{name} is{_at(notification)}{_step(notification)}"
        case Happening.PARKED:
            return f"{name} is parked{_at(notification)} until {notification.words('parked_until')}: advance or abort it"
        case Happening.WAITING:
            return f"{name} waits{_at(notification)} for longer than its bake"
        case Happening.WAIT_OVER:
            return f"{name} goes on{_at(notification)}"
        case Happening.ROLLED_BACK:
            return f"{name} rolled back{_at(notification)} - safe, nothing to do"
        case Happening.REVERT_FAILED:
            return f"{name} still serves the release of {notification.words('reverts')}: its revert went back"
        case Happening.REFUSED:
            return f"{name}: the rollout ended before it changed anything"
        case Happening.PROMOTED:
            return f"{name} promoted{_watched(notification)}"
        case Happening.REVERTED:
            return f"{name} reverted: the release of {notification.words('reverts')} is taken back"
        case Happening.WATCH_ENDED:
            return f"{name}: {_watch_ended(notification)}"
        case Happening.WATCH_OVER:
            return f"{name}: the watch found nothing, the release stays"
        case Happening.CONDEMNED:
            return f"{name}: the watch condemns the promoted release, and it stays live"
        case Happening.NEEDS_OPERATOR:
            return f"{name} needs an operator{_at(notification)}"
        case Happening.RECORDS_USABLE:
            return f"{name}: the records can be used again"
        case Happening.OTHER:
            return f"{name}: {notification.kind}"
        case _:
            assert_never(happening)


def lines_of(notification: Notification) -> tuple[str, ...]:
    """The lines below the title: numbers, or else the reason, and what broke or is new."""
    return tuple(line for line in _lines(notification) if line)


def commands_of(notification: Notification) -> tuple[str, ...]:
    """The commands of `canary` that help to go on."""
    return tuple(_commands(notification, quote(notification.target))) if notification.target else ()


def _lines(notification: Notification) -> Iterator[str]:
    happening, report = notification.happening, notification.report
    match happening:
        case Happening.STARTED:
            yield _what_is_new(report.news) if report else notification.reason
        case Happening.STEP_REACHED:
            return
        case Happening.ROLLED_BACK:
            yield from _why_rolled_back(notification)
        case Happening.PROMOTED:
            yield (acquitting(report) if report else "") or notification.reason
        case Happening.WATCH_ENDED | Happening.CONDEMNED:
            yield from _what_the_watch_saw(notification)
        case (
            Happening.PARKED
            | Happening.WAITING
            | Happening.WAIT_OVER
            | Happening.REVERT_FAILED
            | Happening.REFUSED
            | Happening.REVERTED
            | Happening.WATCH_OVER
            | Happening.NEEDS_OPERATOR
            | Happening.RECORDS_USABLE
            | Happening.OTHER
        ):
            yield notification.reason
        case _:
            assert_never(happening)


def _commands(notification: Notification, name: str) -> Iterator[str]:
    happening = notification.happening
    match happening:
        case Happening.STARTED | Happening.STEP_REACHED | Happening.WAIT_OVER:
            yield f"canary watch {name}"
        case Happening.PARKED:
            yield from (f"canary advance {name}", f"canary abort {name}")
        case Happening.ROLLED_BACK:
            yield f"canary explain {name}"
            if is_worse(notification.report) or harmed_by_record(notification):
                yield f"canary logs {name} --arm canary --errors"
        case Happening.PROMOTED | Happening.CONDEMNED:
            yield from (f"canary explain {name}", f"canary rollback {name}")
        case Happening.REVERT_FAILED | Happening.REFUSED | Happening.REVERTED | Happening.WATCH_ENDED | Happening.WATCH_OVER:
            yield f"canary explain {name}"
        case Happening.WAITING | Happening.NEEDS_OPERATOR | Happening.RECORDS_USABLE | Happening.OTHER:
            yield f"canary status {name}"
        case _:
            assert_never(happening)


def _why_rolled_back(notification: Notification) -> Iterator[str]:
    """The numbers of the metric that condemned it, or else the reason, because no metric decided; and what broke."""
    report = notification.report
    lead = report.lead if report and is_worse(report) else None
    if report and lead:
        yield condemning(report, lead)
    else:
        yield " · ".join(filter(None, (notification.reason, harmed_by_record(notification))))
    if report:
        yield broke(report)


def _what_the_watch_saw(notification: Notification) -> Iterator[str]:
    watch = notification.watch
    yield str(watch.get("reason") or "")
    unseen = watch.get("could_not_see")
    yield f"could not see: {'; '.join(map(str, unseen))}" if isinstance(unseen, list | tuple) and unseen else ""


def _what_is_new(news: tuple[Novelty, ...]) -> str:
    """``orders-write 4 -> 5, deployment orders a1 -> b2 and 3 more``."""
    named = [_novelty(one) for one in news[:MOST_NEWS]]
    more = f" and {len(news) - MOST_NEWS} more" if len(news) > MOST_NEWS else ""
    return f"new: {', '.join(named)}{more}" if named else ""


def _novelty(one: Novelty) -> str:
    name = one.name if one.what == "function" else f"{one.what} {one.name}"
    return f"{name} {one.before or '(none)'} -> {one.after}" if one.after else name


def _operation(notification: Notification) -> str:
    reverts = notification.words("reverts")
    return f"revert of {reverts}" if reverts else "rollout"


def _towards(report: EvidenceReport | None) -> str:
    """Through which weights: ``, through 10 %, 25 % to 100 %``."""
    steps = report.policy.get("steps", ()) if report else ()
    weights = [weight(float(step["weight_percent"])) for step in steps]
    return f", through {', '.join(weights)} to 100 %" if weights else ""


def _at(notification: Notification) -> str:
    return f" at {weight(notification.weight_percent)}" if notification.weight_percent else ""


def _step(notification: Notification) -> str:
    step, steps = int(notification.number("step")), int(notification.number("steps"))
    return f", step {step} of {steps}" if step and steps else ""


def _watched(notification: Notification) -> str:
    until = notification.watch.get("until")
    return f", watched until {until}" if until and not notification.watch.get("ended_at") else ""


def _watch_ended(notification: Notification) -> str:
    watch = notification.watch
    if watch.get("reverted_by"):
        return f"the watch condemns the release, and {watch['reverted_by']} takes it back"
    if watch.get("cut_short_by"):
        return f"the watch was cut short by {watch['cut_short_by']}"
    return "the watch was cut short" if watch.get("end") == "cut_short" else "the watch is over, but could not see everything"
