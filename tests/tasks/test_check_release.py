"""CheckRelease answers READY with a draft, UNCHANGED, or every reason not to start; it changes nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.definitions import DefinitionReader
from canary.aws.taken_back import taken_back_key
from canary.edge.events import CheckEvent
from canary.rules.checks.draft import CACHE_NOTE
from canary.rules.checks.function_checks import WAIT_LIMIT_SECONDS, WAIT_SECONDS
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.rollouts.actions import StartedBy
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.policy import WhenQuiet, WhenUnproven
from canary.rules.targets.target import Outside, OutsideRoute
from canary.tasks.check_release import check_release
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed
from tests.tasks.walk import Ground, TaskFailedError, iso, lock_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canary.tasks.common.entry import Json, Tools
    from tests.tasks.walk import Walk

CLI = Path(sys.executable).with_name("aws")
COMMAND = re.compile(r"aws lambda (?:add-permission .*?--source-arn '[^']+'|remove-permission [^;]+|invoke .*? /dev/null)")
TOPIC = "arn:aws:sns:eu-west-1:123456789012:new-orders"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders-queue"


@pytest.fixture
def walk(ground: Ground) -> Walk:
    return ground.walk()


@pytest.fixture
def cached(ground: Ground) -> Iterator[Ground]:
    """The stage has a cache cluster."""
    ground.patch("/cacheClusterEnabled", "true")
    yield ground
    ground.patch("/cacheClusterEnabled", "false")


@contextmanager
def queue_on(ground: Ground, alias: str) -> Iterator[str]:
    """A queue that an alias of orders-read reads; gives the mapping's id."""
    client = ground.aws.client("lambda")
    ground.aws.client("sqs").create_queue(QueueName=QUEUE.rpartition(":")[2])
    made = client.create_event_source_mapping(FunctionName=f"orders-read:{alias}", EventSourceArn=QUEUE)["UUID"]
    try:
        yield made
    finally:
        client.delete_event_source_mapping(UUID=made)


