"""One run with faults, drawn from a seed: which journey, what goes wrong, when, and what someone else does meanwhile.

The same case can be run in the small world and in the full one. Which call is hit is drawn from those that the journey makes
when nothing goes wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from canary.rules.policy import Step
from local.faults import ANY_TASK, Call, Fault, Mode, StopFault, TaskFault, TaskMode
from local.running_task import running, running_task
from local.small.world import SmallWorld
from statemachine.definition import load, states_of, task_names
from tests.faults.edits import Edit, edits
from tests.faults.record_edits import phase_of, record_edits, repair_schema
from tests.faults.worlds import World
from tests.rig import QUICK

if TYPE_CHECKING:
    from canary.rules.policy import Policy

MINUTE = 60
POLICY: Policy = replace(
    QUICK, name="faults", steps=(Step(Decimal(25), 60), Step(Decimal(50), 60)), detect={"errors": 0.9}, alpha=0.01
)
"""Two short steps: what is judged, and how well, is not what these runs are about."""

PER_MINUTE = 3000.0
FAILING = 0.6
SCHEDULED = {"progression": "scheduled", "max_hold_seconds": 20 * MINUTE}
JOURNEYS = {"good": 45, "bad": 25, "held": 15, "flagged": 15}
"""What is rolled out, and in how many of a hundred runs: a good release, a bad one, one held, one with a variable."""

FLAG = "flag"
RELEASE = {"deployment": "present"}
SHARES = {"calls": 40, "tasks": 15, "edits": 25, "records": 12, "measurement": 8}
"""Of a hundred runs so many are of each family."""

WHOLE_CALL_MODES = (Mode.UNSENT, Mode.LOST, Mode.TWICE, Mode.STALLED, Mode.SLOW, Mode.LATE)
MODES = (Mode.REFUSED, Mode.THROTTLED, Mode.KILLED_BEFORE, Mode.KILLED_AFTER, *WHOLE_CALL_MODES)
AT_THE_MOMENT = ("stop", "abort", "stop twice told", "stop not told")
TASKS = tuple(task_names(load()))
STATES = tuple(name for name, state in states_of(load()) if state["Type"] not in {"Succeed", "Fail"} and name != "Begin")


class Moment(NamedTuple):
    """The ``nth`` time (from 0 on) that a task makes a call, and the phase of the rollout then."""

    call: Call
    nth: int
    phase: str

    def __str__(self) -> str:
        return f"{self.call.task}[{self.nth}].{self.call.operation}"


@dataclass
class Case:
    """What happens in one run. ``story`` tells it, ``kinds`` count it, ``apply`` has it happen.

    While it runs: ``edited_at`` are the times of edits, ``is_edited_at_rest`` says that one came while nobody held the target,
    ``is_measured_wrongly`` that the metrics went wrong before the end.
    """

    family: str
    seed: int
    journey: str
    story: list[str] = field(default_factory=list)
    apply: list[Callable[[World], None]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    edited_at: list[float] = field(default_factory=list)
    is_edited_at_rest: bool = False
    is_measured_wrongly: bool = False
    events: int = 1
    ends_after: float = 0.0
    refused_records: str = ""

    @property
    def name(self) -> str:
        """What it is run again by."""
        return f"{self.family}:{self.seed}"

    def __str__(self) -> str:
        return f"{self.name} ({self.journey}: {'; '.join(self.story)})"


@cache
def moments(journey: str) -> tuple[Moment, ...]:
    """Every call that the tasks make on a journey when nothing goes wrong."""
    case = Case("baseline", 0, journey)
    seen: Counter[Call] = Counter()
    found: list[Moment] = []
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:

        def note(service: str, operation: str, _: object) -> None:
            call = Call(running_task(), service, operation)
            with running(None):
                found.append(Moment(call, seen[call], phase_of(world)))
            seen[call] += 1

        world.account.on_call = note
        run(case, world)
    at_rest = {("SweepTargets", "ssm"), ("SweepTargets", "dynamodb")} if journey != "held" else set()
    return tuple(one for one in found if one.call.task and (one.call.task, one.call.service) not in at_rest)


def draw(family: str, seed: int) -> Case:
    """The case of a family and a seed."""
    rng = random.Random(f"{family} {seed}")
    case = Case(family, seed, rng.choices([*JOURNEYS], [*JOURNEYS.values()])[0])
    _FAMILIES[family](case, rng)
    return case


def family_of(number: int) -> str:
    """The family of the run with this number: they take turns, as often as their shares say."""
    place = number * 37 % 100  # 37 and 100 have no common divisor, so a hundred numbers in a row have a hundred places
    for family, share in SHARES.items():
        if place < share:
            return family
        place -= share
    raise AssertionError("the shares of the families are a hundred")


def run(case: Case, world: World) -> Any:
    """The case from its beginning to a while after its end; the first execution."""
    world.publish(failing=FAILING if case.journey == "bad" else 0.0)
    for apply in case.apply:
        apply(world)
    is_held = case.journey == "held"
    release = {**RELEASE, "variables": {FLAG: "on"}} if case.journey == "flagged" else RELEASE
    execution = world.start(release=release, **({"policy": SCHEDULED} if is_held else {}))
    last = world.finish(execution)
    for _ in range(4):
        if not is_held or last.output is None or last.output.get("outcome") != "held":
            break
        world.rest(2 * MINUTE + case.seed % 4 * MINUTE)
        last = world.finish(world.start(journey="advance"))
    _let_settle(case, world)
    return execution


def _let_settle(case: Case, world: World) -> None:
    """Long enough for guard and sweeper after the last fault, and for one full sweep more."""
    wrong_for = max(world.faults.wrong_until - world.now(), case.ends_after - world.now() + world.began, 0)
    world.rest(wrong_for)
    world.rest(40 * MINUTE, until=lambda: not world.holder())
    world.rest(6 * MINUTE)


# The families.


def _calls(case: Case, rng: random.Random) -> None:
    _hit_a_call(case, rng, rng.choice(moments(case.journey)))
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
    """How a call goes wrong: once, or with all like it for a while."""
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
        edit, moment = rng.choice(edits()), _in_any_phase(case.journey, rng)
        case.edits.append(edit)
        case.kinds.append(f"edit of {edit.about}")
        also = rng.choice(AT_THE_MOMENT) if rng.random() < 0.25 else None
        case.story.append(f"{edit.name} before {moment}{f', then {also}' if also else ''}")
        case.apply.append(_edit_at(case, moment, edit, also))


def _in_any_phase(journey: str, rng: random.Random) -> Moment:
    """A moment of the journey, each of its phases as likely as another, however long it lasts."""
    every = moments(journey)
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
