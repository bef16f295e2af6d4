"""A release that was rolled back is not started again by whoever asks for the newest of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.executions.test_ownership import abort

if TYPE_CHECKING:
    from tests.rig import Rig

ALARM = "orders-payment-failures"


def set_alarm(rig: Rig, state: str) -> None:
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="a test")


def test_a_release_that_was_rolled_back_starts_again_only_as_a_retry(rig: Rig):
    versions = rig.publish()
    first = rig.start()
    rig.settle(120)
    set_alarm(rig, "ALARM")
    assert rig.finish(first).ending == "RolledBack"
    set_alarm(rig, "OK")
    name = first.rpartition(":")[-1]

    for asked in ({}, {"release": {"functions": versions, "deployment": "present"}}, {"reason": "the Monday schedule"}):
        refused = rig.run(**asked)
        assert (refused.error, refused.ending) == ("Refused", "Refused")
        assert f"rollout {name} of the same release was rolled back at " in refused.cause
        assert f"alarm {ALARM} is firing" in refused.cause
        assert '"retry": true and a reason' in refused.cause

    retried = rig.run(retry=True, reason="payments were down, not this release", labels={"ticket": "OPS-7"})
    assert retried.ending == "Promoted"
    assert any(f"this is a retry: rollout {name}" in note for note in retried.output["notes"])
    assert retried.output["labels"] == {"ticket": "OPS-7"}
    assert rig.run().ending == "Unchanged"


def test_an_aborted_release_is_refused_with_what_the_operator_said(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    abort(rig, "checkout is broken")
    rig.finish(arn)
    rig.settle(600)
    assert rig.is_at_rest()

    refused = rig.run()
    assert refused.ending == "Refused"
    assert "was rolled back at " in refused.cause
    assert "aborted: checkout is broken" in refused.cause

    rig.publish()
    assert rig.run().ending == "Promoted"
