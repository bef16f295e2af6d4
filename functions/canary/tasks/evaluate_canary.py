"""EvaluateCanary: one look. New minutes are read, folded, frozen; alarms and judge are heard; the verdict is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.alarms import read_alarms, with_blips
from canary.aws.counting import read_counts
from canary.aws.errors import OwnershipLostError
from canary.aws.metrics import Metrics
from canary.aws.records import LookItem
from canary.aws.shifters import shifter_for
from canary.edge.events import LookEvent
from canary.rules import judge
from canary.rules.alarms import target_alarms
from canary.rules.history import from_json as history_from_json
from canary.rules.look import Folded, begin_bake, fold_minutes, numbers_of, prove, wanted_minutes
from canary.rules.minutes import MINUTE_SECONDS
from canary.rules.phases import Phase
from canary.rules.sources import all_sources
from canary.rules.strays import find_changes_in_bake
from canary.rules.verdict import Moment, Verdict, VerdictKind, decide
from canary.tasks.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.aws.records import Held
    from canary.rules.rollout import Rollout


def evaluate_canary(event: LookEvent, tools: Tools) -> Json:
    """The verdict of this look; a retry of the same state entry repeats the recorded one."""
    mark = f"{event.now:.3f}"
    if recorded := tools.records.read_look(event.rollout_id, mark):
        return {"verdict": recorded.verdict, "reason": recorded.reason}
    held = tools.records.read_held(event.rollout_id, event.execution)
    if held.rollout.phase is not Phase.SHIFTING:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {held.rollout.phase}; there is nothing left to look at")
    folded = _fold(begin_bake(held.rollout, event.baking_since), event, tools)
    verdict = _decide(folded, event, tools, held)
    numbers = {**numbers_of(folded), "weight_percent": float(_weight(folded.rollout))}
    look = LookItem(event.rollout_id, mark, verdict.kind.value, verdict.reason, numbers)
    tools.records.write(held, _after(folded, verdict), look=look)
    tools.logger.info(
        "canary evaluated",
        rollout=event.rollout_id,
        step=folded.rollout.step.index,
        verdict=verdict.kind.value,
        reason=verdict.reason,
        log_e=numbers["log_e"],
    )
    return {"verdict": verdict.kind.value, "reason": verdict.reason}


def _fold(rollout: Rollout, event: LookEvent, tools: Tools) -> Folded:
    history = history_from_json(tools.records.read_history(event.rollout_id))
    evidence = judge.from_json(rollout.evidence, history)
    metrics = Metrics(tools.clients.cloudwatch)
    sources = all_sources(rollout.target, rollout.way_back, rollout.intent, rollout.limits_ms)
    counts = read_counts(metrics, sources, *wanted_minutes(rollout, event.now))
    tally = replace(rollout.tally, metrics_requested=rollout.tally.metrics_requested + metrics.requested)
    return fold_minutes(replace(rollout, tally=tally), evidence, counts, event.now)


def _decide(folded: Folded, event: LookEvent, tools: Tools, held: Held) -> Verdict:
    rollout = folded.rollout
    shifter = shifter_for(rollout.target, tools.clients, lambda: tools.records.check(held))
    ours = [alarm.name for alarm in target_alarms(rollout.target)]
    alarms = read_alarms(tools.clients.cloudwatch, ours, rollout.target.alarms)
    if rollout.plan.look_seconds > MINUTE_SECONDS:
        alarms = with_blips(tools.clients.cloudwatch, alarms, event.baking_since, event.now)
    return decide(
        policy=rollout.plan.policy,
        moment=Moment(
            now=event.now,
            step_index=rollout.step.index,
            baking_since=rollout.step.baking_since or event.now,
            first_shift=rollout.first_shift or event.now,
        ),
        proof=prove(rollout, folded.evidence),
        alarms=alarms,
        tolerated=rollout.plan.tolerated_alarms,
        foreign=find_changes_in_bake(rollout, shifter.read_live()),
    )


def _after(folded: Folded, verdict: Verdict) -> Rollout:
    rollout = folded.rollout
    is_last_word = verdict.kind in {VerdictKind.ROLL_BACK, VerdictKind.PROMOTE}
    return replace(
        rollout,
        evidence=judge.to_json(folded.evidence),
        tally=replace(rollout.tally, looks=rollout.tally.looks + 1),
        reason=verdict.reason if is_last_word else rollout.reason,
    )


def _weight(rollout: Rollout) -> float:
    return float(rollout.plan.policy.steps[rollout.step.index].weight)


handler = Handler(on(LookEvent), evaluate_canary)
