"""A newer start that crosses the writes of the rollout it replaces: right before and right after each, in the small world.

Whatever the moment, one release is whole at the end, nobody's canary is left, and each ending says what happened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.rules.targets.policy import OnNewer
from embedded_aws.faults.calls import Fault, Mode
from tests.faults.cases import MINUTE, PER_MINUTE, POLICY, RELEASE, Case, Moment, run
from tests.faults.final import read_final
from tests.faults.small.world import SmallWorld
from tests.faults.test_verbs import places

if TYPE_CHECKING:
    from tests.faults.small.executions import Execution

EVERY = 12
"""Every so many cases run in `make test` too."""

REPLACING = replace(POLICY, on_newer=OnNewer.REPLACE)
COMMITTED = {"moving_base", "promoted", "none"}
CASES = [(scenario, place) for scenario in ("good", "bad", "parked") for place in places(scenario)]
PARAMETERS = [
    pytest.param(*case, id=f"{case[0]}-{case[1]}", marks=() if n % EVERY == 0 else pytest.mark.slow)
    for n, case in enumerate(CASES)
]


@pytest.mark.parametrize(("scenario", "place"), PARAMETERS)
def test_a_newer_start_at_any_moment_ends_with_one_owner_and_true_endings(scenario: str, place: Moment):
    case = Case("replacing", 0, scenario)
    newer: list[Execution] = []
    with SmallWorld(seed=0, policy=REPLACING, per_minute=PER_MINUTE) as world:
        act = lambda: newer.append(world.start(release=RELEASE))  # noqa: E731 - what the fault calls
        world.faults.add(Fault(*place.call, Mode.MADE, times=1, skips=place.nth, act=act))
        older = run(case, world)
        world.rest(90 * MINUTE, until=lambda: not any(one.is_running for one in newer))
        world.rest(20 * MINUTE, until=lambda: not world.holder())
        final = read_final(case, world, older)
        (start,) = newer
        assert not final.canary
        assert world.holder() is None
        assert world.half_releases() == []
        assert final.owned is not None
        rollout = final.owned.rollout

    ending = start.states[-1]
    if place.phase in COMMITTED and rollout.replaced_by is None and scenario != "bad":
        assert (final.phase, ending) == ("promoted", "Unchanged")
    elif rollout.replaced_by is None:
        assert (scenario, final.phase, ending) == ("bad", "rolled_back", "Refused") or final.phase == "promoted"
    else:
        assert (final.phase, rollout.replaced_by.rollout_id) == ("rolled_back", start.name)
        assert rollout.reason.startswith(f"replaced by the newer rollout {start.name}")
        assert older.status == "SUCCEEDED" or (older.error == "RolledBack" and start.name in older.cause)
        assert final.rollout not in final.taken_back
        assert ending == ("RolledBack" if scenario == "bad" else "Promoted")
