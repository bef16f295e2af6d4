"""A stage is changed with single patch lists and read back."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError, StateChangedError
from canary.aws.stages import Stages, flip_operations, live_stage_of
from canary.rules.targets.access_log import LOG_FORMAT
from canary.rules.targets.live import AccessLog, Intent, LiveCanary, LiveStage
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


@pytest.fixture
def writes() -> list[str]:
    return []


@pytest.fixture
def stages(ground: Ground, writes: list[str]) -> Stages:
    return Stages(ground.aws.client("apigateway"), ground.rig.target.stage, lambda: writes.append("write"))


@pytest.fixture
def intent(stages: Stages) -> Intent:
    overrides = {"lambdaAlias": "canary", "feature": "new"}
    return Intent({}, stages.make_deployment("tests of the stage"), overrides, "lambdaAlias")


def test_a_stage_reads_as_it_is(ground: Ground, stages: Stages):
    log = AccessLog(ground.rig.target.access_log_group, LOG_FORMAT)
    assert stages.read() == LiveStage(ground.old_deployment, {"lambdaAlias": "live"}, None, log)
    assert stages.describe()["stageName"] == "prod"


def test_a_canary_is_attached_in_one_list_then_moved_then_left(
    ground: Ground, stages: Stages, intent: Intent, writes: list[str]
):
    writes.clear()
    stages.shift(intent, Decimal("12.5"))
    assert stages.read().canary == LiveCanary(intent.deployment_id, Decimal("12.5"), intent.overrides)
    assert ground.rig.stage["canarySettings"]["useStageCache"] is False
    stages.shift(intent, Decimal(40))
    stages.shift(intent, Decimal(40))

    assert (ground.percent, writes) == (40.0, ["write", "write"])


def test_a_canary_of_someone_else_is_not_moved(ground: Ground, stages: Stages, intent: Intent):
    stages.shift(intent, Decimal(10))
    with pytest.raises(StateChangedError, match="did not attach"):
        stages.shift(replace(intent, overrides={"lambdaAlias": "other"}), Decimal(20))

    assert ground.percent == 10.0


@pytest.mark.parametrize("lost", ["percent", "canary", "overrides"])
def test_a_canary_that_reads_back_differently_is_reported(ground: Ground, intent: Intent, lost: str):
    client = ground.aws.client("apigateway")

    def patch(**arguments: Any) -> Any:
        answer = client.update_stage(**arguments)
        if lost == "canary":
            client.update_stage(**{**arguments, "patchOperations": [{"op": "remove", "path": "/canarySettings"}]})
        elif lost == "percent":
            ground.patch("/canarySettings/percentTraffic", "3.0")
        else:
            ground.patch("/canarySettings/stageVariableOverrides/feature", "old")
        return answer

    stages = Stages(Changed(client, update_stage=patch), ground.rig.target.stage, lambda: None)
    with pytest.raises(StateChangedError, match="the canary was set to 10 %, but the stage reads back"):
        stages.shift(intent, Decimal(10))


def test_a_canary_is_removed_once(ground: Ground, stages: Stages, intent: Intent, writes: list[str]):
    stages.shift(intent, Decimal(10))
    writes.clear()
    stages.remove_canary()
    stages.remove_canary()

    assert (ground.percent, writes) == (None, ["write"])


def test_a_flip_keeps_the_alias_variable_of_base(ground: Ground, stages: Stages, intent: Intent):
    stages.shift(intent, Decimal(100))
    stages.flip(intent)
    found = stages.read()
    client, stage = ground.aws.client("apigateway"), ground.rig.target.stage
    removal = [{"op": "remove", "path": "/variables/feature"}]
    client.update_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name, patchOperations=removal)

    assert (found.deployment_id, dict(found.variables)) == (intent.deployment_id, {"lambdaAlias": "live", "feature": "new"})
    assert found.canary.percent == 0


def test_a_flip_removes_what_the_earlier_release_did_not_have(ground: Ground, stages: Stages, intent: Intent):
    ground.patch("/variables/flag", "on")
    gone = replace(intent, overrides={"lambdaAlias": "canary"}, removed_variables=("flag", "gone-already"))
    stages.shift(gone, Decimal(100))
    stages.flip(gone)

    assert dict(stages.read().variables) == {"lambdaAlias": "live"}


ODD = "https://pay.example.com/v2?a=b,c&d=~#x"
"""Characters that only a release's variable may have and that shells and the CLI's shorthand interpret."""


def test_any_value_of_a_variable_is_set_and_promoted_as_it_is(ground: Ground, stages: Stages, intent: Intent):
    odd = replace(intent, overrides={**intent.overrides, "feature": ODD})
    stages.shift(odd, Decimal(10))
    assert stages.read().canary.overrides["feature"] == ODD
    stages.flip(odd)
    found = stages.read()
    client, stage = ground.aws.client("apigateway"), ground.rig.target.stage
    removal = [{"op": "remove", "path": "/variables/feature"}]
    client.update_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name, patchOperations=removal)

    assert found.variables["feature"] == ODD


def test_the_command_by_hand_sends_what_the_call_sends(stages: Stages, intent: Intent):
    plain, odd = (flip_operations(replace(intent, overrides={**intent.overrides, "feature": value})) for value in ("new", ODD))
    shorthand, written_out = shlex.split(stages.command(plain)), shlex.split(stages.command(odd))

    assert [dict(pair.split("=") for pair in one.split(",")) for one in shorthand[-3:]] == plain
    assert json.loads(written_out[-1]) == odd
    assert shorthand[:-3] == written_out[:-1]


def test_a_deployment_is_made_once_for_a_mark(ground: Ground, stages: Stages):
    assert stages.find_deployment("made once") is None
    made = stages.make_deployment("made once")

    assert stages.make_deployment("made once") == made == stages.find_deployment("made once")
    assert ground.rig.stage["deploymentId"] == ground.old_deployment


def test_every_refusal_reports_its_command(ground: Ground, stages: Stages, intent: Intent):
    ground.aws.faults.add(Fault(None, "apigateway", None, Mode.REFUSED))
    api = ground.rig.target.stage.rest_api_id
    tried = {
        f"aws apigateway get-stage --rest-api-id {api} --stage-name prod": stages.read,
        f"aws apigateway get-deployments --rest-api-id {api}": lambda: stages.find_deployment("x"),
        f"aws apigateway update-stage --rest-api-id {api} --stage-name prod --patch-operations": lambda: stages.flip(intent),
    }
    for command, call in tried.items():
        with pytest.raises(AwsRefusedError, match=command):
            call()


def test_absent_keys_of_a_stage_are_empty():
    assert live_stage_of({"deploymentId": "d"}) == LiveStage("d", {}, None)
    canary = {"deploymentId": "c", "percentTraffic": 5.0}
    assert live_stage_of({"deploymentId": "d", "canarySettings": canary}).canary == LiveCanary("c", Decimal("5.0"), {})
