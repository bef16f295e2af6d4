"""What must hold after any run, whatever went wrong in it; a broken promise is a sentence that begins with its name.

at rest       after faults that end: no canary, every alias where it belongs, the lock is free
whole         base is the old release or the new one, and the record and the ending say which
weight        while the lock is free no canary has weight; while one has, the lock is held and an operator was called
half          no request met half of a release, except because of someone else's edit
kept          a release that was rolled back is kept as such, so that no later start takes it for new
told          a rollout's end is reported, an operator is called with commands, no report is false
records       while the records cannot be used, someone is notified within two minutes
judged        a release that fails most of its requests is never promoted
in time       guard and sweeper finish within a quarter of an hour after the last fault
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.faults.cases import FLAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.cases import Case
    from tests.faults.final import Final

Json = dict[str, Any]
MINUTE = 60
ENDS = {"promoted": "Promoted", "rolled_back": "RolledBack"}
TOLD_SECONDS = 130
"""Two minutes, and the duration of a few calls."""

SOON_SECONDS = 5 * MINUTE
"""Within this time every dead rollout is safe."""

UNSEEN_SECONDS = 5
"""An edit between a task's last read and its write cannot be seen: API Gateway has no conditional patch."""

IN_TIME_SECONDS = 15 * MINUTE
ENDED = ("Rollout Ended", "Rollout Promoted", "Rollout Reverted")
PROGRESS = {"Rollout Started", "Rollout Shifted", "Rollout Parked", *ENDED, "Rollout Waiting", "Rollout Wait Over"}
OPERATOR = "Operator Needed"


def broken(final: Final) -> list[str]:
    """Every promise that the run broke."""
    is_edited = bool(final.case.edits)
    checks = [_weight(final), _told(final), _judged(final), _records(final), _others_canary(final), _certain(final)]
    checks += [_edited(final)] if is_edited else [_at_rest(final), _whole(final), _half(final), _kept(final), _in_time(final)]
    return [sentence for check in checks for sentence in check]


def _at_rest(final: Final) -> Iterator[str]:
    if final.canary:
        yield f"at rest: the stage still has a canary: {final.canary}"
    if any(canary not in _resting_places(final, name, live) for name, (live, canary) in final.aliases.items()):
        yield f"at rest: the aliases are {final.aliases}"
    if holder := final.world.holder():
        yield f"at rest: rollout {holder} still holds the lock, phase {final.phase}"


def _resting_places(final: Final, function: str, live: str | None) -> set[str | None]:
    """Where a canary alias may rest: at base's version, and after a promotion or for a revert at an earlier release's."""
    is_earlier = final.phase == "promoted" or (final.owned is not None and final.owned.rollout.reverts is not None)
    return {live, *(versions.get(function) for _, versions in final.world.wholes() if is_earlier)}


def _whole(final: Final) -> Iterator[str]:
    first, *made = final.world.wholes()
    live = {name: one for name, (one, _) in final.aliases.items()}
    serving = final.stage["deploymentId"] if final.stage else None
    is_base = (serving, live) == (first[0], dict(first[1]))
    is_promoted = any((serving, live) == (one[0], dict(one[1])) for one in made)
    if not (is_base or is_promoted):
        yield f"whole: {serving} serves {live}, which is neither {first} nor {made}"
        return
    if final.owned is None:
        if not is_base or (not final.is_unreadable and final.execution.status == "SUCCEEDED"):
            yield f"whole: nothing is recorded, and the execution ended as {final.execution.status}"
        return
    wanted = "promoted" if is_promoted else "rolled_back"
    if final.case.scenario == "flagged" and (FLAG in final.stage.get("variables", {})) is not is_promoted:
        yield f"whole: the target is {wanted}, and its variables are {final.stage.get('variables')}"
    if final.phase != wanted:
        yield f"whole: the record says {final.phase} where the target is {wanted}"
    yield from _ending(final)


def _ending(final: Final) -> Iterator[str]:
    ended, status = final.execution.states[-1], final.execution.status
    if status == "RUNNING":
        yield "whole: the execution still runs"
    if status in {"SUCCEEDED", "FAILED"} and ended not in {ENDS.get(final.phase), "NeedsOperator", "Refused", "Parked"}:
        yield f"whole: the execution ended as {ended} where the record says {final.phase}"
    if final.owned and not final.owned.rollout.reason:
        yield "whole: the record has no reason"
    if final.owned and final.owned.rollout.needs_operator:
        yield "whole: the record still calls an operator"