@contextmanager
def stage_on(ground: Ground, alias: str, canary: str | None = None) -> Iterator[None]:
    """A second stage of the API, `beta`, that calls an alias, or another one for half of its requests."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    settings = {"percentTraffic": 50.0, "stageVariableOverrides": {"lambdaAlias": canary}}
    client.create_stage(
        restApiId=api,
        stageName="beta",
        deploymentId=ground.old_deployment,
        variables={"lambdaAlias": alias},
        **({"canarySettings": settings} if canary else {}),
    )
    try:
        yield
    finally:
        client.delete_stage(restApiId=api, stageName="beta")


@pytest.fixture
def neighboured(ground: Ground) -> Iterator[Ground]:
    """A second stage of the API also calls the live aliases."""
    with stage_on(ground, "live"):
        yield ground


def test_a_release_that_may_start_is_drafted_and_nothing_is_changed(ground: Ground, walk: Walk):
    before = ground.rig.stage, ground.rig.aliases()
    answer = walk.check(reason="OPS-7", labels={"commit": "9f3c1e0"})

    assert (answer["start"], answer["target"], answer["reason"], answer["fencing_token"]) == ("READY", "orders", "OPS-7", 0)
    draft = answer["draft"]
    assert draft["snapshot"] == {
        "live": ground.old,
        "canary": ground.old,
        "deployment_id": ground.old_deployment,
        "variables": {"lambdaAlias": "live"},
    }
    assert draft["intent"]["versions"] == ground.new
    assert (draft["phase"], draft["labels"]) == ("preparing", {"commit": "9f3c1e0"})
    assert (ground.rig.stage, ground.rig.aliases()) == before
    assert ground.rig.records.find(walk.rollout_id) is None
    assert ground.rig.records.read_lock("orders").fencing_token == 0


@pytest.mark.parametrize("given", [[1], {}, {"target": 5}, "orders"])
def test_an_input_that_names_no_target_is_refused(ground: Ground, walk: Walk, given: object):
    event = {"input": given, "rollout_id": "r-1", "execution": walk.execution, "now": iso(walk.now)}
    answer = ground.invoke("CheckRelease", event)

    assert (answer["start"], answer["target"]) == ("REFUSED", "")
    assert "target" in answer["reason"]


def test_a_drill_is_refused_on_a_target_that_does_not_allow_it(walk: Walk):
    answer = walk.check(drill={})

    assert answer["start"] == "REFUSED"
    assert answer["reason"].startswith("drill: target orders does not allow drills; add drill: true to its file")


def test_a_drill_is_marked_and_its_refusals_are_counted_from_the_executions_start(ground: Ground):
    walk = ground.walk(drill=True, role_arn="arn:aws:iam::123456789012:role/canary-target-orders")
    plain = walk.check()["draft"]
    drilled = walk.check(drill={"refuse_after_seconds": 120, "refuse_seconds": 60})["draft"]

    assert (plain["is_drill"], plain["target"]["refused"]) == (False, None)
    assert drilled["is_drill"]
    begins = walk.requested_at + 120
    assert drilled["target"]["refused"] == {"since": pytest.approx(begins, abs=1), "until": pytest.approx(begins + 60, abs=1)}


def test_an_unknown_target_is_refused_with_the_known_ones(walk: Walk):
    answer = walk.check(target="payments")

    assert answer["start"] == "REFUSED"
    assert "no target payments is registered; registered targets: orders" in answer["reason"]
    assert "deploy the target first" in answer["reason"]


def test_problems_of_input_and_target_are_reported_together(ground: Ground, walk: Walk):
    ground.fire()
    answer = walk.check(speed=3, release={"functions": {"orders-read": "99", "orders-raed": "1"}})

    assert answer["start"] == "REFUSED"
    for said in ("speed", "version 99 does not exist", "did you mean orders-read", "is already firing"):
        assert said in answer["reason"]
    assert "draft" not in answer


def test_a_release_that_base_already_runs_is_unchanged(ground: Ground, walk: Walk):
    answer = walk.check(release={"functions": ground.old, "deployment": "unchanged"})

    assert answer == {"start": "UNCHANGED", "target": "orders", "reason": "the release is what base already runs"}


def test_a_release_of_variables_alone_may_start(ground: Ground, walk: Walk):
    answer = walk.check(release={"functions": ground.old, "deployment": "unchanged", "variables": {"newCheckout": "on"}})

    assert answer["start"] == "READY"
    assert answer["draft"]["intent"]["overrides"] == {"newCheckout": "on", "lambdaAlias": "canary"}
    assert answer["draft"]["intent"]["deployment_id"] == ground.old_deployment


def test_variables_that_base_already_has_are_not_new(ground: Ground, walk: Walk):
    ground.patch("/variables/newCheckout", "on")
    given = {"functions": ground.old, "deployment": "unchanged"}

    assert walk.check(release={**given, "variables": {"newCheckout": "on"}})["start"] == "UNCHANGED"
    assert walk.check(release={**given, "variables": {"newCheckout": "off"}})["start"] == "READY"


def test_variables_that_no_release_can_set_are_refused_with_everything_else(ground: Ground, walk: Walk):
    ground.patch("/variables/newCheckout", "on")
    many = {f"v{number}": "x" for number in range(99)}
    answer = walk.check(speed=3, release={"variables": {**many, "lambdaAlias": "canary"}})

    assert answer["start"] == "REFUSED"
    for said in (
        "speed",
        "lambdaAlias: it tells canary and base apart",
        "at most 100 variables, got 99 new ones in addition to its 2",
    ):
        assert said in answer["reason"]


def test_a_target_of_aliases_accepts_no_variables(ground: Ground):
    answer = ground.walk(ground.ship).check(release={"variables": {"newCheckout": "on"}})

    assert answer["start"] == "REFUSED"
    assert "target orders-ship has no stage, got newCheckout; drop release.variables" in answer["reason"]


def test_keys_that_step_functions_and_its_console_add_are_ignored(walk: Walk):
    parent = "arn:aws:states:eu-west-1:123456789012:execution:release-train:7"
    answer = walk.check(AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID=parent, Comment="Insert your JSON here", reason="a\nb")

    assert (answer["start"], answer["reason"]) == ("READY", "a b")


def test_a_target_that_another_rollout_holds_is_refused_with_who_since_when_where_and_what_to_do(ground: Ground):
    other = ground.walk().shift()
    answer = ground.walk().check()

    assert answer["start"] == "REFUSED"
    found, _, fix = answer["reason"].partition("; ")
    assert found == (
        f"target: rollout {other.rollout_id} is running on orders (since {iso(other.record.started_at)[:19]}Z, "
        f"at step 1 of 2 with 25 %, execution {other.execution})"
    )
    assert fix.startswith("wait for its end, or abort it with the verb abort: aws lambda invoke --region eu-west-1 ")


@pytest.mark.parametrize("is_stage", [True, False])
def test_nothing_that_a_running_rollout_did_counts_against_a_second_start(ground: Ground, *, is_stage: bool):
    target = ground.rig.target if is_stage else ground.ship
    other = ground.walk(target).shift()
    ground.fire()
    answer = ground.walk(target).check()

    assert answer["reason"].startswith(f"target: rollout {other.rollout_id} is running on {target.name} ")
    for advice in ("canary: deployment", "promote or remove", "undo that split", "already firing"):
        assert advice not in answer["reason"]


def test_a_second_start_also_gets_its_own_problems(ground: Ground):
    other = ground.walk().begin()
    policy = {"steps": [{"weight_percent": 10, "bake_seconds": 5_000_000}]}
    answer = ground.walk().check(release={"functions": {"orders-raed": "1"}}, policy=policy)

    for said in ("did you mean orders-read?", "policy.steps: the plan could last", f"rollout {other.rollout_id} is running"):
        assert said in answer["reason"]


def test_a_rollout_that_takes_the_target_while_it_is_read_is_reported_and_not_its_canary(ground: Ground, tools: Tools):
    second = ground.walk()
    first = ground.walk()
    own = tools.clients.of(second.target)
    vars(own)["apigateway"] = Interrupted(own.apigateway, first.shift)
    answer = check_release(CheckEvent({"target": "orders"}, second.rollout_id, second.execution, second.now), tools)

    assert ground.percent == 25.0
    assert answer["reason"].startswith(f"target: rollout {first.rollout_id} is running on orders ")
    assert "promote or remove" not in answer["reason"]


class Interrupted:
    """API Gateway's client, where something happens just before the stages are read."""

    def __init__(self, client: Any, happening: Callable[[], object]) -> None:
        self._client = client
        self._happening = happening

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_stages(self, **named: str) -> Any:
        self._happening()
        return self._client.get_stages(**named)


