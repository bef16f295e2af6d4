"""The families of cases: what goes wrong in a run, drawn from its family and its seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from canary_machine.definition import load, states_of, task_names
from embedded_aws.faults.calls import ANY_TASK, Call, Fault, Mode, StopFault, TaskFault, TaskMode
from tests.faults.cases import SCENARIOS, Case, Moment, moments
from tests.faults.edits import Edit, edits
from tests.faults.record_edits import phase_of, record_edits, repair_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.worlds import World

SHARES = {"calls": 40, "tasks": 15, "edits": 25, "records": 12, "measurement": 8}
"""How many runs per hundred belong to each family."""

WHOLE_CALL_MODES = (Mode.UNSENT, Mode.LOST, Mode.TWICE, Mode.STALLED, Mode.SLOW, Mode.LATE)
MODES = (Mode.REFUSED, Mode.THROTTLED, Mode.KILLED_BEFORE, Mode.KILLED_AFTER, *WHOLE_CALL_MODES)
AT_THE_MOMENT = ("stop", "abort", "stop twice told", "stop not told")
TASKS = tuple(task_names(load()))
STATES = tuple(name for name, state in states_of(load()) if state["Type"] not in {"Succeed", "Fail"} and name != "Begin")


def draw(family: str, seed: int) -> Case:
    """The case of a family and a seed."""
    rng = random.Random(f"{family} {seed}")
    case = Case(family, seed, rng.choices([*SCENARIOS], [*SCENARIOS.values()])[0])
    _FAMILIES[family](case, rng)
    return case


def family_of(number: int) -> str:
    """The family of the run with this number: families take turns in proportion to their shares."""
    place = number * 37 % 100  # 37 and 100 have no common divisor, so a hundred numbers in a row get a hundred different places
    for family, share in SHARES.items():
        if place < share:
            return family
        place -= share
    raise AssertionError("the shares of the families are a hundred")


def _calls(case: Case, rng: random.Random) -> None:
    _hit_a_call(case, rng, rng.choice(moments(case.scenario)))
    if rng.random() < 0.35:
        task = rng.choice(["MakeSafe", "GuardRollout", "SweepTargets", "OperateRollout", ANY_TASK])
        mode, fault = _fault(rng, Call(task, None, None), rng.randrange(15))
        case.story.append(f"then {mode} at a call of {task}")
        case.kinds.append(mode.partition(" ")[0])
        case.apply.append(lambda world: world.faults.add(fault()))


def _hit_a_call(case: Case, rng: random.Random, moment: Moment) -> None:
    mode, fault = _fault(rng, moment.call, moment.nth)
    also = rng.choice(AT_THE_MOMENT) if rng.random() < 0.35 else None
    case.story.append(f"{mode} at {moment}{f', and {also}' if also else ''}")
    case.kinds += [mode.partition(" ")[0], *([also] if also else [])]

    def apply(world: World) -> None:
        made = fault()
        if also:
            act = Fault(*moment.call, Mode.MADE, times=1, skips=moment.nth, act=lambda: _someone(also, world))
            if made.mode in WHOLE_CALL_MODES:
                made.act = act.act
            else:
                world.faults.add(act)
        world.faults.add(made)

    case.apply.append(apply)


def _fault(rng: random.Random, call: Call, nth: int) -> tuple[str, Callable[[], Fault]]:
    """How a call goes wrong: once, or together with all similar calls for a while."""
    mode = rng.choice(MODES)
    seconds = round(rng.uniform(3, 50), 1)
    lasts = rng.choice([120, 600, 1500]) if mode in {Mode.REFUSED, Mode.THROTTLED, Mode.UNSENT} and rng.random() < 0.5 else None
    text = (
        mode.value
        + (f" for {lasts} s" if lasts else "")
        + (f" by {seconds} s" if mode in {Mode.STALLED, Mode.SLOW, Mode.LATE} else "")
    )
    times = None if lasts else 1
    return text, lambda: Fault(*call, mode, times=times, skips=nth, lasts=lasts, seconds=seconds if mode in _SLOW else 0.0)


_SLOW = {Mode.STALLED, Mode.SLOW, Mode.LATE}


def _someone(does: str, world: World) -> None:
    match does:
        case "stop":
            world.stop_running()
        case "abort":
            world.abort()
        case "stop twice told":
            world.events = 2
            world.stop_running()
        case "stop not told":
            world.events = 0
            world.stop_running()


def _tasks(case: Case, rng: random.Random) -> None:
    if rng.random() < 0.4:
        state, visit = rng.choice(STATES), rng.randrange(1, 3)
        case.story.append(f"stopped at {state}, visit {visit}")
        case.kinds.append("stopped at a state")
        case.apply.append(lambda world: world.faults.add(StopFault(state, visit)))
    else:
        task, mode, times = rng.choice(TASKS), rng.choice(list(TaskMode)), rng.choice([1, 2, 4, None])
        error = rng.choice(["Exception", "Lambda.TooManyRequestsException", "Runtime.ExitError"])
        after = round(rng.uniform(1, 55), 1) if mode is not TaskMode.FAILS and rng.random() < 0.5 else None
        case.story.append(f"{task} {mode.value} {times or 'always'}{f', runs {after} s late' if after else ''}")
        case.kinds.append(f"task {mode.value}")
        fault = (task, mode, times, error)
        case.apply.append(lambda world: world.faults.add(TaskFault(*fault, runs_after=after)))
    if rng.random() < 0.3:
        case.events = rng.choice([0, 2])
        case.story.append(f"events come {case.events} times")
        events = case.events
        case.apply.append(lambda world: setattr(world, "events", events))


def _edits(case: Case, rng: random.Random) -> None:
    for _ in range(rng.choices([1, 2], (85, 15))[0]):
        edit, moment = rng.choice(edits()), _in_any_phase(case.scenario, rng)
        case.edits.append(edit)
        case.kinds.append(f"edit of {edit.about}")
        also = rng.choice(AT_THE_MOMENT) if rng.random() < 0.25 else None
        case.story.append(f"{edit.name} before {moment}{f', then {also}' if also else ''}")
        case.apply.append(_edit_at(case, moment, edit, also))


def _in_any_phase(scenario: str, rng: random.Random) -> Moment:
    """A moment of the scenario; each of its phases is equally likely, however long it lasts."""
    every = moments(scenario)
    phase = rng.choice(sorted({one.phase for one in every}))
    return rng.choice([one for one in every if one.phase == phase])


def _edit_at(case: Case, moment: Moment, edit: Edit, also: str | None) -> Callable[[World], None]:
    def apply(world: World) -> None:
        def act() -> None:
            case.edited_at.append(world.now())
            case.is_edited_at_rest |= world.holder() is None
            case.kinds.append(f"edit while {phase_of(world)}")
            edit(world)
            if also:
                _someone(also, world)

        world.faults.add(Fault(*moment.call, Mode.MADE, times=1, skips=moment.nth, act=act))

    return apply


def _records(case: Case, rng: random.Random) -> None:
    begins, lasts = round(rng.uniform(60, 700)), rng.choice([150, 600, 1800])
    kind = rng.choice(["write", "read", "both", "schema", "record", "history"])
    case.story.append(f"records: {kind} from {begins} s for {lasts} s")
    case.refused_records, case.ends_after = kind, float(begins + lasts)
    case.kinds.append(f"records: {kind}")
    if rng.random() < 0.4:
        case.story.append("the execution is stopped and nobody told")
        case.apply.append(lambda world: world.at(begins + 5, lambda: _someone("stop not told", world)))
    if kind in {"write", "read", "both"}:
        operations = {"write": ["TransactWriteItems"], "read": ["BatchGetItem"]}.get(
            kind, ["TransactWriteItems", "BatchGetItem"]
        )
        for operation in operations:
            case.apply.append(_refuse_from(begins, lasts, operation))
    else:
        edit = record_edits()[["schema", "record", "history"].index(kind)]
        case.edits.append(edit)
        case.apply.append(lambda world: world.at(begins, lambda: edit(world)))
        if kind == "schema":
            case.apply.append(lambda world: world.at(begins + lasts, lambda: repair_schema(world)))


def _refuse_from(begins: float, lasts: float, operation: str) -> Callable[[World], None]:
    def apply(world: World) -> None:
        since = world.now() + begins
        world.faults.add(Fault(ANY_TASK, "dynamodb", operation, Mode.REFUSED, from_=since, until=since + lasts))

    return apply


def _measurement(case: Case, rng: random.Random) -> None:
    begins = round(rng.uniform(0, 700))
    kind = rng.choice(["silent", "late", "refused", "slow"])
    case.story.append(f"metrics: {kind} from {begins} s")
    case.kinds.append(f"metrics: {kind}")
    lasts = rng.choice([300, 1200])
    if kind in {"refused", "slow"}:
        mode = Mode.REFUSED if kind == "refused" else Mode.SLOW
        case.ends_after = float(begins + lasts)

        def apply(world: World) -> None:
            since = world.now() + begins
            fault = Fault(ANY_TASK, "cloudwatch", None, mode, from_=since, until=since + lasts, seconds=20.0)
            world.faults.add(fault)

        case.apply.append(apply)
    else:

        def lose(world: World) -> None:
            case.is_measured_wrongly = True
            world.lose_metrics(late=kind == "late")

        case.apply.append(lambda world: world.at(begins, lambda: lose(world)))


_FAMILIES: dict[str, Callable[[Case, random.Random], None]] = {
    "calls": _calls,
    "tasks": _tasks,
    "edits": _edits,
    "records": _records,
    "measurement": _measurement,
}
