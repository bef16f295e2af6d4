"""The sample's app, synthesised with changes, and deployed beside the controller into the embedded AWS."""

import json
import random
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from canary.rules.targets.target import Stage
from demo.orders_traffic import OrdersTraffic
from demo.sample_code import bake
from embedded_aws.cloudformation.assembly import deploy
from embedded_aws.embedded import EmbeddedAws
from examples.orders_app.app import build
from examples.orders_app.orders_stack import OrdersStack
from tests.infra.conftest import SETTINGS, Assembly, _synthesise
from tests.infra.templates import Template

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "examples" / "orders_app" / "cdk.json").read_text(encoding="utf-8"))["context"]
STACK = "orders"
HOUR = 3600.0
QUICK = {
    "steps": [{"weight_percent": 25, "bake_seconds": 120}, {"weight_percent": 50, "bake_seconds": 120}],
    "metric_delay_seconds": 60,
    "min_requests": 5,
    "detect": {"errors": 0.5},
    "when_unproven": "roll_back",
}
"""Two short steps that need little proof: what is judged does not matter here."""

Change = Callable[[OrdersStack], object]


class Synthesiser:
    """Synthesises the API's stack, each time with a change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def assembly(
        self,
        *,
        release: str = "base",
        numbers: Mapping[str, float] | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        change: Change | None = None,
    ) -> Path:
        """The folder of the synth.

        ``release`` is a name in the handlers' code, ``numbers`` are the other numbers there; ``tags`` are the tags of the stack
        and of everything in it.
        """

        def build(app: cdk.App, code: lambda_.Code) -> None:
            stack = OrdersStack(app, STACK, code=code, variables=variables)
            for key, value in (tags or {}).items():
                cdk.Tags.of(stack).add(key, value)
            if change:
                change(stack)

        return self.synthesise(build, release=release, numbers=numbers)

    def synthesise(
        self,
        build: Callable[[cdk.App, lambda_.Code], object],
        *,
        release: str = "base",
        numbers: Mapping[str, float] | None = None,
    ) -> Path:
        """The folder of the synth of an app with any stack in it, with the handlers' code."""
        self._count += 1
        out = self._folder / f"out-{self._count}"
        app = cdk.App(context=CONTEXT, outdir=str(out))
        build(app, lambda_.Code.from_asset(str(self._code(release, numbers or {}))))
        app.synth()
        return out

    def template(self, **changes: Any) -> Template:
        """The stack's template."""
        return template_of(self.assembly(**changes))

    def _code(self, release: str, numbers: Mapping[str, float]) -> Path:
        folder = self._folder / f"code-{release}"
        if not folder.exists():
            shutil.copytree(ROOT / "examples" / "orders", folder / "orders", ignore=shutil.ignore_patterns("__pycache__"))
            file = folder / "orders" / "release.py"
            file.write_text(bake(file.read_text(encoding="utf-8"), {"NAME": release, **numbers}), encoding="utf-8")
        return folder


def template_of(assembly: Path) -> Template:
    return Template(json.loads((assembly / f"{STACK}.template.json").read_text(encoding="utf-8")))


def add_route(stack: OrdersStack) -> None:
    stack.api.root.add_resource("receipts").add_method("GET", stack.api.integration_for(stack.read))


@cache
def sample() -> Assembly:
    """The complete sample, with its own settings and those that CDK recommends."""

    def build_sample(app: Any) -> None:
        for key, value in CONTEXT.items():
            app.node.set_context(key, value)
        build(app)

    return _synthesise(build_sample, Path(tempfile.mkdtemp()))


@cache
def _controller() -> Path:
    from app import build as build_product

    folder = Path(tempfile.mkdtemp())
    app = cdk.App(context=SETTINGS["context"], outdir=str(folder))
    build_product(app)
    app.synth()
    return folder


class World:
    """An account with the controller and the sample's API in it, both deployed from their templates."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self.aws = aws
        self.synthesiser = Synthesiser(folder)
        self._names = 0
        self.machine_arn = deploy(aws.client, _controller(), stacks=["canary"])["canary"]["StateMachineArn"]
        self.deploy()
        self.add_traffic()
        aws.clock.run_for(120)

    def add_traffic(self) -> None:
        """From now on the API gets requests."""
        stage = Stage(self.rest_api_id, "prod", "lambdaAlias")
        self.aws.dataplane.add_source(OrdersTraffic(stage, rng=random.Random(7), per_minute=120))

    def deploy(self, **changes: Any) -> None:
        """`cdk deploy` of the API's stack with these changes."""
        deploy(self.aws.client, self.synthesiser.assembly(**changes))

    @cached_property
    def rest_api_id(self) -> str:
        (api,) = self.aws.client("apigateway").get_rest_apis()["items"]
        return str(api["id"])

    @property
    def stage(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.aws.client("apigateway").get_stage(restApiId=self.rest_api_id, stageName="prod")
        return answer

    @property
    def owned(self) -> dict[str, Any]:
        """Everything that only the controller may move."""
        return {
            "deployment": self.stage["deploymentId"],
            "canary": self.stage.get("canarySettings"),
            "alias variable": self.stage["variables"]["lambdaAlias"],
            "aliases": {
                f"{function}:{one['Name']}": (one["FunctionVersion"], one.get("RoutingConfig"))
                for function in ("orders-read", "orders-write")
                for one in self.aws.client("lambda").list_aliases(FunctionName=function)["Aliases"]
            },
        }

    @property
    def live(self) -> set[str]:
        """The versions of the live aliases."""
        return {version for name, (version, _) in self.owned["aliases"].items() if name.endswith(":live")}

    @property
    def weight_percent(self) -> float | None:
        """The canary's percentage, if there is a canary."""
        canary = self.stage.get("canarySettings")
        return float(canary["percentTraffic"]) if canary else None

    @property
    def outcomes(self) -> list[str]:
        """The endings of all executions, or their errors, sorted."""
        machine = self.aws.client("stepfunctions")
        listed = machine.list_executions(stateMachineArn=self.machine_arn)["executions"]
        ended = [machine.describe_execution(executionArn=one["executionArn"]) for one in listed]
        return sorted(json.loads(one["output"])["outcome"] if "output" in one else one["error"] for one in ended)

    @property
    def versions(self) -> list[str]:
        """The published versions of the reading function."""
        found = self.aws.client("lambda").list_versions_by_function(FunctionName="orders-read")["Versions"]
        return [one["Version"] for one in found if one["Version"] != "$LATEST"]

    @property
    def deployments(self) -> set[str]:
        return {one["id"] for one in self.aws.client("apigateway").get_deployments(restApiId=self.rest_api_id)["items"]}

    def start(self, **more: Any) -> str:
        """Start a rollout; returns its execution's ARN."""
        self._names += 1
        given = json.dumps({"target": "orders", "policy": QUICK, **more})
        machine = self.aws.client("stepfunctions")
        return str(
            machine.start_execution(stateMachineArn=self.machine_arn, name=f"r{self._names}", input=given)["executionArn"]
        )

    def finish(self, arn: str) -> dict[str, Any]:
        """Let time pass until the execution has ended; returns its description."""
        return self.aws.run_until_ended(arn, limit=6 * HOUR)

    def wait_until_quiet(self) -> None:
        """Let time pass until no alarm fires."""
        alarms = self.aws.client("cloudwatch")
        self.aws.clock.run_until(lambda: not alarms.describe_alarms(StateValue="ALARM")["MetricAlarms"], limit=HOUR)

    def wait_for_canary(self) -> None:
        self.aws.clock.run_until(lambda: "canarySettings" in self.stage, limit=HOUR)