def test_a_holder_without_a_record_is_described_from_its_lock(ground: Ground):
    other = ground.walk().begin()
    key = {"pk": {"S": f"rollout#{other.rollout_id}"}, "sk": {"S": "rollout"}}
    ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=key)

    assert f"rollout {other.rollout_id} is running on orders (owner {other.execution})" in ground.walk().check()["reason"]


def test_a_rollout_that_holds_the_target_itself_is_checked_again(walk: Walk):
    walk.begin()
    answer = walk.check()

    assert (answer["start"], answer["fencing_token"]) == ("READY", 1)


def test_an_execution_name_that_the_records_know_is_refused(ground: Ground, walk: Walk):
    owned = walk.begin().owned
    ground.rig.records.finish(owned, replace(owned.rollout, phase=Phase.PROMOTED))
    answer = walk.check()

    assert answer["start"] == "REFUSED"
    assert f"the execution name {walk.rollout_id} was used before" in answer["reason"]
    assert "start again with a new name" in answer["reason"]


def test_a_release_that_was_rolled_back_is_refused_with_the_rollout_that_did_it(ground: Ground):
    first = ground.walk().shift()
    first.end()
    answer = ground.walk().check(release={"functions": ground.new, "deployment": "present"})

    assert answer["start"] == "REFUSED"
    assert f"release: rollout {first.rollout_id} of the same release was rolled back at " in answer["reason"]
    assert "the test is over" in answer["reason"]
    assert 'start it again with "retry": true and a reason' in answer["reason"]


def test_a_retry_with_its_reason_starts_and_is_recorded_as_one(ground: Ground):
    first = ground.walk().shift()
    first.end()
    walk = ground.walk().begin(retry=True, reason="the database was down")

    assert (walk.record.retry_of, walk.record.reason) == (first.rollout_id, "the database was down")
    assert any(f"this is a retry: rollout {first.rollout_id} of the same release" in note for note in walk.record.plan.notes)


def test_a_policy_may_allow_what_was_rolled_back(ground: Ground):
    first = ground.walk().shift()
    first.end()
    walk = ground.walk().begin(policy={"after_rollback": "allow"})

    assert walk.record.retry_of == first.rollout_id


def test_what_base_runs_already_is_unchanged_whatever_was_rolled_back(ground: Ground):
    ground.walk().shift().end()
    answer = ground.walk().check(release={"functions": ground.old, "deployment": "unchanged"})

    assert answer["start"] == "UNCHANGED"


def test_another_version_is_another_release(ground: Ground):
    ground.walk().shift().end()
    name = next(iter(ground.new))
    answer = ground.walk().check(release={"functions": {**ground.new, name: ground.old[name]}})

    assert (answer["start"], answer["draft"]["retry_of"]) == ("READY", None)


def test_an_execution_of_the_same_name_does_not_adopt_a_dead_rollout(ground: Ground, walk: Walk):
    ground.rig.records.take_over(walk.begin().owned, "sweeper")
    answer = walk.check()

    assert answer["start"] == "REFUSED"
    assert "sweeper" not in answer["reason"]
    assert "was used before" in answer["reason"]


@pytest.fixture
def named(ground: Ground) -> Iterator[str]:
    """A deployment of an edited definition; afterwards the definition is as before."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    orders = next(item["id"] for item in client.get_resources(restApiId=api)["items"] if item["path"] == "/orders")
    where = {"restApiId": api, "resourceId": orders, "httpMethod": "DELETE"}
    client.put_method(**where, authorizationType="NONE")
    client.put_integration(**where, type="MOCK")
    yield client.create_deployment(restApiId=api, description="by hand")["id"]
    client.delete_method(**where)


@pytest.fixture
def shown(ground: Ground, named: str) -> Iterator[str]:
    """The same, with a stage that serves it."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    client.create_stage(restApiId=api, stageName="shown", deploymentId=named)
    yield named
    client.delete_stage(restApiId=api, stageName="shown")


def test_a_named_deployment_that_a_stage_serves_becomes_the_intent(ground: Ground, walk: Walk, shown: str):
    answer = walk.check(release={"deployment": shown})

    assert answer["start"] == "READY", answer
    draft = answer["draft"]
    assert draft["intent"]["deployment_id"] == shown
    assert (draft["plan"]["is_new_deployment"], draft["plan"]["reading"]) == (False, "stage_export")
    assert draft["plan"]["routes"]["added"] == ["DELETE /orders"]
    assert ground.rig.stage["deploymentId"] == ground.old_deployment


