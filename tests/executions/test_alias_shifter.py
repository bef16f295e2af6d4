"""A function without an API: the alias's own weights split traffic, and there is no stage to flip."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from demo.base_history import write_ship_day
from demo.sample import SHIP, create_ship_sample
from embedded_aws.dataplane.traffic import InvokeTraffic
from embedded_aws.faults.calls import Fault, Mode, StopFault
from embedded_aws.logs.insights import queries
from tests.rig import QUICK, Rig

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy
    from embedded_aws.embedded import EmbeddedAws

MINUTE = 60


class ShipRig(Rig):
    """The same rig around a target of one function behind one alias."""

    def __init__(self, aws: EmbeddedAws, policy: Policy = QUICK) -> None:
        self.aws = aws
        self._names = iter(range(1, 100))
        self.target = replace(create_ship_sample(aws.client), policy=policy)
        self.controller = self.deploy()
        write_ship_day(aws.metrics, SHIP, until=aws.clock.now(), rng=random.Random(8), per_minute=120)
        aws.dataplane.add_source(InvokeTraffic(SHIP, "live", {"order": "7"}, per_minute=120, rng=random.Random(7)))
        self.seen: list[tuple[float, str]] = []
        aws.dataplane.on_invoked(lambda one: self.seen.append((one.request.at, one.invocation.executed_version)))
        aws.clock.run_for(120)

    def live(self) -> tuple[str, dict[str, float]]:
        alias = self.aws.client("lambda").get_alias(FunctionName=SHIP, Name="live")
        return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def is_at_rest(self) -> bool:
        return not self.live()[1] and self.records.read_lock(self.target.name).rollout_id is None


@pytest.fixture
def ship(aws: EmbeddedAws) -> ShipRig:
    return ShipRig(aws)


@pytest.mark.slow
@pytest.mark.parametrize("aws", [{"alias-weight-of-one": "refused"}], ids=["refused"], indirect=True)
def test_a_version_is_promoted_and_another_goes_back_where_a_weight_of_one_is_refused(ship: ShipRig):
    versions = ship.publish()
    assert ship.finish(ship.start()).ending == "Promoted"
    assert ship.live() == (versions[SHIP], {})
    ship.publish(FAILING_SHARE=0.6)
    assert ship.finish(ship.start()).ending == "RolledBack"
    assert ship.live() == (versions[SHIP], {})
    assert ship.is_at_rest()


def test_a_healthy_version_is_promoted_without_a_flip(ship: ShipRig):
    versions = ship.publish()
    arn = ship.start()
    ship.settle(150)
    assert ship.live() == ("1", {versions[SHIP]: 0.25})
    ended = ship.finish(arn)

    assert ended.ending == "Promoted"
    assert "FlipStage" not in ended.states
    assert ship.live() == (versions[SHIP], {})
    assert ship.is_at_rest()
    assert f"{len(ended.states)} transitions" in ended.output["price"]


def test_a_version_that_raises_goes_back_to_the_old_one(ship: ShipRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queries, "RUNS_SECONDS", 60.0)  # so that whoever asks the logs what broke stops the query
    ship.publish(FAILING_SHARE=0.6, CATCHES_FAILURES=False)
    ended = ship.run()
    ship.settle(MINUTE)

    assert ended.ending == "RolledBack"
    assert ship.live() == ("1", {})
    assert ship.is_at_rest()


@pytest.mark.parametrize("state", ["Bake", "TrafficSettle", "BaseSettle"])
def test_an_execution_stopped_half_way_leaves_no_weights(ship: ShipRig, state: str):
    versions = ship.publish()
    ship.aws.faults.add(StopFault(state))
    ship.finish(ship.start())
    ship.settle(12 * MINUTE)

    assert ship.is_at_rest()
    assert ship.live()[0] in {"1", versions[SHIP]}


def test_a_promotion_that_lambda_refuses_goes_back(ship: ShipRig):
    ship.publish()
    arn = ship.start()
    ship.aws.faults.add(Fault("MoveBase", "lambda", "UpdateAlias", Mode.REFUSED))
    ship.aws.faults.add(Fault("MakeSafe", "lambda", "UpdateAlias", Mode.REFUSED, times=1))
    ended = ship.finish(arn)
    ship.settle(15 * MINUTE)

    assert ended.ending == "NeedsOperator"
    assert "aws lambda update-alias --function-name orders-ship" in ended.cause
    assert ship.is_at_rest()
    assert ship.live() == ("1", {})


def test_the_same_version_again_ends_unchanged(ship: ShipRig):
    assert ship.run().ending == "Unchanged"


def test_versions_with_different_roles_are_refused(ship: ShipRig):
    client = ship.aws.client("lambda")
    client.update_function_configuration(FunctionName=SHIP, Role="arn:aws:iam::123456789012:role/another-role")
    client.publish_version(FunctionName=SHIP)
    ended = ship.run()

    assert ended.ending == "Refused"
    assert "must share one execution role" in ended.cause
