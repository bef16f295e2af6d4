"""One look at a canary with traffic, by an execution or in between.

New minutes are read, folded and frozen, alarms and judge are heard, and the verdict is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.aws.alarms import read_alarms, with_blips
from canary.aws.counting import read_counts, read_total
from canary.aws.instruments import find_instrument_faults
from canary.aws.metrics import MetricReader
from canary.aws.records import PARKED_OWNER, LookItem, Owned
from canary.aws.shifters import shifter_for
from canary.rules.judging import judge
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.folding import Folded, begin_bake, find_waiting, fold_minutes, numbers_of, wanted_minutes
from canary.rules.looks.listening import find_unlogged, quiet_minutes
from canary.rules.looks.look_schedule import waiting_since
from canary.rules.looks.proof import prove
from canary.rules.looks.sources import all_sources, canary_invocations, has_log, integrated_series
from canary.rules.looks.verdict import GOES_ON, Moment, Proof, Verdict, VerdictKind, alarm_faults, decide
from canary.rules.rollouts.drift_checks import find_drift_in_bake, find_harmless_drift
from canary.rules.rollouts.signal_effects import hear
from canary.rules.rollouts.upgrades import upgrade_history
from canary.rules.targets.alarms import target_alarms

if TYPE_CHECKING:
    from canary.rules.looks.verdict import AlarmReading
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.live import Live
    from canary.tasks.entry import Tools


@dataclass(frozen=True, slots=True)
class LookResult:
    """A look's verdict, and the rollout with it recorded."""

    owned: Owned
    verdict: Verdict


def look(owned: Owned, tools: Tools, *, now: float, baking_since: float) -> LookResult:
    """Look at `now`; `baking_since` is when the bake before this look began (both in epoch seconds).

    Raises:
        OwnershipLostError: the rollout was changed or taken over meanwhile; nothing was recorded.

    """
    reader = _LookReader(hear(begin_bake(owned.rollout, baking_since), owned.signal, now), owned, tools, now)
    seen = reader.look()
    before = owned.rollout
    owned = tools.records.write(owned, seen.after(now, is_between=owned.lock.owner == PARKED_OWNER), look=seen.item(now))
    tools.notifications.report_wait(before, owned.rollout, seen.verdict.reason)
    tools.logger.info(
        "canary evaluated",
        rollout=owned.rollout.rollout_id,
        step=owned.rollout.step.index,
        verdict=seen.verdict.kind.value,
        reason=seen.verdict.reason,
        log_e=round(seen.folded.evidence.log_e, 4),
    )
    return LookResult(owned, seen.verdict)


def mark_of(now: float) -> str:
    """What a look at `now` is recorded under."""
    return f"{now:.3f}"


