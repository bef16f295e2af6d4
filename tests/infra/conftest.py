import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.templates import Template

ROOT = Path(__file__).parents[2]
SETTINGS = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))

if node := shutil.which("node", path=Path(sys.executable).parent):
    os.environ["JSII_NODE"] = node  # CDK's own library runs on Node; the environment brings one


class Assembly:
    """The result of a synth: the templates by stack, the assets, cdk-nag's findings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.templates = {
            path.name.removesuffix(".template.json"): Template(json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(folder.glob("*.template.json"))
        }
        report = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
        self.findings: list[tuple[str, str]] = [
            (violation["ruleName"], construct["constructPath"])
            for plugin in report["pluginReports"]
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        ]
        self.acknowledged: list[tuple[str, str, str]] = [
            (rule.removeprefix("Annotation::"), reason, path)
            for file in sorted(folder.glob("*.metadata.json"))
            for path, entries in json.loads(file.read_text(encoding="utf-8")).items()
            for entry in entries
            if entry["type"] == "aws:cdk:acknowledged-rules"
            for rule, reason in entry["data"].items()
        ]


def _synthesise(build: Any, folder: Path) -> Assembly:
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks

    app = cdk.App(context=SETTINGS["context"], outdir=str(folder))
    build(app)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    return Assembly(folder)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app as `cdk synth` makes it."""
    from app import build

    return _synthesise(build, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="session")
def controller(product: Assembly) -> Template:
    """The controller's template."""
    return product.templates["canary"]


@pytest.fixture(scope="session")
def orders(product: Assembly) -> Template:
    """The template of the target in targets/orders.yaml."""
    return product.templates["canary-target-orders"]


@pytest.fixture(scope="session")
def other_app(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A user's app: an API with its functions, targets around them, a controller with every option."""
    return _synthesise(_build_other_app, tmp_path_factory.mktemp("other_app"))


def _build_other_app(app: Any) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs

    from canary_cdk import BusinessMetric, Controller, Metrics, Outside, OutsideRoute, Target, TargetFunction

    stack = cdk.Stack(app, "shop")
    layer = lambda_.LayerVersion(stack, "Tools", code=lambda_.Code.from_asset(str(ROOT / "examples")))
    owner = Controller(
        stack,
        "Canaries",
        powertools_layer=layer,
        log_retention=logs.RetentionDays.ONE_WEEK,
        reserved_concurrency=2,
        dashboard=False,
        retention_days=90,
    )
    read, write = (
        lambda_.Function(
            stack,
            name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline("def handler(event, context): return {}"),
        )
        for name in ("Read", "Write")
    )
    api = apigateway.RestApi(stack, "Api", deploy=False)
    api.root.add_method("GET")
    deployment = apigateway.Deployment(stack, "Bootstrap", api=api)
    alarm = cloudwatch.Alarm(
        stack,
        "Payments",
        metric=cloudwatch.Metric(namespace="Shop", metric_name="PaymentFailed"),
        threshold=1,
        evaluation_periods=1,
    )
    Target(
        stack,
        "Orders",
        name="shop-orders",
        functions=[TargetFunction(read), TargetFunction(write)],
        stage=apigateway.Stage(stack, "Prod", deployment=deployment, stage_name="prod"),
        access_log_group=logs.LogGroup(stack, "Access"),
        policy={"from": "fast", "min_requests": 200},
        metrics=Metrics(latency_limits_ms=(800,), business=(BusinessMetric("CheckoutFailed", "Shop"),)),
        alarms=[alarm],
        outside=Outside(routes=(OutsideRoute("/legacy/*", ("GET",)),), authorizers=("partner",)),
        controller=owner,
    )
    Target(
        stack,
        "Unlogged",
        name="shop-unlogged",
        functions=[TargetFunction(read), TargetFunction(write)],
        stage=apigateway.Stage(stack, "Beta", deployment=deployment, stage_name="beta"),
    )
    Target(stack, "Ship", name="shop-ship", functions=[TargetFunction(write)], dashboard=False, queries=False)
