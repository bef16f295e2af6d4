"""One run with faults, drawn from a seed: the scenario, what goes wrong, when, and what someone else does meanwhile.

The same case can run in the small world and in the full one. The call that is hit is drawn from those that the scenario makes
when nothing goes wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from canary.rules.targets.policy import Step
from embedded_aws.faults.caller import running, running_task
from embedded_aws.faults.calls import Call
from tests.faults.edits import Edit
from tests.faults.record_edits import phase_of
from tests.faults.small.world import SmallWorld
from tests.faults.worlds import World
from tests.rig import QUICK

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy

MINUTE = 60
POLICY: Policy = replace(
    QUICK, name="faults", steps=(Step(Decimal(25), 60), Step(Decimal(50), 60)), detect={"errors": 0.9}, alpha=0.01
)
"""Two short steps: these runs are not about what is judged, or how well."""

PER_MINUTE = 3000.0
FAILING = 0.6
SCHEDULED = {"progression": "scheduled", "max_parked_seconds": 20 * MINUTE}
SCENARIOS = {"good": 45, "bad": 25, "parked": 15, "flagged": 15}
"""What is rolled out, and in how many runs per hundred: a good release, a bad one, one parked, one with a variable."""

FLAG = "flag"
RELEASE = {"deployment": "present"}


class Moment(NamedTuple):
    """The ``nth`` time (from 0 on) that a task makes a call, and the rollout's phase at that time."""

    call: Call
    nth: int
    phase: str

    def __str__(self) -> str:
        return f"{self.call.task}[{self.nth}].{self.call.operation}"


@dataclass
class Case:
    """What happens in one run. ``story`` describes it, ``kinds`` count it, ``apply`` makes it happen.

    While it runs: ``edited_at`` are the times of edits, ``is_edited_at_rest`` says that one came while no rollout held the
    target, ``is_measured_wrongly`` that the metrics went wrong before the end.
    """

    family: str
    seed: int
    scenario: str
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
        """The name under which the case can be run again."""
        return f"{self.family}:{self.seed}"

    def __str__(self) -> str:
        return f"{self.name} ({self.scenario}: {'; '.join(self.story)})"


@cache
def moments(scenario: str) -> tuple[Moment, ...]:
    """Every call that the tasks make in a scenario when nothing goes wrong."""
    case = Case("baseline", 0, scenario)
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
    at_rest = {("SweepTargets", "ssm"), ("SweepTargets", "dynamodb")} if scenario != "parked" else set()
    return tuple(one for one in found if one.call.task and (one.call.task, one.call.service) not in at_rest)


def run(case: Case, world: World) -> Any:
    """Run the case from its start until a while after its end; returns the first execution."""
    world.publish(failing=FAILING if case.scenario == "bad" else 0.0)
    for apply in case.apply:
        apply(world)
    is_parked = case.scenario == "parked"
    release = {**RELEASE, "variables": {FLAG: "on"}} if case.scenario == "flagged" else RELEASE
    execution = world.start(release=release, **({"policy": SCHEDULED} if is_parked else {}))
    last = world.finish(execution)
    for _ in range(4):
        if not is_parked or last.output is None or last.output.get("outcome") != "parked":
            break
        world.rest(2 * MINUTE + case.seed % 4 * MINUTE)
        last = world.finish(world.start(operation="advance"))
    _let_settle(case, world)
    return execution


def _let_settle(case: Case, world: World) -> None:
    """Long enough for guard and sweeper after the last fault, and for one more full sweep."""
    wrong_for = max(world.faults.wrong_until - world.now(), case.ends_after - world.now() + world.began, 0)
    world.rest(wrong_for)
    world.rest(40 * MINUTE, until=lambda: not world.holder())
    world.rest(6 * MINUTE)
