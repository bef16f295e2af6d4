"""While the records cannot be used, someone is notified within two minutes, and base gets its traffic back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.rollouts.phases import Phase
from demo.controller import TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from tests.rig import Rig

pytestmark = pytest.mark.slow

READER = "orders-read"


def listen(rig: Rig) -> None:
    """Have every event of the controller delivered to a function that ignores it."""
    events = rig.aws.client("events")
    rule = events.put_rule(Name="tell", EventPattern='{"source": ["canary"]}')["RuleArn"]
    rig.aws.client("lambda").add_permission(
        FunctionName=READER,
        StatementId="tell",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    arn = f"arn:aws:lambda:{rig.aws.region}:{rig.aws.account}:function:{READER}"
    events.put_targets(Rule="tell", Targets=[{"Id": "reader", "Arn": arn}])


def told(rig: Rig, kind: str) -> list[tuple[float, dict[str, Any]]]:
    """The events of this kind with the time of their delivery."""
    delivered = (one for one in rig.aws.events.deliveries if one.target.endswith(f":function:{READER}"))
    return [(one.at, one.event["detail"]) for one in delivered if one.event["detail-type"] == kind]


@pytest.mark.parametrize("operation", ["TransactWriteItems", "BatchGetItem"])
def test_unusable_records_are_told_the_canary_goes_and_the_rollout_ends_when_they_are_back(rig: Rig, operation: str):
    rig.publish()
    listen(rig)
    arn = rig.start()
    rig.settle(150)
    assert rig.stage["canarySettings"]["percentTraffic"] == 25.0
    began = rig.aws.clock.now()
    rig.aws.faults.add(Fault(None, "dynamodb", operation, Mode.REFUSED, until=began + 3000))
    ended = rig.finish(arn)

    assert ended.ending == "NeedsOperator"
    assert ended.cause.startswith("the target could not be made safe; the lock is kept, and the sweeper goes on each minute: ")
    assert "{" not in ended.cause
    rig.settle(began + 600 - rig.aws.clock.now())
    assert "canarySettings" not in rig.stage
    assert rig.aliases() == {name: ("1", new) for name, (_, new) in rig.aliases().items()}
    first, second = told(rig, "Operator Needed")
    assert first[0] - began < 120
    assert "op=remove,path=/canarySettings" in first[1]["commands"][0]
    assert "the canary was removed" in second[1]["reason"]

    rig.settle(began + 3600 - rig.aws.clock.now())
    assert rig.is_at_rest()
    assert rig.record_of(arn).rollout.phase is Phase.ROLLED_BACK
    assert [len(told(rig, kind)) for kind in ("Operator Needed", "Records Usable Again", "Rollout Ended")] == [3, 1, 1]
    metric = {"Namespace": "CanaryController", "MetricName": "RecordsUnusable"}
    assert rig.aws.client("cloudwatch").list_metrics(**metric)["Metrics"]


def test_a_dead_rollout_and_a_free_target_are_swept_apart(rig: Rig):
    rig.publish()
    rig.aws.events.deliver = "never"
    rig.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}another", Type="String", Value="{")
    arn = rig.start()
    rig.settle(150)
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn)
    rig.settle(600)

    assert rig.is_at_rest()
    assert rig.record_of(arn).rollout.phase is Phase.ROLLED_BACK
    swept = [call for call in rig.aws.faults.calls if call.task == "SweepTargets" and call.operation == "Invoke"]
    assert swept


def test_a_waiting_step_is_reported_when_it_begins_to_wait_and_when_the_wait_is_over(rig: Rig):
    rig.publish()
    listen(rig)
    rig.aws.dataplane.remove_source(rig.traffic)
    arn = rig.start()
    rig.settle(600)
    rig.aws.dataplane.add_source(rig.traffic)
    rig.finish(arn)
    rig.settle(5)

    ((begun, waiting),), ((over, _),) = told(rig, "Rollout Waiting"), told(rig, "Rollout Wait Over")
    assert begun < over
    assert (waiting["phase"], waiting["step"]) == ("shifting", 1)
    assert waiting["reason"]


@pytest.mark.parametrize("mode", [Mode.KILLED_BEFORE, Mode.REFUSED])
def test_an_end_is_told_although_its_function_died_before_it_could(rig: Rig, mode: Mode):
    rig.publish()
    listen(rig)
    rig.aws.faults.add(Fault("CleanUp", "events", "PutEvents", mode, times=1))
    assert rig.run().ending == "Promoted"
    assert told(rig, "Rollout Promoted") == []
    rig.settle(240)

    ((_, ended),) = told(rig, "Rollout Promoted")
    assert ended["phase"] == "promoted"
