"""Tries a definition: its API on the embedded AWS, and a rollout of a good and of a bad release with the shipped controller.

Decides what the two releases are. What comes of them is the controller's matter, and is printed as the demo prints it.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from canary.edge.target import require_target
from canary.rules.targets.policy import SHIPPED
from canary_cli.trying.answers import Trial, TriedFunction, TriedRollout
from demo.controller import create_controller, register_target
from demo.functions import publish_code
from demo.guest import CONTROLLER
from demo.rollouts import Demo
from demo.scenarios import Ending, Scenario
from demo.stand import REPORTS, WARM_UP_SECONDS, Stand
from embedded_aws.dataplane.traffic import Traffic
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.startup import without_collections
from laptop.answered import Answered
from laptop.codes import read_codes
from laptop.definitions.documents import DefinitionError
from laptop.definitions.operations import Definition, Operation
from laptop.definitions.reading import read_definition
from laptop.functions import LONGEST_TARGET, Function, api_name, functions_of
from laptop.told import lines_of_definition, lines_of_end, lines_of_traffic, lines_of_world, target_text
from laptop.traffic import ranked, shapes_of
from laptop.world import STAGE, create_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from canary_cli.trying.asked import Asked
    from demo.outcome import Outcome

FAILING_SHARE = 0.3
SERVED_SECONDS = 900
"""How long real traffic is served before the first rollout."""
DAY = 86_400
SEED = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried: the definition with its functions, and the method in which the bad release fails."""

    name: str
    definition: Definition
    functions: tuple[Function, ...]
    failing: Operation

    @property
    def scenarios(self) -> tuple[Scenario, Scenario]:
        """The good release and the bad one. Their names are the rollouts' ids."""
        wrong: dict[str, str | float | bool] = {"FAILING_METHOD": self.failing.name, "FAILING_SHARE": FAILING_SHARE}
        told = f"{FAILING_SHARE:.0%} of the requests to {self.failing.name} fail"
        return (
            Scenario(f"{self.name}-good", "a good release: new versions of every function, the same answers", Ending.PROMOTED),
            Scenario(f"{self.name}-bad", f"a bad release: {told}", Ending.ROLLED_BACK, wrong),
        )


def try_definition(asked: Asked, console: Console) -> Trial:
    """Try a definition, and print what happens on the console.

    Raises:
        DefinitionError: the definition cannot be tried, or not as asked.

    """
    started = time.monotonic()
    plan, reports = plan_of(asked), asked.reports
    _print(console, lines_of_definition(asked.file, plan.definition, plan.functions))
    answered = Answered()
    with _open_stand(plan, asked, answered) as (stand, target):
        target_file = reports / f"{plan.name}.yaml"
        reports.mkdir(parents=True, exist_ok=True)
        target_file.write_text(target_text(target), encoding="utf-8")
        _print(console, lines_of_world(target, target_file, asked.per_minute, plan.failing, FAILING_SHARE))
        served, refused = answered.requests, answered.refused
        _print(console, lines_of_traffic(served, refused))
        demo = Demo(stand, console, reports=reports, prepare=partial(_publish, stand, plan.functions))
        rollouts = tuple(_tried(demo.show(scenario), reports) for scenario in plan.scenarios)
    trial = _trial(asked, plan, target_file, rollouts, refused, time.monotonic() - started)
    _print(console, lines_of_end(trial))
    return trial


def plan_of(asked: Asked) -> Plan:
    """What is tried.

    Raises:
        DefinitionError: the definition cannot be tried, or not as asked.

    """
    if asked.policy not in SHIPPED:
        raise DefinitionError(f"--policy {asked.policy}: there is no such policy", f"name one of {', '.join(SHIPPED)}")
    definition = read_definition(asked.file)
    name = api_name(asked.name, LONGEST_TARGET) if asked.name else api_name(definition.title)
    if asked.name not in {None, name}:
        raise DefinitionError(f"--name {asked.name}: a name has lower-case letters, digits and -", f"write --name {name}")
    functions = functions_of(definition.operations, name, read_codes(asked.codes))
    return Plan(name, definition, functions, ranked(definition.operations)[0])


@contextmanager
def _open_stand(plan: Plan, asked: Asked, answered: Answered) -> Iterator[tuple[Stand, Mapping[str, Any]]]:
    """The embedded AWS with the API, a day of history and traffic, and the target as its file has it."""
    with EmbeddedAws(seed=SEED, guest=CONTROLLER) as aws:
        with without_collections():
            raw = create_world(aws.client, plan.name, plan.definition, plan.functions, policy=asked.policy)
            controller = create_controller(aws.client, reports=REPORTS)
            target = require_target(raw)
            register_target(aws.client, target)
        rest_api_id, shapes = raw["stage"]["rest_api_id"], shapes_of(plan.definition.operations)
        traffic = Traffic(rest_api_id, STAGE, shapes, per_minute=asked.per_minute, rng=random.Random(f"{SEED} traffic"))
        aws.dataplane.add_source(traffic)
        aws.dataplane.on_served(answered)
        start = int(aws.clock.now())
        aws.clock.run_for(SERVED_SECONDS)
        aws.metrics.repeat_before(start, start + SERVED_SECONDS, since=start - DAY)
        aws.clock.run_for(WARM_UP_SECONDS)
        yield Stand(aws, controller, target, traffic), raw


def _publish(stand: Stand, functions: Sequence[Function], scenario: Scenario) -> Mapping[str, str]:
    numbers = {"NAME": scenario.name, **scenario.numbers}
    return publish_code(stand.aws.client, {function.name: function.archive(numbers) for function in functions})


def _tried(outcome: Outcome, reports: Path) -> TriedRollout:
    scenario = outcome.scenario
    page = reports / f"{scenario.name}.html"
    return TriedRollout(
        rollout_id=scenario.name,
        title=scenario.title,
        must_end=str(scenario.ending),
        ended=outcome.ending,
        reason=outcome.reason,
        minutes=round(outcome.seconds / 60, 1),
        report=str(page) if page.exists() else None,
        problems=outcome.problems,
    )


def _trial(
    asked: Asked, plan: Plan, file: Path, rollouts: tuple[TriedRollout, ...], refused: tuple[str, ...], seconds: float
) -> Trial:
    definition, operations = plan.definition, plan.definition.operations
    functions = tuple(TriedFunction(one.name, "own" if one.own else "stand-in", len(one.operations)) for one in plan.functions)
    return Trial(
        file=str(asked.file),
        title=definition.title,
        version=definition.version,
        dialect=definition.dialect,
        methods=len(operations),
        outside=sum(not one.is_inside for one in operations),
        functions=functions,
        remarks=definition.remarks,
        target_file=str(file),
        refused=refused,
        failing_method=plan.failing.name,
        rollouts=rollouts,
        seconds=round(seconds, 1),
    )


def _print(console: Console, lines: Iterator[str]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)
