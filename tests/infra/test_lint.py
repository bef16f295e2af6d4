"""cfn-lint over every template, and the settings that the templates are made with."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.infra.conftest import ROOT, SETTINGS
from tests.infra.templates import text

pytestmark = pytest.mark.slow

MADE_BY_CDK = {
    "W3005": "CDK has a function depend on its role, which the function refers to already",
}


def findings(body):
    from cfnlint.api import lint

    found = lint(json.dumps(in_the_commercial_partition(body)))
    return [f"{match.rule.id} {match.message}" for match in found if match.rule.id not in MADE_BY_CDK]


def in_the_commercial_partition(body):
    """The template with its state machines written out, because cfn-lint cannot read a definition that is joined from parts."""
    copied = json.loads(json.dumps(body))
    for resource in copied["Resources"].values():
        if definition := resource.get("Properties", {}).get("DefinitionString"):
            resource["Properties"]["DefinitionString"] = text(definition).replace("<Partition>", "aws")
    return copied


def test_every_template_of_the_app_is_clean(product):
    assert {stack: findings(template.body) for stack, template in product.templates.items()} == {
        stack: [] for stack in product.templates
    }


def test_the_constructs_are_clean_in_someone_elses_app(other_app):
    assert findings(other_app.templates["shop"].body) == []


def test_a_wrong_template_would_be_found(orders):
    wrong = json.loads(json.dumps(orders.body))
    next(one for one in wrong["Resources"].values() if one["Type"] == "AWS::IAM::Role")["Properties"]["Pathe"] = "/"
    assert any(finding.startswith("E3002") for finding in findings(wrong))


def test_templates_are_for_any_account_and_region(product):
    for template in product.templates.values():
        body = json.dumps(template.body)
        assert "AWS::AccountId" in body
        assert "arn:aws:" not in body


def test_the_settings_are_those_that_cdk_recommends_for_its_version():
    import aws_cdk._jsii as library

    (archive,) = Path(library.__file__).parent.glob("*.jsii.tgz")
    with tarfile.open(archive) as opened:
        recommended = json.load(opened.extractfile("package/recommended-feature-flags.json"))
    flags = {name: value for name, value in SETTINGS["context"].items() if name.startswith("@")}
    assert flags == recommended


def test_the_pinned_command_line_is_new_enough_for_the_library(product):
    wanted = json.loads((product.folder / "manifest.json").read_text(encoding="utf-8"))["minimumCliVersion"]
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    assert [int(part) for part in pinned.split(".")] >= [int(part) for part in wanted.split(".")]
