import pytest

from canary.rules.looks.alarm_readings import AlarmState, alarm_faults, alarms_against
from tests.rules.looks.test_verdict import an_alarm


@pytest.mark.parametrize("is_ours", [False, True])
@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (AlarmState.GONE, "alarm orders-payment-failures no longer exists, so it cannot stop the rollout; create it again"),
        (AlarmState.BROKEN, "alarm orders-payment-failures cannot be evaluated (3 of 3 above 5); fix it"),
    ],
)
def test_an_alarm_that_is_gone_or_broken_is_a_fault_and_forbids_the_promotion(state, fault, is_ours):
    alarms = (an_alarm(AlarmState.OK, name="calm"), an_alarm(state, is_ours=is_ours))
    assert alarm_faults(alarms) == (fault,)
    assert alarms_against(alarms, ()) == fault


def test_alarms_that_can_fire_are_no_fault():
    calm = (an_alarm(AlarmState.OK), an_alarm(AlarmState.INSUFFICIENT_DATA), an_alarm(AlarmState.ALARM))
    assert alarm_faults(calm) == ()
    assert alarms_against(calm[:2], ()) is None
