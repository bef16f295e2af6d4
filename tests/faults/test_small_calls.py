"""Each AWS call of each Task is refused once and for ten minutes, and the function is killed before and after it.

This is the small world. `test_small_runs` proves that it makes the calls of the full one, in which `test_calls` tries some of
the cases.
"""

from __future__ import annotations

import pytest

from tests.faults.calls import GOING_BACK, PARKING, PROMOTING, a_fault, kinds_of
from tests.faults.cases import PER_MINUTE, POLICY, Case, run
from tests.faults.final import read_final
from tests.faults.promises import broken
from tests.faults.small.world import SmallWorld

EVERY = 24
"""Every so many cases run in `make test` too."""

CASES = [
    (scenario, call, kind)
    for scenario, calls in (("good", PROMOTING), ("bad", GOING_BACK), ("parked", PARKING))
    for call in calls
    for kind in kinds_of(call)
]
PARAMETERS = [
    pytest.param(*case, id=f"{'.'.join(case[1])}-{case[2].replace(' ', '-')}", marks=() if n % EVERY == 0 else pytest.mark.slow)
    for n, case in enumerate(CASES)
]


@pytest.mark.parametrize(("scenario", "call", "kind"), PARAMETERS)
def test_a_call_that_goes_wrong_breaks_no_promise(scenario: str, call: tuple[str, str, str], kind: str):
    case, fault = Case("calls", 0, scenario), a_fault(call, kind)
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:
        world.faults.add(fault)
        assert broken(read_final(case, world, run(case, world))) == []

    assert fault.hits >= 1
