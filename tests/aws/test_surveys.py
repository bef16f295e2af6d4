"""A target is read in one go; something that does not exist is None, a refusal is an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.stages import group_of
from canary.aws.surveys import see_target, survey
from canary.rules.checks.callers import Caller
from canary.rules.checks.function_checks import VersionState
from canary.rules.checks.survey import place_of
from canary.rules.definitions.integrations import Place
from canary.rules.releases.release import Release
from canary.rules.targets.access_log import LOG_FORMAT
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground


def test_a_sound_target_reads_whole(ground: Ground, tools: Tools):
    found = survey(tools.clients, ground.rig.target, Release())

    assert {name: function.brings for name, function in found.functions.items()} == {
        "orders-read": VersionState("2"),
        "orders-write": VersionState("2"),
    }
    assert found.stage.stage.deployment_id == ground.old_deployment
    assert (found.stage.log_group, found.stage.log_format) == (ground.rig.target.access_log_group, LOG_FORMAT)
    assert (found.stage.has_cache, found.stage.other_stages, found.stage.api_name) == (False, (), "orders")
    assert found.stage.canary_stages == ()
    assert [str(one) for one in found.stage.definitions.present.methods] == ["GET /orders", "POST /orders", "GET /orders/{id}"]
    assert found.stage.definitions.base.deployment_id == ground.old_deployment
    assert place_of(found) == Place("aws", "eu-west-1", "123456789012")
    assert "orders-payment-failures" in {alarm.name for alarm in found.alarms}


def test_the_callers_come_from_the_definition_that_the_release_brings(ground: Ground, tools: Tools):
    found = survey(tools.clients, ground.rig.target, Release())

    assert {name: function.callers for name, function in found.functions.items()} == {
        "orders-read": (Caller("orders-read", "prod/GET/orders"), Caller("orders-read", "prod/GET/orders/{id}")),
        "orders-write": (Caller("orders-write", "prod/POST/orders"),),
    }


def test_other_stages_are_known_by_the_aliases_that_their_base_and_their_canary_name(ground: Ground, tools: Tools):
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    named = {
        "both": ("live", "canary"),
        "preview": ("canary", None),
        "shown": ("own", "live"),
        "other": ("own", "more"),
        "bare": (None, None),
    }
    for name, (base, canary) in named.items():
        overrides = {"stageVariableOverrides": {"lambdaAlias": canary}} if canary else {}
        more = {"canarySettings": {"percentTraffic": 0.0, **overrides}} if canary else {}
        variables = {"lambdaAlias": base} if base else {}
        client.create_stage(restApiId=api, stageName=name, deploymentId=ground.old_deployment, variables=variables, **more)
    try:
        found = survey(tools.clients, ground.rig.target, Release()).stage
    finally:
        for name in named:
            client.delete_stage(restApiId=api, stageName=name)

    assert set(found.other_stages) == {"both", "shown (its canary)"}
    assert set(found.canary_stages) == {"both (its canary)", "preview"}


def test_an_alias_target_has_no_stage(ground: Ground, tools: Tools):
    assert survey(tools.clients, ground.ship, Release()).stage is None


def test_a_stage_or_api_that_does_not_exist_is_none(ground: Ground, tools: Tools):
    stage = ground.rig.target.stage
    for other in (replace(stage, stage_name="nowhere"), replace(stage, rest_api_id="zzzzzzzzzz")):
        found = survey(tools.clients, replace(ground.rig.target, stage=other), Release())
        assert found.stage.stage is None


def test_people_see_a_stage_that_is_gone_as_none_and_are_told_of_a_refusal(ground: Ground):
    target = ground.rig.target
    gone = replace(target, stage=replace(target.stage, stage_name="gone"))
    assert see_target(ground.aws.client, gone, Release()).stage.stage is None
    ground.aws.faults.add(Fault(None, "apigateway", "GetStage", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="get-stage"):
        see_target(ground.aws.client, target, Release())


def test_a_deployment_asked_for_is_looked_up(ground: Ground, tools: Tools):
    exists = {
        wanted: survey(tools.clients, ground.rig.target, Release({}, wanted)).stage.deployment_exists
        for wanted in (ground.old_deployment, "zzz999", "present", "unchanged")
    }

    assert exists == {ground.old_deployment: True, "zzz999": False, "present": True, "unchanged": True}


REFUSED = {
    "GetAlias": ("lambda", "aws lambda get-alias"),
    "ListVersionsByFunction": ("lambda", "aws lambda list-versions-by-function"),
    "GetFunctionConfiguration": ("lambda", "aws lambda get-function-configuration"),
    "GetPolicy": ("lambda", "aws lambda get-policy"),
    "ListEventSourceMappings": ("lambda", "aws lambda list-event-source-mappings"),
    "GetStages": ("apigateway", "aws apigateway get-stages"),
    "GetExport": ("apigateway", "aws apigateway get-export"),
    "GetDeployment": ("apigateway", "aws apigateway get-deployment "),
    "GetRestApi": ("apigateway", "aws apigateway get-rest-api"),
    "DescribeAlarms": ("cloudwatch", "aws cloudwatch describe-alarms"),
}


@pytest.mark.parametrize(("operation", "service", "command"), [(name, *rest) for name, rest in REFUSED.items()])
def test_a_call_that_is_refused_is_not_taken_for_missing(
    ground: Ground, tools: Tools, operation: str, service: str, command: str
):
    ground.aws.faults.add(Fault(None, service, operation, Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match=command):
        survey(tools.clients, ground.rig.target, Release({"orders-read": "2"}, "zzz999"))


def test_the_records_fingerprint_of_base_is_added(ground: Ground, tools: Tools):
    promoted = {ground.old_deployment: "v2:recorded", "zzz999": "v2:other"}
    found = survey(tools.clients, ground.rig.target, Release(), promoted)

    assert found.stage.definitions.base.recorded == "v2:recorded"


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        (None, None),
        ("arn:aws:logs:eu-west-1:1:log-group:/apigw/x:*", "/apigw/x"),
        ("arn:aws:logs:eu-west-1:1:log-group:/apigw/x", "/apigw/x"),
        ("arn:aws:firehose:eu-west-1:1:deliverystream/x", "arn:aws:firehose:eu-west-1:1:deliverystream/x"),
    ],
)
def test_a_log_group_is_named_by_its_destination(arn: str | None, group: str | None):
    assert group_of(arn) == group
