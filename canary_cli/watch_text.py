"""What `watch` says of each look, phase and ending: one line of text, or one JSON object. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.rules.judging.judge import log_strength
from canary.rules.looks.proof import format_e
from canary.rules.rollouts.phases import Phase
from canary_cli.arms.comparing import Arm
from canary_cli.stories.instants import local, local_clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.aws.record_items import LookItem
    from canary.rules.rollouts.rollout import Rollout
    from canary_cli.following import Ending

PHASES = {
    Phase.PREPARING: "the canary is prepared",
    Phase.SHIFTING: "the canary has traffic",
    Phase.PARKED: "parked: the canary keeps its weight until an advance",
    Phase.TAKING_ALL: "the canary gets all traffic and base drains",
    Phase.MOVING_BASE: "base's aliases move to the release",
    Phase.WATCHING: "promoted: base serves the release, which is watched",
    Phase.ROLLING_BACK: "base gets all traffic and the canary is removed",
}


NO_REQUESTS = Arm(0, 0, None)


@dataclass(frozen=True, slots=True)
class Sums:
    """What both arms did up to a look: requests and failed ones, as the looks recorded them."""

    canary: Arm = NO_REQUESTS
    base: Arm = NO_REQUESTS

    def plus(self, look: LookItem) -> Sums:
        """With the minutes of one more look."""
        nc, ec, nb, eb = (sum(column) for column in zip((0, 0, 0, 0), *_counts(look), strict=True))
        return Sums(
            Arm.of(self.canary.requests + nc, self.canary.bad + ec), Arm.of(self.base.requests + nb, self.base.bad + eb)
        )


def _counts(look: LookItem) -> Iterable[tuple[int, int, int, int]]:
    for _, _, counts, *_ in look.numbers["minutes"]:
        of_metric = counts.get("errors") or next(iter(counts.values()), None)
        if of_metric:
            nc, ec, nb, eb = of_metric
            yield nc, ec or 0, nb, eb or 0


def look_line(rollout: Rollout, look: LookItem, sums: Sums) -> str:
    """``00:06:01 UTC orders step 1 of 2 at 25 %: canary 0 of 59, base 0 of 194, E 0.9: ADVANCE: no worse than base ...``."""
    place = f"step {look.numbers['step'] + 1} of {len(rollout.plan.policy.steps)} at {look.numbers['weight_percent']:g} %"
    arms = f"canary {_arm(sums.canary)}, base {_arm(sums.base)}, E {format_e(_log_e(look))}"
    return f"{_begin(float(look.at), rollout.target.name)} {place}: {arms}: {look.verdict}: {look.reason}"


def look_event(rollout: Rollout, look: LookItem, sums: Sums) -> dict[str, Any]:
    """The same for programs."""
    return {
        "event": "look",
        "target": rollout.target.name,
        "rollout_id": rollout.rollout_id,
        "looked_at": float(look.at),
        "step": look.numbers["step"] + 1,
        "steps": len(rollout.plan.policy.steps),
        "weight_percent": look.numbers["weight_percent"],
        "canary": {"requests": sums.canary.requests, "bad": sums.canary.bad, "rate": sums.canary.rate},
        "base": {"requests": sums.base.requests, "bad": sums.base.bad, "rate": sums.base.rate},
        "log_e": round(_log_e(look), 4),
        "verdict": look.verdict,
        "reason": look.reason,
    }


def phase_line(rollout: Rollout, at: float) -> str:
    """That a rollout has come to another phase, found at an instant."""
    return f"{_begin(at, rollout.target.name)} {PHASES.get(rollout.phase, rollout.phase.value)}"


def phase_event(rollout: Rollout, at: float) -> dict[str, Any]:
    """The same for programs."""
    names = {"target": rollout.target.name, "rollout_id": rollout.rollout_id}
    return {"event": "phase", **names, "seen_at": at, "phase": rollout.phase.value}


def checking_line(target: str, rollout_id: str) -> str:
    """That nothing is recorded yet."""
    return f"{target}: rollout {rollout_id}: the controller checks the release"


def checking_event(target: str, rollout_id: str) -> dict[str, Any]:
    """The same for programs."""
    return {"event": "checking", "target": target, "rollout_id": rollout_id}


def ending_line(target: str, rollout_id: str, ending: Ending) -> str:
    """How a rollout ended."""
    why = f": {ending.reason}" if ending.reason else ""
    return f"{target}: rollout {rollout_id}: {ending.outcome}{why}"


def ending_event(target: str, rollout_id: str, ending: Ending) -> dict[str, Any]:
    """The same for programs."""
    return {
        "event": "ending",
        "target": target,
        "rollout_id": rollout_id,
        "outcome": ending.outcome,
        "reason": ending.reason,
        "exit_code": int(ending.exit_code),
    }


def begin_line(rollout: Rollout) -> str:
    """What is watched."""
    steps = ", ".join(f"{step.weight_percent} %" for step in rollout.plan.policy.steps)
    what = f"steps {steps}" if rollout.reverts is None else f"reverts rollout {rollout.reverts}"
    return f"{rollout.target.name}: rollout {rollout.rollout_id}, started {local(rollout.started_at)}, {what}"


def _begin(at: float, target: str) -> str:
    return f"{local_clock(at)} {target}"


def _arm(arm: Arm) -> str:
    return f"{arm.bad:,} of {arm.requests:,}"


def _log_e(look: LookItem) -> float:
    return log_strength(look.numbers["log_e"], look.numbers["log_e_assisted"])
