"""GuardDeletion: CloudFormation is told no while anything is not at rest, and is always told something."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError
from canary.edge.events import StackEvent, read_event
from canary.tasks.guard_deletion import _never_write, guard_deletion
from local.controller import TARGET_PREFIX, register_target
from local.faults import Fault, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.tasks.entry import Tools
    from tests.tasks.walk import Ground


class CloudFormation(HTTPServer):
    """Where the answers are put."""

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
        """Not on a test's screen."""


@pytest.fixture
def stack() -> Iterator[CloudFormation]:
    with CloudFormation() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


def ask(stack: CloudFormation, tools: Tools, request: str, target: str | None = None) -> dict[str, Any]:
    event = {
        "RequestType": request,
        "ResponseURL": f"http://127.0.0.1:{stack.server_port}/answer",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/canary/1",
        "RequestId": "r-1",
        "LogicalResourceId": "AtRest",
        "ResourceProperties": {"ServiceToken": "arn", **({"Target": target} if target else {})},
    }
    answer = guard_deletion(read_event(StackEvent, event), tools)
    assert stack.answers[-1] == answer
    return answer


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_nothing_is_asked_of_a_creation(stack: CloudFormation, tools: Tools, ground: Ground, request_type: str):
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


def test_a_canary_of_somebody_else_keeps_the_stack(stack: CloudFormation, tools: Tools, ground: Ground):
    stage = ground.rig.target.stage
    ground.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "5"}],
    )
    assert "the stage of orders has a canary at 5.0 %" in ask(stack, tools, "Delete")["Reason"]


def test_what_cannot_be_read_is_not_at_rest(stack: CloudFormation, tools: Tools, ground: Ground):
    ground.aws.faults.add(Fault(None, "apigateway", "GetStage", Mode.REFUSED))
    answer = ask(stack, tools, "Delete")

    assert answer["Status"] == "FAILED"
    assert "whether the targets are at rest cannot be read: AWS refused" in answer["Reason"]


def test_a_stage_that_is_gone_has_no_canary(stack: CloudFormation, tools: Tools, ground: Ground):
    ground.walk(stage=ground.rig.target.stage.__class__("gone", "prod", "lambdaAlias"))
    assert ask(stack, tools, "Delete", "orders")["Status"] == "SUCCESS"


def test_a_target_of_aliases_has_no_stage(stack: CloudFormation, tools: Tools, ground: Ground):
    functions = tuple(replace(function, canary=None) for function in ground.rig.target.functions)
    ground.walk(stage=None, access_log_group=None, functions=functions)
    assert ask(stack, tools, "Delete", "orders")["Status"] == "SUCCESS"


def test_nothing_is_written_to_a_target():
    with pytest.raises(AwsRefusedError, match="writes to no target"):
        _never_write()
