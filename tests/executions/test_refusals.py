"""A target that is not ready or not free is refused; one that is merely unusual is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig import Rig


def test_numbers_and_booleans_may_come_as_strings(rig: Rig):
    rig.publish()
    policy = {"steps": [{"weight_percent": "25", "bake_seconds": "120"}], "early_advance": "true", "min_requests": "5"}
    ended = rig.run(policy=policy)

    assert ended.ending == "Promoted"


def delete_alarm(rig: Rig) -> None:
    rig.aws.client("cloudwatch").delete_alarms(AlarmNames=["orders-payment-failures"])


def break_alarm(rig: Rig) -> None:
    rig.aws.alarms.set_evaluation_state("orders-payment-failures", "EVALUATION_FAILURE")


def fire_alarm(rig: Rig) -> None:
    rig.aws.client("cloudwatch").set_alarm_state(
        AlarmName="orders-payment-failures", StateValue="ALARM", StateReason="payments fail"
    )


def delete_alias(rig: Rig) -> None:
    rig.aws.client("lambda").delete_alias(FunctionName="orders-read", Name="canary")


def forbid_api(rig: Rig) -> None:
    rig.aws.client("lambda").remove_permission(FunctionName="orders-read", Qualifier="canary", StatementId="orders-prod")


def allow_one_method(rig: Rig) -> None:
    forbid_api(rig)
    permit(rig, "canary", "apigateway.amazonaws.com", f"execute-api:{rig.aws.region}", "prod/GET/orders")


def let_a_topic_call(rig: Rig) -> None:
    permit(rig, "live", "sns.amazonaws.com", f"sns:{rig.aws.region}", "new-orders")


def permit(rig: Rig, alias: str, service: str, place: str, ending: str) -> None:
    api = f"{rig.target.stage.rest_api_id}/" if "execute-api" in place else ""
    rig.aws.client("lambda").add_permission(
        FunctionName="orders-read",
        Qualifier=alias,
        StatementId="another",
        Principal=service,
        Action="lambda:InvokeFunction",
        SourceArn=f"arn:aws:{place}:{rig.aws.account}:{api}{ending}",
    )


def change_log_format(rig: Rig) -> None:
    patch_stage(rig, "/accessLogSettings/format", '{"id":"$context.requestId","status":"$context.status"}')


def attach_canary(rig: Rig) -> None:
    patch_stage(rig, "/canarySettings/percentTraffic", "5.0")


def rename_variable(rig: Rig) -> None:
    patch_stage(rig, "/variables/lambdaAlias", "other")


def patch_stage(rig: Rig, path: str, value: str) -> None:
    rig.aws.client("apigateway").update_stage(
        restApiId=rig.target.stage.rest_api_id,
        stageName=rig.target.stage.stage_name,
        patchOperations=[{"op": "replace", "path": path, "value": value}],
    )


def split_alias(rig: Rig) -> None:
    rig.aws.client("lambda").update_alias(
        FunctionName="orders-read", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}}
    )


BROKEN = {
    "alarm gone": (delete_alarm, "alarm orders-payment-failures does not exist"),
    "alarm broken": (break_alarm, "alarm orders-payment-failures cannot be evaluated"),
    "alarm firing": (fire_alarm, "alarm orders-payment-failures is already firing"),
    "alias missing": (delete_alias, "alias canary does not exist"),
    "permission missing": (forbid_api, "the API may not invoke alias canary"),
    "one method permitted": (allow_one_method, "may not invoke alias canary for GET /orders/{id};"),
    "a topic on live": (let_a_topic_call, "alias live is also called by arn:aws:sns:"),
    "log format": (change_log_format, "access_log_group"),
    "canary of someone else": (attach_canary, "it already has a canary"),
    "stage variable": (rename_variable, "must name the live alias"),
    "alias already split": (split_alias, "already splits traffic"),
}


@pytest.mark.parametrize(("spoil", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_target_that_is_not_ready_is_refused(rig: Rig, spoil: Callable[[Rig], None], said: str):
    rig.publish()
    spoil(rig)
    before = rig.stage
    ended = rig.run()

    assert ended.ending == "Refused"
    assert said in ended.cause
    assert "TakeLock" not in ended.states
    after = rig.stage
    assert [after.get(key) for key in ("deploymentId", "canarySettings")] == [
        before.get(key) for key in ("deploymentId", "canarySettings")
    ]
    assert rig.records.read_lock("orders").rollout_id is None


def test_hotfix_tolerates_an_alarm_that_was_already_firing(rig: Rig):
    rig.publish()
    fire_alarm(rig)
    ended = rig.finish(
        rig.start(policy={"tolerate_firing_alarms": True, "steps": [{"weight_percent": 25, "bake_seconds": 120}]})
    )

    assert "already firing" not in ended.cause


@pytest.mark.slow
def test_a_second_rollout_is_refused_while_one_runs(rig: Rig):
    rig.publish()
    first = rig.start()
    rig.settle(90)
    second = rig.finish(rig.start())

    assert second.ending == "Refused"
    assert f"rollout {first.rsplit(':', 1)[-1]} is running on orders" in second.cause
    assert rig.finish(first).ending == "Promoted"


def test_of_two_rollouts_started_at_the_same_moment_one_runs(rig: Rig):
    rig.publish()
    both = [rig.start(), rig.start()]
    endings = [rig.finish(arn).ending for arn in both]

    assert sorted(endings) == ["Promoted", "Refused"]
    assert rig.is_at_rest()