def test_a_named_deployment_that_was_recorded_becomes_the_intent(ground: Ground, walk: Walk, named: str):
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    mark = f"build {fingerprint(DefinitionReader(client, api).read_present())}"
    marking = {"op": "replace", "path": "/description", "value": mark}
    client.update_deployment(restApiId=api, deploymentId=named, patchOperations=[marking])
    answer = walk.check(release={"deployment": named})

    assert answer["start"] == "READY", answer
    assert answer["draft"]["intent"]["deployment_id"] == named
    assert answer["draft"]["plan"]["reading"] == "recorded_fingerprint"


def test_a_named_deployment_that_nothing_shows_is_refused_with_the_command(walk: Walk, named: str):
    answer = walk.check(release={"deployment": named})

    assert answer["start"] == "REFUSED"
    assert f"what is in deployment {named} cannot be read, because no stage serves it" in answer["reason"]
    assert f"--stage-name read-{named} --deployment-id {named}" in answer["reason"]


def test_a_deployment_of_another_api_is_refused(walk: Walk):
    answer = walk.check(release={"deployment": "zzz999"})

    assert answer["start"] == "REFUSED"
    assert "deployment zzz999 is not one of this API's" in answer["reason"]


def test_a_stage_with_a_cache_refuses_one_deployment_for_both_arms(cached: Ground):
    answer = cached.walk().check(release={"deployment": "unchanged"})

    assert answer["start"] == "REFUSED"
    assert "the stage has a cache" in answer["reason"]


def test_a_cached_stage_with_a_deployment_of_its_own_is_noted(cached: Ground):
    answer = cached.walk().check()

    assert answer["start"] == "READY"
    assert CACHE_NOTE in answer["draft"]["plan"]["notes"]


def test_an_event_source_on_the_live_alias_is_refused(ground: Ground):
    with queue_on(ground, "live"):
        answer = ground.walk().check()

    assert answer["start"] == "REFUSED"
    assert f"alias live is also read by {QUEUE}" in answer["reason"]


SPOILS = "would get the release at once, before it is judged, and be counted among the canary's invocations"


@pytest.mark.parametrize("is_live_shared", [False, True])
def test_an_event_source_on_the_canary_alias_is_refused_even_where_live_is_shared(ground: Ground, *, is_live_shared: bool):
    with queue_on(ground, "canary"):
        answer = ground.walk(shared_live_alias=is_live_shared).check()

    assert answer["start"] == "REFUSED"
    assert answer["reason"] == (
        f"functions.orders-read: alias canary is also read by {QUEUE}, which {SPOILS}; give them an alias of their own"
    )


def test_a_disabled_event_source_on_the_canary_alias_is_noted(ground: Ground):
    with queue_on(ground, "canary") as mapping:
        ground.aws.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
        answer = ground.walk().check()

    assert answer["start"] == "READY"
    assert [f"mapped to {QUEUE}, which is disabled" in note for note in answer["draft"]["plan"]["notes"]] == [True]


@pytest.mark.parametrize("is_live_shared", [False, True])
@pytest.mark.parametrize(("canary", "named"), [(None, "beta"), ("canary", "beta (its canary)")])
def test_another_stage_on_the_canary_alias_is_refused_even_where_live_is_shared(
    ground: Ground, canary: str | None, named: str, *, is_live_shared: bool
):
    with stage_on(ground, "own" if canary else "canary", canary):
        answer = ground.walk(shared_live_alias=is_live_shared).check()

    assert answer["start"] == "REFUSED"
    assert answer["reason"] == (
        f"stage: stages {named} set the variable lambdaAlias to canary, the target's canary alias: they {SPOILS}; "
        "give them an alias of their own"
    )


def test_another_stage_whose_canary_calls_the_live_alias_is_refused_unless_it_is_shared(ground: Ground):
    with stage_on(ground, "own", "live"):
        refused, shared = ground.walk().check(), ground.walk(shared_live_alias=True).check()

    assert "stages beta (its canary) use the same live alias" in refused["reason"]
    assert shared["start"] == "READY"


def test_a_call_outside_to_the_canary_alias_is_refused(ground: Ground):
    client, stage = ground.aws.client("apigateway"), ground.rig.target.stage
    where = {"restApiId": stage.rest_api_id}
    orders = next(one for one in client.get_resources(**where)["items"] if one["path"] == "/orders")
    call = client.get_integration(**where, resourceId=orders["id"], httpMethod="GET")
    where = {**where, "resourceId": orders["id"], "httpMethod": "DELETE"}
    uri = call["uri"].replace("${stageVariables.lambdaAlias}", "canary")
    client.put_method(**where, authorizationType="NONE")
    client.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    try:
        answer = ground.walk(outside=Outside((OutsideRoute("/orders", ("DELETE",)),))).check()
    finally:
        client.delete_method(**where)

    assert answer["start"] == "REFUSED"
    assert "DELETE /orders: it is outside the rollout, but the URI " in answer["reason"]
    assert f"calls the canary alias of orders-read: its requests {SPOILS}; let it call another alias" in answer["reason"]


