"""Many targets in one account with one controller: an API, a function, an access log and traffic each."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import yaml

from canary.rules.targets.target import Target
from demo import sample
from demo.controller import Controller, create_controller, register_target
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.dataplane.traffic import Shape, Traffic
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.faults.caller import running_task
from embedded_aws.wire.throttles import ThrottledError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from canary.rules.targets.policy import Policy

CODE = """
import random

def handler(event, context):
    return {{"statusCode": 500 if random.random() < {failing} else 200, "body": "{name}"}}
"""
GIVEN = {
    "stage": {"rest_api_id": "a1b2c3d4e5", "stage_name": "prod", "alias_variable": "lambdaAlias"},
    "metrics": {"slow": ["p99"]},
}


@dataclass
class ManyTargets:
    """The targets by name, their controller, and how often a service throttled a call, by service and operation."""

    aws: EmbeddedAws
    targets: dict[str, Target]
    controller: Controller
    throttled: Counter[str]

    def publish(self, name: str, *, failing: float) -> dict[str, str]:
        """A version of the target's function that fails this share of its requests."""
        client, (function,) = self.aws.client("lambda"), self.targets[name].functions
        client.update_function_code(FunctionName=function.name, ZipFile=archive_of(function.name, name, failing))
        return {function.name: client.publish_version(FunctionName=function.name)["Version"]}

    def served_by(self, name: str) -> tuple[str, str, bool]:
        """The versions of the target's two aliases, and whether its stage has a canary."""
        (function,), stage = self.targets[name].functions, self.targets[name].stage
        client = self.aws.client("lambda")
        live, canary = (
            client.get_alias(FunctionName=function.name, Name=alias)["FunctionVersion"] for alias in ("live", "canary")
        )
        shown = self.aws.client("apigateway").get_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name)
        return live, canary, "canarySettings" in shown


def create_many(
    aws: EmbeddedAws, folder: Path, patch: pytest.MonkeyPatch, *, names: list[str], policy: Policy, per_minute: float
) -> ManyTargets:
    """This many targets, registered, with requests to each of them from now on."""
    role = sample.create_role(aws.client, "orders-functions", "lambda.amazonaws.com")
    patch.setattr(sample, "create_role", lambda *_: role)
    controller, targets = create_controller(aws.client), {}
    for name in names:
        function = f"orders-{name}"
        given = {**GIVEN, "name": name, "functions": [{"name": function, "live": "live", "canary": "canary"}]}
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump({**given, "access_log_group": f"/apigw/{name}"}), encoding="utf-8")
        patch.setattr(sample, "TARGET_FILE", file)
        patch.setattr(sample, "API_NAME", name)
        patch.setattr(sample, "ROUTES", ((f"/{name}", "GET", function),))
        patch.setattr(sample, "archive", lambda _, function=function: archive_of(function, "first", 0.0))
        targets[name] = replace(sample.create_sample(aws.client), policy=policy)
        register_target(aws.client, targets[name])
        shapes, stage = [Shape("GET", f"/{name}")], targets[name].stage
        rng = random.Random(name)
        aws.dataplane.add_source(Traffic(stage.rest_api_id, stage.stage_name, shapes, per_minute=per_minute, rng=rng))
    return ManyTargets(aws, targets, controller, count_throttled(aws, patch))


def archive_of(function: str, name: str, failing: float) -> bytes:
    """The code of one function, whose answers name it."""
    module = function.replace("-", "_")
    return zip_of({"orders/__init__.py": "", f"orders/{module}.py": CODE.format(failing=failing, name=name)})


def count_throttled(aws: EmbeddedAws, patch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the throttled calls of the controller's functions from now on; nobody else is throttled."""
    found: Counter[str] = Counter()
    admit = aws.throttles.admit

    def counted(service: str, operation: str) -> None:
        if running_task() is None:
            return
        try:
            admit(service, operation)
        except ThrottledError:
            found[f"{service}.{operation}"] += 1
            raise

    patch.setattr(aws.throttles, "admit", counted)
    return found
