"""What whole executions run on: the embedded AWS with the sample, the controller and traffic, small enough to be fast."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from canary.aws.records import Records
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.policy import Policy, Step, WhenUnproven
from demo.base_history import write_day
from demo.controller import Controller, create_controller, register_target
from demo.orders_traffic import OrdersTraffic
from demo.sample import create_sample, publish_release

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.aws.record_reads import Owned
    from canary.rules.targets.target import Target
    from embedded_aws.dataplane.served import Served
    from embedded_aws.embedded import EmbeddedAws

QUICK = Policy(
    "quick",
    (Step(Decimal(25), 120), Step(Decimal(50), 120)),
    metric_delay_seconds=60,
    min_requests=5,
    detect={"errors": 0.5},
    max_extension_seconds=300,
    when_unproven=WhenUnproven.ROLL_BACK,
    watch_seconds=0,
)
"""Two short steps that need little proof, and no watch after the promotion: for executions about safety, not about judging."""

HOUR = 3600.0


@dataclass(frozen=True)
class Ended:
    """An ended execution."""

    status: str
    error: str | None
    cause: str
    output: dict[str, Any]
    states: list[str]
    seconds: float

    @property
    def ending(self) -> str:
        """The name of its last state."""
        return self.states[-1]


def by_calls(aws: EmbeddedAws, target: Target) -> tuple[Target, Controller]:
    """Controller and target made with boto3 calls, which is fast; their roles are not enforced."""
    controller = create_controller(aws.client)
    register_target(aws.client, target)
    return target, controller


class Rig:
    """One account with the sample in it. ``deployer`` creates controller and target, and returns the registered target."""

    deployer: ClassVar[Callable[[EmbeddedAws, Target], tuple[Target, Controller]]] = staticmethod(by_calls)

    def __init__(
        self, aws: EmbeddedAws, *, policy: Policy = QUICK, per_minute: float = 120, history: bool = True, **changes: Any
    ) -> None:
        self.aws = aws
        self._names = count(1)
        target = create_sample(aws.client)
        self.target: Target = replace(target, policy=policy, **changes)
        self.controller: Controller = self.deploy()
        self.traffic = OrdersTraffic(self.target.stage, rng=random.Random(7), per_minute=per_minute)
        if history:
            write_day(
                aws.metrics,
                self.target,
                until=aws.clock.now(),
                rng=random.Random(8),
                per_minute=per_minute,
                seconds=2 * 3600,
            )
        self.served: list[Served] = []
        aws.dataplane.on_served(self.served.append)
        aws.dataplane.add_source(self.traffic)
        aws.clock.run_for(120)

    def deploy(self) -> Controller:
        """The controller, and the target registered."""
        self.target, controller = Rig.deployer(self.aws, self.target)
        return controller

    @cached_property
    def records(self) -> Records:
        return Records(self.aws.client("dynamodb"), self.controller.table)

    def publish(self, **numbers: str | float | bool) -> dict[str, str]:
        """A new version of each function."""
        return publish_release(self.aws.client, self.target, {"NAME": f"release {next(self._names)}", **numbers})

    def start(self, **more: Any) -> str:
        """Start a rollout; returns its execution's ARN."""
        return self.start_with({"target": self.target.name, **more})

    def start_with(self, given: object) -> str:
        name = f"r{next(self._names)}"
        answer = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.controller.machine_arn, name=name, input=json.dumps(given)
        )
        return str(answer["executionArn"])

    def finish(self, arn: str, *, limit: float = 6 * HOUR) -> Ended:
        """Let time pass until the execution has ended."""
        described = self.aws.run_until_ended(arn, limit=limit)
        return Ended(
            status=described["status"],
            error=described.get("error"),
            cause=described.get("cause", ""),
            output=json.loads(described.get("output", "{}")),
            states=self.states(arn),
            seconds=(described["stopDate"] - described["startDate"]).total_seconds(),
        )

    def run(self, **more: Any) -> Ended:
        return self.finish(self.start(**more))

    def states(self, arn: str) -> list[str]:
        """The states entered so far."""
        pages = self.aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        events = (event for page in pages for event in page["events"])
        return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]

    def record_of(self, arn: str) -> Owned | None:
        return self.records.find(arn.rsplit(":", 1)[-1])

    @property
    def stage(self) -> dict[str, Any]:
        stage = self.target.stage
        answer = self.aws.client("apigateway").get_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name)
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    def aliases(self) -> dict[str, tuple[str, str]]:
        """The versions of each function's live and canary alias."""
        return {f.name: (self._version(f.name, f.live), self._version(f.name, f.canary)) for f in self.target.functions}

    def _version(self, function: str, alias: str) -> str:
        answer = self.aws.client("lambda").get_alias(FunctionName=function, Name=alias)
        assert not answer.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        return str(answer["FunctionVersion"])

    def is_at_rest(self) -> bool:
        """No canary, the lock free, and each canary alias where the last rollout leaves it."""
        lock = self.records.read_lock(self.target.name)
        last = self.records.find(lock.last_rollout_id) if lock.last_rollout_id else None
        places: dict[str, set[str]] = {name: {live} for name, (live, _) in self.aliases().items()}
        if last and last.rollout.phase is Phase.PROMOTED:
            places = {name: {*found, last.rollout.snapshot.live[name]} for name, found in places.items()}
        elif last:
            places = {name: {*found, last.rollout.snapshot.canary.get(name, "")} for name, found in places.items()}
        ready = all(canary in places[name] for name, (_, canary) in self.aliases().items())
        return "canarySettings" not in self.stage and ready and lock.rollout_id is None

    def settle(self, seconds: float) -> None:
        self.aws.clock.run_for(seconds)

    def half_releases(self, old: tuple[str, Mapping[str, str]], new: tuple[str, Mapping[str, str]]) -> list[dict[str, Any]]:
        """Served requests with the deployment of one release and the version of the other."""
        whole = {old[0]: old[1], new[0]: new[1]}
        return [
            one.details()
            for one in self.served
            if one.function and one.version and whole.get(str(one.deployment_id), {}).get(one.function) != one.version
        ]
