"""The oldest SDK that the functions may meet can make every call that they make."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.aws.oldest_sdk import RECORD
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN: dict[str, dict[str, list[str]]] = json.loads(RECORD.read_text(encoding="utf-8"))
Made = set[tuple[str, str, str]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """The (service, operation, parameter) of each call that a function makes."""
    calls: Made = set()
    original = BaseClient._make_api_call

    def make(client: Any, operation: str, given: dict[str, Any]) -> Any:
        if "canary/" in (client.meta.config.user_agent_extra or ""):
            calls.update((client.meta.service_model.service_name, operation, name) for name in given)
        return original(client, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", make)
    return calls


@pytest.fixture
def rig() -> Iterator[Rig]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Rig(aws)


@pytest.mark.slow
def test_the_oldest_sdk_knows_every_call_of_the_functions(rig: Rig, made: Made):
    rig.publish()
    assert rig.run(policy={"progression": "scheduled"}).ending == "Parked"
    rig.settle(400)
    while (ended := rig.run(operation="advance")).ending == "Parked":
        rig.settle(60)
    assert ended.ending == "Promoted"
    rig.publish(FAILING_SHARE=0.6)
    assert rig.run().ending == "RolledBack"
    rig.publish()
    stopped = rig.start()
    rig.settle(120)
    rig.aws.client("stepfunctions").stop_execution(executionArn=stopped)
    rig.settle(600)

    assert len(made) > 40
    assert {service for service, _, _ in made} >= {"apigateway", "cloudwatch", "dynamodb", "events", "lambda", "ssm"}
    assert [call for call in sorted(made) if call[2] not in KNOWN[call[0]].get(call[1], ())] == []


def test_a_call_that_it_does_not_know_would_be_found():
    assert "AlarmNames" in KNOWN["cloudwatch"]["DescribeAlarms"]
    assert "WarmUpConfiguration" not in KNOWN["cloudwatch"]["PutMetricAlarm"]
