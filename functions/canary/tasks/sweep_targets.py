"""SweepTargets: runs every minute, finds what events missed, and continues passes that had to wait.

It works from the records: the table lists the locks that are held, and a rollout's record contains the whole target. It also
looks at free targets, because no one else notices a canary that came back after its rollout ended. Their names are those of the
registered targets.

No target waits for another. For each target with a held lock the sweeper has Lambda make a separate call, and for the free ones
one call per ten. The first part of the work is done in the same call, so a controller with one rollout needs no second call. A
call that the sweeper requested requests no others (docs/aws.md#recursive-loops).
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
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.sweep import PERIOD_SECONDS, is_full, sweep_target
from canary.tasks.trouble import end_trouble, face_trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canary.aws.record_reads import Unfinished
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.trouble import Trouble

FREE_TOGETHER = 10
"""How many free targets one call looks at."""


def sweep_targets(event: TickEvent, tools: Tools) -> Json:
    """By target, what was done or why nothing was done; and which targets are left to other calls."""
    if event.round is not None:
        return {"targets": _sweep_round(decode(Round, event.round), tools, event.now)}
    unfinished, unusable = _read_records(tools, event.now)
    rounds = _plan(unfinished, unusable, tools, event.now)
    own, others = _pass_on(rounds, tools, event.now)
    answers = {name: answer for one in own for name, answer in _sweep_round(one, tools, event.now).items()}
    _report_ends(unfinished.untold if unfinished else (), tools, event.now)
    return {"targets": answers, "passed_on": [name for one in others for name in one.targets]}


def _read_records(tools: Tools, now: float) -> tuple[Unfinished | None, Unusable | None]:
    """What is unfinished, and what is wrong with all records, if anything.

    If it cannot be listed, it is None; then each target shows on its own whether its records can be used.
    """
    try:
        unfinished = tools.records.list_unfinished()
    except RecordsRefusedError as error:
        tools.count("RecordsUnusable")
        tools.logger.error("open locks cannot be listed", reason=str(error))  # noqa: TRY400 - the reason says it all
        return None, None
    try:
        tools.records.beat(now)
    except RecordsRefusedError as error:
        tools.count("RecordsUnusable")
        return unfinished, Unusable(Cause.REFUSED, str(error))
    return unfinished, None


def _plan(unfinished: Unfinished | None, unusable: Unusable | None, tools: Tools, now: float) -> list[Round]:
    """The parts of this minute's sweep: first the targets whose lock is held, each on its own."""
    troubles = _read_troubles(tools)
    alone = _shuffled({*(unfinished.targets if unfinished else ()), *troubles}, int(now // 60))
    is_everybody = unfinished is None or is_full(now)
    free = [name for name in _registered(tools) if name not in alone] if is_everybody else []
    parts = [(name,) for name in alone] + _together(_shuffled(free, int(now // PERIOD_SECONDS)))
    return [Round(part, {name: troubles[name] for name in part if name in troubles}, unusable) for part in parts]


def _shuffled(names: Iterable[str], turn: int) -> tuple[str, ...]:
    """The names in a different order each time: if calls queue, hanging ones are not always ahead of the same targets."""
    return tuple(sorted(names, key=lambda name: crc32(f"{turn} {name}".encode())))


def _together(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(names[start : start + FREE_TOGETHER]) for start in range(0, len(names), FREE_TOGETHER)]


def _read_troubles(tools: Tools) -> dict[str, Trouble]:
    try:
        return tools.troubles.read()
    except AwsRefusedError as error:
        tools.logger.warning("troubles cannot be read; they are reported again", reason=str(error))
        return {}


def _registered(tools: Tools) -> tuple[str, ...]:
    """The registered targets' names; if they cannot be read, the targets in the records are swept all the same."""
    try:
        return list_targets(tools.clients.ssm, tools.settings.target_prefix)
    except AwsRefusedError as error:
        tools.logger.warning("targets cannot be listed", reason=str(error))
        return ()


def _pass_on(rounds: Sequence[Round], tools: Tools, now: float) -> tuple[Sequence[Round], Sequence[Round]]:
    """The parts for this call and those for other calls; all for this call if Lambda accepts no events."""
    due = datetime.fromtimestamp(now, UTC).isoformat()
    for number, one in enumerate(rounds[1:], start=1):
        try:
            call_later(tools.clients.functions, tools.settings.task, {"time": due, "round": encode(one)})
        except AwsRefusedError as error:
            tools.logger.warning("other calls cannot be made; sweeping one target after the other", reason=str(error))
            return (rounds[0], *rounds[number:]), rounds[1:number]
    return rounds[:1], rounds[1:]


def _sweep_round(part: Round, tools: Tools, now: float) -> dict[str, str]:
    return {name: _sweep_safely(name, part, tools, now) for name in part.targets}


def _sweep_safely(name: str, part: Round, tools: Tools, now: float) -> str:
    """Sweep a target so that its trouble does not affect the others."""
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
    """Report ends whose function died after recording them and before reporting them; stop if the bus accepts none."""
    for rollout_id in untold:
        try:
            owned = tools.records.find(rollout_id)
        except (RecordsRefusedError, RecordSchemaError) as error:
            tools.logger.warning("end cannot be reported", rollout=rollout_id, reason=str(error))
            continue
        if owned and _is_forgotten(owned.rollout, now) and not tools.notifications.report_end(owned.rollout, tools.records):
            return


def _is_forgotten(rollout: Rollout, now: float) -> bool:
    """Whether no one else is about to report this end."""
    return rollout.phase.is_terminal and not rollout.is_end_told and now - (rollout.ended_at or 0.0) >= LATE_WRITER_SECONDS


handler = Handler(on(TickEvent), sweep_targets)
