"""An account of one's own: which one is meant, when a target of the folder is registered, and what `serve` refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.__main__ import main, make_parser, own_account
from demo.accounts import Account, OwnAccount, ServeError, account_of
from demo.own_account import open_own_account
from demo.sample import create_role
from demo.schemas import PUBLISHED, text
from demo.serve import own_commands
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.dataplane.traffic_file import TrafficPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.embedded import EmbeddedAws

CODE = 'def handler(event, context):\n    return {"statusCode": 200, "body": "ok"}\n'
GROUP = "/apigw/shop-prod"
TARGET = """
name: shop
stage: {{rest_api_id: {api}, stage_name: prod, alias_variable: lambdaAlias}}
functions: [{{name: shop, live: live, canary: canary}}]
access_log_group: /apigw/shop-prod
policy: {policy}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ours"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def aws(folder: Path, told: list[str]) -> Iterator[EmbeddedAws]:
    own = OwnAccount(Account.CONTROLLER, folder, per_minute=60, history_hours=0.5)
    with open_own_account(own, port=0, speed=None, tell=told.append) as opened:
        yield opened


def write(folder: Path, content: str, name: str = "shop.yaml") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")


def create_function(aws: EmbeddedAws) -> None:
    client = aws.client("lambda")
    role = create_role(aws.client, "shop", "lambda.amazonaws.com")
    code = {"ZipFile": zip_of({"index.py": CODE})}
    client.create_function(
        FunctionName="shop", Runtime="python3.13", Handler="index.handler", Role=role, Code=code, Publish=True
    )


def create_api(aws: EmbeddedAws) -> str:
    """The API `shop` without a stage; its id."""
    arn = f"arn:aws:lambda:{aws.region}:{aws.account}:function:shop:${{stageVariables.lambdaAlias}}"
    uri = f"arn:aws:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    method = {"responses": {}, "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}}
    document = {"openapi": "3.0.1", "info": {"title": "shop", "version": "1"}, "paths": {"/items": {"get": method}}}
    return str(aws.client("apigateway").import_rest_api(body=json.dumps(document).encode())["id"])


def create_stage(aws: EmbeddedAws, api: str) -> None:
    client = aws.client("apigateway")
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(restApiId=api, stageName="prod", deploymentId=deployment, variables={"lambdaAlias": "live"})


def registered(aws: EmbeddedAws) -> list[str]:
    found = aws.client("ssm").get_parameters_by_path(Path="/canary/targets/")["Parameters"]
    return [str(json.loads(each["Value"])["policy"]["name"]) for each in found]


