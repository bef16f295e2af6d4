"""What a look decides, with its reason.

Alarms and the judge both hold a veto; no data is neither healthy nor harmful, it holds. The first rule that applies decides:

    the stage or an alias is not as this rollout left it   ROLL_BACK
    an alarm is firing                                     ROLL_BACK
    the judge condemns the canary                          ROLL_BACK
    the rollout was paused for as long as it may be        ROLL_BACK, unless the policy resumes it
    an instrument fails or a metric is silent              HOLD by its name; ROLL_BACK when it lasts
    an operator has paused the rollout                     HOLD
    an operator wants the promotion, and a minute of this  PROMOTE
      weight was judged
    the bake goes on                                       CONTINUE, or ADVANCE early where the policy allows it
    the bake is over, or nearly, and enough was judged     ADVANCE, or PROMOTE after the last step
    the bake is over, or nearly, and too little was judged HOLD while the extension lasts, then what the policy says
    held for longer than any rollout may take              ROLL_BACK
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from canary.rules.looks.findings import Finding, describe_findings
from canary.rules.releases.plan import longest_seconds
from canary.rules.rollouts.steering import NOT_STEERED, Steering
from canary.rules.targets.policy import Policy, Step, WhenUnproven

NEARLY_SECONDS = 15
"""A look so shortly before the bake's end ends it: looks are a minute apart, and the bake began a little after one."""


LATE_INVOCATIONS_SECONDS = 600
"""Lambda's metrics of a step are waited for this long after its extension (docs/aws.md#metric-delay)."""


class VerdictKind(enum.StrEnum):
    """The five words a look can answer."""

    CONTINUE = "CONTINUE"
    ADVANCE = "ADVANCE"
    HOLD = "HOLD"
    ROLL_BACK = "ROLL_BACK"
    PROMOTE = "PROMOTE"


GOES_ON = frozenset({VerdictKind.ADVANCE, VerdictKind.PROMOTE})
"""The verdicts that end a step for good."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision and the sentence that explains it."""

    kind: VerdictKind
    reason: str


class AlarmState(enum.StrEnum):
    """An alarm as a look sees it; BROKEN is one that CloudWatch could not evaluate, GONE one that is not there."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    BROKEN = "BROKEN"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class AlarmReading:
    """One alarm; ``is_ours`` are the target's own canary-against-base alarms, which may be without data."""

    name: str
    state: AlarmState
    is_ours: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What has been judged in the present step, and what the judge says of the whole rollout.

    ``needed``: the canary requests this step must have, 0 when unknown because no metric can say.
    ``condemned``: the judge's sentence if it condemns the canary.
    ``blind``: what could not be seen, one sentence each: an instrument that fails, a metric that is silent.
    ``requests_per_minute``: the canary's, over the step's judged minutes. ``silent_minutes``: the step's minutes without any.
    ``invoked``: how often Lambda ran the canary's functions in the step, where that was asked.
    ``compared``: both arms' numbers of the errors; ``findings``: what each metric has shown; ``notes``: what else to say.
    """

    judged_minutes: int
    requests: int
    needed: int
    requests_per_minute: float = 0.0
    silent_minutes: int = 0
    is_safe: bool = False
    condemned: str | None = None
    blind: tuple[str, ...] = ()
    invoked: int | None = None
    compared: str = ""
    findings: Mapping[str, Finding] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in the rollout a look happens. Times are epoch seconds; ``blind_since`` is None while everything can be seen.

    ``steering``: what operators want.
    """

    now: float
    step_index: int
    baking_since: float
    first_shift: float
    blind_since: float | None = None
    steering: Steering = NOT_STEERED


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
        return Verdict(VerdictKind.ROLL_BACK, "; ".join((against, *proof.blind, *_said(proof))))
    if over := _pause_over(policy, moment):
        return Verdict(VerdictKind.ROLL_BACK, over)
    return _decide_on_proof(policy, moment, proof, alarms)


