"""GuardDeletion: refuses CloudFormation while a target is not at rest, and always answers."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.events import StackEvent, read_event
from canary.edge.target import target_to_json
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from canary.tasks.guard_deletion import guard_deletion
from demo.controller import TARGET_PREFIX, register_target
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground


class CloudFormation(HTTPServer):
    """Where the answers go."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Put)


class _Put(BaseHTTPRequestHandler):
    server: CloudFormation

    def do_PUT(self) -> None:
        self.server.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps the server's log off the test's screen."""


@pytest.fixture
def stack() -> Iterator[CloudFormation]:
    with CloudFormation() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


def ask(stack: CloudFormation, tools: Tools, request: str, target: str | None = None, **more: Any) -> dict[str, Any]:
    """`more` are properties; those that end in `_before` are old properties."""
    old = {key.removesuffix("_before"): value for key, value in more.items() if key.endswith("_before")}
    new = {key: value for key, value in more.items() if not key.endswith("_before")}
    event = {
        "RequestType": request,
        "ResponseURL": f"http://127.0.0.1:{stack.server_port}/answer",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/canary/1",
        "RequestId": "r-1",
        "LogicalResourceId": "AtRest",
        "ResourceProperties": {"ServiceToken": "arn", **({"Target": target} if target else {}), **new},
        **({"OldResourceProperties": {"ServiceToken": "arn", **old}} if old else {}),
    }
    answer = guard_deletion(read_event(StackEvent, event), tools)
    assert stack.answers[-1] == answer
    return answer


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_creation_is_always_accepted(stack: CloudFormation, tools: Tools, ground: Ground, request_type: str):
    ground.walk().shift()
    answer = ask(stack, tools, request_type, "orders")

    assert (answer["Status"], answer["PhysicalResourceId"], answer["RequestId"]) == ("SUCCESS", "at-rest-orders", "r-1")


def test_a_target_at_rest_may_go(stack: CloudFormation, tools: Tools):
    assert ask(stack, tools, "Delete", "orders")["Status"] == "SUCCESS"


def test_the_controller_stays_while_a_target_is_registered(stack: CloudFormation, tools: Tools, ground: Ground):
    assert ask(stack, tools, "Delete")["Reason"] == "target orders is still registered; delete its stack first"
    ground.aws.client("ssm").delete_parameter(Name=f"{TARGET_PREFIX}orders")
    assert ask(stack, tools, "Delete")["Status"] == "SUCCESS"
    register_target(ground.aws.client, ground.rig.target)


@pytest.mark.parametrize("target", ["orders", None])
def test_a_running_rollout_keeps_its_stack(stack: CloudFormation, tools: Tools, ground: Ground, target: str | None):
    walk = ground.walk().shift()
    answer = ask(stack, tools, "Delete", target)

    assert answer["Status"] == "FAILED"
    assert f"rollout {walk.rollout_id} is running on orders" in answer["Reason"]


def test_another_targets_rollout_does_not_matter(stack: CloudFormation, tools: Tools, ground: Ground):
    ground.walk().shift()
    assert ask(stack, tools, "Delete", "billing")["Status"] == "SUCCESS"


def test_a_canary_of_someone_else_keeps_the_stack(stack: CloudFormation, tools: Tools, ground: Ground):
    stage = ground.rig.target.stage
    ground.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "5"}],
    )
    assert "the stage of orders has a canary at 5.0 %" in ask(stack, tools, "Delete")["Reason"]


def test_an_unreadable_target_is_not_at_rest(stack: CloudFormation, tools: Tools, ground: Ground):
    ground.aws.faults.add(Fault(None, "apigateway", "GetStage", Mode.REFUSED))
    answer = ask(stack, tools, "Delete")

    assert answer["Status"] == "FAILED"
    assert "it is unknown whether the targets are at rest: AWS refused" in answer["Reason"]


def test_a_stage_that_is_gone_has_no_canary(stack: CloudFormation, tools: Tools, ground: Ground):
    ground.walk(stage=ground.rig.target.stage.__class__("gone", "prod", "lambdaAlias"))
    assert ask(stack, tools, "Delete", "orders")["Status"] == "SUCCESS"


def test_a_target_of_aliases_has_no_stage(stack: CloudFormation, tools: Tools, ground: Ground):
    functions = tuple(replace(function, canary=None) for function in ground.rig.target.functions)
    ground.walk(stage=None, access_log_group=None, functions=functions)
    assert ask(stack, tools, "Delete", "orders")["Status"] == "SUCCESS"


def update(stack: CloudFormation, tools: Tools, target: Target, **before: Any) -> dict[str, Any]:
    """An update of the target's stack to this definition."""
    return ask(stack, tools, "Update", target.name, Definition=target_to_json(target), **before)