def _weight(final: Final) -> Iterator[str]:
    canary = final.canary
    if canary is None or not canary["percentTraffic"] or final.case.is_edited_at_rest:
        return
    if final.world.holder() is None:
        yield f"weight: the lock is free, the record says {final.phase}, and the canary has weight: {canary}"
    elif not final.notifications(OPERATOR, *_unknown_kinds(final)):
        yield f"weight: the canary has weight, and no operator was called: {canary}, phase {final.phase}"


def _unknown_kinds(final: Final) -> set[str]:
    return {kind for _, kind, _ in final.world.notifications} - PROGRESS


def _half(final: Final) -> Iterator[str]:
    found = final.world.half_releases()
    if found:
        yield f"half: {len(found)} times, first {found[0]}"


def _kept(final: Final) -> Iterator[str]:
    if (final.phase == "rolled_back") is not (final.rollout in final.taken_back):
        yield f"kept: the record says {final.phase}, and kept as rolled back are {sorted(final.taken_back)}"


def _judged(final: Final) -> Iterator[str]:
    is_bad = final.case.scenario == "bad"
    could_see = not final.case.edits
    if is_bad and could_see and final.phase == "promoted":
        yield "judged: a release that fails most of its requests was promoted"


def _told(final: Final) -> Iterator[str]:
    ended = [one for one in final.notifications(*ENDED) if one[2].get("rollout") == final.rollout]
    if final.owned and final.phase in ENDS and not ended:
        yield f"told: the rollout ended as {final.phase}, and no notification says so"
    said = ended[-1][2]["phase"].replace("watching", "promoted") if ended else final.phase
    if final.owned and said != final.phase:
        yield f"told: the last notification says {said} where the record says {final.phase}"
    is_called = OPERATOR in _unknown_kinds(final) or _is_soon_at_rest(final)
    if final.execution.states[-1] == "NeedsOperator" and not is_called:
        yield "told: the execution ended as NeedsOperator, and no notification calls an operator"
    cause = final.execution.cause or ""
    if final.execution.states[-1] in {"NeedsOperator", "Refused"} and '{"' in cause:
        yield f"told: the cause is Lambda's own JSON: {cause[:150]}"
    is_moved = any("2" in {live, canary} for live, canary in final.aliases.values())
    if "nothing was changed" in cause and (is_moved or final.canary):
        yield f"told: {cause[:100]!r}, while the aliases are {final.aliases} and the canary {final.canary}"


def _is_soon_at_rest(final: Final) -> bool:
    """Whether the guard immediately did what the execution could not, so that an operator had nothing to do."""
    seconds = seconds_to_rest(final)
    return seconds is not None and seconds <= SOON_SECONDS


def _records(final: Final) -> Iterator[str]:
    """Someone is notified within two minutes if there was a canary; without records nothing else is known to be at stake."""
    if final.case.refused_records not in {"write", "read", "both", "schema"}:
        return
    since = final.world.began + _begins(final.case)
    until = final.world.began + final.case.ends_after
    started = [at for at, kind, _ in final.world.notifications if kind == "Rollout Started"]
    ended = [at for at, kind, _ in final.world.notifications if kind in ENDED]
    if not started or started[0] > since or (ended and ended[-1] < since + TOLD_SECONDS) or until - since < TOLD_SECONDS:
        return
    if not all(final.world.had_canary(at) for at in (since, since + TOLD_SECONDS)):
        return
    told = [at for at, kind, _ in final.world.notifications if kind not in PROGRESS and since <= at <= since + TOLD_SECONDS]
    if not told:
        later = [round(at - since) for at, kind, _ in final.world.notifications if kind not in PROGRESS and at > since]
        yield f"records: refused from {since - final.world.began:.0f} s on, told after {later[:1] or 'never'} s"


