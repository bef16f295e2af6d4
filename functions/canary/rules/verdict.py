"""What a look decides, with its reason.

Alarms and the judge both hold a veto; no data is neither healthy nor harmful, it holds. The first rule that applies decides:

    the stage or an alias is not as this rollout left it   ROLL_BACK
    an alarm is firing, gone or broken                     ROLL_BACK
    the judge condemns the canary                          ROLL_BACK
    the bake goes on                                       CONTINUE, or ADVANCE early where the policy allows it
    the bake is over, or nearly, and enough was judged     ADVANCE, or PROMOTE after the last step
    the bake is over, or nearly, and too little was judged HOLD while the extension lasts, then what the policy says
    held for longer than any rollout may take              ROLL_BACK
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import assert_never

from canary.rules.plan import longest_seconds
from canary.rules.policy import Policy, Step, WhenUnproven

NEARLY_SECONDS = 15
"""A look so shortly before the bake's end ends it: looks are a minute apart, and the bake began a little after one."""


class VerdictKind(enum.StrEnum):
    """The five words a look can answer."""

    CONTINUE = "CONTINUE"
    ADVANCE = "ADVANCE"
    HOLD = "HOLD"
    ROLL_BACK = "ROLL_BACK"
    PROMOTE = "PROMOTE"


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
    ``missing``: why the metrics cannot be read at all, if so.
    ``requests_per_minute``: the canary's, over the step's judged minutes.
    """

    judged_minutes: int
    requests: int
    needed: int
    requests_per_minute: float = 0.0
    is_safe: bool = False
    condemned: str | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in the rollout a look happens. Times are epoch seconds."""

    now: float
    step_index: int
    baking_since: float
    first_shift: float


def decide(
    *,
    policy: Policy,
    moment: Moment,
    proof: Proof,
    alarms: tuple[AlarmReading, ...],
    tolerated: tuple[str, ...] = (),
    foreign: tuple[str, ...] = (),
) -> Verdict:
    """The verdict of one look. ``foreign``: what was found changed by somebody else, one sentence each."""
    if foreign:
        return Verdict(VerdictKind.ROLL_BACK, "; ".join(foreign))
    if against := alarms_against(alarms, tolerated):
        return Verdict(VerdictKind.ROLL_BACK, against)
    if proof.condemned:
        return Verdict(VerdictKind.ROLL_BACK, proof.condemned)
    step = policy.steps[moment.step_index]
    if moment.now + NEARLY_SECONDS < moment.baking_since + step.bake_seconds:
        return _during_bake(policy, moment, step, proof, alarms)
    return _after_bake(policy, moment, step, proof, alarms)


def alarms_against(alarms: tuple[AlarmReading, ...], tolerated: tuple[str, ...]) -> str | None:
    """Why the alarms forbid to go on, or None. A gone or broken alarm fails closed."""
    for alarm in alarms:
        match alarm.state:
            case AlarmState.ALARM if alarm.name not in tolerated:
                return f"alarm {alarm.name} is firing: {alarm.detail}"
            case AlarmState.GONE:
                return f"alarm {alarm.name} no longer exists, so nobody would hear it; create it again before the next rollout"
            case AlarmState.BROKEN:
                return f"alarm {alarm.name} cannot be evaluated ({alarm.detail}); mend it before the next rollout"
            case _:
                continue
    return None


def _silent_alarm(alarms: tuple[AlarmReading, ...]) -> str | None:
    for alarm in alarms:
        if alarm.state is AlarmState.INSUFFICIENT_DATA and not alarm.is_ours:
            return f"alarm {alarm.name} has no data"
    return None


def _during_bake(policy: Policy, moment: Moment, step: Step, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    if proof.missing:
        return Verdict(VerdictKind.HOLD, proof.missing)
    if policy.early_advance and proof.is_safe and proof.judged_minutes >= 1 and not _silent_alarm(alarms):
        return _go_on(policy, moment, f"safe enough to go on after {_judged(proof)}")
    left = _minutes(moment.baking_since + step.bake_seconds - moment.now)
    return Verdict(VerdictKind.CONTINUE, f"{_judged(proof)} at {step.weight} %, {left} of the bake left")


def _after_bake(policy: Policy, moment: Moment, step: Step, proof: Proof, alarms: tuple[AlarmReading, ...]) -> Verdict:
    lack = proof.missing or _silent_alarm(alarms) or _too_little(proof)
    if not lack:
        return _go_on(policy, moment, f"no worse than base over {_judged(proof)} at {step.weight} %")
    if moment.now < moment.baking_since + step.bake_seconds + policy.max_extension_seconds:
        return Verdict(VerdictKind.HOLD, lack)
    return _out_of_patience(policy, moment, proof, lack)


def _out_of_patience(policy: Policy, moment: Moment, proof: Proof, lack: str) -> Verdict:
    waited = f"{lack}; the extension of {_minutes(policy.max_extension_seconds)} is used up"
    match policy.when_unproven:
        case WhenUnproven.ROLL_BACK:
            return Verdict(VerdictKind.ROLL_BACK, f"{waited} and when_unproven is roll_back")
        case WhenUnproven.PROMOTE if proof.judged_minutes >= 1:
            return _go_on(policy, moment, f"{waited} and when_unproven is promote")
        case WhenUnproven.HOLD | WhenUnproven.PROMOTE:
            return _hold_on(policy, moment, waited)
        case _:
            assert_never(policy.when_unproven)


def _hold_on(policy: Policy, moment: Moment, waited: str) -> Verdict:
    if moment.now >= moment.first_shift + longest_seconds(policy):
        return Verdict(VerdictKind.ROLL_BACK, f"{waited}, and so is the time that a rollout may take")
    return Verdict(VerdictKind.HOLD, waited)


def _go_on(policy: Policy, moment: Moment, reason: str) -> Verdict:
    if moment.step_index + 1 < len(policy.steps):
        return Verdict(VerdictKind.ADVANCE, reason)
    wait = moment.first_shift + policy.not_before_seconds - moment.now
    if wait > 0:
        return Verdict(VerdictKind.HOLD, f"{reason}; promotion not before {_minutes(wait)} from now")
    return Verdict(VerdictKind.PROMOTE, reason)


def _is_proven(proof: Proof) -> bool:
    return proof.judged_minutes >= 1 and proof.requests >= proof.needed


def _too_little(proof: Proof) -> str | None:
    if _is_proven(proof):
        return None
    if proof.judged_minutes < 1:
        return "no minute of this step has been judged yet"
    missing = proof.needed - proof.requests
    if proof.requests_per_minute <= 0:
        return f"{missing} more canary requests needed and none are arriving"
    minutes = _minutes(60 * missing / proof.requests_per_minute)
    return f"{missing} more canary requests needed, about {minutes} at {proof.requests_per_minute:.1f} a minute"


def _judged(proof: Proof) -> str:
    return f"{proof.judged_minutes} judged minutes and {proof.requests} canary requests"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