def test_another_stage_on_the_live_alias_is_refused(neighboured: Ground):
    answer = neighboured.walk().check()

    assert answer["start"] == "REFUSED"
    assert "stages beta use the same live alias" in answer["reason"]


def test_a_target_that_declares_its_shared_live_alias_may_start(neighboured: Ground):
    assert neighboured.walk(shared_live_alias=True).check()["start"] == "READY"


def test_the_deployment_promoted_last_serves_a_release_of_code_alone(ground: Ground):
    ground.walk().promote()
    promoted = ground.rig.stage["deploymentId"]
    answer = ground.walk().check(release={"functions": ground.old})

    assert answer["start"] == "READY"
    assert answer["draft"]["intent"]["deployment_id"] == promoted


def test_a_fingerprint_counts_only_while_base_has_its_deployment(ground: Ground):
    ground.walk().promote()
    ground.patch("/deploymentId", ground.old_deployment)
    answer = ground.walk().check(release={"functions": ground.old})

    assert answer["draft"]["intent"]["deployment_id"] is None
    assert answer["draft"]["plan"]["is_new_deployment"] is True


def promoted_by_other_rules(ground: Ground) -> None:
    """The records have a fingerprint from an older version of the controller."""
    ground.walk().promote()
    table, key = ground.rig.controller.table, lock_key("orders")
    ground.aws.client("dynamodb").update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET fingerprint = :older",
        ExpressionAttributeValues={":older": {"S": "a" * 64}},
    )


def test_an_upgrade_of_the_controller_starts_no_rollout(ground: Ground):
    promoted_by_other_rules(ground)
    live = {name: pair[0] for name, pair in ground.rig.aliases().items()}

    assert ground.walk().check(release={"functions": live})["start"] == "UNCHANGED"


