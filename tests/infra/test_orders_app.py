"""The sample's app as a whole, and the script at the end of its builds."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_codepipeline as codepipeline

from canary.aws.definitions import DefinitionReader
from canary.edge.request import parse_advance, parse_request
from canary.edge.target import target_from_json
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.releases.release import Operation
from canary_cdk import Target
from canary_cdk.controlled_stage import ControlledStage
from canary_cdk.pipeline import RolloutAction, rollout_machine
from canary_cdk.rest_api import CanaryRestApi
from canary_cdk.schedules import RolloutSchedule
from canary_cdk.versioned_function import VersionedFunction
from demo.guest import CONTROLLER
from demo.sample import READ, WRITE, create_sample
from demo.sample import publish_release as update_code
from embedded_aws.embedded import EmbeddedAws
from examples.orders_app.exceptions import OF_FUNCTIONS, OF_THE_API, OF_THE_PIPELINE
from examples.orders_app.orders_stack import FROZEN
from examples.orders_app.publish_release import Build, DefinitionMovedError, main, publish_release
from tests.infra.orders_world import CONTEXT, ROOT, sample
from tests.infra.templates import text
from tests.infra.test_lint import findings
from tests.infra.test_versioned_function import a_function, a_stack, synthesise

pytestmark = pytest.mark.slow


PAGES = ("bring-your-own", "pipeline", "schedules")


def blocks_of(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language, without the indentation of a list."""
    written = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return [
        textwrap.dedent(block) for block in re.findall(rf"^ *```{language}\n(.*?)^ *```", written, re.MULTILINE | re.DOTALL)
    ]


def names_for(stack: cdk.Stack) -> dict[str, Any]:
    """What a page assumes."""
    read, write = (a_function(stack, f"{name}Function") for name in ("Read", "Write"))
    existing = apigateway.RestApi(stack, "Existing")
    undeployed = apigateway.RestApi(stack, "Undeployed", deploy=False)
    for api in (existing, undeployed):
        api.root.add_method("GET")
    ours = (CanaryRestApi, ControlledStage, VersionedFunction, Target, RolloutAction, RolloutSchedule, rollout_machine)
    return {
        **{one.__name__: one for one in (*ours, Operation, cdk.RemovalPolicy, cdk.TimeZone)},
        "stack": stack,
        "read": read,
        "write": write,
        "existing": existing,
        "undeployed": undeployed,
        "built": codepipeline.Artifact("Built"),
    }


