"""Many starts at the same moment: one rollout owns the target, and which one is what the policy promises.

The starts run in the small world, in many orders; one run on the embedded AWS shows the same with its threads.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from canary.rules.targets.policy import OnNewer
from tests.faults.cases import MINUTE, PER_MINUTE, POLICY, RELEASE
from tests.faults.small.machine import iso_milliseconds
from tests.faults.small.world import SmallWorld

if TYPE_CHECKING:
    from tests.faults.small.executions import Execution

HOUR = 60 * MINUTE
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]


class Ran(NamedTuple):
    """The executions, oldest first, and what is true at the end."""

    executions: list[Execution]
    owners: list[str]
    holder: str | None
    canary: object

    @property
    def newest(self) -> Execution:
        return self.executions[-1]


def age(execution: Execution) -> tuple[str, str]:
    """What decides which of two starts is newer: when it began, to the millisecond, and its id."""
    return iso_milliseconds(execution.started), execution.name


def run_many(count: int, on_newer: OnNewer, *, seed: int, within: float) -> Ran:
    """This many starts within some seconds, until all of them have ended.

    An execution may enter its first state up to a second after it began, so of two simultaneous ones any may come first.
    """
    rng = random.Random(f"starts {count} {seed}")
    executions: list[Execution] = []

    def start() -> None:
        execution = world.start(release=RELEASE)
        execution.started -= rng.random()
        executions.append(execution)

    with SmallWorld(seed=seed, policy=replace(POLICY, on_newer=on_newer), per_minute=PER_MINUTE) as world:
        world.publish()
        for _ in range(count):
            world.at(rng.random() * within, start)
        world.rest(within + 1)
        world.rest(2 * HOUR, until=lambda: not any(one.is_running for one in executions))
        world.rest(5 * MINUTE, until=lambda: world.holder() is None)
        owners = [detail["rollout"] for _, kind, detail in world.notifications if kind == "Rollout Started"]
        return Ran(sorted(executions, key=age), owners, world.holder(), world.account.gateway.stage.canary)


def names_in(cause: str) -> set[str]:
    return {*re.findall(r"\bw\d+-\d+\b", cause)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [2, 20])
def test_of_many_starts_one_rolls_out_and_the_others_are_refused_by_its_name(count: int, seed: int):
    ran = run_many(count, OnNewer.REFUSE, seed=seed, within=1.0)

    (owner,) = ran.owners
    endings = {one.name: (one.status, one.states[-1]) for one in ran.executions}
    assert endings.pop(owner) == ("SUCCEEDED", "Promoted")
    assert {*endings.values()} == {("FAILED", "Refused")}
    assert all(owner in names_in(one.cause) for one in ran.executions if one.name != owner)
    assert (ran.holder, ran.canary) == (None, None)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("count", "within"), [(2, 0.5), (2, 5.0), (2, 300.0), (20, 1.0), (20, 15.0), (20, 400.0)])
def test_of_many_starts_the_newest_rolls_out_and_every_other_one_names_a_newer_one(count: int, within: float, seed: int):
    ran = run_many(count, OnNewer.REPLACE, seed=seed, within=within)

    ages = {one.name: age(one) for one in ran.executions}
    assert (ran.newest.status, ran.newest.states[-1]) == ("SUCCEEDED", "Promoted"), ran.newest.cause
    assert ran.owners[-1] == ran.newest.name
    for one in ran.executions[:-1]:
        assert one.error in {"Refused", "RolledBack"}, (one.status, one.error, one.cause)
        assert any(ages[name] > age(one) for name in names_in(one.cause)), one.cause
    assert (ran.holder, ran.canary) == (None, None)
