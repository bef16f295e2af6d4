"""Verbs that take a release back, at every write of a promotion and of a revert, in the small world.

Whatever crosses what: every request is served by one whole release, the lock is free in the end, and no answer was untrue.
Above all, an abort that answers success ends in a rollback, and a rollback that answers success ends with the earlier release.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from canary.aws.records import Records
from demo.controller import OPERATOR, TABLE
from embedded_aws.faults.caller import running, running_task
from embedded_aws.faults.calls import Call, Fault, Mode
from tests.faults.cases import FLAG, MINUTE, PER_MINUTE, POLICY, RELEASE, Moment
from tests.faults.families import TASKS
from tests.faults.small.world import SmallWorld
from tests.faults.test_verbs import WRITES, places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from canary.rules.rollouts.rollout import Rollout

EVERY = 48
"""Every so many cases run in `make test` too."""

Json = dict[str, Any]
DONE = {"WAIT", "SAFE"}
BEGUN = {"ACCEPTED", "UNCHANGED"}
PROMOTIONS = ("abort", "rollback", "rollback rollback", "abort rollback", "rollback abort")
REVERTS = ("rollback", "revert", "abort", "start", "rollback start", "abort rollback")
MODES = (Mode.KILLED_BEFORE, Mode.KILLED_AFTER, Mode.LOST)


class End(NamedTuple):
    """What is true in the end: the rollout, its reverts by name, and whether base serves the release."""

    rollout: Rollout
    reverts: dict[str, Rollout]
    is_new: bool


def promote(world: SmallWorld) -> str:
    """A promoted rollout's id."""
    world.publish()
    execution = world.finish(world.start(release=RELEASE))
    assert execution.states[-1] == "Promoted", execution
    return execution.name


def call(world: SmallWorld, verb: str) -> Json:
    """What a verb is answered with; a start is someone's too."""
    if verb == "start":
        world.start(release={"variables": {FLAG: "on"}})
        return {"answer": "STARTED"}
    outcome = world.invoke(OPERATOR, {"verb": verb, "target": world.target.name, "reason": "someone calls"})
    assert outcome.error is None, outcome
    return dict(outcome.payload)


def settle(world: SmallWorld) -> None:
    """Until nothing runs and nobody holds the target."""
    is_over = lambda: not (world.holder() or any(one.is_running for one in world.machine.executions.values()))  # noqa: E731
    world.rest(60 * MINUTE, until=is_over)
    world.rest(3 * MINUTE)


def read_end(world: SmallWorld, rollout_id: str) -> End:
    """The end, in which nothing is left over and base is one whole release."""
    records = Records(world.client("dynamodb"), TABLE)
    owned = records.find(rollout_id)
    assert owned is not None
    names = [one.name for one in world.machine.executions.values() if one.name.startswith(f"{rollout_id}-revert")]
    found = {name: records.find(name) for name in names}
    stage = world.account.gateway.stage
    assert stage is not None
    live = {f.name: world.account.functions.pointing()[f.name, f.live].version for f in world.target.functions}
    first, *made = world.wholes()
    is_old = (stage.deployment_id, live) == (first[0], dict(first[1]))
    assert is_old or any((stage.deployment_id, live) == (one[0], dict(one[1])) for one in made), (stage, live)
    assert (world.holder(), stage.canary, world.half_releases()) == (None, None, [])
    return End(owned.rollout, {name: one.rollout for name, one in found.items() if one}, not is_old)


def check_answers(verbs: Sequence[str], answers: Sequence[Json], end: End) -> None:
    """No answer was untrue, as long as nobody started something else."""
    for verb, answer in zip(verbs, answers, strict=True):
        said = answer["answer"]
        if verb == "abort" and said in DONE and answer["rollout"] == end.rollout.rollout_id:
            assert (end.rollout.phase, end.is_new) == ("rolled_back", False)
        if verb == "abort" and said in DONE and answer["rollout"] != end.rollout.rollout_id:
            assert end.reverts[answer["rollout"]].phase == "rolled_back"
        is_aborted = any(one["answer"] in DONE and one.get("rollout") in end.reverts for one in answers)
        if verb in {"rollback", "revert"} and said in DONE | BEGUN and not is_aborted and "start" not in verbs:
            assert not end.is_new


class Place(NamedTuple):
    """The ``nth`` time (from 0 on) that a task makes a call from the verb on."""

    call: Call
    nth: int

    def __str__(self) -> str:
        return f"{self.call.task}-{self.nth}-{self.call.operation}"


