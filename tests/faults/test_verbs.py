"""Verbs that cross a rollout's own writes: right before and right after each of them, in the small world.

Whatever the moment, the run keeps every promise that `make faults` checks, and ends as the answers said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.policy import AfterPause
from embedded_aws.faults.calls import Fault, Mode
from tests.faults.cases import PER_MINUTE, POLICY, Case, Moment, moments, run
from tests.faults.families import TASKS
from tests.faults.final import Final, read_final
from tests.faults.promises import broken
from tests.faults.small.world import SmallWorld

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY = 24
"""Every so many cases run in `make test` too."""

WRITES = ("Transact", "Put", "Update", "Create")
PAUSING = replace(POLICY, max_pause_seconds=240, after_pause=AfterPause.RESUME)
CROSSINGS = {
    "pause": ("pause",),
    "pause twice": ("pause", "pause"),
    "pause and resume": ("pause", "resume"),
    "promote": ("promote",),
    "promote twice": ("promote", "promote"),
    "pause and promote": ("pause", "promote"),
    "promote and pause": ("promote", "pause"),
    "promote and an alarm": ("promote", "alarm"),
    "promote and abort": ("promote", "abort"),
}


def places(scenario: str) -> list[Moment]:
    """Each write of the state machine's tasks, and the call after it; of those that are alike in a phase the first."""
    made = [one for one in moments(scenario) if one.call.task in TASKS]
    is_write = [one.call.operation.startswith(WRITES) for one in made]
    crossed = [one for n, one in enumerate(made) if is_write[n] or (n and is_write[n - 1])]
    return [*{(one.call, one.phase): one for one in reversed(crossed)}.values()][::-1]


CASES = [
    (scenario, name, place)
    for scenario, tasks in (("good", TASKS), ("parked", ("ParkRollout", "AdvanceRollout")))
    for name in CROSSINGS
    for place in places(scenario)
    if place.call.task in tasks
]
PARAMETERS = [
    pytest.param(*case, id=f"{case[0]}-{case[1].replace(' ', '-')}-{case[2]}", marks=() if n % EVERY == 0 else pytest.mark.slow)
    for n, case in enumerate(CASES)
]


def cross(world: SmallWorld, verbs: Sequence[str]) -> list[dict[str, Any]]:
    """The answers to the verbs, called one right after the other; an alarm is someone's too."""
    answers = []
    for verb in verbs:
        if verb == "alarm":
            world.account._set_alarm(world.target.alarms[0], "ALARM")
            continue
        function = "AuthorizeRollout" if verb == "promote" else "OperateRollout"
        outcome = world.invoke(function, {"verb": verb, "target": world.target.name, "reason": "someone calls"})
        assert outcome.error is None, outcome
        answers.append(outcome.payload)
    return answers


def run_crossed(scenario: str, name: str, place: Moment) -> tuple[Final, list[dict[str, Any]]]:
    """A run in which someone calls the verbs before this call is made."""
    answers: list[dict[str, Any]] = []
    case = Case("verbs", 0, scenario)
    with SmallWorld(seed=0, policy=PAUSING, per_minute=PER_MINUTE) as world:
        act = lambda: answers.extend(cross(world, CROSSINGS[name]))  # noqa: E731 - what the fault calls
        world.faults.add(Fault(*place.call, Mode.MADE, times=1, skips=place.nth, act=act))
        final = read_final(case, world, run(case, world))
        assert broken(final) == []
    return final, answers


@pytest.mark.parametrize(("scenario", "name", "place"), PARAMETERS)
def test_a_verb_that_crosses_a_write_leaves_the_target_whole_and_was_answered_truly(scenario: str, name: str, place: Moment):
    final, answers = run_crossed(scenario, name, place)
    said = [answer["answer"] for answer in answers]

    assert len(answers) == len(CROSSINGS[name]) - CROSSINGS[name].count("alarm")
    if name.endswith("twice"):
        assert said[1] in {"UNCHANGED", "REFUSED", said[0]} - {"ACCEPTED"}
    if name in {"pause", "pause twice", "pause and resume", "promote", "promote twice", "pause and promote"}:
        assert final.phase == "promoted"
    if name == "promote and an alarm" and place.phase == "shifting":
        assert final.phase == "rolled_back"
    if name == "promote and abort" and place.phase not in {"moving_base", "promoted", "none"} and said[-1] == "WAIT":
        assert final.phase == "rolled_back"