def _decide_on_proof(policy: Policy, moment: Moment, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    """The verdict where nothing sends the canary back at once."""
    if proof.blind:
        return _while_blind(policy, moment, proof)
    if steered := _while_steered(policy, moment, proof):
        return steered
    step = policy.steps[moment.step_index]
    if moment.now + NEARLY_SECONDS < moment.baking_since + step.bake_seconds:
        return _during_bake(policy, moment, step, proof, alarms)
    return _after_bake(policy, moment, step, proof, alarms)


def alarms_against(alarms: tuple[AlarmReading, ...], tolerated: tuple[str, ...]) -> str | None:
    """Why the alarms forbid the promotion, or None. A gone or broken alarm fails closed."""
    return firing(alarms, tolerated) or next(iter(alarm_faults(alarms)), None)


def firing(alarms: tuple[AlarmReading, ...], tolerated: tuple[str, ...]) -> str | None:
    """The first alarm that fires and is not tolerated, as a sentence."""
    found = (alarm for alarm in alarms if alarm.state is AlarmState.ALARM and alarm.name not in tolerated)
    return next((f"alarm {alarm.name} is firing: {alarm.detail}" for alarm in found), None)


def alarm_faults(alarms: tuple[AlarmReading, ...]) -> tuple[str, ...]:
    """The alarms that could not fire if they had to, one sentence each."""
    return tuple(_alarm_faults(alarms))


def _alarm_faults(alarms: tuple[AlarmReading, ...]) -> Iterator[str]:
    for alarm in alarms:
        match alarm.state:
            case AlarmState.GONE:
                yield f"alarm {alarm.name} no longer exists, so nobody would hear it; create it again"
            case AlarmState.BROKEN:
                yield f"alarm {alarm.name} cannot be evaluated ({alarm.detail}); fix it"
            case AlarmState.OK | AlarmState.ALARM | AlarmState.INSUFFICIENT_DATA:
                continue
            case _:
                assert_never(alarm.state)


def _silent_alarm(alarms: tuple[AlarmReading, ...]) -> str | None:
    for alarm in alarms:
        if alarm.state is AlarmState.INSUFFICIENT_DATA and not alarm.is_ours:
            return f"alarm {alarm.name} has no data"
    return None


def _while_blind(policy: Policy, moment: Moment, proof: Proof) -> Verdict:
    """Hold by the name of what cannot be seen; go back once that has lasted for as long as the policy allows."""
    seen = "; ".join(proof.blind)
    lasted = moment.now - (moment.now if moment.blind_since is None else moment.blind_since)
    if lasted >= policy.max_blind_seconds:
        allowed = f"policy.max_blind_seconds allows {_minutes(policy.max_blind_seconds)}"
        return Verdict(VerdictKind.ROLL_BACK, f"{seen}; this has lasted for {_minutes(lasted)} and {allowed}")
    left = _minutes(policy.max_blind_seconds - lasted)
    return Verdict(VerdictKind.HOLD, f"{seen}; the rollout goes back in {left} if this lasts")


def _pause_over(policy: Policy, moment: Moment) -> str | None:
    """Why the rollout goes back after its pauses; one that is to resume instead is not paused any more."""
    if moment.steering.pause is None or moment.steering.pause_seconds_left(policy, moment.now) > 0:
        return None
    allowed = _minutes(policy.max_pause_seconds)
    return f"the rollout was paused for the {allowed} that policy.max_pause_seconds allows, and after_pause is roll_back"


def _while_steered(policy: Policy, moment: Moment, proof: Proof) -> Verdict | None:
    """What an operator wants, where nothing speaks against it; None where nothing is wanted or it cannot be yet."""
    steering = moment.steering
    if steering.pause:
        left = _minutes(steering.pause_seconds_left(policy, moment.now))
        why = f" ({steering.pause.reason})" if steering.pause.reason else ""
        return Verdict(VerdictKind.HOLD, f"paused by an operator{why}; {policy.after_pause} in {left}; {_judged(proof)}")
    if steering.promotion and proof.judged_minutes >= 1 and proof.invoked != 0:
        why = f" ({steering.promotion.reason})" if steering.promotion.reason else ""
        weight = policy.steps[moment.step_index].weight_percent
        reason = _with(proof, f"promoted by an operator{why} after {_judged(proof)} at {weight} %")
        tolerated = ", ".join(steering.promotion.tolerated_alarms)
        return Verdict(VerdictKind.PROMOTE, f"{reason}; tolerated: {tolerated}" if tolerated else reason)
    return None


def _during_bake(policy: Policy, moment: Moment, step: Step, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    if policy.early_advance and _is_safe(policy, proof) and not _silent_alarm(alarms):
        return _go_on(policy, moment, _with(proof, f"safe enough to go on after {_judged(proof)}"))
    left = _minutes(moment.baking_since + step.bake_seconds - moment.now)
    return Verdict(VerdictKind.CONTINUE, f"{_judged(proof)} at {step.weight_percent} %, {left} of the bake left")


def _after_bake(policy: Policy, moment: Moment, step: Step, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    lack = _silent_alarm(alarms) or _too_little(proof)
    if not lack:
        return _go_on(policy, moment, _with(proof, f"no worse than base over {_judged(proof)} at {step.weight_percent} %"))
    lack = _with(proof, lack)
    if moment.now < moment.baking_since + step.bake_seconds + policy.max_extension_seconds + _grace(proof):
        return Verdict(VerdictKind.HOLD, lack)
    return _out_of_patience(policy, moment, proof, lack)


def _out_of_patience(policy: Policy, moment: Moment, proof: Proof, lack: str) -> Verdict:
    waited = f"{lack}; the extension of {_minutes(policy.max_extension_seconds)} is used up"
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
        return Verdict(VerdictKind.HOLD, f"{reason}; promotion not before {_minutes(wait)} from now")
    return Verdict(VerdictKind.PROMOTE, reason)


def _is_safe(policy: Policy, proof: Proof) -> bool:
    """Whether the step may end early: shown safe by requests of which enough ran the release's code."""
    has_run = proof.invoked is None or proof.invoked >= policy.min_requests
    return proof.is_safe and proof.judged_minutes >= 1 and has_run


def _too_little(proof: Proof) -> str | None:
    if proof.judged_minutes < 1:
        silent = f": the canary had no request in {proof.silent_minutes} minutes" if proof.silent_minutes else ""
        return f"no minute of this step has been judged yet{silent}"
    if proof.requests >= proof.needed:
        return _too_few_invocations(proof)
    missing = proof.needed - proof.requests
    if proof.requests_per_minute <= 0:
        return f"{missing} more canary requests needed and none are arriving"
    minutes = _minutes(60 * missing / proof.requests_per_minute)
    return f"{missing} more canary requests needed, about {minutes} at {proof.requests_per_minute:.1f} a minute"


def _grace(proof: Proof) -> int:
    """Beyond the extension, where only Lambda's own metrics are missing, which may come later than the log's."""
    has_requests = proof.judged_minutes >= 1 and proof.requests >= proof.needed
    return LATE_INVOCATIONS_SECONDS if has_requests and _too_few_invocations(proof) else 0


def _too_few_invocations(proof: Proof) -> str | None:
    """Answers that no function of the canary gave prove nothing about the release."""
    if proof.invoked is None or proof.invoked >= proof.needed:
        return None
    return (
        f"Lambda ran the canary's functions {proof.invoked} times in this step where {proof.needed} are needed; "
        f"its {proof.requests} requests were answered without them"
    )


def _with(proof: Proof, reason: str) -> str:
    compared = (f"{reason}: {proof.compared}",) if proof.compared else (reason,)
    return "; ".join((*compared, *_said(proof)))


def _said(proof: Proof) -> tuple[str, ...]:
    """What each metric has shown, and what else is to be known."""
    findings = describe_findings(proof.findings)
    return (*((findings,) if findings else ()), *proof.notes)


def _judged(proof: Proof) -> str:
    return f"{proof.judged_minutes} judged minutes and {proof.requests} canary requests"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