def _others_canary(final: Final) -> Iterator[str]:
    """Someone else's canary with weight stays untouched, unless it appeared between the controller's read and its write."""
    variable = final.world.target.stage.alias_variable
    base, *made = (one[0] for one in final.world.wholes())
    aliases = {function.canary for function in final.world.target.functions}
    for write in final.world.writes:
        canary = write.canary
        if canary is None or not canary.percent_traffic or not any(path.startswith("/canarySettings") for path in write.paths):
            continue
        if any(at <= write.at <= at + UNSEEN_SECONDS for at in final.case.edited_at):
            continue
        is_late_writers = canary.deployment_id == base and not canary.overrides  # docs/aws.md#patch-makes-a-canary
        if not is_late_writers and canary.deployment_id not in made and canary.overrides.get(variable) not in aliases:
            yield f"weight: {write.task} changed a canary that is someone else's: {write}"
            return


def _certain(final: Final) -> Iterator[str]:
    """While records cannot be used, a canary with all traffic, or of a running execution, stays."""
    if final.case.refused_records not in {"write", "read", "both", "schema"}:
        return
    since, until = final.world.began + _begins(final.case) + 60, final.world.began + final.case.ends_after
    for write in final.world.writes:
        is_removal = "/canarySettings" in write.paths and write.canary is not None
        if since < write.at < until and is_removal and (write.canary.percent_traffic == 100 or write.is_owned):
            yield f"records: {write.task} removed a canary without records, where it is not certain: {write}"
            return


def _begins(case: Case) -> float:
    return float(case.story[0].partition(" from ")[2].partition(" s")[0])


def _in_time(final: Final) -> Iterator[str]:
    seconds = seconds_to_rest(final)
    if seconds is not None and seconds > IN_TIME_SECONDS:
        yield f"in time: at rest {seconds:.0f} s after the last fault"


def seconds_to_rest(final: Final) -> float | None:
    """How long guard and sweeper took, counted from the last fault or from the execution's end, whichever came later.

    None if they had nothing to do: the execution ended on its own, or the rollout was over before.
    """
    ended = final.owned.rollout.ended_at if final.owned else None
    is_left = final.execution.states[-1:] not in [["Promoted"], ["RolledBack"], ["Parked"]]
    if ended is None or not is_left or final.case.scenario == "parked":
        return None
    last = max(final.world.faults.wrong_until, final.world.began + final.case.ends_after, final.execution.ended or 0.0)
    return max(0.0, ended - last)


def _edited(final: Final) -> Iterator[str]:
    """After an edit: done and at rest, or an operator was called and the lock kept."""
    holder, touched = final.world.holder(), {edit.about for edit in final.case.edits}
    if final.case.is_edited_at_rest:
        return
    if holder and not _unknown_kinds(final):
        yield f"weight: rollout {holder} holds the lock for ever, phase {final.phase}, and nobody was told"
    if (
        holder is None
        and final.canary
        and not final.canary["percentTraffic"]
        and not touched & {"canary", "deployment", "variables"}
    ):
        yield f"at rest: a canary without weight is left: {final.canary}"
    if final.execution.status == "RUNNING":
        yield "whole: the execution still runs"
    if holder is None and final.phase == "rolled_back":
        yield from _new_code_left(final)
    if not touched & {"aliases", "function", "deployment", "variables", "canary", "stage"}:
        yield from _half(final)


def _new_code_left(final: Final) -> Iterator[str]:
    """Rolled back and free: whatever serves base's deployment calls base's versions, unless someone else set another."""
    if final.stage is None:
        return
    variable = final.world.target.stage.alias_variable
    named = final.stage.get("variables", {}).get(variable)
    first, *made = final.world.wholes()
    for function in final.world.target.functions:
        live, canary = final.aliases[function.name]
        version = {function.live: live, function.canary: canary}.get(named)
        known = {dict(first[1])[function.name], *(dict(one[1])[function.name] for one in made)}
        wanted = next((dict(one[1])[function.name] for one in (first, *made) if one[0] == final.stage["deploymentId"]), None)
        if wanted and version in known and version != wanted and not _is_said(final):
            yield f"half: rolled back, and base calls {function.name}:{version} by the alias {named}; nothing says so"


def _is_said(final: Final) -> bool:
    """Whether the reason or a notification reports that drift was found."""
    reason = final.owned.rollout.reason if final.owned else ""
    return "left as found" in reason or "did not set" in reason or bool(_unknown_kinds(final))
