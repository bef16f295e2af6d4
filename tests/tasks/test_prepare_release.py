"""PrepareRelease: frozen history, deployment and canary aliases; base is unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import StateChangedError
from canary.edge.events import TaskEvent
from canary.rules.targets.target import BusinessMetric, Metrics
from canary.tasks.prepare_release import prepare_release
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed
from tests.tasks.walk import Ground, TaskFailedError, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canary.tasks.common.entry import Tools


def deployments(ground: Ground, mark: str) -> list[str]:
    """The deployments with this description."""
    api = ground.rig.target.stage.rest_api_id
    items = ground.aws.client("apigateway").get_deployments(restApiId=api, limit=500)["items"]
    return [item["id"] for item in items if item.get("description") == mark]


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout that holds its target."""
    return ground.walk().begin()


@pytest.fixture
def edited(ground: Ground, walk: Walk) -> Iterator[Walk]:
    """The API's definition is edited after the check."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    root = next(item["id"] for item in client.get_resources(restApiId=api)["items"] if item["path"] == "/")
    made = client.create_resource(restApiId=api, parentId=root, pathPart="health")["id"]
    yield walk
    client.delete_resource(restApiId=api, resourceId=made)


def test_the_canary_is_ready_and_base_is_untouched(ground: Ground, walk: Walk):
    before = ground.rig.stage
    assert walk.task("PrepareRelease") == {"beginning": "SHIFT", "canary": {**walk.record.intent.versions}, "wait_seconds": 30}

    assert ground.rig.aliases() == {name: (ground.old[name], ground.new[name]) for name in ground.old}
    assert [walk.record.intent.deployment_id] == deployments(ground, f"canary rollout {walk.rollout_id}")
    assert ground.rig.stage == before
    assert walk.record.phase == "preparing"
    assert set(walk.record.needed) != set()
    assert walk.record.tally.metrics_requested > 0
    assert ground.rig.records.read_history(walk.rollout_id)


def test_a_business_metric_of_which_only_failures_are_written_is_left_out_and_named(ground: Ground):
    now = int(ground.aws.clock.now())
    for minute in range(now - 7200, now, 60):
        ground.aws.metrics.put("Orders", "OnlyFailures", {"arm": "base"}, minute, (1.0,), (3.0,))
    walk = ground.walk(metrics=Metrics(business=(BusinessMetric("OnlyFailures", "Orders"),))).begin()
    walk.task("PrepareRelease")

    assert walk.record.habits == {}
    assert "business_OnlyFailures" not in walk.record.evidence
    assert any(
        note.startswith("every value of business_OnlyFailures in the last day was 1; ") for note in walk.record.plan.notes
    )


def test_a_deployment_whose_reply_was_lost_is_found_again(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("PrepareRelease", "apigateway", "CreateDeployment", Mode.KILLED_AFTER, times=1))
    with pytest.raises(TaskFailedError):
        walk.task("PrepareRelease")
    made = deployments(ground, f"canary rollout {walk.rollout_id}")
    assert (len(made), walk.record.intent.deployment_id) == (1, None)
    walk.task("PrepareRelease")

    assert deployments(ground, f"canary rollout {walk.rollout_id}") == made
    assert walk.record.intent.deployment_id == made[0]


def test_a_retry_freezes_no_second_history(walk: Walk):
    walk.task("PrepareRelease")
    before = walk.record
    walk.task("PrepareRelease")

    assert walk.record == before


CHANGES = {
    "alias variable": (
        lambda ground: ground.patch("/variables/lambdaAlias", "canary"),
        'the stage\'s variable lambdaAlias is "canary", which this rollout did not set',
    ),
    "canary": (lambda ground: ground.patch("/canarySettings/percentTraffic", "5.0"), "the stage now has a canary"),
    "live alias": (
        lambda ground: ground.point("orders-read", "live", "2"),
        "the live alias of orders-read was moved from version 1 to 2",
    ),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_a_target_changed_since_its_check_is_left_alone(
    ground: Ground, walk: Walk, change: Callable[[Ground], None], said: str
):
    change(ground)
    with pytest.raises(TaskFailedError, match=said) as failed:
        walk.task("PrepareRelease")

    assert failed.value.kind == "StateChangedError"
    assert "start the rollout again" in failed.value.message
    assert deployments(ground, f"canary rollout {walk.rollout_id}") == []
    assert ground.alias("orders-read", "canary") == ("1", {})


def test_another_variable_set_since_the_check_is_no_reason_to_stop(ground: Ground, walk: Walk):
    ground.patch("/variables/featureX", "on")
    assert walk.task("PrepareRelease") == {"beginning": "SHIFT", "canary": {**walk.record.intent.versions}, "wait_seconds": 30}
    assert ground.rig.stage["variables"] == {"lambdaAlias": "live", "featureX": "on"}


def test_a_variable_of_the_release_set_since_the_check_is_one(ground: Ground):
    walk = ground.walk().begin(release={"variables": {"featureX": "on"}})
    ground.patch("/variables/featureX", "on")
    with pytest.raises(TaskFailedError, match=r"the stage.s variable featureX is .*; start the rollout again"):
        walk.task("PrepareRelease")


def test_a_definition_edited_since_its_check_is_not_deployed(ground: Ground, edited: Walk):
    with pytest.raises(TaskFailedError, match="the API's definition was edited since it was checked") as failed:
        edited.task("PrepareRelease")

    assert failed.value.kind == "StateChangedError"
    assert deployments(ground, f"canary rollout {edited.rollout_id}") == []


def test_a_definition_edited_while_it_is_deployed_goes_back_before_any_weight(ground: Ground, walk: Walk, tools: Tools):
    own = tools.clients.of(walk.target)
    client, api = own.apigateway, walk.target.stage.rest_api_id

    def deploy(**given: Any) -> Any:
        client.put_gateway_response(
            restApiId=api, responseType="DEFAULT_5XX", responseParameters={"gatewayresponse.header.A": "'a'"}
        )
        return client.create_deployment(**given)

    vars(own)["apigateway"] = Changed(client, create_deployment=deploy)
    event = TaskEvent(walk.target.name, walk.rollout_id, walk.execution, walk.now)
    try:
        with pytest.raises(StateChangedError, match="was edited since it was checked; start the rollout again"):
            prepare_release(event, tools)
    finally:
        client.delete_gateway_response(restApiId=api, responseType="DEFAULT_5XX")

    assert len(deployments(ground, f"canary rollout {walk.rollout_id}")) == 1
    assert walk.record.intent.deployment_id is None
    assert (ground.percent, ground.alias("orders-read", "canary")) == (None, ("1", {}))


def test_a_deployment_whose_reply_was_lost_is_not_used_after_an_edit(ground: Ground, edited: Walk):
    mark = f"canary rollout {edited.rollout_id}"
    ground.aws.client("apigateway").create_deployment(restApiId=ground.rig.target.stage.rest_api_id, description=mark)
    with pytest.raises(TaskFailedError, match="the API's definition was edited since it was checked"):
        edited.task("PrepareRelease")

    assert edited.record.intent.deployment_id is None


def test_a_named_deployment_is_used_as_it_is(ground: Ground):
    walk = ground.walk().begin(release={"deployment": ground.old_deployment})
    walk.task("PrepareRelease")

    assert walk.record.intent.deployment_id == ground.old_deployment
    assert deployments(ground, f"canary rollout {walk.rollout_id}") == []
    assert ground.alias("orders-read", "canary") == (ground.new["orders-read"], {})


def test_a_target_without_a_stage_is_prepared_without_a_write_to_it(ground: Ground):
    walk = ground.walk(ground.ship).begin()
    assert walk.task("PrepareRelease") == {"beginning": "SHIFT", "canary": {**walk.record.intent.versions}, "wait_seconds": 30}

    assert ground.alias("orders-ship", "live") == ("1", {})
    assert walk.record.intent.deployment_id is None
    assert walk.record.evidence


def test_a_rollout_that_has_shifted_is_not_prepared_again(ground: Ground):
    walk = ground.walk().shift()
    with pytest.raises(TaskFailedError, match="is already shifting; it cannot be prepared again") as failed:
        walk.task("PrepareRelease")

    assert failed.value.kind == "OwnershipLostError"


def test_a_rollout_taken_over_changes_nothing_more(ground: Ground, walk: Walk):
    ground.rig.records.take_over(walk.owned, "operator:test")
    with pytest.raises(TaskFailedError, match="is now owned by operator:test") as failed:
        walk.task("PrepareRelease")

    assert failed.value.kind == "OwnershipLostError"
    assert ground.alias("orders-read", "canary") == ("1", {})


def test_a_refused_alias_reports_the_command(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("PrepareRelease", "lambda", "UpdateAlias", Mode.REFUSED))
    with pytest.raises(TaskFailedError, match="aws lambda update-alias --function-name orders-read --name canary") as failed:
        walk.task("PrepareRelease")

    assert failed.value.kind == "AwsRefusedError"
