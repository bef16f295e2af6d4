"""Handles a target whose records cannot be used: notifies people without the records, and removes the canary if that is safe.

The target comes from its rollout's record if that can be read, otherwise from its parameter. The live state comes from AWS, and
earlier reports from Systems Manager. Nothing is written to the records, and no alias is moved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.aws.by_hand import find_commands, free_command
from canary.aws.calls import never_write
from canary.aws.errors import AwsRefusedError, ControllerError, StateChangedError
from canary.aws.executions import running_targets
from canary.aws.locks import Lock
from canary.aws.notifications import LONGEST_CAUSE, describe
from canary.aws.record_reads import Owned
from canary.aws.shifters import shifter_for
from canary.aws.targets import read_machine, read_target
from canary.edge.target import target_from_json
from canary.rules.messages.kinds import NotificationKind
from canary.rules.releases.problems import RefusedError
from canary.rules.rollouts.phases import RemoveCanary
from canary.rules.rollouts.trouble import (
    CERTAIN_SECONDS,
    Cause,
    describe_live,
    find_canary,
    follow,
    has_something_to_lose,
    is_certain,
    is_to_be_told,
    why_it_stays,
)
from canary.rules.targets.live import Intent, Live
from canary.rules.targets.target import Target

if TYPE_CHECKING:
    from canary.rules.rollouts.phases import Phase
    from canary.rules.rollouts.trouble import Trouble, Unusable
    from canary.tasks.common.entry import Tools

TOO_EARLY = f"nothing is changed until the records have been unusable for {CERTAIN_SECONDS // 60} minutes"
NO_CANARY = "nothing was changed, because the target has no canary of a rollout"
GONE_BEFORE = "the canary was removed earlier; aliases and lock stay as they are"


@dataclass(frozen=True, slots=True)
class FoundTarget:
    """What can still be found out about a target, and a sentence for each thing that cannot."""

    lock: Lock | None
    owned: Owned | None
    target: Target | None
    live: Live | None
    unread: tuple[str, ...]

    @property
    def phase(self) -> Phase | None:
        """The rollout's phase, if its record can be read."""
        return self.owned.rollout.phase if self.owned else None

    @property
    def is_at_stake(self) -> bool:
        """Whether traffic is split, or may be as far as is known."""
        if self.lock and self.lock.rollout_id:
            return True
        if self.target is None or self.live is None:
            return self.lock is None
        return has_something_to_lose(self.target, self.live)


def face_trouble(name: str, unusable: Unusable, known: Trouble | None, tools: Tools, now: float) -> str:
    """One word for what was done: AT_REST, TROUBLE, or TAKEN_AWAY."""
    tools.count("RecordsUnusable")
    found = _find(name, tools)
    if known is None and not found.is_at_stake:
        return "AT_REST"
    tools.count("OperatorNeeded")
    is_taken_away, outcome = _take_canary_away(found, known, tools, now)
    said = dict.fromkeys((unusable.why, *found.unread, outcome))
    reason = f"the records of target {name} cannot be used: {'; '.join(said)}"
    tools.logger.error("records unusable", target=name, cause=unusable.cause.value, reason=reason)
    if is_taken_away or is_to_be_told(known, unusable.cause, now):
        detail = _describe(name, unusable.cause, found, tools)
        is_told = tools.notifications.tell(NotificationKind.OPERATOR_NEEDED, {**detail, "reason": reason[:LONGEST_CAUSE]})
        followed = follow(known, name, unusable.cause, now, is_told=is_told)
        tools.troubles.note(replace(followed, is_taken_away=followed.is_taken_away or is_taken_away))
    return "TAKEN_AWAY" if is_taken_away else "TROUBLE"


def end_trouble(known: Trouble | None, tools: Tools, now: float) -> None:
    """Report once that the records can be used again; if the bus does not accept it, the next minute's sweep reports it."""
    if known is None:
        return
    since = datetime.fromtimestamp(known.since, UTC).isoformat(timespec="seconds")
    minutes = max(1, round((now - known.since) / 60))
    reason = f"the records of target {known.target} can be used again, after {minutes} min; the sweeper continues with them"
    detail = {"target": known.target, "rollout": "", "since": since, "reason": reason}
    if known.told_at == 0.0 or tools.notifications.tell(NotificationKind.RECORDS_USABLE, detail):
        tools.troubles.forget(known.target)


def _find(name: str, tools: Tools) -> FoundTarget:
    lock, owned, unread = None, None, []
    try:
        lock = tools.records.read_lock(name)
        owned = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    except ControllerError as error:
        unread.append(str(error))
    target = owned.rollout.target if owned else None
    live = None
    try:
        target = target or target_from_json(read_target(tools.clients.ssm, tools.settings.target_prefix, name))
        live = _read_live(target, tools)
    except (ControllerError, RefusedError) as error:
        unread.append(str(error))
    return FoundTarget(lock, owned, target, live, tuple(dict.fromkeys(unread)))


def _read_live(target: Target, tools: Tools) -> Live:
    """The live state; if the aliases cannot be read, only the stage."""
    shifter = shifter_for(target, tools.clients, never_write)
    try:
        return shifter.read_live()
    except AwsRefusedError:
        stage = shifter.read_stage()
        if stage is None:
            raise
        return Live(stage, {}, {})


def _take_canary_away(found: FoundTarget, known: Trouble | None, tools: Tools, now: float) -> tuple[bool, str]:
    """Whether the canary was removed, and the sentence that says so or says why not."""
    if found.target is None or found.live is None:
        return False, "nothing was changed"
    if find_canary(found.target, found.live.stage) is None:
        return False, GONE_BEFORE if known and known.is_taken_away else NO_CANARY
    if not is_certain(known, now):
        return False, TOO_EARLY
    try:
        _remove_canary(found.target, found.phase, tools)
    except ControllerError as error:
        return False, f"nothing was changed: {error}"
    return True, "the canary was removed and base has all requests; aliases and lock stay as they are"


def _remove_canary(target: Target, phase: Phase | None, tools: Tools) -> None:
    """Remove only the canary settings, and only if right before the call everything still makes that safe.

    Raises:
        StateChangedError: the canary has to stay; the message says why.
        AwsRefusedError: AWS refused to answer or to remove the canary.

    """
    machine = read_machine(tools.clients.ssm)

    def expect_right() -> None:
        running = running_targets(tools.clients.stepfunctions, machine)
        if why := why_it_stays(target, shifter.read_stage(), running, phase):
            raise StateChangedError(why)

    shifter = shifter_for(target, tools.clients, expect_right)
    shifter.make(RemoveCanary(), Intent(versions={}))


def _describe(name: str, cause: Cause, found: FoundTarget, tools: Tools) -> dict[str, Any]:
    """The notification's detail without its reason."""
    lock = found.lock
    unknown = {
        "target": name,
        "rollout": (lock.rollout_id if lock else None) or "",
        "execution": (lock.owner if lock else None) or "",
        "phase": "unknown",
    }
    detail = describe(found.owned.rollout) if found.owned else unknown
    commands = [free_command(tools.settings.table, name)] if cause is Cause.GONE else []
    if found.target is None or found.live is None:
        return {**detail, "commands": commands}
    shifter = shifter_for(found.target, tools.clients, never_write)
    by_hand = find_commands(found.target, found.live, shifter, found.phase)
    return {**detail, "live": describe_live(found.live), "commands": [*by_hand, *commands]}
