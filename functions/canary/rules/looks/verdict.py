"""What a look decides, with its reason.

Alarms and the judge each have a veto. Missing data counts as neither good nor bad: the step holds. The first rule that applies
decides:

    the stage or an alias is not as this rollout left it   ROLL_BACK
    an alarm is firing                                     ROLL_BACK
    the judge condemns the canary                          ROLL_BACK
    the rollout was paused for as long as it may be        ROLL_BACK, unless the policy resumes it
    an instrument fails or a metric is silent              HOLD, which names it; ROLL_BACK if it lasts
    an operator has paused the rollout                     HOLD
    complete minutes are left to the next looks            CONTINUE
    an operator wants the promotion, and a minute of this  PROMOTE
      weight was judged
    the bake goes on                                       CONTINUE, or ADVANCE early if the policy allows it
    the bake is over, or nearly, and the canary is slow    HOLD until its warm-up is over
      but may still be warming up
    the bake is over, or nearly, enough was judged, and    HOLD while the extension lasts
      the evidence is high
    the bake is over, or nearly, and enough was judged     ADVANCE, or PROMOTE after the last step
    the bake is over, or nearly, and too little was judged HOLD while the extension lasts, then what the policy says
      or an outage of base may hide a fault
    the step holds longer than any rollout may take        ROLL_BACK

`canary.rules.looks.proof` sums up what the verdict rests on.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import assert_never

from canary.rules.looks.alarm_readings import AlarmReading, firing, silent_alarm
from canary.rules.looks.proof import NEARLY_SECONDS, Moment, Proof
from canary.rules.looks.reasons import findings_and_notes, grace_seconds, in_minutes, judged, too_little, with_numbers
from canary.rules.looks.steered import awaited, pause_over, paused, promoted
from canary.rules.releases.plan import longest_seconds
from canary.rules.targets.policy import Policy, Step, WhenUnproven


class VerdictKind(enum.StrEnum):
    """The five verdicts of a look."""

    CONTINUE = "CONTINUE"
    ADVANCE = "ADVANCE"
    HOLD = "HOLD"
    ROLL_BACK = "ROLL_BACK"
    PROMOTE = "PROMOTE"


GOES_ON = frozenset({VerdictKind.ADVANCE, VerdictKind.PROMOTE})
"""The verdicts that end a step for good."""

LAST_WORDS = frozenset({VerdictKind.ROLL_BACK, VerdictKind.PROMOTE})
"""The verdicts whose reason is the rollout's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision and the sentence that explains it."""

    kind: VerdictKind
    reason: str


def decide(
    *,
    policy: Policy,
    moment: Moment,
    proof: Proof,
    alarms: tuple[AlarmReading, ...],
    tolerated: tuple[str, ...] = (),
    drift: tuple[str, ...] = (),
) -> Verdict:
    """The verdict of one look. ``drift``: what someone else changed, one sentence each."""
    if drift:
        return Verdict(VerdictKind.ROLL_BACK, "; ".join(drift))
    if against := firing(alarms, tolerated) or proof.condemned:
        return Verdict(VerdictKind.ROLL_BACK, "; ".join((against, *proof.blind, *findings_and_notes(proof))))
    if over := pause_over(policy, moment):
        return Verdict(VerdictKind.ROLL_BACK, over)
    return _decide_on_proof(policy, moment, proof, alarms)


