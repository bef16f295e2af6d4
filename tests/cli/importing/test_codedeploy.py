"""What a deployment group of CodeDeploy becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canary_cli.importing.carried import imported
from canary_cli.importing.codedeploy import NotLambdaError, read_group
from canary_cli.importing.preferences import shift_of_config, shift_of_name

SPEC = {
    "version": 0.0,
    "Resources": [{"orders": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "orders-read", "Alias": "prod"}}}],
    "Hooks": [{"BeforeAllowTraffic": "check-before"}, {"AfterAllowTraffic": "check-after"}],
}
GROUP: dict[str, Any] = {
    "deploymentGroupInfo": {
        "deploymentGroupName": "orders-group",
        "computePlatform": "Lambda",
        "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "serviceRoleArn": "arn:aws:iam::123456789012:role/deployer",
        "alarmConfiguration": {"enabled": True, "ignorePollAlarmFailure": True, "alarms": [{"name": "orders-failures"}]},
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
        "triggerConfigurations": [{"triggerName": "mail"}],
        "targetRevision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(SPEC)}},
    }
}


def changed(**changes: Any) -> dict[str, Any]:
    return {"deploymentGroupInfo": {**GROUP["deploymentGroupInfo"], **changes}}


def test_the_target_has_the_function_of_the_last_revision_the_step_and_the_alarms():
    found = imported(read_group(GROUP), None, None)

    assert found.target == {
        "name": "orders-group",
        "functions": [{"name": "orders-read", "live": "prod"}],
        "policy": {"from": "standard", "steps": [{"weight_percent": 10, "bake_seconds": 300}]},
        "alarms": ["orders-failures"],
    }
    assert [one.setting for one in found.remarks if one.becomes is None] == [
        "ignorePollAlarmFailure",
        "BeforeAllowTraffic check-before",
        "AfterAllowTraffic check-after",
        "trigger mail",
        "role deployer",
    ]


def test_what_a_group_leaves_open_or_turns_off_is_told():
    off = changed(
        targetRevision={},
        autoRollbackConfiguration={"enabled": False},
        alarmConfiguration={"enabled": False, "alarms": [{"name": "orders-failures"}]},
    )
    found = imported(read_group(off), None, None)
    left = {one.setting: one.text for one in found.remarks if one.becomes is None}

    assert found.target["functions"] == [{"name": "FUNCTION", "live": "live"}]
    assert "alarms" not in found.target
    assert "replace FUNCTION" in left["the functions"]
    assert left["alarmConfiguration"] == "it is turned off, so orders-failures were left out"
    assert "cannot be turned off" in left["autoRollbackConfiguration"]


def test_functions_that_are_given_win():
    found = imported(read_group(GROUP, None, [("orders-write", "live")]), "shop", None)
    assert (found.target["name"], found.target["functions"]) == ("shop", [{"name": "orders-write", "live": "live"}])


@pytest.mark.parametrize("platform", ["Server", "ECS"])
def test_another_platform_is_refused(platform: str):
    with pytest.raises(NotLambdaError, match=f"its compute platform is {platform}"):
        read_group(changed(computePlatform=platform))


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("CodeDeployDefault.LambdaLinear10PercentEvery1Minute", tuple((weight, 60) for weight in range(10, 100, 10))),
        ("Linear30PercentEvery2Minutes", ((30, 120), (60, 120), (90, 120))),
        ("CodeDeployDefault.LambdaCanary10Percent30Minutes", ((10, 1800),)),
        ("CodeDeployDefault.LambdaAllAtOnce", None),
        ("Linear100PercentEvery1Minute", None),
        ("ours", None),
    ],
)
def test_a_configuration_of_aws_is_known_by_its_name(name: str, steps: Any):
    assert shift_of_name(name).steps == steps


def test_a_configuration_of_ones_own_is_known_by_its_routing():
    linear = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 40, "linearInterval": 5}}
    canary = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 5, "canaryInterval": 90}}
    described = {"deploymentConfigInfo": {"trafficRoutingConfig": linear}}

    assert read_group(GROUP, described).shift.steps == ((40, 300), (80, 300))
    assert shift_of_config("ours", canary).steps == ((5, 5400),)
    assert shift_of_config("CodeDeployDefault.LambdaAllAtOnce", {"type": "AllAtOnce"}).steps is None