def test_a_target_is_registered_when_all_that_it_names_exists_and_again_when_its_file_changes(
    aws: EmbeddedAws, folder: Path, told: list[str]
) -> None:
    file, api = folder / "shop.yaml", create_api(aws)
    write(folder, TARGET.format(api=api, policy="standard"))
    aws.clock.run_for(120)
    assert told == [f"{file}: target shop waits for the alias live of function shop"]

    create_function(aws)
    for alias in ("live", "canary"):
        aws.client("lambda").create_alias(FunctionName="shop", Name=alias, FunctionVersion="1")
        aws.client("lambda").add_permission(
            FunctionName="shop",
            Qualifier=alias,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
    aws.clock.run_for(60)
    assert told[-1] == f"{file}: target shop waits for the stage prod of API {api}"
    assert registered(aws) == []

    create_stage(aws, api)
    aws.clock.run_for(60)
    assert told[-1] == f"{file}: target shop waits for the log group {GROUP}"
    aws.client("logs").create_log_group(logGroupName=f"{GROUP}-old")
    aws.clock.run_for(60)
    assert told[-1] == f"{file}: target shop waits for the log group {GROUP}"
    assert registered(aws) == []
    aws.client("logs").create_log_group(logGroupName=GROUP)
    aws.clock.run_for(60)
    assert f"{file}: target shop is registered; see canary doctor shop" in told
    assert registered(aws) == ["standard"]
    assert [each["filterName"] for each in aws.client("logs").describe_metric_filters(logGroupName=GROUP)["metricFilters"]]

    assert told[-1] == "shop: 0.5 hours of requests pass as fast as they can be served; its history"
    aws.clock.run_for(1800)
    assert told[-1] == "shop: its history is complete"

    write(folder, TARGET.format(api=api, policy="cautious"))
    aws.clock.run_for(60)
    assert registered(aws) == ["cautious"]


def test_what_is_wrong_with_a_file_is_told_once(aws: EmbeddedAws, folder: Path, told: list[str]) -> None:
    write(folder, "name: shop\nfunctions: 5\n", "a.yaml")
    write(folder, "name: [", "b.yml")
    aws.clock.run_for(300)

    assert [line.partition(": ")[0] for line in told] == [str(folder / "a.yaml"), str(folder / "b.yml")]
    assert "functions" in told[0]
    assert "it cannot be read" in told[1]


def test_the_commands_say_how_an_api_gets_into_the_account(aws: EmbeddedAws, folder: Path) -> None:
    def last(own: OwnAccount) -> list[str]:
        greeting, *_, then, _way, status = own_commands(aws, own, 60)
        assert greeting.startswith(f"# the embedded AWS answers at {aws.endpoint_url}; one real second is 60 simulated")
        assert status == "canary status"
        return then.split()

    assert str(folder) in " ".join(last(OwnAccount(Account.CONTROLLER, folder)))
    assert " ".join(last(OwnAccount(Account.CONTROLLER))).startswith("# deploy the stack of its target")
    assert last(OwnAccount(Account.EMPTY)) == ["make", "deploy"]


@pytest.mark.parametrize(
    ("named", "has_targets", "account"),
    [
        (None, False, Account.SAMPLE),
        (None, True, Account.CONTROLLER),
        ("sample", True, Account.SAMPLE),
        ("controller", False, Account.CONTROLLER),
        ("empty", False, Account.EMPTY),
    ],
)
def test_a_folder_of_targets_needs_a_controller_and_no_sample(
    named: str | None, *, has_targets: bool, account: Account
) -> None:
    assert account_of(named, has_targets=has_targets) is account


@pytest.mark.parametrize(
    ("named", "has_targets", "message"),
    [
        ("none", False, "account: got 'none'; choose one of sample, controller, empty"),
        ("empty", True, "account: an empty one has no controller to register targets with; drop the targets, and deploy them"),
    ],
)
def test_an_account_that_cannot_be_is_refused(named: str, *, has_targets: bool, message: str) -> None:
    with pytest.raises(ServeError) as refused:
        account_of(named, has_targets=has_targets)
    assert str(refused.value) == message


def test_the_options_describe_the_account() -> None:
    file = Path(__file__).parents[2] / "examples" / "laptop" / "traffic.yaml"
    asked = make_parser().parse_args(["serve", "--targets", "ours", "--traffic", str(file), "--history", "3"])
    own = own_account(asked)

    assert (own.account, own.targets, own.history_hours) == (Account.CONTROLLER, Path("ours"), 3)
    [plan] = own.traffic
    assert isinstance(plan, TrafficPlan)
    assert (plan.api, plan.per_minute, len(plan.shapes)) == ("shop", 300, 2)


def test_serve_refuses_a_bad_traffic_file_before_it_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "traffic.yaml"
    file.write_text("requests_per_minute: many", encoding="utf-8")
    assert main(["serve", "--traffic", str(file)]) == 2
    told = f'{file}: requests_per_minute: got "many"; write requests per minute, above 0 and up to 60000\n'
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("hours", ["-1", "25", "day"])
def test_a_past_that_is_too_long_is_refused(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["serve", f"--history={hours}"])
    assert f"must be hours from 0 to 24, got {hours}" in capsys.readouterr().err


def test_the_published_schema_is_the_one_that_files_are_read_by() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == text(), "write it again with python -m demo.schemas"
