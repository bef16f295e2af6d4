"""The embedded AWS with everything a rollout needs on it: sample, controller, a day of history, traffic.

What demo and serve have in common. It decides only the order in which things are made.
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
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.startup import without_collections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.dataplane.traffic import Rate

WARM_UP_SECONDS = 60
"""Traffic before the first rollout, until the user's alarm has been evaluated: one that never was refuses a rollout."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What was made."""

    aws: EmbeddedAws
    controller: Controller
    target: Target
    traffic: OrdersTraffic

    def start_rollout(self, name: str, reason: str) -> str:
        """Start a rollout of the newest versions; the execution's ARN."""
        answer = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.controller.machine_arn,
            name=name,
            input=json.dumps({"target": self.target.name, "reason": reason}),
        )
        return str(answer["executionArn"])


@contextmanager
def open_stand(*, port: int = 0, speed: float | None = None, seed: int = 0, per_minute: Rate = 600.0) -> Iterator[Stand]:
    """An embedded AWS with sample, controller, history and traffic, whose clock nobody drives yet."""
    with EmbeddedAws(port=port, speed=speed, seed=seed, guest=CONTROLLER) as aws:
        with without_collections():
            stand = _make(aws, seed, per_minute)
        yield stand


def _make(aws: EmbeddedAws, seed: int, per_minute: Rate) -> Stand:
    target = create_sample(aws.client)
    controller = create_controller(aws.client)
    register_target(aws.client, target)
    if target.stage is None:
        raise ValueError(f"the sample's target {target.name} has no stage")
    write_day(aws.metrics, target, until=aws.clock.now(), rng=random.Random(f"{seed} history"))
    traffic = OrdersTraffic(target.stage, rng=random.Random(f"{seed} traffic"), per_minute=per_minute)
    aws.dataplane.add_source(traffic)
    return Stand(aws, controller, target, traffic)