class Account:
    """The sample's API and functions, made by hand."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.target = create_sample(aws.client)
        self.rest_api_id = str(self.target.stage.rest_api_id)
        self.gateway, self.functions = aws.client("apigateway"), aws.client("lambda")

    def publish(self, reason: str = "") -> dict[str, Any]:
        build = Build("orders", self.rest_api_id, (READ, WRITE), reason)
        return publish_release(build, gateway=self.gateway, functions=self.functions)

    def add_route(self, name: str) -> None:
        """A route that answers by itself."""
        root = next(one["id"] for one in self.gateway.get_resources(restApiId=self.rest_api_id)["items"] if one["path"] == "/")
        resource = self.gateway.create_resource(restApiId=self.rest_api_id, parentId=root, pathPart=name)["id"]
        place = {"restApiId": self.rest_api_id, "resourceId": resource, "httpMethod": "GET"}
        self.gateway.put_method(**place, authorizationType="NONE")
        self.gateway.put_integration(**place, type="MOCK")

    @property
    def fingerprint(self) -> str:
        """The definition as the controller reads it."""
        return fingerprint(DefinitionReader(self.gateway, self.rest_api_id).read_present())

    @property
    def deployments(self) -> dict[str, str]:
        """Descriptions by id."""
        return {one["id"]: one["description"] for one in self.gateway.get_deployments(restApiId=self.rest_api_id)["items"]}

    @property
    def stage(self) -> dict[str, Any]:
        answer = self.gateway.get_stage(restApiId=self.rest_api_id, stageName="prod")
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@pytest.fixture
def account() -> Iterator[Account]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Account(aws)


class TestPublishing:
    def test_a_build_that_runs_twice_names_the_same_release(self, account: Account) -> None:
        update_code(account.aws.client, account.target, {"NAME": "built"})

        first, second = account.publish("c0ffee"), account.publish("c0ffee")

        assert first == second
        assert first["release"]["functions"] == {READ: "2", WRITE: "2"}
        assert len(account.deployments) == 2, "the stage's own and the build's"

    def test_what_is_published_moves_nothing(self, account: Account) -> None:
        before = account.stage

        account.publish()

        assert account.stage == before
        for function in (READ, WRITE):
            assert {one["FunctionVersion"] for one in account.functions.list_aliases(FunctionName=function)["Aliases"]} == {"1"}

    def test_new_code_is_a_new_version_of_the_same_definition(self, account: Account) -> None:
        before = account.publish()["release"]
        account.functions.update_function_configuration(FunctionName=READ, MemorySize=512)

        after = account.publish()["release"]

        assert after["functions"] == {**before["functions"], READ: "2"}
        assert after["deployment"] == before["deployment"]

    def test_a_new_route_is_a_new_deployment(self, account: Account) -> None:
        before = account.publish()["release"]
        account.add_route("receipts")

        after = account.publish()["release"]

        assert after["functions"] == before["functions"]
        assert after["deployment"] != before["deployment"]

    def test_a_definition_that_comes_back_is_the_deployment_it_was(self, account: Account) -> None:
        first = account.publish()["release"]["deployment"]
        account.add_route("receipts")
        account.publish()
        resources = account.gateway.get_resources(restApiId=account.rest_api_id)["items"]
        added = next(one["id"] for one in resources if one["path"] == "/receipts")
        account.gateway.delete_resource(restApiId=account.rest_api_id, resourceId=added)

        assert account.publish()["release"]["deployment"] == first

    def test_the_file_is_the_input_of_an_execution(self, account: Account) -> None:
        request, problems = parse_request(account.publish("a reason" * 100))

        assert problems == ()
        assert request is not None
        assert request.release.deployment in account.deployments
        assert len(request.reason) == 500

    def test_more_than_routes_is_part_of_the_definition(self, account: Account) -> None:
        before = account.fingerprint
        account.gateway.create_request_validator(restApiId=account.rest_api_id, name="body", validateRequestBody=True)

        assert account.fingerprint != before

    def test_a_definition_that_moves_meanwhile_stops_the_build_and_is_never_found_again(self, account: Account) -> None:
        freeze = account.gateway.create_deployment

        class Hasty:
            """The API's client in a place where someone adds a route at the wrong moment."""

            def __getattr__(self, name: str) -> Any:
                return getattr(account.gateway, name)

            def create_deployment(self, **given: Any) -> Any:
                account.add_route("meanwhile")
                return freeze(**given)

        build = Build("orders", account.rest_api_id, (READ,))
        with pytest.raises(
            DefinitionMovedError, match="was changed while it was being frozen; build again when nobody deploys it"
        ):
            publish_release(build, gateway=Hasty(), functions=account.functions)

        moved = set(account.deployments)
        assert account.publish()["release"]["deployment"] not in moved

    def test_the_command_writes_the_file_and_says_what_is_in_it(
        self, account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "rollout.json"
        given = ["--target", "orders", "--rest-api", account.rest_api_id, "--functions", READ, WRITE, "--output", str(file)]

        main([*given, "--reason", "c0ffee"])

        written = json.loads(file.read_text(encoding="utf-8"))
        assert written == {**account.publish(), "reason": "c0ffee"}
        assert capsys.readouterr().out.startswith(f"{file}: {{")

    def test_the_pipeline_is_allowed_exactly_the_calls_that_publishing_makes(self, account: Account) -> None:
        account.aws.faults.clear()

        account.publish()

        made = {(call.service, call.operation) for call in account.aws.faults.calls}
        assert made == {
            ("lambda", "GetFunction"),
            ("lambda", "PublishVersion"),
            *(("apigateway", operation) for operation in READS),
            ("apigateway", "CreateDeployment"),
            ("apigateway", "UpdateDeployment"),
        }
        assert sorted(READS.values()) == sorted(FROZEN)


READS = {
    "GetRestApi": "",
    "GetResources": "/resources",
    "GetModels": "/models",
    "GetRequestValidators": "/requestvalidators",
    "GetAuthorizers": "/authorizers",
    "GetGatewayResponses": "/gatewayresponses",
    "GetDeployments": "/deployments",
}
"""What is read, and where API Gateway checks it below the API."""


class TestApp:
    def test_it_leaves_no_finding_of_cdk_nag(self) -> None:
        assert sample().findings == []

    def test_it_makes_no_exception_that_nothing_needs(self) -> None:
        acknowledged = {rule for rule, _, _ in sample().acknowledged}

        assert {*OF_FUNCTIONS, *OF_THE_API, *OF_THE_PIPELINE} <= acknowledged

    def test_its_templates_are_clean(self) -> None:
        for name, template in sample().templates.items():
            assert findings(template.body) == [], name

    def test_its_target_is_one_that_the_controller_reads(self) -> None:
        (parameter,) = sample().templates["orders"].of_type("AWS::SSM::Parameter").values()
        resolved = text(parameter["Value"])
        for name in ("ApiF70053CD", "ApiStage4697DF29", "ReadFunction9BA9B3F3", "WriteFunction7E3D34BD"):
            assert f"<{name}>" in resolved
        for placeholder, value in {"<ApiF70053CD>": "a1b2c3d4e5", "<ApiStage4697DF29>": "prod"}.items():
            resolved = resolved.replace(placeholder, value)
        plain = resolved.replace("<", "").replace(">", "").replace("TargetRole12E3474B.Arn", "arn:aws:iam::123456789012:role/x")

        target = target_from_json(plain)

        assert (target.name, target.stage and target.stage.stage_name) == ("orders", "prod")
        assert [(one.live, one.canary) for one in target.functions] == 2 * [("live", "canary")]

    def test_its_aliases_are_there_until_the_target_said_that_it_is_at_rest(self) -> None:
        orders = sample().templates["orders"]
        (at_rest,) = orders.at_rest()

        assert {*orders.of_type("Custom::ControlledAlias"), *orders.of_type("Custom::ControlledStage")} <= orders.kept_while(
            at_rest
        )

    def test_what_makes_stages_and_aliases_is_a_few_files_of_python(self) -> None:
        (asset,) = [path for path in sample().folder.glob("asset.*") if (path / "ownership").exists()]
        files = [path for path in asset.rglob("*") if path.is_file()]

        kinds = {"aliases.py", "leftovers.py", "permissions.py", "stages.py"}
        names = {*kinds, "__init__.py", "account.py", "callers.py", "handler.py", "log_role.py", "refusal.py", "settings.py"}
        assert {str(path.relative_to(asset / "ownership")) for path in files} == names
        assert sum(path.stat().st_size for path in files) < 50_000

    def test_its_settings_run_it(self, tmp_path: Path) -> None:
        settings = json.loads((ROOT / "examples" / "orders_app" / "cdk.json").read_text(encoding="utf-8"))
        program, *arguments = settings["app"].split()
        paths = [str(ROOT), str(ROOT / "functions"), str(ROOT / "infra")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "CDK_OUTDIR": str(tmp_path)}
        environment |= {"CDK_CONTEXT_JSON": json.dumps(CONTEXT)}

        assert program == "python"
        subprocess.run([sys.executable, *arguments], check=True, env=environment, cwd=tmp_path, capture_output=True)

        assert {path.name for path in tmp_path.glob("*.template.json")} == {
            "orders.template.json",
            "orders-pipeline.template.json",
            "orders-schedules.template.json",
        }


class TestDocs:
    """The Python code of the pages about it, run unchanged."""

    @pytest.mark.parametrize(
        ("page", "block"), [(page, block) for page in PAGES for block in range(len(blocks_of(page, "python")))]
    )
    def test_what_a_page_tells_to_write_can_be_synthesised(self, page: str, block: int) -> None:
        stack = a_stack()

        exec(blocks_of(page, "python")[block], names_for(stack))  # noqa: S102 - the page's own words

        assert synthesise(stack).resources

    @pytest.mark.parametrize("page", PAGES)
    def test_what_a_page_tells_to_send_is_an_input(self, page: str) -> None:
        for block in blocks_of(page, "json"):
            given = json.loads(block.replace("<aws.scheduler.scheduled-time>", "2026-03-22T18:59:43Z"))
            if "target" in given:
                _, problems = parse_advance(given) if given.get("operation") == "advance" else parse_request(given)
                assert problems == ()
