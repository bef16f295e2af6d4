"""EvaluateCanary: one look by an execution, and which state follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.aws.errors import OwnershipLostError
from canary.edge.events import LookEvent
from canary.rules.looks.look_schedule import next_look_seconds
from canary.rules.looks.verdict import VerdictKind
from canary.rules.rollouts.phases import Phase
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.look import look, mark_of

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout


def evaluate_canary(event: LookEvent, tools: Tools) -> Json:
    """The look's verdict and the machine's next word; a retry of the same state entry returns the recorded verdict."""
    mark = mark_of(event.now)
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target, look=mark)
    if owned.look:
        return _answer(owned.rollout, event.now, VerdictKind(owned.look.verdict), owned.look.reason)
    if owned.rollout.phase is not Phase.SHIFTING:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it has no bake to look at")
    seen = look(owned, tools, now=event.now, baking_since=event.baking_since)
    return _answer(seen.owned.rollout, event.now, seen.verdict.kind, seen.verdict.reason)


def _answer(rollout: Rollout, now: float, verdict: VerdictKind, reason: str) -> Json:
    look_seconds = next_look_seconds(rollout, now)
    return {"verdict": verdict.value, "next": _next(rollout, verdict), "reason": reason, "look_seconds": look_seconds}


def _next(rollout: Rollout, verdict: VerdictKind) -> str:
    """One word for the machine; a scheduled rollout parks where a continuous one goes on."""
    match verdict:
        case VerdictKind.CONTINUE | VerdictKind.HOLD:
            return "BAKE"
        case VerdictKind.ADVANCE | VerdictKind.PROMOTE if rollout.is_to_be_parked:
            return "PARK"
        case VerdictKind.ADVANCE:
            return "SHIFT"
        case VerdictKind.PROMOTE:
            return "PROMOTE"
        case VerdictKind.ROLL_BACK:
            return "ROLL_BACK"
        case _:
            assert_never(verdict)


handler = Handler(on(LookEvent), evaluate_canary)