@pytest.fixture
def customised(ground: Ground) -> Iterator[None]:
    """A gateway response has a header and no status of its own; afterwards it is as before."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    header = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    client.put_gateway_response(restApiId=api, responseType="UNAUTHORIZED", responseParameters=header)
    yield
    client.delete_gateway_response(restApiId=api, responseType="UNAUTHORIZED")


@pytest.mark.usefixtures("customised")
def test_an_upgrade_starts_no_rollout_because_of_a_gateway_response_without_a_status(ground: Ground):
    promoted_by_other_rules(ground)
    live = {name: pair[0] for name, pair in ground.rig.aliases().items()}

    assert ground.walk().check(release={"functions": live})["start"] == "UNCHANGED"


def test_a_promoted_deployment_that_was_named_is_the_present_definition_while_nothing_changes(ground: Ground, shown: str):
    named = ground.walk()
    named.promote(release={"deployment": shown})
    live = {name: pair[0] for name, pair in ground.rig.aliases().items()}

    assert named.record.plan.reading == "stage_export"
    assert ground.walk().check(release={"functions": live})["start"] == "UNCHANGED"


@pytest.mark.parametrize("asked", [{}, {"deployment": "present"}])
@pytest.mark.parametrize("is_upgraded", [False, True])
def test_a_gateway_response_changed_since_the_promotion_is_brought_in(
    ground: Ground, asked: dict[str, str], *, is_upgraded: bool
):
    promoted_by_other_rules(ground) if is_upgraded else ground.walk().promote()
    live = {name: pair[0] for name, pair in ground.rig.aliases().items()}
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    client.put_gateway_response(
        restApiId=api, responseType="DEFAULT_4XX", responseParameters={"gatewayresponse.header.A": "'*'"}
    )
    try:
        answer = ground.walk().check(release={"functions": live, **asked})
    finally:
        client.delete_gateway_response(restApiId=api, responseType="DEFAULT_4XX")

    assert (answer["start"], answer["draft"]["plan"]["is_new_deployment"]) == ("READY", True)


def test_a_stage_that_cannot_be_read_fails_with_the_command(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("CheckRelease", "apigateway", "GetStages", Mode.REFUSED))
    with pytest.raises(TaskFailedError, match="aws apigateway get-stages --rest-api-id") as failed:
        walk.check()

    assert failed.value.kind == "AwsRefusedError"


def test_a_scheduled_start_is_made_once(ground: Ground):
    at = iso(ground.aws.clock.now())
    first = ground.walk()
    first.begin(scheduled_at=at)

    assert first.check(scheduled_at=at)["start"] == "READY"
    assert ground.walk().check(scheduled_at=at)["reason"] == "this scheduled time was already handled"
    assert ground.walk().check(scheduled_at=iso(ground.aws.clock.now() + 60))["start"] == "REFUSED"


def test_a_late_start_is_refused(ground: Ground):
    answer = ground.walk().check(scheduled_at=iso(ground.aws.clock.now() - 7200))

    assert answer["start"] == "REFUSED"
    assert "scheduled_at: 120 minutes late where 60 are allowed; wait for the next" in answer["reason"]


def test_a_start_scheduled_far_ahead_is_refused_and_spends_no_other_time(ground: Ground):
    ahead = ground.walk().check(scheduled_at=iso(ground.aws.clock.now() + 400))
    near = ground.walk().check(scheduled_at=iso(ground.aws.clock.now() + 290))

    assert ahead["start"] == "REFUSED"
    assert "scheduled_at: 7 minutes ahead where 5 are allowed, because clocks differ; give the time" in ahead["reason"]
    assert near["start"] == "READY"


def test_a_release_that_is_already_live_is_unchanged_whatever_alarms_say(ground: Ground):
    ground.fire()
    read = {name: pair[0] for name, pair in ground.rig.aliases().items()}
    live = ground.walk().check(release={"functions": read, "deployment": "unchanged"})
    newer = ground.walk().check()

    assert live["start"] == "UNCHANGED"
    assert (newer["start"], "is already firing" in newer["reason"]) == ("REFUSED", True)


# Who may call, and who else calls.


@pytest.fixture
def permissions(ground: Ground) -> Iterator[Permissions]:
    """The resource policies of orders-read, restored afterwards."""
    permissions = Permissions(ground)
    yield permissions
    permissions.restore()


class Permissions:
    """Someone's change to the policies of orders-read's aliases."""

    def __init__(self, ground: Ground) -> None:
        self._client = ground.aws.client("lambda")
        stage = ground.rig.target.stage
        self._source = f"arn:aws:execute-api:eu-west-1:123456789012:{stage.rest_api_id}/{stage.stage_name}"
        self._sids = {alias: self._list(alias) for alias in ("live", "canary")}

    def take(self, alias: str) -> None:
        self._client.remove_permission(FunctionName="orders-read", Qualifier=alias, StatementId="orders-prod")

    def give(self, alias: str, sid: str, source: str, service: str = "apigateway.amazonaws.com") -> None:
        self._client.add_permission(
            FunctionName="orders-read",
            Qualifier=alias,
            StatementId=sid,
            Principal=service,
            Action="lambda:InvokeFunction",
            SourceArn=source if source.startswith("arn:") else f"{self._source}/{source}",
        )

    @contextmanager
    def with_statement(self, alias: str, statement: Json) -> Iterator[None]:
        """The policy with a statement that AddPermission cannot write."""
        before = json.loads(self._client.get_policy(FunctionName="orders-read", Qualifier=alias)["Policy"])
        self._put(alias, {**before, "Statement": [*before["Statement"], statement]})
        try:
            yield
        finally:
            self._put(alias, before)

    def _put(self, alias: str, policy: Json) -> None:
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:orders-read:{alias}"
        self._client.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))

    def restore(self) -> None:
        for alias, before in self._sids.items():
            for sid in self._list(alias) - before:
                self._client.remove_permission(FunctionName="orders-read", Qualifier=alias, StatementId=sid)
            for sid in before - self._list(alias):
                self.give(alias, sid, "*")

    def _list(self, alias: str) -> set[str]:
        try:
            policy = self._client.get_policy(FunctionName="orders-read", Qualifier=alias)["Policy"]
        except self._client.exceptions.ResourceNotFoundException:
            return set()
        return set(re.findall(r'"Sid": "([^"]+)"', policy))


def run_command(ground: Ground, text: str) -> None:
    """Run the one AWS CLI command in a refusal."""
    (command,) = COMMAND.findall(text)
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": ground.aws.region}
    subprocess.run(
        [sys.executable, CLI, *shlex.split(command)[1:], "--endpoint-url", ground.aws.endpoint_url],
        env={**os.environ, **keys},
        capture_output=True,
        check=True,
        timeout=60,
    )


def test_a_method_that_no_permission_covers_is_refused_and_the_printed_command_lets_it_in(
    ground: Ground, permissions: Permissions
):
    permissions.take("canary")
    permissions.give("canary", "one", "GET/orders")
    refused = ground.walk().check()

    assert refused["start"] == "REFUSED"
    assert "functions.orders-read: the API may not invoke alias canary for GET /orders/{id}; " in refused["reason"]
    run_command(ground, refused["reason"])
    assert ground.walk().check()["start"] == "READY"


def test_a_topic_that_calls_live_is_refused_and_the_printed_command_takes_its_permission(
    ground: Ground, permissions: Permissions
):
    permissions.give("live", "topic", TOPIC, "sns.amazonaws.com")
    refused = ground.walk().check()

    assert refused["start"] == "REFUSED"
    assert f"alias live is also called by {TOPIC}, which would get the release at once" in refused["reason"]
    run_command(ground, refused["reason"])
    assert ground.walk().check()["start"] == "READY"


def test_a_topic_that_calls_canary_is_refused_and_the_printed_command_takes_its_permission(
    ground: Ground, permissions: Permissions
):
    permissions.give("canary", "topic", TOPIC, "sns.amazonaws.com")
    refused = ground.walk(shared_live_alias=True).check()

    assert refused["start"] == "REFUSED"
    assert f"alias canary is also called by {TOPIC}, which {SPOILS}; give them an alias of their own" in refused["reason"]
    run_command(ground, refused["reason"])
    assert ground.walk().check()["start"] == "READY"


def test_whoever_may_call_the_canary_alias_is_noted(ground: Ground, permissions: Permissions):
    permissions.give("canary", "anywhere", "arn:aws:s3:::*", "s3.amazonaws.com")
    answer = ground.walk().check()

    assert answer["start"] == "READY"
    (note,) = answer["draft"]["plan"]["notes"]
    assert f"alias canary of orders-read also lets in s3.amazonaws.com for arn:aws:s3:::*: they {SPOILS}" in note


PERIMETER = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "lambda:*",
    "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
}


@pytest.mark.parametrize(
    ("named", "named_as"), [({}, "number 2"), ({"Sid": "Only our org"}, "Only our org"), ({"Sid": "OnlyOurOrg"}, "OnlyOurOrg")]
)
def test_a_denial_for_all_who_are_outside_the_organization_is_not_to_be_removed(
    ground: Ground, permissions: Permissions, named: Json, named_as: str
):
    stage = ground.rig.target.stage
    own = f"arn:aws:execute-api:eu-west-1:123456789012:{stage.rest_api_id}/{stage.stage_name}/*/*"
    with permissions.with_statement("canary", {**PERIMETER, **named}):
        refused = ground.walk().check()

    assert refused["start"] == "REFUSED"
    assert "remove-permission" not in refused["reason"]
    said = f"let statement {named_as} spare the API, with the condition ArnNotLike aws:SourceArn '{own}', and put the changed"
    assert said in refused["reason"]


def test_a_permission_that_a_topic_shares_with_the_api_is_not_to_be_removed(ground: Ground, permissions: Permissions):
    stage = ground.rig.target.stage
    own = f"arn:aws:execute-api:eu-west-1:123456789012:{stage.rest_api_id}/*"
    services = {
        "Sid": "services",
        "Effect": "Allow",
        "Principal": {"Service": ["apigateway.amazonaws.com", "sns.amazonaws.com"]},
        "Action": "lambda:InvokeFunction",
        "Condition": {"ArnLike": {"aws:SourceArn": [own, TOPIC]}},
    }
    with permissions.with_statement("live", services):
        refused = ground.walk().check()

    assert refused["start"] == "REFUSED"
    assert f"alias live is also called by {TOPIC}, which would get the release at once" in refused["reason"]
    assert "take them out of the statement services and put the changed policy with " in refused["reason"]
    assert "remove-permission --" not in refused["reason"]


def test_a_denial_that_spares_the_api_as_the_refusal_says_lets_it_in(ground: Ground, permissions: Permissions):
    stage = ground.rig.target.stage
    own = f"arn:aws:execute-api:eu-west-1:123456789012:{stage.rest_api_id}/{stage.stage_name}/*/*"
    spared = {**PERIMETER["Condition"], "ArnNotLike": {"aws:SourceArn": own}}
    with permissions.with_statement("canary", {**PERIMETER, "Condition": spared}):
        assert ground.walk().check()["start"] == "READY"


def test_a_topic_may_call_an_alias_that_is_shared_and_the_plan_says_so(ground: Ground, permissions: Permissions):
    permissions.give("live", "topic", TOPIC, "sns.amazonaws.com")
    permissions.give("live", "anywhere", "arn:aws:s3:::*", "s3.amazonaws.com")
    answer = ground.walk(shared_live_alias=True).check()

    assert answer["start"] == "READY"
    said = " ".join(answer["draft"]["plan"]["notes"])
    assert f"also called by {TOPIC}" in said
    assert "also lets in s3.amazonaws.com for arn:aws:s3:::*" in said


def test_an_uncertain_permission_refuses_nothing(ground: Ground, permissions: Permissions):
    permissions.take("canary")
    permissions.give("canary", "list", "GET/orders")
    permissions.give("canary", "one", "GET/orders/{id}")
    answer = ground.walk().check()

    assert answer["start"] == "READY"
    (note,) = answer["draft"]["plan"]["notes"]
    assert "alias canary of orders-read for GET /orders/{id} is not certain: it depends on the statements one" in note


@pytest.mark.usefixtures("permissions")
def test_a_function_url_on_the_live_alias_is_noted(ground: Ground):
    ground.aws.client("lambda").add_permission(
        FunctionName="orders-read",
        Qualifier="live",
        StatementId="url",
        Principal="*",
        Action="lambda:InvokeFunctionUrl",
        FunctionUrlAuthType="NONE",
    )
    answer = ground.walk().check()

    assert answer["start"] == "READY"
    assert ["a function URL, open to anyone" in note for note in answer["draft"]["plan"]["notes"]] == [True]


# Versions that are not ready.


def check_with(walk: Walk, tools: Tools, waits: int = 0, given: Json | None = None, **configuration: str) -> Json:
    """CheckRelease's answer while Lambda reports this state for the versions of orders-read."""
    own = tools.clients.of(walk.target)
    get = own.lambda_.get_function_configuration

    def configured(**named: str) -> Json:
        changed = configuration if named["FunctionName"] == "orders-read" else {}
        return {**get(**named), **changed}

    vars(own)["lambda_"] = Changed(own.lambda_, get_function_configuration=configured)
    event = CheckEvent({"target": "orders", **(given or {})}, walk.rollout_id, walk.execution, walk.now, waits)
    event = replace(event, requested_at=walk.now - waits * WAIT_SECONDS)
    return check_release(event, tools)


