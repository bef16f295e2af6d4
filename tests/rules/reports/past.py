"""Rollouts with looks, made by the rules themselves: minutes are folded, proven and decided on as in a look."""

from dataclasses import replace

from canary.rules.judging import evidence_json
from canary.rules.judging.counts import RawCounts
from canary.rules.judging.habit import Habit
from canary.rules.looks.folding import fold_minutes
from canary.rules.looks.look_numbers import numbers_of
from canary.rules.looks.proof import moment_of, prove
from canary.rules.looks.replay import read_look, replay
from canary.rules.looks.steps import begin_bake
from canary.rules.looks.verdict import GOES_ON, LAST_WORDS, VerdictKind, decide
from canary.rules.reports.building import report_of
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import NOON, a_policy, a_rollout, a_target
from tests.rules.looks.test_folding import evidence_of

CHECKOUT = "business_CheckoutFailed"
METRICS = ("errors", "client_errors", "slow_p50", "slow_p99", "slow_250ms", CHECKOUT)
TARGET = a_target(
    metrics=Metrics(slow=("p50", "p99"), latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))
)
EVIDENCE = evidence_of(*METRICS)
LIMITS = {"p50": (120.0,), "p99": (840.0,)}
PER_MINUTE = 1200
LONGEST_LOOKS = 200


def a_minute(percent, *, failing=0.0, silent=()):
    """One minute's counts: half a percent of base's requests is bad, and `failing` more of the canary's fail."""
    nc = PER_MINUTE * percent // 100
    nb = PER_MINUTE - nc
    calm = RawCounts(nc, nc // 200, nb, nb // 200)
    seen = dict.fromkeys(METRICS, calm) | {"slow_p50": RawCounts(nc, nc // 2, nb, nb // 2)}
    seen["errors"] = RawCounts(nc, nc // 200 + round(nc * failing), nb, nb // 200)
    return {metric: RawCounts(0, 0, nb, 0) if metric in silent else counts for metric, counts in seen.items()}


def a_past(*, failing=None, percents=(10, 25), bake_seconds=600, silent=(), target=TARGET, most=LONGEST_LOOKS, **changes):
    """A rollout and its recorded looks, up to its end or for `most` looks. `failing`: by percent, what the canary breaks."""
    rollout = a_rollout(
        target=target,
        policy=a_policy(*percents, bake_seconds=bake_seconds, min_requests=50),
        phase=Phase.SHIFTING,
        evidence=evidence_json.to_json(EVIDENCE),
        habits={CHECKOUT: Habit(per_request=1.0)},
        limits_ms=LIMITS,
        needed=(100,) * len(percents),
        judged_to=int(NOON) - 60,
        **changes,
    )
    now, looks, evidence, verdict, blind_since = NOON + 7.0, [], EVIDENCE, None, None
    for index, percent in enumerate(percents):
        shifted = now
        shifts = (*rollout.shifts, shifted)
        rollout = replace(rollout, step=StepState(index=index), shifts=shifts, first_shift=NOON + 7.0)
        rollout = begin_bake(rollout, shifted + 31.0)
        while len(looks) < most and (verdict is None or verdict.kind not in GOES_ON):
            now += 60.0
            due = range(rollout.judged_to + 60, int(now), 60)
            weighted = {minute: percent if minute >= shifted - 30 else percents[index - 1] for minute in due}
            counts = {
                minute: a_minute(weight, failing=(failing or {}).get(weight, 0.0), silent=silent)
                for minute, weight in weighted.items()
            }
            both = {minute: (made["errors"].nc, made["errors"].nb) for minute, made in counts.items()}
            folded = fold_minutes(rollout, evidence, counts, now, integrated=both)
            rollout, evidence = folded.rollout, folded.evidence
            proof = prove(rollout, evidence, now=now)
            blind_since = (blind_since or now) if proof.blind else None
            moment = moment_of(replace(rollout, blind_since=blind_since), now)
            verdict = decide(policy=rollout.plan.policy, moment=moment, proof=proof, alarms=())
            numbers = numbers_of(folded.minutes, evidence, rollout)
            looks.append(read_look(f"{now:.3f}", verdict.kind.value, verdict.reason, numbers))
            if verdict.kind in LAST_WORDS:
                break
        if verdict is None or verdict.kind is not VerdictKind.ADVANCE:
            break
        verdict = None
    return _ended(rollout, verdict, now), tuple(looks)


def _ended(rollout, verdict, now):
    phases = {VerdictKind.ROLL_BACK: Phase.ROLLED_BACK, VerdictKind.PROMOTE: Phase.PROMOTED}
    if verdict is None or verdict.kind not in phases:
        return rollout
    return replace(rollout, phase=phases[verdict.kind], reason=verdict.reason, ended_at=now + 90.0, looked_at=now)


def replayed(past):
    rollout, looks = past
    return rollout, replay(rollout, EVIDENCE.history, looks)


def a_report(*, broken=(), past=None, **changes):
    """The report of such a rollout."""
    return report_of(*replayed(past or a_past(**changes)), broken=broken)


BAD = a_past(failing={10: 0.03}, labels={"commit": "4fa2c1"})
"""Rolled back in its first step."""

LATE = a_past(failing={25: 0.2})
"""Breaks at once under the second weight, in minutes that cannot be compared."""

GOOD = a_past()
"""Promoted."""

SILENT = a_past(silent=(CHECKOUT,))
"""A business metric of the canary has no data, which holds the step and rolls back at last."""
