"""Every verdict again, from the recorded counts alone: whoever has the report's JSON can check what the controller decided.

What is not recorded as numbers is not known here: alarms, the check of the instruments, edits by others, an operator's wishes.
A verdict that rests on one of these differs, and its reason says on which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.looks.proof import moment_of, prove
from canary.rules.looks.verdict import VerdictKind, decide
from canary.rules.rollouts.steering import NOT_STEERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.looks.replay import ReplayedLook


@dataclass(frozen=True, slots=True)
class VerdictAgain:
    """A look's verdict as recorded, and as the counts alone give it, with its reason. ``at`` is in epoch seconds."""

    at: float
    recorded: VerdictKind
    computed: VerdictKind
    reason: str

    @property
    def is_same(self) -> bool:
        """Whether the counts alone give the recorded verdict."""
        return self.recorded is self.computed


def verdicts_again(looks: Sequence[ReplayedLook]) -> Iterator[VerdictAgain]:
    """The verdicts of replayed looks, in their order."""
    blind_since: float | None = None
    for one in looks:
        at, policy = one.look.at, one.rollout.plan.policy
        proof = prove(one.rollout, one.evidence, now=at)
        blind_since = (at if blind_since is None else blind_since) if proof.blind else None
        moment = moment_of(replace(one.rollout, blind_since=blind_since, steering=NOT_STEERED), at)
        verdict = decide(policy=policy, moment=moment, proof=proof, alarms=())
        yield VerdictAgain(at, one.look.verdict, verdict.kind, verdict.reason)


def checked(looks: Sequence[ReplayedLook]) -> str:
    """How many of the verdicts follow from the counts alone, in a sentence."""
    again = list(verdicts_again(looks))
    same = sum(one.is_same for one in again)
    if same == len(again):
        return f"All {same} verdicts follow from the recorded counts alone." if same else "There is no verdict."
    other = next(one for one in again if not one.is_same)
    return (
        f"{same} of {len(again)} verdicts follow from the recorded counts alone. The others rest on what their reasons name, "
        f"such as an alarm, an edit or an operator; the counts alone would first have said {other.computed}."
    )
