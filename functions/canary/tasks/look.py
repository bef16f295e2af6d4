"""One look at a canary with traffic, by an execution or in between.

New minutes are read, folded and frozen, alarms and judge are heard, and the verdict is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.aws.alarms import read_alarms, with_blips
from canary.aws.counting import read_counts
from canary.aws.metrics import Metrics
from canary.aws.records import HOLDER, Held, LookItem
from canary.aws.shifters import shifter_for
from canary.rules import judge
from canary.rules.alarms import target_alarms
from canary.rules.history import from_json as history_from_json
from canary.rules.look import Folded, begin_bake, fold_minutes, numbers_of, prove, wanted_minutes
from canary.rules.minutes import MINUTE_SECONDS
from canary.rules.sources import all_sources
from canary.rules.strays import find_changes_in_bake
from canary.rules.verdict import Moment, Verdict, VerdictKind, decide

if TYPE_CHECKING:
    from canary.rules.rollout import Rollout
    from canary.rules.verdict import AlarmReading
    from canary.tasks.entry import Tools


@dataclass(frozen=True, slots=True)
class Seen:
    """A look's verdict, and the rollout with it recorded."""

    held: Held
    verdict: Verdict


def look(held: Held, tools: Tools, *, now: float, baking_since: float) -> Seen:
    """Look at `now`; `baking_since` is when the bake before this look began (both in epoch seconds).

    Raises:
        OwnershipLostError: the rollout was changed or taken over meanwhile; nothing was recorded.

    """
    folded = _fold(begin_bake(held.rollout, baking_since), now, tools)
    verdict = _decide(folded.rollout, folded, held, tools, now)
    numbers = {**numbers_of(folded), "weight_percent": float(_weight(folded.rollout))}
    item = LookItem(held.rollout.rollout_id, mark_of(now), verdict.kind.value, verdict.reason, numbers)
    is_between = held.lock.owner == HOLDER
    after = _after(folded, verdict, now, is_between=is_between)
    held = tools.records.write(held, after, look=item)
    tools.logger.info(
        "canary evaluated",
        rollout=held.rollout.rollout_id,
        step=held.rollout.step.index,
        verdict=verdict.kind.value,
        reason=verdict.reason,
        log_e=numbers["log_e"],
    )
    return Seen(held, verdict)


def mark_of(now: float) -> str:
    """What a look at `now` is recorded under."""
    return f"{now:.3f}"


def _fold(rollout: Rollout, now: float, tools: Tools) -> Folded:
    history = history_from_json(tools.records.read_history(rollout.rollout_id))
    evidence = judge.from_json(rollout.evidence, history)
    metrics = Metrics(tools.clients.of(rollout.target).cloudwatch)
    sources = all_sources(rollout.target, rollout.way_back, rollout.intent, rollout.limits_ms)
    counts = read_counts(metrics, sources, *wanted_minutes(rollout, now))
    tally = replace(rollout.tally, metrics_requested=rollout.tally.metrics_requested + metrics.requested)
    return fold_minutes(replace(rollout, tally=tally), evidence, counts, now)


def _decide(rollout: Rollout, folded: Folded, held: Held, tools: Tools, now: float) -> Verdict:
    shifter = shifter_for(rollout.target, tools.clients, lambda: tools.records.check(held))
    return decide(
        policy=rollout.plan.policy,
        moment=Moment(
            now=now,
            step_index=rollout.step.index,
            baking_since=rollout.step.baking_since or now,
            first_shift=rollout.first_shift or now,
        ),
        proof=prove(rollout, folded.evidence),
        alarms=_hear(rollout, tools, now),
        tolerated=rollout.plan.tolerated_alarms,
        foreign=find_changes_in_bake(rollout, shifter.read_live()),
    )


def _hear(rollout: Rollout, tools: Tools, now: float) -> tuple[AlarmReading, ...]:
    """The alarms now; where the last look is longer ago than alarms are evaluated, also what they said since."""
    cloudwatch = tools.clients.of(rollout.target).cloudwatch
    ours = [alarm.name for alarm in target_alarms(rollout.target)]
    alarms = read_alarms(cloudwatch, ours, rollout.target.alarms)
    since = max(rollout.looked_at or 0.0, rollout.step.baking_since or now)
    return with_blips(cloudwatch, alarms, since, now) if now - since > _BLIP_SECONDS else alarms


_BLIP_SECONDS = 1.5 * MINUTE_SECONDS
"""An alarm is evaluated each minute, so within this time of a look none can have fired and recovered unseen."""


def _after(folded: Folded, verdict: Verdict, now: float, *, is_between: bool) -> Rollout:
    rollout, tally = folded.rollout, folded.rollout.tally
    is_last_word = verdict.kind in {VerdictKind.ROLL_BACK, VerdictKind.PROMOTE}
    counted = {"held_looks": tally.held_looks + 1} if is_between else {"looks": tally.looks + 1}
    return replace(
        rollout,
        evidence=judge.to_json(folded.evidence),
        tally=replace(tally, **counted),
        reason=verdict.reason if is_last_word else rollout.reason,
        looked_at=now,
    )


def _weight(rollout: Rollout) -> float:
    return float(rollout.plan.policy.steps[rollout.step.index].weight)
