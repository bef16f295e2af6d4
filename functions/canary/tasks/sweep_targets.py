"""SweepTargets: every minute, finds what events missed and goes on with passes that had to wait.

It works from the records: the table lists the locks that are held, and a rollout's record holds the whole target. Targets that
are free are looked at too, because a canary that came back after its rollout had ended has nobody else; their names are those
of the registered targets.

No target waits for another: each one that is held is swept by a call of its own, which Lambda is asked for, and the free ones
by one call for every ten. Only the first part is done here, so a controller with one rollout needs no second call. A call that
was asked for asks for none (docs/aws.md#recursive-loops).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zlib import crc32

from canary.aws.errors import AwsRefusedError, RecordGoneError, RecordSchemaError, RecordsRefusedError
from canary.aws.functions import call_later
from canary.aws.targets import list_targets
from canary.edge.events import TickEvent
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import LATE_WRITER_SECONDS
from canary.rules.rollouts.trouble import Cause, Round, Unusable
from canary.tasks.entry import Handler, Json, Tools, on
from canary.tasks.sweep import PERIOD_SECONDS, is_full, sweep_target
from canary.tasks.trouble import end_trouble, face_trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canary.aws.record_reads import Unfinished
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.trouble import Trouble

FREE_TOGETHER = 10
"""Free targets that one call looks at."""


def sweep_targets(event: TickEvent, tools: Tools) -> Json:
    """By target, what was done or why nothing was; and which targets other calls sweep."""
    if event.round is not None:
        return {"targets": _sweep_round(decode(Round, event.round), tools, event.now)}
    unfinished, unusable = _read_records(tools, event.now)
    rounds = _plan(unfinished, unusable, tools, event.now)
    own, others = _pass_on(rounds, tools, event.now)
    answers = {name: answer for one in own for name, answer in _sweep_round(one, tools, event.now).items()}
    _report_ends(unfinished.untold if unfinished else (), tools, event.now)
    return {"targets": answers, "passed_on": [name for one in others for name in one.targets]}


def _read_records(tools: Tools, now: float) -> tuple[Unfinished | None, Unusable | None]:
    """What is unfinished, and what is wrong with all records, if something is.

    Where it cannot be listed, it is None, and each target shows by itself whether its records can be used.
    """
    try:
        unfinished = tools.records.list_unfinished()
    except RecordsRefusedError as error:
        tools.count("RecordsUnusable")
        tools.logger.error("open locks not listed", reason=str(error))  # noqa: TRY400 - the reason is whole
        return None, None
    try:
        tools.records.beat(now)
    except RecordsRefusedError as error:
        tools.count("RecordsUnusable")
        return unfinished, Unusable(Cause.REFUSED, str(error))
    return unfinished, None


def _plan(unfinished: Unfinished | None, unusable: Unusable | None, tools: Tools, now: float) -> list[Round]:
    """The parts of this minute's sweep: what is held first, each by itself."""
    troubles = _read_troubles(tools)
    alone = _shuffled({*(unfinished.targets if unfinished else ()), *troubles}, int(now // 60))
    is_everybody = unfinished is None or is_full(now)
    free = [name for name in _registered(tools) if name not in alone] if is_everybody else []
    parts = [(name,) for name in alone] + _together(_shuffled(free, int(now // PERIOD_SECONDS)))
    return [Round(part, {name: troubles[name] for name in part if name in troubles}, unusable) for part in parts]


def _shuffled(names: Iterable[str], turn: int) -> tuple[str, ...]:
    """In another order each time: where calls have to wait for one another, those that hang are not always before the same."""
    return tuple(sorted(names, key=lambda name: crc32(f"{turn} {name}".encode())))


def _together(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(names[start : start + FREE_TOGETHER]) for start in range(0, len(names), FREE_TOGETHER)]


def _read_troubles(tools: Tools) -> dict[str, Trouble]:
    try:
        return tools.troubles.read()
    except AwsRefusedError as error:
        tools.logger.warning("troubles not read; they are told again", reason=str(error))
        return {}


def _registered(tools: Tools) -> tuple[str, ...]:
    """The registered targets' names; without them, what the records list is swept all the same."""
    try:
        return list_targets(tools.clients.ssm, tools.settings.target_prefix)
    except AwsRefusedError as error:
        tools.logger.warning("targets not listed", reason=str(error))
        return ()


def _pass_on(rounds: Sequence[Round], tools: Tools, now: float) -> tuple[Sequence[Round], Sequence[Round]]:
    """The parts that this call sweeps, and those that other calls do; all of them here if Lambda takes no events."""
    due = datetime.fromtimestamp(now, UTC).isoformat()
    for number, one in enumerate(rounds[1:], start=1):
        try:
            call_later(tools.clients.functions, tools.settings.task, {"time": due, "round": encode(one)})
        except AwsRefusedError as error:
            tools.logger.warning("not passed on; swept one after the other", reason=str(error))
            return (rounds[0], *rounds[number:]), rounds[1:number]
    return rounds[:1], rounds[1:]


def _sweep_round(part: Round, tools: Tools, now: float) -> dict[str, str]:
    return {name: _sweep_safely(name, part, tools, now) for name in part.targets}


def _sweep_safely(name: str, part: Round, tools: Tools, now: float) -> str:
    """One target's trouble keeps nobody from the others."""
    try:
        return _sweep(name, part, tools, now)
    except Exception as error:  # the boundary between targets: the others must be swept
        tools.logger.exception("target not swept", target=name, reason=str(error))
        return f"NOT_SWEPT: {type(error).__name__}: {error}"


def _sweep(name: str, part: Round, tools: Tools, now: float) -> str:
    known = part.troubles.get(name)
    if part.unusable:
        return face_trouble(name, part.unusable, known, tools, now)
    try:
        answer = sweep_target(name, tools, now)
    except (RecordsRefusedError, RecordSchemaError, RecordGoneError) as error:
        return face_trouble(name, Unusable(_cause_of(error), str(error)), known, tools, now)
    except Exception:  # whatever else went wrong, the records could be used
        end_trouble(known, tools, now)
        raise
    end_trouble(known, tools, now)
    return answer


def _cause_of(error: Exception) -> Cause:
    match error:
        case RecordSchemaError():
            return Cause.OTHER_SCHEMA
        case RecordGoneError():
            return Cause.GONE
        case _:
            return Cause.REFUSED


def _report_ends(untold: Iterable[str], tools: Tools, now: float) -> None:
    """Tell the ends whose function died between writing them down and telling them; none where the bus takes none."""
    for rollout_id in untold:
        try:
            owned = tools.records.find(rollout_id)
        except (RecordsRefusedError, RecordSchemaError) as error:
            tools.logger.warning("end not told", rollout=rollout_id, reason=str(error))
            continue
        if owned and _is_forgotten(owned.rollout, now) and not tools.notifications.report_end(owned.rollout, tools.records):
            return


def _is_forgotten(rollout: Rollout, now: float) -> bool:
    """Whether nobody is about to tell this end any more."""
    return rollout.phase.is_terminal and not rollout.is_end_told and now - (rollout.ended_at or 0.0) >= LATE_WRITER_SECONDS


handler = Handler(on(TickEvent), sweep_targets)
