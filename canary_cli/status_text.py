"""A status as lines of text, for a terminal or a log. Pure: it renders values and reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.looks.proof import format_e
from canary.rules.reports.amounts import lasting
from canary_cli.stories.instants import local, local_clock
from canary_cli.who.acting import NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary_cli.arms.comparing import Arm, Compared
    from canary_cli.status_view import RolloutView, Served, Status
    from canary_cli.who.acting import ActionView

WIDTH = 10
"""Columns of the name before each line's text."""

NOTHING = "-"


def lines_of(status: Status) -> Iterator[str]:
    """The status of one target."""
    yield f"{status.target}: {_headline(status)}"
    yield _line("where", f"account {status.account}, Region {status.region}, read at {local(status.read_at)}")
    if status.rollout:
        yield from _of_rollout(status.rollout, status.read_at)
    if status.live:
        canary = "" if status.live_canary_percent is None else f"; the canary gets {status.live_canary_percent:g} %"
        yield _line("live", f"{served(status.live)}{canary}")
    if status.last_rollout:
        yield _line("last", _ended(status.last_rollout, status.read_at))
        yield from (_line("because", reason) for reason in (status.last_rollout.reason,) if reason)
        yield from (_line("done", _done(action)) for action in status.last_rollout.actions[-NEWEST:])
    if outline := status.outline:
        yield from (_line("because", reason) for reason in (outline.reason,) if reason)
    if status.alarms:
        yield _line("alarms", _alarms(status))
    if status.rollout:
        yield _line("next", _next(status.rollout))
    yield from (_line("unread", sentence) for sentence in status.unread)


def _headline(status: Status) -> str:
    rollout = status.rollout
    if rollout is None and status.outline and not status.is_at_rest:
        operator = ", needs operator" if status.outline.needs_operator else ""
        return f"rollout {status.outline.rollout_id} is {status.outline.phase}{operator}"
    if rollout is None:
        return "at rest"
    operator = ", needs operator" if rollout.needs_operator else ""
    return f"rollout {rollout.rollout_id} is {rollout.phase}{operator}{_place(rollout)}"


def _place(rollout: RolloutView) -> str:
    if rollout.weight_percent is None:
        return ""
    return f", step {rollout.step} of {rollout.steps}"


def _of_rollout(rollout: RolloutView, now: float) -> Iterator[str]:
    yield _line("started", _started(rollout, now))
    if rollout.labels:
        yield _line("labels", ", ".join(f"{name}={value}" for name, value in rollout.labels.items()))
    yield from (_line("done", _done(action)) for action in rollout.actions[-NEWEST:])
    yield _line("release", f"{served(rollout.canary)}; base has {served(rollout.base)}")
    if rollout.weight_percent is not None:
        seen = "no requests seen yet" if rollout.share_seen is None else f"{100 * rollout.share_seen:.1f} % seen"
        yield _line("weight", f"{rollout.weight_percent:g} % asked, {seen} (policy {rollout.policy})")
    yield from _table(rollout)
    if rollout.log_e is not None and rollout.log_bar is not None:
        yield _line("evidence", f"E {format_e(rollout.log_e)}; at {format_e(rollout.log_bar)} the canary is rolled back")
    if look := rollout.last_look:
        ago = lasting(now - look.looked_at)
        yield _line("look", f"{local_clock(look.looked_at)}, {ago} ago: {look.verdict}: {look.reason}")
    if paused := rollout.paused:
        since = f"since {local(paused.paused_since)}, {lasting(now - paused.paused_since)} ago{_because(paused.reason)}"
        follows = f"{paused.after_pause} at {local_clock(paused.paused_until)} unless it is resumed"
        yield _line("paused", f"{since}; the bake's clock stands; {follows}")
    if asked := rollout.asked:
        yield _line("asked", f"{asked.verb} at {local_clock(asked.asked_at)}{_because(asked.reason)}; the next look hears it")
    if waiting := rollout.waiting:
        until = "" if waiting.waiting_until is None else f", until {local(waiting.waiting_until)} at the longest"
        yield _line("waits for", f"{waiting.waits_for} (for {lasting(waiting.seconds)}{until})")


def _started(rollout: RolloutView, now: float) -> str:
    scheduled = "" if rollout.scheduled_at is None else f", scheduled for {local(rollout.scheduled_at)}"
    why = f": {rollout.given_reason}" if rollout.given_reason else ""
    claimed = f" (claimed: {rollout.started_by})" if rollout.started_by else ""
    name = rollout.execution.rpartition(":")[2]
    return f"{local(rollout.started_at)}, {lasting(now - rollout.started_at)} ago, by execution {name}{claimed}{scheduled}{why}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _done(action: ActionView) -> str:
    return f"{local(action.done_at)}: {action.sentence}"


def _table(rollout: RolloutView) -> Iterator[str]:
    """Both arms by metric, in the present step."""
    if not rollout.metrics:
        return
    rows = [("this step", "canary", "base", "difference", "E", "bar"), *map(_row, rollout.metrics)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield f"  {'  '.join(cells)}"


def _row(compared: Compared) -> tuple[str, ...]:
    e = NOTHING if compared.log_e is None else format_e(compared.log_e)
    bar = NOTHING if compared.log_bar is None else format_e(compared.log_bar)
    return compared.metric, _arm(compared.canary), _arm(compared.base), _difference(compared), e, bar


def _difference(compared: Compared) -> str:
    """In points, with its 95 % interval."""
    if compared.difference is None:
        return NOTHING
    if compared.difference_low is None or compared.difference_high is None:
        return f"{100 * compared.difference:+.2f} points"
    low, high = 100 * compared.difference_low, 100 * compared.difference_high
    return f"{100 * compared.difference:+.2f} points ({low:+.2f} to {high:+.2f})"


def _arm(arm: Arm) -> str:
    return NOTHING if arm.rate is None else f"{arm.bad:,} of {arm.requests:,} ({100 * arm.rate:.2f} %)"


def served(served: Served) -> str:
    """What an arm serves: ``orders-read 7, orders-write 8; deployment abc123``."""
    versions = ", ".join(f"{name} {version}" for name, version in served.versions.items())
    return f"{versions}; deployment {served.deployment_id}" if served.deployment_id else versions


def _ended(rollout: RolloutView, now: float) -> str:
    at = rollout.ended_at or rollout.started_at
    ended = f"rollout {rollout.rollout_id}, {rollout.phase} at {local(at)}, {lasting(now - at)} ago"
    return f"{ended}; requests harmed: {rollout.requests_harmed:,}"


def _alarms(status: Status) -> str:
    fine = sum(alarm.state == "OK" for alarm in status.alarms)
    others = [f"{alarm.name} {alarm.state}" for alarm in status.alarms if alarm.state != "OK"]
    return ", ".join((f"{fine} of {len(status.alarms)} OK", *others))


def _next(rollout: RolloutView) -> str:
    due = rollout.next.due_at
    return rollout.next.what if due is None else f"{local_clock(due)}: {rollout.next.what}"


def _line(name: str, text: str) -> str:
    return f"  {name:<{WIDTH}}{text}"
