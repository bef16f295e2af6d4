"""A release that is worse than base is rolled back, and the reason says why."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from canary.rules.targets.policy import Step, WhenUnproven
from embedded_aws.embedded import EmbeddedAws
from tests.rig import QUICK, Rig
from tests.rules.api_world import lambda_uri


@pytest.mark.parametrize(
    "numbers", [{"FAILING_SHARE": 0.5}, {"FAILING_SHARE": 0.5, "CATCHES_FAILURES": False}], ids=["returned", "raised"]
)
def test_a_failing_release_is_removed(rig: Rig, numbers: dict[str, float | bool]):
    old = rig.stage["deploymentId"], {name: pair[0] for name, pair in rig.aliases().items()}
    versions = rig.publish(**numbers)
    arn = rig.start()
    ended = rig.finish(arn)

    assert (ended.status, ended.error, ended.ending) == ("FAILED", "RolledBack", "RolledBack")
    assert "canary" in ended.cause
    recovery = [*["MakeSafe", "WhichEnding", "SafetySettle"] * 2, "MakeSafe", "WhichEnding", "RolledBack"]
    assert ended.states[-10:] == ["CanaryRejected", *recovery]
    assert rig.stage["deploymentId"] == old[0]
    assert rig.aliases() == {name: (version, version) for name, version in old[1].items()}
    assert rig.is_at_rest()
    owned = rig.record_of(arn)
    assert owned.rollout.phase == "rolled_back"
    assert owned.rollout.harm.requests > 0
    assert owned.rollout.harm.is_beyond_chance
    assert rig.half_releases(old, (owned.rollout.intent.deployment_id, versions)) == []


def answer_everything_with_200(rig: Rig, path: str) -> None:
    """A custom integration of `orders-read` whose only response is 200, as frameworks write it; base gets it at once."""
    client: Any = rig.aws.client("apigateway")
    api = rig.target.stage.rest_api_id
    ids = {one["path"]: one["id"] for one in client.get_resources(restApiId=api, limit=500)["items"]}
    where = {"restApiId": api, "resourceId": ids[path], "httpMethod": "GET"}
    templates = {"application/json": '{"headers": {}, "pathParameters": {"id": "1"}}'}
    called = {"type": "AWS", "integrationHttpMethod": "POST", "uri": lambda_uri("orders-read")}
    client.put_integration(**where, **called, requestTemplates=templates, passthroughBehavior="NEVER")
    client.put_method_response(**where, statusCode="200")
    client.put_integration_response(**where, statusCode="200")


def test_a_release_that_raises_behind_a_response_of_200_is_removed(rig: Rig):
    for path in ("/orders", "/orders/{id}"):
        answer_everything_with_200(rig, path)
    rig.aws.client("apigateway").create_deployment(restApiId=rig.target.stage.rest_api_id, stageName="prod")
    rig.settle(300)
    rig.publish(FAILING_SHARE=1.0, CATCHES_FAILURES=False)
    arn = rig.start(release={"functions": {"orders-write": "1"}})
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert ended.cause.startswith("the canary is worse than base in function_errors: ")
    assert "canary requests (0.00 %) failed" not in ended.cause
    failed = [one for one in rig.served if one.arm == "canary" and one.invocation and one.invocation.function_error]
    assert {one.status for one in failed} == {200}
    assert any("GET /orders, GET /orders/{id}: some errors" in note for note in rig.record_of(arn).rollout.plan.notes)
    assert rig.is_at_rest()


def test_an_alarm_that_fires_during_the_bake_rolls_back(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    rig.aws.client("cloudwatch").set_alarm_state(
        AlarmName="orders-payment-failures", StateValue="ALARM", StateReason="payments fail"
    )
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert "alarm orders-payment-failures is firing" in ended.cause
    assert rig.is_at_rest()


def test_an_alarm_that_fires_between_two_looks_rolls_back(aws: EmbeddedAws):
    rig = Rig(aws, policy=replace(QUICK, steps=(Step(Decimal(25), 90_000),), max_extension_seconds=100_000), history=False)
    rig.publish()
    arn = rig.start()
    rig.settle(400)
    assert rig.record_of(arn).rollout.plan.look_seconds > 60
    rig.aws.clock.run_until(lambda: rig.states(arn)[-1] == "Bake", limit=600)
    rig.settle(5)
    for state in ("ALARM", "OK"):
        rig.aws.client("cloudwatch").set_alarm_state(
            AlarmName="orders-payment-failures", StateValue=state, StateReason="a test"
        )
        rig.settle(5)
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert "it fired since the last look" in ended.cause


def test_an_alarm_that_is_deleted_during_the_bake_rolls_back(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    rig.aws.client("cloudwatch").delete_alarms(AlarmNames=["orders-payment-failures"])
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert "no longer exists" in ended.cause


def test_someone_elses_hand_on_the_weight_rolls_back(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    rig.aws.client("apigateway").update_stage(
        restApiId=rig.target.stage.rest_api_id,
        stageName=rig.target.stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "99.0"}],
    )
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert "changed from 25 % to 99" in ended.cause
    assert rig.is_at_rest()


@pytest.mark.parametrize(("unproven", "ending"), [(WhenUnproven.ROLL_BACK, "RolledBack"), (WhenUnproven.PROMOTE, "Promoted")])
def test_too_little_traffic_ends_as_the_policy_says(aws: EmbeddedAws, unproven: WhenUnproven, ending: str):
    rig = Rig(aws, policy=replace(QUICK, when_unproven=unproven, min_requests=100_000), per_minute=30)
    rig.publish()
    ended = rig.finish(rig.start())

    assert ended.ending == ending
    assert rig.is_at_rest()


def test_no_traffic_at_all_holds_and_then_goes_back(aws: EmbeddedAws):
    rig = Rig(aws, policy=replace(QUICK, max_extension_seconds=1200))
    rig.traffic._traffic.per_minute = 0
    rig.publish()
    ended = rig.run()

    assert ended.ending == "RolledBack"
    assert "the canary had no request in " in ended.cause


def test_a_held_step_goes_on_when_traffic_comes_back(aws: EmbeddedAws):
    rig = Rig(aws, policy=replace(QUICK, when_unproven=WhenUnproven.HOLD))
    rig.traffic._traffic.per_minute = 0
    rig.publish()
    arn = rig.start()
    rig.settle(900)
    assert rig.stage["canarySettings"]["percentTraffic"] == 25.0
    rig.traffic._traffic.per_minute = 120
    ended = rig.finish(arn)

    assert ended.ending == "Promoted"
