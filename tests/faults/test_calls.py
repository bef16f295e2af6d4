"""Each AWS call of each Task is refused once and for ten minutes, and the function is killed before and after it.

A read changes nothing: killed after one, a function leaves what it leaves when it is killed before it. That case runs once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary_machine.definition import load, task_names
from embedded_aws.faults.calls import Fault, Mode
from tests.faults.calls import GOING_BACK, PARKING, PROMOTING, WAITING
from tests.faults.verdicts import FAILING, MINUTE, check_whole_and_truthful, publish, roll_out

if TYPE_CHECKING:
    from tests.rig import Rig

TASKS = task_names(load())
EVERY = 110
"""`make test` runs one in this many cases."""

READS = ("Get", "BatchGet", "Describe", "List")

CASES = [
    (call, kind, is_going_back)
    for calls, is_going_back in ((PROMOTING, False), (WAITING, False), (GOING_BACK, True), (PARKING, False))
    for call in calls
    for kind in ("refused once", "refused for ten minutes", "killed before", "killed after")
    if kind != "killed after" or not call[2].startswith(READS)
]
PARAMETERS = [
    pytest.param(*case, id=f"{'.'.join(case[0])}-{case[1].replace(' ', '-')}", marks=() if n % EVERY == 0 else pytest.mark.slow)
    for n, case in enumerate(CASES)
]


def a_fault(call: tuple[str, str, str], kind: str) -> Fault:
    match kind:
        case "refused once":
            return Fault(*call, Mode.REFUSED, times=1)
        case "killed before":
            return Fault(*call, Mode.KILLED_BEFORE, times=1)
        case "killed after":
            return Fault(*call, Mode.KILLED_AFTER, times=1)
    return TenMinutes(*call, Mode.REFUSED)


class TenMinutes(Fault):
    """Refused for ten minutes from the first such call on."""

    def matches(self, call: object, now: float) -> bool:
        if not super().matches(call, now):
            return False
        if self.until == float("inf"):
            self.until = now + 10 * MINUTE
        return True


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
