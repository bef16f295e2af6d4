"""`canary import`: the file that it writes is a target's, with what does not carry over above it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from canary.edge.target import require_target
from canary_cli.app import run
from canary_cli.connection import Connection
from canary_cli.exits import ExitCode
from tests.cli.conftest import validator_of
from tests.cli.importing.test_codedeploy import GROUP
from tests.cli.importing.test_sam import TEMPLATE

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]


def test_the_text_is_a_targets_file(tmp_path: Path, capsys: Capture):
    (tmp_path / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    code = run(["import", "--sam", str(tmp_path / "template.yaml"), "--name", "orders", "--api", "a1b2c3d4e5"])
    out = capsys.readouterr().out

    assert code == ExitCode.DONE
    assert require_target(yaml.safe_load(out)).name == "orders"
    assert "# Not carried over:\n#   Write.AutoPublishAlias: " in out


def test_programs_get_file_and_remarks(tmp_path: Path, capsys: Capture):
    (tmp_path / "group.json").write_text(json.dumps(GROUP), encoding="utf-8")
    code = run(["import", "--group", str(tmp_path / "group.json"), "-o", "json"])
    answer = json.loads(capsys.readouterr().out)
    validator_of("import").validate(answer)

    assert code == ExitCode.DONE
    assert require_target(yaml.safe_load(answer["file"])).functions[0].live == "prod"


def test_a_group_is_read_from_codedeploy(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    client: Any = boto3.client("codedeploy", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    name = GROUP["deploymentGroupInfo"]["deploymentConfigName"]
    routing = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 7}}
    monkeypatch.setattr(Connection, "client", lambda _self, _service: client)
    with Stubber(client) as stubbed:
        asked = {"applicationName": "orders", "deploymentGroupName": "orders-group"}
        stubbed.add_response("get_deployment_group", GROUP, asked)
        config = {"deploymentConfigInfo": {"trafficRoutingConfig": routing}}
        stubbed.add_response("get_deployment_config", config, {"deploymentConfigName": name})
        code = run(["import", "--codedeploy", "orders/orders-group"])

    assert code == ExitCode.DONE
    assert yaml.safe_load(capsys.readouterr().out)["policy"]["steps"] == [{"weight_percent": 20, "bake_seconds": 420}]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "one source is imported"),
        (["--sam", "nowhere.yaml", "--codedeploy", "a/b"], "one source is imported"),
        (["--sam", "nowhere.yaml"], "nowhere.yaml cannot be imported: No such file"),
        (["--codedeploy", "orders"], "it is not written as APPLICATION/GROUP"),
    ],
)
def test_what_cannot_be_imported_says_why(arguments: list[str], why: str, capsys: Capture):
    assert run(["import", *arguments]) == ExitCode.USAGE
    assert why in capsys.readouterr().err


def test_a_target_that_would_be_invalid_is_not_written(tmp_path: Path, capsys: Capture):
    (tmp_path / "group.json").write_text(json.dumps(GROUP), encoding="utf-8")
    assert run(["import", "--group", str(tmp_path / "group.json"), "--api", "not an id"]) == ExitCode.USAGE
    assert "stage.rest_api_id" in capsys.readouterr().err
