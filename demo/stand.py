"""The embedded AWS with everything that a rollout needs: sample, controller, a day of history, traffic.

The demo and serve share it. It decides only the order in which things are created.
"""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.targets.target import Target
from demo.base_history import write_day
from demo.controller import Controller, create_controller, register_target
from demo.guest import CONTROLLER
from demo.orders_traffic import OrdersTraffic
from demo.sample import create_sample
from embedded_aws.dataplane.dataplane import Source
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.startup import without_collections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.dataplane.traffic import Rate

REPORTS = "canary-reports"
"""The bucket of the rollouts' reports."""

WARM_UP_SECONDS = 60
"""Traffic before the first rollout. A rollout is refused until the user's alarm has been evaluated once."""


@dataclass(frozen=True, slots=True)
class Stand:
    """The embedded AWS and what was created on it."""

    aws: EmbeddedAws
    controller: Controller
    target: Target
    traffic: Source

    def start_rollout(self, name: str, reason: str, *, policy: Mapping[str, object] | None = None) -> str:
        """Start a rollout of the newest versions, with these changes of the policy; returns the execution's ARN."""
        changes = {} if policy is None else {"policy": policy}
        answer = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.controller.machine_arn,
            name=name,
            input=json.dumps({"target": self.target.name, "reason": reason, **changes}),
        )
        return str(answer["executionArn"])


@dataclass(frozen=True, slots=True)
class SampleStand(Stand):
    """A stand with the sample, whose traffic can meet an outage."""

    traffic: OrdersTraffic


@contextmanager
def open_stand(*, port: int = 0, speed: float | None = None, seed: int = 0, per_minute: Rate = 600.0) -> Iterator[SampleStand]:
    """An embedded AWS with sample, controller, history and traffic. Its clock does not move until the caller drives it."""
    with EmbeddedAws(port=port, speed=speed, seed=seed, guest=CONTROLLER) as aws:
        with without_collections():
            stand = _make(aws, seed, per_minute)
        yield stand


def _make(aws: EmbeddedAws, seed: int, per_minute: Rate) -> SampleStand:
    target = create_sample(aws.client)
    controller = create_controller(aws.client, reports=REPORTS)
    register_target(aws.client, target)
    if target.stage is None:
        raise ValueError(f"the sample's target {target.name} has no stage")
    write_day(aws.metrics, target, until=aws.clock.now(), rng=random.Random(f"{seed} history"))
    traffic = OrdersTraffic(target.stage, rng=random.Random(f"{seed} traffic"), per_minute=per_minute)
    aws.dataplane.add_source(traffic)
    return SampleStand(aws, controller, target, traffic)
