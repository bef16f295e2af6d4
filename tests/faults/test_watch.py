"""Faults while a promoted release is watched, in the small world: at each call of the watch, and of the revert that follows.

Whatever fails, and whenever: base is one whole release, the lock is free, the record and the execution say the same, and
someone is told if the watch did not do what it is for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from canary.aws.records import Records
from demo.controller import TABLE
from embedded_aws.faults.caller import running, running_task
from embedded_aws.faults.calls import Call, Fault, Mode
from tests.faults.cases import PER_MINUTE, POLICY, RELEASE
from tests.faults.small.world import SmallWorld

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from tests.faults.small.executions import Execution

WATCHED = replace(POLICY, watch_seconds=240)
EVERY = 24
"""Every so many cases run in `make test` too."""

MODES = (Mode.REFUSED, Mode.KILLED_BEFORE, Mode.KILLED_AFTER)
TOLD = {"Rollout Watch Ended", "Operator Needed", "Rollout Ended"}


class Place(NamedTuple):
    """The ``nth`` time (from 0 on) that a task makes a call once the release is promoted."""

    call: Call
    nth: int
    is_bad: bool

    def __str__(self) -> str:
        return f"{'bad' if self.is_bad else 'good'}-{self.call.task}-{self.nth}-{self.call.operation}"


class End(NamedTuple):
    """What is true after a run."""

    execution: Execution
    rollout: Rollout
    revert: Rollout | None
    versions: set[str]
    deployment: str
    told: set[str]


def watch(world: SmallWorld, *, is_bad: bool) -> End:
    """Promote the release and watch it; a bad one makes the user's alarm fire soon after the flip."""
    world.publish()
    execution = world.start(release=RELEASE)
    world.rest(3600, until=lambda: "Watch" in execution.states)
    if is_bad:
        world.at(30, lambda: world.account._set_alarm(world.target.alarms[0], "ALARM"))
    world.finish(execution)
    world.rest(900)
    records, name = Records(world.client("dynamodb"), TABLE), execution.arn.rpartition(":")[2]
    owned, revert = records.find(name), records.find(f"{name}-watch-revert")
    assert owned is not None
    assert world.holder() is None
    assert world.half_releases() == []
    pointing = {alias.version for (_, name), alias in world.account.functions.pointing().items() if name == "live"}
    kinds = {kind for at, kind, _ in world.notifications if at > world.began}
    stage = world.account.gateway.stage
    assert stage is not None
    assert stage.canary is None
    return End(execution, owned.rollout, revert.rollout if revert else None, pointing, stage.deployment_id, kinds)


@cache
def places() -> tuple[Place, ...]:
    """Each call that is made after the promotion of a good and of a bad release when nothing fails; alike ones once."""
    found: dict[tuple[bool, str], Place] = {}
    for is_bad in (False, True):
        _note_places(found, is_bad=is_bad)
    return tuple(found.values())


def _note_places(found: dict[tuple[bool, str], Place], *, is_bad: bool) -> None:
    seen: Counter[Call] = Counter()
    with SmallWorld(seed=0, policy=WATCHED, per_minute=PER_MINUTE) as world:

        def note(service: str, operation: str, _: object) -> None:
            call = Call(running_task(), service, operation)
            with running(None):
                is_watched = any("Watch" in one.states for one in world.machine.executions.values())
                if is_watched and call.task and call.task != "SweepTargets":
                    found.setdefault((is_bad, str(call)), Place(call, seen[call], is_bad))
            seen[call] += 1

        world.account.on_call = note
        watch(world, is_bad=is_bad)


CASES = [(place, mode) for place in places() for mode in MODES]
PARAMETERS = [
    pytest.param(*case, id=f"{case[0]}-{case[1].name.lower()}", marks=() if n % EVERY == 0 else pytest.mark.slow)
    for n, case in enumerate(CASES)
]


def test_a_good_release_stays_and_a_bad_one_is_taken_back():
    with SmallWorld(seed=0, policy=WATCHED, per_minute=PER_MINUTE) as world:
        end = watch(world, is_bad=False)
        assert (end.execution.states[-1], end.versions, end.revert) == ("Promoted", {"2"}, None)
        assert end.told & TOLD == set()
    with SmallWorld(seed=0, policy=WATCHED, per_minute=PER_MINUTE) as world:
        end = watch(world, is_bad=True)
        assert (end.execution.states[-1], end.versions) == ("Reverted", {"1"})
        assert end.told >= {"Rollout Promoted", "Rollout Watch Ended", "Rollout Reverted"}


@pytest.mark.parametrize(("place", "mode"), PARAMETERS)
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_a_fault_while_watching_never_ends_wrong(place: Place, mode: Mode, times: int | None):
    with SmallWorld(seed=0, policy=WATCHED, per_minute=PER_MINUTE) as world:
        world.faults.add(Fault(*place.call, mode, times=times, skips=place.nth))
        world.at(1800, world.faults.clear)
        end = watch(world, is_bad=place.is_bad)
    watched = end.rollout.watch
    assert end.rollout.phase == "promoted"
    assert watched is not None
    assert watched.end is not None
    is_back = end.versions == {"1"}
    assert is_back or end.versions == {"2"}
    assert is_back is (end.revert is not None and end.revert.phase == "promoted")
    assert "Rollout Promoted" in end.told
    last = end.execution.states[-1]
    if not place.is_bad:
        assert not is_back
        assert last in {"Promoted", "NeedsOperator"}
    elif is_back:
        assert last in {"Reverted", "NeedsOperator", "Promoted"}
    else:
        assert end.told & TOLD
    if last == "Promoted":
        assert not is_back
    if last == "Reverted":
        assert is_back
