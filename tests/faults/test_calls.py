"""Calls that go wrong in the full world: each write of each Task with the function killed before and after it, and refusals.

The function's death and each service's refusals are what the full world answers in its own way. `test_small_calls` tries all
calls in all ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary_machine.definition import load, task_names
from tests.faults.calls import GOING_BACK, PARKING, PROMOTING, READS, WAITING, a_fault, kinds_of
from tests.faults.verdicts import FAILING, check_whole_and_truthful, publish, roll_out

if TYPE_CHECKING:
    from tests.rig import Rig

TASKS = task_names(load())
EVERY = 80
"""`make test` runs one in this many cases."""

CALLS = [
    *((call, False) for calls in (PROMOTING, WAITING, PARKING) for call in calls),
    *((call, True) for call in GOING_BACK),
]
REFUSED = {call[1]: call for call in (*PROMOTING, *GOING_BACK)}
"""One call of each service."""

CASES = [
    (call, kind, is_going_back)
    for call, is_going_back in CALLS
    for kind in kinds_of(call)
    if (call in {*REFUSED.values(), *WAITING} if kind.startswith("refused") else not call[2].startswith(READS))
]
PARAMETERS = [
    pytest.param(*case, id=f"{'.'.join(case[0])}-{case[1].replace(' ', '-')}", marks=() if n % EVERY == 0 else pytest.mark.slow)
    for n, case in enumerate(CASES)
]


@pytest.mark.parametrize(("call", "kind", "is_going_back"), PARAMETERS)
def test_a_call_that_goes_wrong_leaves_the_target_whole(
    rig: Rig,
    call: tuple[str, str, str],
    kind: str,
    is_going_back: bool,  # noqa: FBT001 - a parameter of the case
):
    before = publish(rig, **FAILING if is_going_back else {})
    fault = a_fault(call, kind)
    rig.aws.faults.add(fault)
    arn, ended = roll_out(rig, call[0])

    assert fault.hits >= 1
    check_whole_and_truthful(rig, before, arn, ended)


def test_the_list_of_calls_is_what_a_promotion_makes(rig: Rig):
    publish(rig)
    rig.run()

    assert calls_of(rig) == sorted((*PROMOTING, *WAITING))


def test_the_list_of_calls_is_what_a_rollback_makes_besides(rig: Rig):
    publish(rig, **FAILING)
    rig.run()

    assert sorted({*calls_of(rig)} - {*PROMOTING, *WAITING}) == sorted(GOING_BACK)


def test_the_list_of_calls_is_what_parking_makes_besides(rig: Rig):
    publish(rig)
    roll_out(rig, "ParkRollout")

    assert sorted({*calls_of(rig)} - {*PROMOTING, *WAITING}) == sorted(PARKING)


def calls_of(rig: Rig) -> list[tuple[str, str, str]]:
    tasks = (call for call in rig.aws.faults.calls if call.task in TASKS)
    return sorted({(str(call.task), call.service, call.operation) for call in tasks})