def _decide_on_proof(policy: Policy, moment: Moment, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    """The verdict if nothing rolls the canary back at once."""
    if proof.blind:
        return _while_blind(policy, moment, proof)
    if proof.behind and not moment.steering.pause:
        return Verdict(VerdictKind.CONTINUE, f"{proof.behind} complete minutes are still to be judged by the next looks")
    if steered := _while_steered(policy, moment, proof):
        return steered
    verdict = _while_baking(policy, moment, proof, alarms)
    if verdict.kind in LAST_WORDS:
        return verdict
    return Verdict(verdict.kind, verdict.reason + awaited(moment.steering.promotion, proof))


def _while_baking(policy: Policy, moment: Moment, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    """The verdict on what was judged, if no operator's verb decides it."""
    step = policy.steps[moment.step_index]
    if moment.now + NEARLY_SECONDS < moment.baking_since + step.bake_seconds:
        return _during_bake(policy, moment, step, proof, alarms)
    return _after_bake(policy, moment, step, proof, alarms)


def _while_steered(policy: Policy, moment: Moment, proof: Proof) -> Verdict | None:
    """What an operator wants, if nothing speaks against it; None if nothing is wanted or it cannot be done yet."""
    if moment.steering.pause:
        return Verdict(VerdictKind.HOLD, paused(policy, moment, moment.steering.pause, proof))
    if moment.steering.promotion and proof.judged_minutes >= 1 and proof.invoked != 0:
        return Verdict(VerdictKind.PROMOTE, promoted(policy, moment, moment.steering.promotion, proof))
    return None


def _while_blind(policy: Policy, moment: Moment, proof: Proof) -> Verdict:
    """Hold and name what cannot be seen; roll back once that has lasted as long as the policy allows."""
    seen = "; ".join(proof.blind)
    lasted = moment.now - (moment.now if moment.blind_since is None else moment.blind_since)
    if lasted >= policy.max_blind_seconds:
        allowed = f"policy.max_blind_seconds allows {in_minutes(policy.max_blind_seconds)}"
        return Verdict(VerdictKind.ROLL_BACK, f"{seen}; this has lasted for {in_minutes(lasted)} and {allowed}")
    left = in_minutes(policy.max_blind_seconds - lasted)
    return Verdict(VerdictKind.HOLD, f"{seen}; the rollout is rolled back in {left} if this lasts")


def _during_bake(policy: Policy, moment: Moment, step: Step, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    if policy.early_advance and _is_safe(policy, proof) and not is_open(proof, alarms):
        return _go_on(policy, moment, with_numbers(proof, f"safe enough to go on after {judged(proof)}"))
    left = in_minutes(moment.baking_since + step.bake_seconds - moment.now)
    return Verdict(VerdictKind.CONTINUE, f"{judged(proof)} at {step.weight_percent} %, {left} of the bake left")


def is_open(proof: Proof, alarms: tuple[AlarmReading, ...]) -> bool:
    """Whether anything would make a step wait that could end now, because more must be seen."""
    return bool(silent_alarm(alarms) or proof.suspicion or proof.hidden or proof.cold)


def _after_bake(policy: Policy, moment: Moment, step: Step, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    if proof.cold:  # for the minutes of its warm-up at most, even where the policy has no extension
        return Verdict(VerdictKind.HOLD, with_numbers(proof, proof.cold))
    lack = silent_alarm(alarms) or too_little(proof) or proof.hidden
    if not lack:
        return _while_suspicious(policy, moment, step, proof)
    lack = with_numbers(proof, lack)
    if moment.now < moment.baking_since + step.bake_seconds + policy.max_extension_seconds + grace_seconds(proof):
        return Verdict(VerdictKind.HOLD, lack)
    return _out_of_patience(policy, moment, proof, lack)


def _while_suspicious(policy: Policy, moment: Moment, step: Step, proof: Proof) -> Verdict:
    """The verdict on a step that was judged enough: what is suspicious is watched longer, but only within the extension."""
    over = f"over {judged(proof)} at {step.weight_percent} %"
    if not proof.suspicion:
        return _go_on(policy, moment, with_numbers(proof, f"no worse than base {over}"))
    if moment.now + NEARLY_SECONDS < moment.baking_since + step.bake_seconds + policy.max_extension_seconds:
        return Verdict(VerdictKind.HOLD, with_numbers(proof, f"more evidence is needed: {proof.suspicion} {over}"))
    but = f"{proof.suspicion}; the extension of {in_minutes(policy.max_extension_seconds)} is used up"
    return _go_on(policy, moment, with_numbers(proof, f"not shown to be worse than base {over}, but {but}"))


def _out_of_patience(policy: Policy, moment: Moment, proof: Proof, lack: str) -> Verdict:
    waited = f"{lack}; the extension of {in_minutes(policy.max_extension_seconds)} is used up"
    match policy.when_unproven:
        case WhenUnproven.ROLL_BACK:
            return Verdict(VerdictKind.ROLL_BACK, f"{waited} and when_unproven is roll_back")
        case WhenUnproven.PROMOTE if proof.judged_minutes >= 1 and proof.invoked != 0:
            return _go_on(policy, moment, f"{waited} and when_unproven is promote")
        case WhenUnproven.HOLD | WhenUnproven.PROMOTE:
            return _hold_on(policy, moment, waited)
        case _:
            assert_never(policy.when_unproven)


def _hold_on(policy: Policy, moment: Moment, waited: str) -> Verdict:
    if moment.now >= moment.first_shift + longest_seconds(policy) + moment.steering.paused_seconds:
        return Verdict(VerdictKind.ROLL_BACK, f"{waited}, and so is the time that a rollout may take")
    return Verdict(VerdictKind.HOLD, waited)


def _go_on(policy: Policy, moment: Moment, reason: str) -> Verdict:
    if moment.step_index + 1 < len(policy.steps):
        return Verdict(VerdictKind.ADVANCE, reason)
    wait = moment.first_shift + policy.not_before_seconds - moment.now
    if wait > 0:
        return Verdict(VerdictKind.HOLD, f"{reason}; promotion not before {in_minutes(wait)} from now")
    return Verdict(VerdictKind.PROMOTE, reason)


def _is_safe(policy: Policy, proof: Proof) -> bool:
    """Whether the step may end early: the canary is shown to be safe, and enough requests ran the release's code."""
    has_run = proof.invoked is None or proof.invoked >= policy.min_requests
    return proof.is_safe and proof.judged_minutes >= 1 and has_run
