"""Alarms are read by name: their state, or that they are missing or broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.alarms import NAMES_PER_CALL, read_alarms, with_blips
from canary.aws.errors import AwsRefusedError
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Scripted
from tests.tasks.walk import PAYMENTS

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def test_states_come_in_order_ours_first(ground: Ground):
    client = ground.aws.client("cloudwatch")
    client.put_composite_alarm(AlarmName="both", AlarmRule=f'ALARM("{PAYMENTS}")')
    ground.fire()
    found = read_alarms(client, ["unknown"], [PAYMENTS, "both"])
    client.delete_alarms(AlarmNames=["both"])

    assert [(one.name, one.is_ours) for one in found] == [("unknown", True), (PAYMENTS, False), ("both", False)]
    assert found[0] == AlarmReading("unknown", AlarmState.GONE, True)  # noqa: FBT003 - the record's own order
    assert (found[1].state, found[1].detail) == (AlarmState.ALARM, "payments fail")
    assert found[2].state is not AlarmState.GONE


ODD = 'Größe > 5 % of "x" {*}?$ \u2013 \u65e5\u672c \U0001f525'


def read_firing(ground: Ground) -> AlarmReading:
    """An alarm with an odd name, as it is read while it fires."""
    client = ground.aws.client("cloudwatch")
    put = {"MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1}
    client.put_metric_alarm(AlarmName=ODD, ComparisonOperator="GreaterThanThreshold", **put)
    client.set_alarm_state(AlarmName=ODD, StateValue="ALARM", StateReason="it fires")
    (found,) = read_alarms(client, [], [ODD])
    return found


def test_an_alarm_is_read_whatever_its_name(ground: Ground):
    found, client = read_firing(ground), ground.aws.client("cloudwatch")
    (blip,) = with_blips(client, [AlarmReading(ODD, AlarmState.OK, is_ours=False)], 0, ground.aws.clock.now() + 1)
    client.delete_alarms(AlarmNames=[ODD])

    assert (found.name, found.state, found.detail) == (ODD, AlarmState.ALARM, "it fires")
    assert blip.state is AlarmState.ALARM


@pytest.mark.parametrize("evaluation", ["EVALUATION_ERROR", "EVALUATION_FAILURE"])
def test_an_alarm_that_cannot_be_evaluated_is_broken(evaluation: str):
    alarm = {"AlarmName": "a", "StateValue": "OK", "EvaluationState": evaluation}
    client = Scripted(describe_alarms=[{"MetricAlarms": [alarm], "CompositeAlarms": []}])

    assert read_alarms(client, ["a"], []) == (AlarmReading("a", AlarmState.BROKEN, True, evaluation),)  # noqa: FBT003


def test_more_alarms_than_a_call_takes_are_read_in_several():
    nothing = {"MetricAlarms": [], "CompositeAlarms": []}
    client = Scripted(describe_alarms=[nothing, nothing])
    found = read_alarms(client, [], [f"a{number}" for number in range(NAMES_PER_CALL + 1)])

    assert [len(arguments["AlarmNames"]) for _, arguments in client.calls] == [NAMES_PER_CALL, 1]
    assert {one.state for one in found} == {AlarmState.GONE}


def test_without_names_nothing_is_requested():
    assert read_alarms(Scripted(), [], []) == ()


def test_a_refusal_reports_the_command(ground: Ground):
    ground.aws.faults.add(Fault(None, "cloudwatch", "DescribeAlarms", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="aws cloudwatch describe-alarms"):
        read_alarms(ground.aws.client("cloudwatch"), [PAYMENTS], [])


class History:
    """An alarm's history on two pages."""

    def __init__(self, *states: str) -> None:
        self._states = states

    def get_paginator(self, _: str) -> History:
        return self

    def paginate(self, **_: object) -> list[dict[str, list[dict[str, str]]]]:
        return [
            {"AlarmHistoryItems": [{"HistoryData": f'{{"newState": {{"stateValue": "{state}"}}}}'}]} for state in self._states
        ]


@pytest.mark.parametrize(
    ("states", "now"), [(("OK", "ALARM"), AlarmState.ALARM), (("OK",), AlarmState.OK), ((), AlarmState.OK)]
)
def test_an_alarm_that_fired_since_the_last_look_counts_as_firing(states: tuple[str, ...], now: AlarmState):
    quiet = AlarmReading("a", AlarmState.OK, is_ours=True)
    gone = AlarmReading("b", AlarmState.GONE, is_ours=True)
    found = with_blips(History(*states), [quiet, gone], 0, 60)

    assert (found[0].state, found[1]) == (now, gone)


@pytest.mark.parametrize(("changed_at", "state"), [(None, "ALARM"), (30.0, "ALARM"), (-59.0, "ALARM"), (-61.0, "OK")])
def test_the_history_of_an_alarm_that_has_not_changed_since_is_not_read(changed_at: float | None, state: str):
    quiet = AlarmReading("a", AlarmState.OK, is_ours=True, changed_at=changed_at)
    (found,) = with_blips(History("OK", "ALARM"), [quiet], 0, 60)
    assert found.state.value == state


def test_an_alarm_says_when_its_state_changed(ground: Ground):
    found = read_firing(ground)
    ground.aws.client("cloudwatch").delete_alarms(AlarmNames=[ODD])
    assert found.changed_at == pytest.approx(ground.aws.clock.now(), abs=2)
