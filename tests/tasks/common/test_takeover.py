"""Taking over: first the lock is taken, then the owner is stopped, then one pass is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsRefusedError, OwnershipLostError
from canary.rules.rollouts.phases import Phase
from canary.tasks.common.takeover import _noted, is_execution, take_over
from embedded_aws.faults.calls import Fault, Mode
from tests.builders import a_rollout

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground


def test_the_first_to_take_over_has_it_alone(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    stale = walk.owned
    take_over(stale, tools, owner="first", reason="one", now=walk.now)
    with pytest.raises(OwnershipLostError):
        take_over(stale, tools, owner="second", reason="two", now=walk.now)

    assert (walk.owned.lock.owner, walk.record.reason) == ("first", "one")


def test_a_rollout_that_is_over_keeps_its_reason():
    over = a_rollout(phase=Phase.ROLLED_BACK, reason="worse than base")

    assert _noted(over, "too late", None) == over


def test_an_owner_that_cannot_be_stopped_is_reported_and_has_lost_the_lock(ground: Ground, tools: Tools):
    arn = ground.rig.start()
    ground.rig.settle(100)
    ground.aws.faults.add(Fault(None, None, "StopExecution", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="aws stepfunctions stop-execution --execution-arn"):
        take_over(ground.rig.record_of(arn), tools, owner="operator:test", reason="OPS-1", now=ground.aws.clock.now())

    assert ground.rig.record_of(arn).lock.owner == "operator:test"
    ground.aws.faults.clear()
    ground.aws.stop_execution(arn)


def test_a_pass_that_aws_refuses_asks_for_an_operator(ground: Ground, tools: Tools, capsys: pytest.CaptureFixture[str]):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    safety = take_over(walk.owned, tools, owner="sweeper", reason="one", now=walk.now)

    assert (safety.owned.rollout.needs_operator, ground.percent) == (True, 25.0)
    assert '"OperatorNeeded":[1.0]' in capsys.readouterr().out


def test_the_reason_of_a_rollback_under_way_stays(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    take_over(walk.owned, tools, owner="first", reason="one", now=walk.now)
    take_over(walk.owned, tools, owner="second", reason="two", now=walk.now)

    assert (walk.owned.lock.owner, walk.record.reason) == ("second", "one")


def test_only_an_arn_is_an_execution():
    assert is_execution("arn:aws:states:eu-west-1:123456789012:execution:canary-rollout:r1")
    assert not is_execution("sweeper")
