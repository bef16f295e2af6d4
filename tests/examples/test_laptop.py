"""The example of the page about the laptop: its template, its target and its traffic agree."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from canary.edge.target import require_target
from canary.rules.targets.access_log import LOG_FORMAT
from embedded_aws.cloudformation.template_text import read_text
from embedded_aws.dataplane.traffic_file import read_traffic
from tests.examples.test_templates import linted

LAPTOP = Path(__file__).parents[2] / "examples" / "laptop"
TEMPLATE: dict[str, Any] = read_text((LAPTOP / "template.yaml").read_text(encoding="utf-8"))
TARGET = require_target(yaml.safe_load((LAPTOP / "target.yaml").read_text(encoding="utf-8")))
PATHS = {"/items/{id}"}


@pytest.mark.slow
def test_cfn_lint_finds_nothing() -> None:
    assert linted(TEMPLATE) == []


def test_the_template_has_what_the_target_names() -> None:
    resources = TEMPLATE["Resources"]
    aliases = {one["Properties"]["Name"] for one in resources.values() if one["Type"] == "AWS::Lambda::Alias"}
    stage = resources["Stage"]["Properties"]
    assert TARGET.stage
    assert aliases == {TARGET.functions[0].live, TARGET.functions[0].canary}
    assert resources["Function"]["Properties"]["FunctionName"] == TARGET.functions[0].name
    assert resources["AccessLog"]["Properties"]["LogGroupName"] == TARGET.access_log_group
    assert (stage["StageName"], set(stage["Variables"])) == (TARGET.stage.stage_name, {TARGET.stage.alias_variable})
    assert stage["AccessLogSetting"]["Format"] == LOG_FORMAT


def test_the_traffic_calls_routes_of_both_documents() -> None:
    document = yaml.safe_load((LAPTOP / "openapi.yaml").read_text(encoding="utf-8"))
    [plan] = read_traffic(LAPTOP / "traffic.yaml")
    assert set(document["paths"]) == set(TEMPLATE["Resources"]["Api"]["Properties"]["Body"]["paths"]) == PATHS
    assert {shape.path.replace("{n}", "{id}") for shape in plan.shapes} == PATHS
    assert plan.api == document["info"]["title"] == TARGET.name