@cache
def made_by_a_revert() -> tuple[Place, ...]:
    """The calls of a rollback of a promoted release and of the revert that it begins."""
    seen: Counter[Call] = Counter()
    found: list[Place] = []
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:
        rollout_id = promote(world)

        def note(service: str, operation: str, _: object) -> None:
            made = Call(running_task(), service, operation)
            if made.task in {*TASKS, OPERATOR}:
                found.append(Place(made, seen[made]))
                seen[made] += 1

        world.account.on_call = note
        answer = call(world, "rollback")
        settle(world)
        end = read_end(world, rollout_id)
    assert (answer["answer"], end.is_new, {*end.reverts}) == ("ACCEPTED", False, {answer["revert"]})
    return tuple(found)


def writes() -> list[Place]:
    """Each write, and the call after it."""
    made = made_by_a_revert()
    is_write = [one.call.operation.startswith((*WRITES, "Start")) for one in made]
    return [one for n, one in enumerate(made) if is_write[n] or (n and is_write[n - 1])]


def sampled(cases: Sequence[tuple[Any, ...]], ids: Callable[..., str]) -> list[Any]:
    return [
        pytest.param(*case, id=ids(*case), marks=() if n % EVERY == 0 else pytest.mark.slow) for n, case in enumerate(cases)
    ]


CROSSED_PROMOTIONS = [
    (verbs, place)
    for verbs in PROMOTIONS
    for place in places("good")
    if place.phase in {"taking_all", "moving_base", "promoted"}
]
CROSSED_REVERTS = [(verbs, place) for verbs in REVERTS for place in writes()]
BROKEN_REVERTS = [(mode, place) for mode in MODES for place in made_by_a_revert()]


def name_of(one: object, place: object) -> str:
    return f"{str(one).replace(' ', '-')}-{place}"


@pytest.mark.parametrize(("verbs", "place"), sampled(CROSSED_PROMOTIONS, name_of))
def test_a_verb_that_crosses_a_promotion_is_answered_truly(verbs: str, place: Moment):
    answers: list[Json] = []
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:

        def act() -> None:
            with running(None):
                answers.extend(call(world, verb) for verb in verbs.split())

        world.faults.add(Fault(*place.call, Mode.MADE, times=1, skips=place.nth, act=act))
        world.publish()
        execution = world.finish(world.start(release=RELEASE))
        settle(world)
        end = read_end(world, execution.name)

    assert len(answers) == len(verbs.split())
    check_answers(verbs.split(), answers, end)
    assert len(end.reverts) <= 1
    if place.phase == "moving_base" and verbs.startswith("abort"):
        assert answers[0]["answer"] == "REFUSED"
    if place.phase == "moving_base" and verbs.startswith("rollback"):
        assert answers[0]["answer"] == "ACCEPTED"


@pytest.mark.parametrize(("verbs", "place"), sampled(CROSSED_REVERTS, name_of))
def test_a_verb_that_crosses_a_revert_is_answered_truly(verbs: str, place: Place):
    answers: list[Json] = []
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:
        rollout_id = promote(world)

        def act() -> None:
            with running(None):
                answers.extend(call(world, verb) for verb in verbs.split())

        world.faults.add(Fault(*place.call, Mode.MADE, times=1, skips=place.nth, act=act))
        answers.insert(0, call(world, "rollback"))
        settle(world)
        end = read_end(world, rollout_id)

    assert len(answers) == 1 + len(verbs.split())
    check_answers(["rollback", *verbs.split()], answers, end)
    begun = {answer["execution"] for answer in answers if "execution" in answer and answer["answer"] != "REFUSED"}
    assert len(begun) <= 1 or "abort" in verbs or "start" in verbs
    if "abort" not in verbs and "start" not in verbs:
        assert [revert.phase for revert in end.reverts.values()] == ["promoted"]


@pytest.mark.parametrize(("mode", "place"), sampled(BROKEN_REVERTS, name_of))
def test_a_revert_that_fails_anywhere_is_made_up_for_by_the_next_call(mode: Mode, place: Place):
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:
        rollout_id = promote(world)
        world.faults.add(Fault(*place.call, mode, times=1, skips=place.nth))
        event = {"verb": "rollback", "target": world.target.name}
        world.invoke(OPERATOR, event)
        again = world.invoke(OPERATOR, event)
        settle(world)
        once = read_end(world, rollout_id)
        last = world.invoke(OPERATOR, event)
        settle(world)
        end = read_end(world, rollout_id)

    assert (again.error, last.error) == (None, None)
    assert again.payload["answer"] in BEGUN
    assert last.payload["answer"] == ("ACCEPTED" if once.is_new else "NOTHING_TO_ROLL_BACK")
    assert not end.is_new
    assert len(end.reverts) == 1 + once.is_new
