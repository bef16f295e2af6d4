"""Who did what to a rollout: the verbs that took effect, and who started it. Values, and how a caller is named.

A caller is *vouched for* if AWS itself named it (`canary.rules.rollouts.proofs`). Whatever a call or an input says about its
caller is only *claimed*, and is recorded with the id by which CloudTrail finds the call.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CalledBy:
    """Who made a call.

    ``arn``: the caller as STS named it, None if nobody vouches for one. ``claimed``: what the call says on whose behalf it is
    made. ``request_id``: the id of the Lambda request or the ARN of the execution, by which CloudTrail finds the call.
    ``proof_id``: the request id that the proof is bound to. ``unproven``: why a proof that was sent vouches for nobody.
    """

    arn: str | None = None
    claimed: str = ""
    request_id: str = ""
    proof_id: str = ""
    unproven: str = ""

    @property
    def name(self) -> str:
        """The caller for a sentence; empty if nothing is known of it."""
        claim = f"claimed: {self.claimed}" if self.claimed else ""
        if self.arn:
            return f"{self.arn} ({claim})" if claim else self.arn
        return f"someone ({claim})" if claim else ""


UNKNOWN_CALLER = CalledBy()


@dataclass(frozen=True, slots=True)
class Action:
    """A verb that took effect. ``at``: AWS's time of the call, in epoch seconds. ``verb``: an operator's verb, or advance."""

    at: float
    verb: str
    reason: str = ""
    caller: CalledBy = UNKNOWN_CALLER


@dataclass(frozen=True, slots=True)
class StartedBy:
    """Who started a rollout, as far as its execution's input tells; all of it is claimed.

    ``execution``: the ARN by which CloudTrail finds the call of StartExecution and its caller. ``parent``: the execution that
    started this one, as Step Functions itself passes it on. ``is_scheduled``: whether the input names a scheduled time.
    """

    execution: str = ""
    parent: str = ""
    claimed: str = ""
    is_scheduled: bool = False

    @property
    def claims(self) -> str:
        """What the input tells of the starter; empty if nothing."""
        parts = (self.claimed, f"execution {self.parent}" if self.parent else "", "a schedule" if self.is_scheduled else "")
        return "; ".join(filter(None, parts))


def told(verb: str, caller: CalledBy, reason: str) -> str:
    """What was done, in one sentence: `aborted by arn:...: OPS-1`. `verb` in the past tense."""
    by = f" by {caller.name}" if caller.name else ""
    return f"{verb}{by}: {reason}" if reason else f"{verb}{by}"
