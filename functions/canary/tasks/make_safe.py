"""MakeSafe: after any error, makes one pass towards a safe target and reports the ending that is now true."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.aws.notifications import LONGEST_CAUSE as LONGEST_SAID
from canary.aws.safety import make_pass
from canary.edge.events import SafetyEvent
from canary.rules.looks.promotion import REVERTED, answer_promoted
from canary.rules.messages.kinds import NotificationKind
from canary.rules.rollouts.phases import Answer, Phase
from canary.rules.rollouts.report import summary
from canary.rules.rollouts.watch_course import note_reason
from canary.tasks.common.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.rules.rollouts.rollout import Rollout

REJECTED = "CanaryRejected"
"""The error of the machine's own Fail states; the record already has the reason."""

LONGEST_CAUSE = 32_000
"""Characters of a reason in a Fail state, well below the limit (docs/aws.md#fail-cause); commands for a person may be long."""

ENDINGS = {Phase.WATCHING: "WATCHING", Phase.PROMOTED: "PROMOTED", Phase.ROLLED_BACK: "ROLLED_BACK", Phase.REFUSED: "REFUSED"}


def make_safe(event: SafetyEvent, tools: Tools) -> Json:
    """SAFE with the ending, WAIT with the seconds to the next pass, or REFUSED with a reason for a person."""
    owned = tools.records.find(event.rollout_id, target=event.target)
    if owned is None:
        return _without_record(event, tools)
    owned = _find_revert(owned, event, tools) or owned
    if owned.rollout.phase.is_terminal:
        return _ending(owned.rollout, event)
    if owned.lock.rollout_id != owned.rollout.rollout_id or owned.lock.owner != event.execution:
        return _end(
            "REFUSED", f"rollout {event.rollout_id} is now owned by {owned.lock.owner}; this execution changed nothing more"
        )
    owned = _note_reason(owned, event, tools)
    safety = make_pass(tools, owned, event.now, watches=True)
    tools.logger.info(
        "pass made",
        rollout=event.rollout_id,
        phase=safety.owned.rollout.phase,
        answer=safety.answer,
        refusals=safety.refusals,
    )
    match safety.answer:
        case Answer.SAFE:
            return _ending(safety.owned.rollout, event)
        case Answer.WAIT:
            reason = safety.owned.rollout.reason[:LONGEST_CAUSE]
            return {"answer": "WAIT", "ending": "", "reason": reason, "wait_seconds": safety.wait_seconds, "summary": {}}
        case Answer.REFUSED:
            tools.count("OperatorNeeded")
            return _end("NEEDS_OPERATOR", f"{safety.owned.rollout.reason}; {'; '.join(safety.refusals)}", "REFUSED")
        case _:
            assert_never(safety.answer)


def _find_revert(owned: Owned, event: SafetyEvent, tools: Tools) -> Owned | None:
    """The revert to which the rollout's watch gave the lock, if this execution never heard of that."""
    revert = owned.rollout.watch.reverted_by if owned.rollout.watch else None
    if revert is None or (owned.lock.rollout_id, owned.lock.owner) != (revert, event.execution):
        return None
    return tools.records.find(revert, lock=owned.lock)


def _without_record(event: SafetyEvent, tools: Tools) -> Json:
    """Without a record, either nothing was taken and changed, or someone deleted the record and the changes are unknown."""
    lock = tools.records.read_lock(event.target)
    if not event.is_begun and event.rollout_id not in {lock.rollout_id, lock.last_rollout_id}:
        return _end("REFUSED", f"nothing was changed: {event.reason}")
    reason = (
        f"the record of rollout {event.rollout_id} was deleted, so its changes are unknown: check the stage, "
        f"its canary and the aliases of {event.target}; the error before that: {event.reason}"
    )
    tools.count("OperatorNeeded")
    if lock.rollout_id != event.rollout_id:
        detail = {"target": event.target, "rollout": event.rollout_id, "execution": event.execution, "phase": "unknown"}
        tools.notifications.tell(NotificationKind.OPERATOR_NEEDED, {**detail, "reason": reason[:LONGEST_SAID]})
    return _end("NEEDS_OPERATOR", reason, "REFUSED")


def _note_reason(owned: Owned, event: SafetyEvent, tools: Tools) -> Owned:
    """The first error is the reason; a promotion that had to be finished here stays a promotion."""
    if event.error == REJECTED or owned.rollout.phase is Phase.ROLLING_BACK:
        return owned
    return tools.records.write(owned, note_reason(owned.rollout, event.reason))


def _ending(rollout: Rollout, event: SafetyEvent) -> Json:
    """The ending, or, if the release is promoted and watched now, the seconds to the first look."""
    is_promoted = rollout.phase in {Phase.WATCHING, Phase.PROMOTED}
    found = answer_promoted(rollout, event.now) if is_promoted else summary(rollout, rollout.phase, event.now)
    return {
        "answer": "SAFE",
        "ending": found["outcome"].upper() if found["outcome"] == REVERTED else ENDINGS[rollout.phase],
        "reason": f"{_still_served(rollout)}{rollout.reason}"[:LONGEST_CAUSE],
        "wait_seconds": found.get("look_seconds", 0),
        "summary": found,
    }


def _still_served(rollout: Rollout) -> str:
    """What has to be said of a revert that did not take place."""
    is_undone = rollout.reverts is not None and rollout.phase is Phase.ROLLED_BACK
    return f"the revert went back, and base still serves the release of rollout {rollout.reverts}: " if is_undone else ""


def _end(ending: str, reason: str, answer: str = "SAFE") -> Json:
    return {"answer": answer, "ending": ending, "reason": reason[:LONGEST_CAUSE], "wait_seconds": 0, "summary": {}}


handler = Handler(on(SafetyEvent), make_safe)