class _LookReader:
    """Reads what a look needs: counts, the live target, alarms, instruments; and the invocations where the step could end."""

    def __init__(self, rollout: Rollout, owned: Owned, tools: Tools, now: float) -> None:
        self._rollout = rollout
        self._owned = owned
        self._tools = tools
        self._now = now
        self._clients = tools.clients.of(rollout.target)
        self._metrics = MetricReader(self._clients.cloudwatch)
        self._waiting = 0

    def look(self) -> _Look:
        folded = self._fold()
        live, alarms = self._read_live(), self._hear(folded.rollout)
        instruments = find_instrument_faults(self._clients, folded.rollout.target, live.stage)
        faults = (*alarm_faults(alarms), *(instruments or self._find_unlogged(folded.rollout)))
        changes = find_harmless_drift(folded.rollout, live)
        clock = folded.rollout.steering.bake_clock(self._now)
        proof = prove(folded.rollout, folded.evidence, now=clock, faults=faults, notes=changes)
        rollout = replace(folded.rollout, blind_since=self._blind_since(folded.rollout, proof))
        decided = self._decide(rollout, proof, alarms, live)
        if decided.kind in GOES_ON and has_log(rollout.target):
            since = int(rollout.shifts[-1] // MINUTE_SECONDS) * MINUTE_SECONDS
            invoked = self._count_invocations(rollout, since, rollout.judged_to + MINUTE_SECONDS)
            decided = self._decide(rollout, replace(proof, invoked=invoked), alarms, live)
        requested = rollout.tally.metrics_requested + self._metrics.requested
        tally = replace(rollout.tally, metrics_requested=requested)
        return _Look(replace(folded, rollout=replace(rollout, tally=tally)), decided)

    def _decide(self, rollout: Rollout, proof: Proof, alarms: tuple[AlarmReading, ...], live: Live) -> Verdict:
        return decide(
            policy=rollout.plan.policy,
            moment=_moment(rollout, self._now),
            proof=proof,
            alarms=alarms,
            tolerated=rollout.tolerated_alarms,
            drift=find_drift_in_bake(rollout, live),
        )

    def _read_live(self) -> Live:
        shifter = shifter_for(self._rollout.target, self._tools.clients, lambda: self._tools.records.check(self._owned))
        return shifter.read_live()

    def _fold(self) -> Folded:
        rollout = self._rollout
        history = history_from_json(upgrade_history(self._tools.records.read_history(rollout.rollout_id)))
        sources = all_sources(rollout.target, rollout.snapshot, rollout.intent, rollout.limits_ms)
        arms = integrated_series(rollout.target, rollout.snapshot, rollout.intent)
        counted = read_counts(self._metrics, sources, arms, *wanted_minutes(rollout, self._now))
        evidence = judge.from_json(rollout.evidence, history)
        folded = fold_minutes(rollout, evidence, counted.metrics, self._now, integrated=counted.integrated)
        self._waiting = find_waiting(folded.rollout, counted.metrics, self._now)
        return folded

    def _hear(self, rollout: Rollout) -> tuple[AlarmReading, ...]:
        """The alarms now; where the last look is longer ago than alarms are evaluated, also what they said since."""
        cloudwatch = self._clients.cloudwatch
        ours = [alarm.name for alarm in target_alarms(rollout.target)]
        alarms = read_alarms(cloudwatch, ours, rollout.target.alarms)
        since = max(rollout.looked_at or 0.0, rollout.step.baking_since or self._now)
        return with_blips(cloudwatch, alarms, since, self._now) if self._now - since > _BLIP_SECONDS else alarms

    def _blind_since(self, rollout: Rollout, proof: Proof) -> float | None:
        if not proof.blind:
            return None
        return self._now if rollout.blind_since is None else rollout.blind_since

    def _find_unlogged(self, rollout: Rollout) -> tuple[str, ...]:
        """Minutes without a request are no traffic, or a log that is dead: Lambda knows which."""
        minutes = quiet_minutes(rollout, self._waiting) if has_log(rollout.target) else 0
        if not minutes:
            return ()
        end = rollout.judged_to + (1 + self._waiting) * MINUTE_SECONDS
        return find_unlogged(minutes, self._count_invocations(rollout, end - minutes * MINUTE_SECONDS, end))

    def _count_invocations(self, rollout: Rollout, since: int, end: int) -> int:
        """How often Lambda ran the canary's functions, from the minute `since` up to the minute `end`."""
        series = canary_invocations(rollout.target, rollout.snapshot, rollout.intent)
        return read_total(self._metrics, series, since, end)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look has found, before it is recorded."""

    folded: Folded
    verdict: Verdict

    def item(self, now: float) -> LookItem:
        rollout = self.folded.rollout
        numbers = {**numbers_of(self.folded), "weight_percent": _weight_percent(rollout)}
        return LookItem(rollout.rollout_id, mark_of(now), self.verdict.kind.value, self.verdict.reason, numbers)

    def after(self, now: float, *, is_between: bool) -> Rollout:
        rollout, tally = self.folded.rollout, self.folded.rollout.tally
        is_last_word = self.verdict.kind in {VerdictKind.ROLL_BACK, VerdictKind.PROMOTE}
        counted = {"parked_looks": tally.parked_looks + 1} if is_between else {"looks": tally.looks + 1}
        return replace(
            rollout,
            evidence=judge.to_json(self.folded.evidence),
            tally=replace(tally, **counted),
            reason=self.verdict.reason if is_last_word else rollout.reason,
            looked_at=now,
            waiting_since=None if is_between else waiting_since(rollout, self.verdict.kind, now),
        )


_BLIP_SECONDS = 1.5 * MINUTE_SECONDS
"""An alarm is evaluated each minute, so within this time of a look none can have fired and recovered unseen."""


def _moment(rollout: Rollout, now: float) -> Moment:
    return Moment(
        now=now,
        step_index=rollout.step.index,
        baking_since=rollout.step.baking_since or now,
        first_shift=rollout.first_shift or now,
        blind_since=rollout.blind_since,
        steering=rollout.steering,
    )


def _weight_percent(rollout: Rollout) -> float:
    return float(rollout.plan.policy.steps[rollout.step.index].weight_percent)
