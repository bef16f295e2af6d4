"""What a step lacks for its verdict, how long Lambda's metrics may be late, and the sentences of a verdict's reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.looks.findings import describe_findings

if TYPE_CHECKING:
    from canary.rules.looks.proof import Proof

LATE_INVOCATIONS_SECONDS = 600
"""How long after a step's extension to wait for Lambda's metrics (docs/aws.md#metric-delay)."""


def too_little(proof: Proof) -> str | None:
    """What the step still needs before it can be judged, or None."""
    if proof.judged_minutes < 1:
        silent = f": the canary had no request in {proof.silent_minutes} minutes" if proof.silent_minutes else ""
        return f"no minute of this step has been judged yet{silent}"
    if proof.requests >= proof.needed:
        return too_few_invocations(proof)
    missing = proof.needed - proof.requests
    if proof.requests_per_minute <= 0:
        return f"{missing:,} more canary requests needed and none are arriving"
    minutes = in_minutes(60 * missing / proof.requests_per_minute)
    return f"{missing:,} more canary requests needed, about {minutes} at {proof.requests_per_minute:.1f} per minute"


def too_few_invocations(proof: Proof) -> str | None:
    """Answers that came from none of the canary's functions prove nothing about the release."""
    if proof.invoked is None or proof.invoked >= proof.needed:
        return None
    return (
        f"Lambda ran the canary's functions {proof.invoked} times in this step where {proof.needed} are needed; "
        f"its {proof.requests} requests were answered without them"
    )


def grace_seconds(proof: Proof) -> int:
    """Extra seconds after the extension if only Lambda's own metrics are missing: they may arrive later than the log's."""
    has_requests = proof.judged_minutes >= 1 and proof.requests >= proof.needed
    return LATE_INVOCATIONS_SECONDS if has_requests and too_few_invocations(proof) else 0


def with_numbers(proof: Proof, reason: str) -> str:
    """The reason with both arms' errors, what each metric has shown, and the notes."""
    compared = (f"{reason}: {proof.compared}",) if proof.compared else (reason,)
    return "; ".join((*compared, *findings_and_notes(proof)))


def findings_and_notes(proof: Proof) -> tuple[str, ...]:
    """What each metric has shown, and the notes."""
    findings = describe_findings(proof.findings)
    return (*((findings,) if findings else ()), *proof.notes)


def judged(proof: Proof) -> str:
    """How much was judged in the step."""
    minutes = "1 judged minute" if proof.judged_minutes == 1 else f"{proof.judged_minutes} judged minutes"
    return f"{minutes} and {proof.requests:,} canary requests"


def in_minutes(seconds: float) -> str:
    """A time for people."""
    return f"{seconds / 60:.0f} min"