def test_a_pending_version_is_waited_for(walk: Walk, tools: Tools):
    assert check_with(walk, tools, State="Pending") == {
        "start": "WAIT",
        "target": "orders",
        "reason": "Lambda has not finished release.functions.orders-read",
        "wait_seconds": WAIT_SECONDS,
    }


def test_a_version_that_stays_pending_is_refused_by_name(walk: Walk, tools: Tools):
    most = WAIT_LIMIT_SECONDS // WAIT_SECONDS

    assert check_with(walk, tools, most - 1, State="Pending")["start"] == "WAIT"
    refused = check_with(walk, tools, most, State="Pending", StateReasonCode="Creating")
    assert refused["start"] == "REFUSED"
    assert "release.functions.orders-read: version 2 is still Pending: (Creating), 10 minutes after" in refused["reason"]


def test_a_release_that_is_refused_anyway_is_not_waited_for(walk: Walk, tools: Tools):
    refused = check_with(walk, tools, given={"release": {"functions": {"orders-write": "99"}}}, State="Pending")

    assert refused["start"] == "REFUSED"
    assert "Pending" not in refused["reason"]


def test_a_version_that_became_active_is_rolled_out_and_its_waits_are_counted(walk: Walk, tools: Tools):
    answer = check_with(walk, tools, 3)

    assert (answer["start"], answer["draft"]["tally"]["waits"]) == ("READY", 3)


