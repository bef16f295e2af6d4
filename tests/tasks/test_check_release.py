"""CheckRelease tells READY with a draft, UNCHANGED, or every reason not to start; it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.events import CheckEvent
from canary.rules.draft import CACHE_NOTE
from canary.tasks.check_release import check_release
from local.faults import Fault, Mode
from tests.tasks.walk import Ground, TaskFailedError, iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.tasks.entry import Tools
    from tests.tasks.walk import Walk

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


class Mapped:
    """Lambda with a queue read through the live alias: moto answers the alias's version in its place."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_paginator(self, operation: str) -> Any:
        return self if operation == "list_event_source_mappings" else self._client.get_paginator(operation)

    def paginate(self, *, FunctionName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's name
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{FunctionName}"
        yield {"EventSourceMappings": [{"EventSourceArn": QUEUE, "FunctionArn": arn}]}


@pytest.fixture
def neighboured(ground: Ground) -> Iterator[Ground]:
    """A second stage of the API calls the live aliases too."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    client.create_stage(restApiId=api, stageName="beta", deploymentId=ground.way_back, variables={"lambdaAlias": "live"})
    yield ground
    client.delete_stage(restApiId=api, stageName="beta")


def test_a_release_that_may_start_is_drafted_and_nothing_is_changed(ground: Ground, walk: Walk):
    before = ground.rig.stage, ground.rig.aliases()
    answer = walk.check(reason="OPS-7")

    assert (answer["start"], answer["target"], answer["reason"], answer["fencing"]) == ("READY", "orders", "OPS-7", 0)
    draft = answer["draft"]
    assert draft["way_back"] == {"live": ground.old, "deployment_id": ground.way_back, "variables": {"lambdaAlias": "live"}}
    assert draft["intent"]["versions"] == ground.new
    assert draft["phase"] == "preparing"
    assert (ground.rig.stage, ground.rig.aliases()) == before
    assert ground.rig.records.find(walk.rollout_id) is None
    assert ground.rig.records.read_lock("orders").fencing == 0


@pytest.mark.parametrize("given", [[1], {}, {"target": 5}, "orders"])
def test_an_input_that_names_no_target_is_refused(ground: Ground, walk: Walk, given: object):
    event = {"input": given, "rollout_id": "r-1", "execution": walk.execution, "now": iso(walk.now)}
    answer = ground.invoke("CheckRelease", event)

    assert (answer["start"], answer["target"]) == ("REFUSED", "")
    assert "target" in answer["reason"]


def test_an_unknown_target_is_refused_with_the_known_ones(walk: Walk):
    answer = walk.check(target="payments")

    assert answer["start"] == "REFUSED"
    assert "no target payments is registered; registered are: orders" in answer["reason"]
    assert "deploy the target first" in answer["reason"]


def test_problems_of_input_and_target_are_told_together(ground: Ground, walk: Walk):
    ground.fire()
    answer = walk.check(speed=3, release={"functions": {"orders-read": "99", "orders-raed": "1"}})

    assert answer["start"] == "REFUSED"
    for said in ("speed", "version 99 does not exist", "did you mean orders-read", "is already firing"):
        assert said in answer["reason"]
    assert "draft" not in answer


def test_a_release_of_what_base_runs_is_unchanged(ground: Ground, walk: Walk):
    answer = walk.check(release={"functions": ground.old, "deployment": "unchanged"})

    assert answer == {"start": "UNCHANGED", "target": "orders", "reason": "the release is what base already runs"}


def test_a_release_of_variables_alone_may_start(ground: Ground, walk: Walk):
    answer = walk.check(release={"functions": ground.old, "deployment": "unchanged", "variables": {"newCheckout": "on"}})

    assert answer["start"] == "READY"
    assert answer["draft"]["intent"]["overrides"] == {"newCheckout": "on", "lambdaAlias": "canary"}
    assert answer["draft"]["intent"]["deployment_id"] == ground.way_back


def test_variables_that_base_has_already_are_nothing_new(ground: Ground, walk: Walk):
    ground.patch("/variables/newCheckout", "on")
    given = {"functions": ground.old, "deployment": "unchanged"}

    assert walk.check(release={**given, "variables": {"newCheckout": "on"}})["start"] == "UNCHANGED"
    assert walk.check(release={**given, "variables": {"newCheckout": "off"}})["start"] == "READY"


def test_variables_that_no_release_can_set_are_refused_with_everything_else(ground: Ground, walk: Walk):
    ground.patch("/variables/newCheckout", "on")
    many = {f"v{number}": "x" for number in range(99)}
    answer = walk.check(speed=3, release={"variables": {**many, "lambdaAlias": "canary"}})

    assert answer["start"] == "REFUSED"
    for said in ("speed", "lambdaAlias: it tells the canary from base", "at most 100 variables, got 99 new ones beside its 2"):
        assert said in answer["reason"]


def test_a_target_of_aliases_takes_no_variables(ground: Ground):
    answer = ground.walk(ground.ship).check(release={"variables": {"newCheckout": "on"}})

    assert answer["start"] == "REFUSED"
    assert "target orders-ship has no stage, got newCheckout; drop release.variables" in answer["reason"]


def test_what_step_functions_and_its_console_add_is_ignored(walk: Walk):
    parent = "arn:aws:states:eu-west-1:123456789012:execution:release-train:7"
    answer = walk.check(AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID=parent, Comment="Insert your JSON here", reason="a\nb")

    assert (answer["start"], answer["reason"]) == ("READY", "a b")


def test_a_target_that_another_rollout_holds_is_refused(ground: Ground, walk: Walk):
    other = ground.walk().begin()
    answer = walk.check()

    assert answer["start"] == "REFUSED"
    assert f"rollout {other.rollout_id} is running on orders" in answer["reason"]
    assert "verb abort" in answer["reason"]


def test_a_rollout_that_holds_the_target_itself_is_checked_again(walk: Walk):
    walk.begin()
    answer = walk.check()

    assert (answer["start"], answer["fencing"]) == ("READY", 1)


def test_a_named_deployment_becomes_the_intent(ground: Ground, walk: Walk):
    api = ground.rig.target.stage.rest_api_id
    made = ground.aws.client("apigateway").create_deployment(restApiId=api, description="by hand")["id"]
    answer = walk.check(release={"deployment": made})

    assert answer["start"] == "READY"
    assert answer["draft"]["intent"]["deployment_id"] == made
    assert answer["draft"]["plan"]["is_new_deployment"] is False


def test_a_deployment_of_another_api_is_refused(walk: Walk):
    answer = walk.check(release={"deployment": "zzz999"})

    assert answer["start"] == "REFUSED"
    assert "deployment zzz999 is not one of this API's" in answer["reason"]


def test_a_cached_stage_refuses_one_deployment_for_both_arms(cached: Ground):
    answer = cached.walk().check(release={"deployment": "unchanged"})

    assert answer["start"] == "REFUSED"
    assert "the stage has a cache" in answer["reason"]


def test_a_cached_stage_with_a_deployment_of_its_own_is_noted(cached: Ground):
    answer = cached.walk().check()

    assert answer["start"] == "READY"
    assert answer["draft"]["plan"]["notes"] == [CACHE_NOTE]


def test_an_event_source_on_the_live_alias_is_refused(walk: Walk, tools: Tools):
    own = tools.clients.of(walk.target)
    vars(own)["lambda_"] = Mapped(own.lambda_)
    answer = check_release(CheckEvent({"target": "orders"}, walk.rollout_id, walk.execution, walk.now), tools)

    assert answer["start"] == "REFUSED"
    assert f"alias live is also read by {QUEUE}" in answer["reason"]


def test_another_stage_on_the_live_alias_is_refused(neighboured: Ground):
    answer = neighboured.walk().check()

    assert answer["start"] == "REFUSED"
    assert "stages beta use the same live alias" in answer["reason"]


def test_a_target_that_shares_its_live_alias_knowingly_may_start(neighboured: Ground):
    assert neighboured.walk(shared_live_alias=True).check()["start"] == "READY"


def test_the_deployment_promoted_last_serves_a_release_of_code_alone(ground: Ground):
    ground.walk().promote()
    promoted = ground.rig.stage["deploymentId"]
    answer = ground.walk().check(release={"functions": ground.old})

    assert answer["start"] == "READY"
    assert answer["draft"]["intent"]["deployment_id"] == promoted


def test_a_fingerprint_counts_only_while_base_has_its_deployment(ground: Ground):
    ground.walk().promote()
    ground.patch("/deploymentId", ground.way_back)
    answer = ground.walk().check(release={"functions": ground.old})

    assert answer["draft"]["intent"]["deployment_id"] is None
    assert answer["draft"]["plan"]["is_new_deployment"] is True


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
    assert ground.walk().check(scheduled_at=at)["reason"] == "what was scheduled for this time was done already"
    assert ground.walk().check(scheduled_at=iso(ground.aws.clock.now() + 60))["start"] == "REFUSED"


def test_a_late_start_is_refused(ground: Ground):
    answer = ground.walk().check(scheduled_at=iso(ground.aws.clock.now() - 7200))

    assert answer["start"] == "REFUSED"
    assert "scheduled_at: 120 minutes late where 60 are allowed; wait for the next" in answer["reason"]


def test_what_is_live_already_is_unchanged_whatever_alarms_say(ground: Ground):
    ground.fire()
    read = {name: pair[0] for name, pair in ground.rig.aliases().items()}
    live = ground.walk().check(release={"functions": read, "deployment": "unchanged"})
    newer = ground.walk().check()

    assert live["start"] == "UNCHANGED"
    assert (newer["start"], "is already firing" in newer["reason"]) == ("REFUSED", True)
