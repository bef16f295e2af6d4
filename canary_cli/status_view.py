"""A target's status as values: what `status` and `watch` show, made of what was read and of nothing else.

Instants are epoch seconds, under names that end in `_at`, `_since` or `_until`. Evidence is given as natural logarithms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.aws.record_items import Outline
from canary.rules.judging.evidence_json import from_json as evidence_from_json
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.upgrades import upgrade_history
from canary_cli.arms.comparing import Compared, compare_step
from canary_cli.outlook import Next, Paused, Waiting, next_of, pause_of, waiting_of
from canary_cli.who.acting import ActionView, actions_of, starter_of

if TYPE_CHECKING:
    from canary.rules.judging.judge import Evidence
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.steering import Signal
    from canary.rules.targets.live import Live
    from canary_cli.reading import Reading


@dataclass(frozen=True, slots=True)
class LastLook:
    """The newest look."""

    looked_at: float
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Served:
    """What an arm serves: versions by function, and the deployment of a stage."""

    versions: Mapping[str, str]
    deployment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A verb that the next look will hear."""

    verb: str
    asked_at: float
    reason: str


@dataclass(frozen=True, slots=True)
class RolloutView:
    """A rollout, in progress or ended. ``share_seen`` is the canary's part of the requests of this step (0 to 1).

    ``started_by``: what its execution's input claims. ``actions``: the verbs that took effect.
    """

    rollout_id: str
    phase: str
    needs_operator: bool
    execution: str
    started_at: float
    ended_at: float | None
    given_reason: str
    reason: str
    scheduled_at: float | None
    policy: str
    step: int
    steps: int
    weight_percent: float | None
    share_seen: float | None
    canary: Served
    base: Served
    metrics: tuple[Compared, ...]
    log_e: float | None
    log_bar: float | None
    requests_harmed: int
    started_by: str
    actions: tuple[ActionView, ...]
    last_look: LastLook | None
    waiting: Waiting | None
    next: Next
    paused: Paused | None = None
    asked: Asked | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm."""

    name: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Status:
    """A target's status at ``read_at``. Of ``rollout`` and ``last_rollout`` at most one is there.

    ``outline`` is in their place where another version of the controller wrote the record.
    """

    target: str
    account: str
    region: str
    read_at: float
    is_at_rest: bool
    live: Served | None
    live_canary_percent: float | None
    rollout: RolloutView | None
    last_rollout: RolloutView | None
    outline: Outline | None
    alarms: tuple[AlarmView, ...]
    unread: tuple[str, ...]


def status_of(reading: Reading, *, account: str, region: str) -> Status:
    """The status of what was read."""
    view = view_of(reading.rollout, reading) if reading.rollout else None
    canary = reading.live.stage.canary if reading.live and reading.live.stage else None
    return Status(
        target=reading.target.name,
        account=account,
        region=region,
        read_at=reading.now,
        is_at_rest=not reading.is_in_progress,
        live=live_of(reading.live) if reading.live else None,
        live_canary_percent=float(canary.percent) if canary else None,
        rollout=view if reading.is_in_progress else None,
        last_rollout=None if reading.is_in_progress else view,
        outline=reading.outline,
        alarms=tuple(AlarmView(alarm.name, alarm.state.value, alarm.detail) for alarm in reading.alarms),
        unread=reading.unread,
    )


def view_of(rollout: Rollout, reading: Reading) -> RolloutView:
    """A rollout as it stands at the time of the reading."""
    step, steps = rollout.step, rollout.plan.policy.steps
    is_watched = rollout.phase is Phase.WATCHING
    has_weight = step.index >= 0 and not rollout.phase.is_terminal and not is_watched
    release = Served(rollout.intent.versions, rollout.intent.deployment_id)
    seen = step.requests + step.base_requests
    evidence = _evidence(rollout, reading)
    return RolloutView(
        rollout_id=rollout.rollout_id,
        phase=rollout.phase.value,
        needs_operator=rollout.needs_operator,
        execution=rollout.execution,
        started_at=rollout.started_at,
        ended_at=rollout.ended_at,
        given_reason=reading.given_reason,
        reason=rollout.reason,
        scheduled_at=rollout.scheduled_at,
        policy=rollout.plan.policy.name,
        step=step.index + 1,
        steps=len(steps),
        weight_percent=float(steps[step.index].weight_percent) if has_weight else None,
        share_seen=step.requests / seen if seen else None,
        canary=release,
        base=release if is_watched else Served(rollout.snapshot.live, rollout.snapshot.deployment_id),
        metrics=compare_step(rollout, reading.step_looks, evidence),
        log_e=evidence.log_strength if evidence else None,
        log_bar=evidence.log_bar if evidence else None,
        requests_harmed=rollout.harm.requests,
        started_by=starter_of(rollout),
        actions=actions_of(rollout),
        last_look=LastLook(float(reading.look.at), reading.look.verdict, reading.look.reason) if reading.look else None,
        waiting=waiting_of(rollout, reading.look, reading.now),
        next=next_of(rollout, reading.now),
        paused=pause_of(rollout, reading.now),
        asked=_asked(rollout, reading.signal) if reading.is_in_progress else None,
        labels=dict(rollout.labels),
    )


def _asked(rollout: Rollout, signal: Signal | None) -> Asked | None:
    """What waits for the next look."""
    if signal is None or signal.number <= rollout.steering.heard:
        return None
    return Asked(signal.verb.value, signal.at, signal.reason)


def _evidence(rollout: Rollout, reading: Reading) -> Evidence | None:
    if reading.history is None:
        return None
    return evidence_from_json(rollout.evidence, history_from_json(upgrade_history(reading.history)))


def live_of(live: Live) -> Served:
    """What base serves now."""
    return Served({name: str(alias) for name, alias in live.live.items()}, live.stage.deployment_id if live.stage else None)