def test_an_update_that_keeps_what_a_running_rollout_needs_is_accepted(stack: CloudFormation, tools: Tools, ground: Ground):
    target = ground.walk().shift().target
    other = replace(target, policy=replace(target.policy, alpha=0.02), alarms=(), shared_live_alias=True)

    assert update(stack, tools, other)["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        (lambda target: {"functions": target.functions[:1]}, "it loses function orders-write with the aliases live and canary"),
        (lambda target: {"stage": replace(target.stage, stage_name="beta")}, "its stage changes"),
        (lambda _: {"access_log_group": "/apigw/other"}, "its access log changes from"),
        (lambda target: {"metrics": replace(target.metrics, client_errors=False)}, "its metric filters change"),
    ],
)
def test_an_update_that_removes_what_a_running_rollout_needs_is_refused_and_may_be_undone(
    stack: CloudFormation, tools: Tools, ground: Ground, change: Any, loss: str
):
    walk = ground.walk().shift()
    answer = update(stack, tools, replace(walk.target, **change(walk.target)))
    assert answer["Status"] == "FAILED"
    assert f"rollout {walk.rollout_id} is running on orders" in answer["Reason"]
    assert loss in answer["Reason"]

    assert update(stack, tools, walk.target)["Status"] == "SUCCESS"


def test_a_target_is_not_renamed_under_its_rollout(stack: CloudFormation, tools: Tools, ground: Ground):
    walk = ground.walk().shift()
    answer = update(stack, tools, replace(walk.target, name="shop"), Target_before="orders")
    assert answer["Status"] == "FAILED"
    assert "its name changes from orders to shop" in answer["Reason"]

    assert update(stack, tools, walk.target, Target_before="shop")["Status"] == "SUCCESS"


def test_a_target_at_rest_may_change_in_any_way(stack: CloudFormation, tools: Tools, ground: Ground):
    other = replace(ground.rig.target, name="shop", functions=ground.rig.target.functions[:1])
    assert update(stack, tools, other, Target_before="orders")["Status"] == "SUCCESS"


def test_a_target_is_not_dropped_from_its_stack_under_its_rollout(stack: CloudFormation, tools: Tools, ground: Ground):
    walk = ground.walk().shift()
    lists = {"Targets": {"shop": "shop"}, "Targets_before": {"shop": "shop", "orders": "orders"}}
    answer = ask(stack, tools, "Update", **lists)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"the update removes target orders: rollout {walk.rollout_id} is running on orders")

    back = {"Targets": lists["Targets_before"], "Targets_before": lists["Targets"]}
    assert ask(stack, tools, "Update", **back)["Status"] == "SUCCESS"
    walk.end()
    assert ask(stack, tools, "Update", **lists)["Status"] == "SUCCESS"
    assert ask(stack, tools, "Delete", Targets=lists["Targets"])["Status"] == "SUCCESS"


@pytest.mark.parametrize(("schema", "status"), [(SCHEMA_VERSION - 1, "SUCCESS"), (SCHEMA_VERSION + 1, "FAILED"), (0, "FAILED")])
def test_a_controller_does_not_replace_one_whose_rollouts_it_cannot_read(
    stack: CloudFormation, tools: Tools, ground: Ground, schema: int, status: str
):
    walk = ground.walk()
    assert ask(stack, tools, "Update", RecordSchema="9")["Status"] == "SUCCESS"
    walk.shift()
    ground.aws.client("dynamodb").update_item(
        TableName=ground.rig.controller.table,
        Key={"pk": {"S": f"rollout#{walk.rollout_id}"}, "sk": {"S": "rollout"}},
        UpdateExpression="SET schema_version = :other",
        ExpressionAttributeValues={":other": {"N": str(schema)}},
    )
    answer = ask(stack, tools, "Update", RecordSchema="9")
    assert answer["Status"] == status
    assert (f"rollout {walk.rollout_id} is running on orders" in answer["Reason"]) is (status == "FAILED")
    assert (f"the record has schema {schema}" in answer["Reason"]) is (status == "FAILED")
