"""What a SAM template with deployment preferences becomes."""

from __future__ import annotations

import pytest

from canary.edge.target import require_target
from canary_cli.importing.carried import Imported, imported
from canary_cli.importing.sam import NothingToImportError, read_template
from canary_cli.importing.templates import parse_template

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    AutoPublishAlias: live
    DeploymentPreference: {Type: Linear10PercentEvery10Minutes, Role: !GetAtt Deployer.Arn}
Resources:
  Read:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: orders-read
      DeploymentPreference:
        Alarms: [!Ref Failures, !Ref Unnamed]
        Hooks: {PreTraffic: !Ref Check}
        PassthroughCondition: true
        TriggerConfigurations: [{TriggerName: all}]
  Write:
    Type: AWS::Serverless::Function
    Properties: {AutoPublishAlias: !Ref AliasName, DeploymentPreference: {Type: Canary10Percent5Minutes}}
  Plain: {Type: AWS::Serverless::Function, Properties: {DeploymentPreference: {Enabled: false}}}
  Failures: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: orders-failures}}
  Unnamed: {Type: AWS::CloudWatch::Alarm, Properties: {}}
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: prod}}
"""


def brought_in() -> Imported:
    return imported(read_template(parse_template(TEMPLATE), "orders"), None, ("a1b2c3d4e5", "prod"))


def test_the_target_has_the_functions_the_slowest_steps_and_the_alarms():
    target = require_target(brought_in().target)

    assert [(one.name, one.live, one.canary) for one in target.functions] == [
        ("orders-read", "live", "canary"),
        ("Write", "live", "canary"),
    ]
    assert [(int(step.weight_percent), step.bake_seconds) for step in target.policy.steps] == [
        (weight, 600) for weight in range(10, 100, 10)
    ]
    assert target.alarms == ("orders-failures", "Unnamed")
    assert target.stage
    assert target.stage.alias_variable == "lambdaAlias"


def test_what_does_not_carry_over_is_told_setting_by_setting():
    left = {one.setting: one.text for one in brought_in().remarks if one.becomes is None}

    assert {*left} == {
        "Write.FunctionName",
        "Write.AutoPublishAlias",
        "Write.Type Canary10Percent5Minutes",
        "PreTraffic Check",
        "Role",
        "TriggerConfigurations",
        "PassthroughCondition",
        "Api (AWS::Serverless::Api)",
        "access log",
    }
    assert "before canary start" in left["PreTraffic Check"]
    named = {one.setting: one.text for one in brought_in().remarks}
    assert named["alarm Unnamed"] == "CloudFormation names it: put its name here"


def test_without_an_api_the_alias_itself_splits_the_traffic():
    found = imported(read_template(parse_template(TEMPLATE), "9 Orders!"), None, None)

    assert require_target(found.target).stage is None
    assert found.target["name"] == "t-9-orders"
    assert "several functions" in {one.setting for one in found.remarks}


def test_a_template_without_a_preference_has_nothing_to_import():
    with pytest.raises(NothingToImportError, match="no AWS::Serverless::Function in it has an enabled DeploymentPreference"):
        read_template(parse_template("Resources: {F: {Type: AWS::Serverless::Function, Properties: {}}}"), "orders")


@pytest.mark.parametrize(("text", "why"), [("a: [", "it is not YAML"), ("- a", "it is no mapping")])
def test_a_text_that_is_no_template_says_why(text: str, why: str):
    with pytest.raises(ValueError, match=why):
        parse_template(text)


def test_short_tags_are_read_in_their_long_form():
    found = parse_template("{a: !GetAtt B.Arn, c: !Sub [x, {y: z}], d: !Transform {Name: e}}")
    assert found == {
        "a": {"Fn::GetAtt": ["B", "Arn"]},
        "c": {"Fn::Sub": ["x", {"y": "z"}]},
        "d": {"Fn::Transform": {"Name": "e"}},
    }
