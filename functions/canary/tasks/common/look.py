"""One look at a canary with traffic, by an execution or between two steps.

A look reads what is new (`canary.tasks.common.look_reader`), folds the new minutes, sums up what the verdict may rest on,
decides, and records the verdict together with the folded minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.aws.locks import PARKED_OWNER
from canary.aws.record_items import LookItem
from canary.aws.record_reads import Owned
from canary.rules.judging import evidence_json
from canary.rules.looks.completeness import awaits_minute, find_backlog
from canary.rules.looks.folding import Folded, fold_minutes
from canary.rules.looks.look_metrics import embed, measure
from canary.rules.looks.look_numbers import numbers_of
from canary.rules.looks.look_schedule import is_calm, waiting_since
from canary.rules.looks.proof import moment_of, prove
from canary.rules.looks.steps import begin_bake
from canary.rules.looks.verdict import GOES_ON, LAST_WORDS, Verdict, decide
from canary.rules.rollouts.drift_checks import find_drift_in_bake, find_harmless_drift
from canary.rules.rollouts.signal_effects import hear
from canary.tasks.common.look_reader import LookReader

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary.tasks.common.entry import Tools


@dataclass(frozen=True, slots=True)
class LookResult:
    """A look's verdict, and the rollout as recorded with it."""

    owned: Owned
    verdict: Verdict


def look(owned: Owned, tools: Tools, *, now: float, baking_since: float) -> LookResult:
    """Look at `now`; `baking_since` is when the bake before this look began (both in epoch seconds).

    Raises:
        OwnershipLostError: the rollout was changed or taken over in between; nothing was recorded.

    """
    folded, verdict = _evaluate(
        hear(begin_bake(owned.rollout, baking_since), owned.signal, now), LookReader(owned, tools, now), now
    )
    is_between = owned.lock.owner == PARKED_OWNER
    before = owned.rollout
    numbers = numbers_of(folded.minutes, folded.evidence, folded.rollout)
    item = LookItem(before.rollout_id, mark_of(now), verdict.kind.value, verdict.reason, numbers)
    owned = tools.records.write(owned, _after(folded, verdict, now, is_between=is_between), look=item)
    tools.notifications.report_wait(before, owned.rollout, verdict.reason)
    tools.logger.info(
        "canary evaluated",
        rollout=owned.rollout.rollout_id,
        step=owned.rollout.step.index,
        verdict=verdict.kind.value,
        reason=verdict.reason,
        log_e=round(folded.evidence.log_e, 4),
        **embed(owned.rollout.target.name, measure(owned.rollout, folded.evidence, verdict.kind), now),
    )
    return LookResult(owned, verdict)


def mark_of(now: float) -> str:
    """The mark under which a look at `now` is recorded."""
    return f"{now:.3f}"


def _evaluate(rollout: Rollout, reader: LookReader, now: float) -> tuple[Folded, Verdict]:
    """Fold the new minutes and decide. Only a verdict that ends the step also asks how often the release's code ran."""
    behind = find_backlog(rollout, now)
    evidence, counted = reader.read_evidence(rollout), reader.read_counts(rollout)
    before = evidence.log_strength
    folded = fold_minutes(rollout, evidence, counted.metrics, now, integrated=counted.integrated)
    rollout, evidence = folded.rollout, folded.evidence
    live, alarms = reader.read_live(), reader.hear_alarms(rollout)
    faults = reader.find_faults(rollout, live, alarms, counted)
    clock = rollout.steering.bake_clock(now)
    proof = prove(rollout, evidence, now=clock, faults=faults, notes=find_harmless_drift(rollout, live))
    proof = replace(proof, behind=behind)
    rollout = replace(rollout, blind_since=(rollout.blind_since or now) if proof.blind else None)

    def decide_on(invoked: int | None) -> Verdict:
        return decide(
            policy=rollout.plan.policy,
            moment=moment_of(rollout, now),
            proof=replace(proof, invoked=invoked),
            alarms=alarms,
            tolerated=rollout.tolerated_alarms,
            drift=find_drift_in_bake(rollout, live),
        )

    verdict = decide_on(None)
    if verdict.kind in GOES_ON:
        verdict = decide_on(reader.count_invocations_of_step(rollout))
    tally = replace(rollout.tally, metrics_requested=rollout.tally.metrics_requested + reader.requested)
    calm = is_calm(verdict.kind, evidence, proof, before=before, alarms=alarms) and not awaits_minute(rollout, now)
    return replace(folded, rollout=replace(rollout, tally=tally, is_calm=calm)), verdict


def _after(folded: Folded, verdict: Verdict, now: float, *, is_between: bool) -> Rollout:
    """The rollout with the look counted; `is_between`: it is parked, so that no execution made the look."""
    rollout, tally = folded.rollout, folded.rollout.tally
    counted = {"parked_looks": tally.parked_looks + 1} if is_between else {"looks": tally.looks + 1}
    return replace(
        rollout,
        evidence=evidence_json.to_json(folded.evidence),
        tally=replace(tally, **counted),
        reason=verdict.reason if verdict.kind in LAST_WORDS else rollout.reason,
        looked_at=now,
        waiting_since=None if is_between else waiting_since(rollout, verdict.kind, now),
    )
