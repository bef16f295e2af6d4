"""A target is read in one go; what does not exist is None, what is refused is an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.surveys import _allows, _group_of, _never_write, survey
from canary.rules.access_log import LOG_FORMAT
from canary.rules.integrations import Place
from canary.rules.release import Release
from canary.rules.survey import place_of
from canary.rules.target import Stage, TargetFunction
from local.faults import Fault, Mode
from tests.aws.stubs import Changed, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.tasks.entry import Tools
    from tests.tasks.walk import Ground

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function"


def test_a_sound_target_reads_whole(ground: Ground, tools: Tools):
    found = survey(tools.clients, ground.rig.target, Release())
    read = found.functions["orders-read"]

    assert (read.live.version, read.canary.version, read.newest, read.is_published) == ("1", "1", "2", True)
    assert (read.callable_by_api, read.event_sources, read.roles) == ({"live": True, "canary": True}, (), {})
    assert found.stage.stage.deployment_id == ground.way_back
    assert (found.stage.log_group, found.stage.log_format) == (ground.rig.target.access_log_group, LOG_FORMAT)
    assert (found.stage.has_cache, found.stage.other_stages, found.stage.api_name) == (False, (), "orders")
    assert [str(one) for one in found.stage.definitions.present.methods] == ["GET /orders", "POST /orders", "GET /orders/{id}"]
    assert found.stage.definitions.base.deployment_id == ground.way_back
    assert place_of(found) == Place("aws", "eu-west-1", "123456789012")
    assert "orders-payment-failures" in {alarm.name for alarm in found.alarms}


def test_a_function_that_does_not_exist_is_missing_in_everything(ground: Ground, tools: Tools):
    gone = (TargetFunction("gone", "live", "canary"),)
    found = survey(tools.clients, replace(ground.rig.target, functions=gone), Release({"gone": "3"}))
    read = found.functions["gone"]

    assert (read.live, read.canary, read.newest, read.is_published) == (None, None, None, False)
    assert (read.callable_by_api, read.event_sources) == ({"live": False, "canary": False}, ())


@pytest.mark.parametrize(("version", "is_published"), [("2", True), ("99", False)])
def test_a_version_asked_for_is_looked_up(ground: Ground, tools: Tools, version: str, *, is_published: bool):
    found = survey(tools.clients, ground.rig.target, Release({"orders-read": version}))

    assert found.functions["orders-read"].is_published is is_published


def test_an_alias_target_reads_the_roles_that_would_share_it(ground: Ground, tools: Tools):
    found = survey(tools.clients, ground.ship, Release())
    read = found.functions["orders-ship"]

    assert found.stage is None
    assert (read.canary, read.callable_by_api) == (None, {})
    assert set(read.roles) == {"1", "2"}
    assert len(set(read.roles.values())) == 1


def test_a_role_of_a_version_that_is_gone_is_left_out(ground: Ground, tools: Tools):
    found = survey(tools.clients, ground.ship, Release({"orders-ship": "99"}))

    assert set(found.functions["orders-ship"].roles) == {"1"}


def test_a_stage_or_api_that_does_not_exist_is_none(ground: Ground, tools: Tools):
    stage = ground.rig.target.stage
    for other in (replace(stage, stage_name="nowhere"), replace(stage, rest_api_id="zzzzzzzzzz")):
        found = survey(tools.clients, replace(ground.rig.target, stage=other), Release())
        assert found.stage.stage is None


def test_a_deployment_asked_for_is_looked_up(ground: Ground, tools: Tools):
    exists = {
        wanted: survey(tools.clients, ground.rig.target, Release({}, wanted)).stage.deployment_exists
        for wanted in (ground.way_back, "zzz999", "present", "unchanged")
    }

    assert exists == {ground.way_back: True, "zzz999": False, "present": True, "unchanged": True}


class Mappings:
    """The event source mappings of one function, on two pages."""

    def __init__(self, client: Any, *names: str) -> None:
        self._client = client
        self._names = names

    def __call__(self, operation: str) -> Any:
        return self if operation == "list_event_source_mappings" else self._client.get_paginator(operation)

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for name in self._names:
            yield {"EventSourceMappings": [{"EventSourceArn": QUEUE, "FunctionArn": f"{ARN}:{name}"}]}


def test_only_event_sources_of_the_live_alias_count(ground: Ground, tools: Tools):
    client = tools.clients.of(ground.rig.target).lambda_
    mappings = Mappings(client, "orders-read:other", "orders-read:live", "orders-read")
    vars(tools.clients.of(ground.rig.target))["lambda_"] = Changed(client, get_paginator=mappings)
    found = survey(tools.clients, ground.rig.target, Release())

    assert found.functions["orders-read"].event_sources == (QUEUE,)
    assert found.functions["orders-write"].event_sources == ()


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


def test_what_the_records_have_of_base_is_put_beside_it(ground: Ground, tools: Tools):
    promoted = {ground.way_back: "v2:recorded", "zzz999": "v2:other"}
    found = survey(tools.clients, ground.rig.target, Release(), promoted)

    assert found.stage.definitions.base.recorded == "v2:recorded"


def test_a_survey_may_write_nothing():
    with pytest.raises(AssertionError, match="a survey writes nothing"):
        _never_write()


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
    assert _group_of(arn) == group


GATEWAY = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}}
SOURCE = "arn:aws:execute-api:eu-west-1:1:a1/"


@pytest.mark.parametrize(
    ("statement", "allows"),
    [
        (GATEWAY, True),
        ({**GATEWAY, "Condition": {"ArnLike": {"AWS:SourceArn": f"{SOURCE}prod/GET/x"}}}, True),
        ({**GATEWAY, "Condition": {"StringEquals": {"aws:SourceArn": f"{SOURCE}*/GET/x"}}}, True),
        ({**GATEWAY, "Condition": {"ArnLike": {"aws:SourceArn": f"{SOURCE}beta/GET/x"}}}, False),
        ({**GATEWAY, "Effect": "Deny"}, False),
        ({**GATEWAY, "Principal": {"Service": "s3.amazonaws.com"}}, False),
    ],
)
def test_a_permission_covers_its_stage(statement: dict[str, Any], *, allows: bool):
    assert _allows(statement, Stage("a1", "prod", "lambdaAlias")) is allows


class NoSuchFunction:
    """A paginator that answers as Lambda does for a function that does not exist."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, operation: str) -> Any:
        return self if operation == "list_event_source_mappings" else self._client.get_paginator(operation)

    def paginate(self, **_: Any) -> Any:
        raise refusal("ResourceNotFoundException")


def test_a_function_that_does_not_exist_has_no_event_sources(ground: Ground, tools: Tools):
    client = tools.clients.of(ground.rig.target).lambda_
    vars(tools.clients.of(ground.rig.target))["lambda_"] = Changed(client, get_paginator=NoSuchFunction(client))
    found = survey(tools.clients, ground.rig.target, Release())

    assert found.functions["orders-read"].event_sources == ()