def test_a_scheduled_start_does_not_become_late_by_waiting(walk: Walk, tools: Tools):
    given = {"scheduled_at": iso(walk.now - 3600 - 5 * WAIT_SECONDS)}

    assert check_with(walk, tools, 5, given, State="Pending")["start"] == "WAIT"
    assert "minutes late" in check_with(walk, tools, 4, given, State="Pending")["reason"]


def test_an_inactive_version_is_refused_with_a_command_that_invokes_it(ground: Ground, walk: Walk, tools: Tools):
    refused = check_with(walk, tools, State="Inactive", StateReason="The function is idle.", StateReasonCode="Idle")

    assert refused["start"] == "REFUSED"
    assert "version 2 is Inactive: The function is idle (Idle): its first requests would fail" in refused["reason"]
    run_command(ground, refused["reason"])


# Little traffic.


def quiet_policy(ground: Ground, **changes: Any) -> Any:
    return replace(ground.rig.target.policy, min_requests=10**6, **changes)


def test_too_little_traffic_is_noted_before_anything_is_changed(ground: Ground):
    walk = ground.walk(policy=quiet_policy(ground))
    answer = walk.check()

    assert answer["start"] == "READY"
    (note,) = [one for one in answer["draft"]["plan"]["notes"] if one.startswith("little traffic: ")]
    assert "needs 1000000 canary requests" in note


def test_too_little_traffic_is_refused_where_the_policy_says_so(ground: Ground):
    policy = quiet_policy(ground, when_quiet=WhenQuiet.REFUSE, when_unproven=WhenUnproven.HOLD)
    answer = ground.walk(policy=policy).check()

    assert answer["start"] == "REFUSED"
    assert answer["reason"].startswith("policy.when_quiet: base had ")


def test_the_inputs_own_answer_to_too_little_proof_is_never_refused(ground: Ground):
    policy = quiet_policy(ground, when_quiet=WhenQuiet.REFUSE, when_unproven=WhenUnproven.HOLD)
    walk = ground.walk(policy=policy)
    answer = walk.check(policy={"when_unproven": "hold"})

    assert answer["start"] == "READY"


def test_who_starts_is_recorded_as_claimed(ground: Ground):
    walk = ground.walk().begin(on_behalf_of="alice", AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID="arn:parent")

    assert walk.record.started_by == StartedBy(walk.execution, "arn:parent", "alice")


def test_nothing_starts_while_it_cannot_be_read_what_was_rolled_back(ground: Ground):
    edited = {**taken_back_key("orders"), "releases": {"S": "{"}}
    ground.aws.client("dynamodb").put_item(TableName=ground.rig.controller.table, Item=edited)
    refused = ground.walk().check()

    assert refused["start"] == "REFUSED"
    assert "which releases of orders were rolled back cannot be read" in refused["reason"]
    walk = ground.walk().begin(retry=True, reason="OPS-3")
    assert "which releases were rolled back before could not be read" in walk.record.plan.notes[-1]
