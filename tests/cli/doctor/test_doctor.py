"""`canary doctor` on the embedded AWS: the printed commands lead to green, and it never disagrees with CheckRelease."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from canary.edge.target import require_target
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.policy import OnNewer
from embedded_aws.faults.calls import Fault, Mode
from tests.cli.doctor import pasted
from tests.cli.doctor.plain import create_plain_api
from tests.tasks.walk import PAYMENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

READ = "orders-read"


def test_the_commands_take_a_plain_api_to_green_while_requests_are_answered(ground: Ground, canary: Canary):
    api = create_plain_api(ground.aws)
    assert api.ask() == [200, 200]
    red = canary("doctor", *api.subject, "--json")
    assert (red.code, red.json["is_ready"]) == (3, False), red.out
    words = [" ".join(shlex.split(command)[1:3]) for command in red.json["commands"]]
    assert list(dict.fromkeys(words)) == [
        "lambda create-alias",
        "lambda add-permission",
        "apigateway update-stage",
        "iam create-role",
        "iam attach-role-policy",
        "apigateway update-account",
        "logs create-log-group",
        "apigateway update-integration",
        "apigateway update-authorizer",
    ]
    for command in red.json["commands"]:
        pasted.run(ground.aws.client, command)
        assert api.ask() == [200, 200], command
    green = canary("doctor", *api.subject, "--json")
    assert (green.code, green.json["commands"]) == (0, []), green.out

    target = require_target(yaml.safe_load(green.json["target_file"]))
    assert ground.walk(target).check()["start"] == "READY"
    assert canary("doctor", target.name).code == 0
    planned = canary("plan", *api.subject)
    assert planned.code == 0
    assert "the API is no target yet, and nothing is missing" in planned.out


def delete_alias(ground: Ground) -> None:
    ground.aws.client("lambda").delete_alias(FunctionName=READ, Name="canary")


def deny_the_api(ground: Ground) -> None:
    sids = {"FunctionName": READ, "StatementId": "orders-prod", "Qualifier": "live"}
    ground.aws.client("lambda").remove_permission(**sids)


def lose_a_filter(ground: Ground) -> None:
    group = ground.rig.target.access_log_group
    ground.aws.client("logs").delete_metric_filter(logGroupName=group, filterName="canary-orders-BaseErrors")


def change_a_filter(ground: Ground) -> None:
    change = {"metricName": "BaseErrors", "metricNamespace": "Canary/orders", "metricValue": "2", "defaultValue": 0.0}
    ground.aws.client("logs").put_metric_filter(
        logGroupName=ground.rig.target.access_log_group,
        filterName="canary-orders-BaseErrors",
        filterPattern="{ $.status >= 500 }",
        metricTransformations=[change],
    )


def change_the_format(ground: Ground) -> None:
    ground.patch("/accessLogSettings/format", '{"requestId":"$context.requestId","status":$context.status}')


def bypass_the_variable(ground: Ground) -> None:
    gateway, stage = ground.aws.client("apigateway"), ground.rig.target.stage
    resources = {one["path"]: one["id"] for one in gateway.get_resources(restApiId=stage.rest_api_id)["items"]}
    names = {"restApiId": stage.rest_api_id, "resourceId": resources["/orders"], "httpMethod": "GET"}
    uri = gateway.get_integration(**names)["uri"].replace("${stageVariables.lambdaAlias}", "live")
    gateway.update_integration(**names, patchOperations=[{"op": "replace", "path": "/uri", "value": uri}])


def lose_the_variable(ground: Ground) -> None:
    ground.aws.client("apigateway").update_stage(
        restApiId=ground.rig.target.stage.rest_api_id,
        stageName="prod",
        patchOperations=[{"op": "remove", "path": "/variables/lambdaAlias"}],
    )


@pytest.mark.parametrize(
    ("break_it", "area", "condition"),
    [
        (delete_alias, "function orders-read", "missing"),
        (deny_the_api, "function orders-read", "missing"),
        (lose_a_filter, "access log", "missing"),
        (change_a_filter, "access log", "wrong"),
        (change_the_format, "access log", "wrong"),
        (bypass_the_variable, "integrations", "wrong"),
        (lose_the_variable, "stage variable", "missing"),
    ],
)
def test_each_remedy_leads_to_green(
    break_it: Callable[[Ground], None], area: str, condition: str, ground: Ground, canary: Canary
):
    walk = ground.walk()  # it registers the target, with its filters
    break_it(ground)
    refused = walk.check()
    red = canary("doctor", "orders", "--json")
    assert (refused["start"], red.code) == ("REFUSED", 3), red.out
    wrong = [one for one in red.json["checks"] if one["condition"] in {"missing", "wrong"}]
    assert {(one["area"], one["condition"]) for one in wrong} >= {(area, condition)}, wrong
    require_all_told(refused["reason"], wrong)
    for command in red.json["commands"]:
        pasted.run(ground.aws.client, command)
    green = canary("doctor", "orders", "--json")
    assert (green.code, green.json["commands"]) == (0, []), green.out
    assert walk.check()["start"] == "READY"


def fire(ground: Ground) -> None:
    ground.fire()


def move_to_latest(ground: Ground) -> None:
    ground.point(READ, "live", "2", v1=0.5)


@pytest.mark.parametrize("break_it", [fire, move_to_latest])
def test_what_no_command_fixes_is_said_with_its_fix(break_it: Callable[[Ground], None], ground: Ground, canary: Canary):
    walk = ground.walk()  # it registers the target, with its filters
    break_it(ground)
    refused = walk.check()
    red = canary("doctor", "orders", "--json")

    assert (red.code, red.json["commands"]) == (3, [])
    wrong = [one for one in red.json["checks"] if one["condition"] == "wrong"]
    assert all(one["fixes"] for one in wrong)
    require_all_told(refused["reason"], wrong)


def require_all_told(reason: str, wrong: list[dict[str, Any]]) -> None:
    """Whatever CheckRelease says is in the diagnosis, and nothing else is."""
    found = [text for one in wrong for text in one["found"]]
    assert found
    for text in found:
        assert text in reason, (text, reason)
    assert reason.count("; ") >= len(found)


def test_a_target_in_use_is_not_free(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    told = canary("doctor", "orders")

    assert told.code == 3
    assert f"wrong    rollout: rollout {walk.rollout_id} is running on orders" in told.out
    assert "1 of " in told.out
    assert canary("plan", "orders").code == 3


def test_a_rollout_that_gives_way_prevents_no_start(ground: Ground, canary: Canary):
    target = ground.rig.target
    walk = ground.walk(target, policy=replace(target.policy, on_newer=OnNewer.REPLACE)).shift()
    ground.aws.clock.run_for(5)
    told = canary("doctor", "orders")
    assert told.code == 0, told.out
    assert (
        f"ok       rollout: the start replaces rollout {walk.rollout_id}, which is shifting and is rolled back first"
        in told.out
    )
    assert f"the start replaces rollout {walk.rollout_id}" in canary("plan", "orders").out
    newer = ground.walk(target, policy=replace(target.policy, on_newer=OnNewer.REPLACE))
    assert newer.check()["start"] == "REPLACE"


def test_a_watched_release_prevents_no_start(ground: Ground, canary: Canary):
    target = ground.rig.target
    walk = ground.walk(target, policy=replace(target.policy, watch_seconds=900)).promote()
    if walk.record.phase is not Phase.WATCHING:
        raise AssertionError(walk.record.phase)
    told = canary("doctor", "orders")
    assert told.code == 0, told.out
    assert "the start ends the watch of rollout" in told.out


def test_a_stage_that_is_gone(ground: Ground, canary: Canary):
    ground.walk(stage=replace(ground.rig.target.stage, stage_name="gone"))
    told = canary("doctor", "orders")

    assert told.code == 3
    assert "missing  stage: stage gone of API " in told.out


def test_what_may_not_be_read_is_named_and_nothing_is_guessed(ground: Ground, canary: Canary):
    ground.aws.faults.add(Fault(None, "apigateway", "GetRestApi", Mode.REFUSED))
    told = canary("doctor", "orders")
    assert told.code == 0
    assert "note     not seen: AWS refused `aws apigateway get-rest-api" in told.out

    ground.aws.faults.clear()
    ground.aws.faults.add(Fault(None, "logs", "DescribeMetricFilters", Mode.REFUSED))
    assert "note     not seen: " in canary("doctor", "orders").out


def test_it_needs_a_target_or_an_api(canary: Canary):
    for given in ((), ("orders", "--api", "x"), ("--api", "x"), ("--stage", "x")):
        assert canary("doctor", *given).code == 2
        assert canary("plan", *given).code == 2


def test_an_api_without_functions_has_nothing_to_roll_out(ground: Ground, canary: Canary):
    gateway = ground.aws.client("apigateway")
    api = gateway.create_rest_api(name="mock")
    names = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**names, authorizationType="NONE")
    gateway.put_integration(**names, type="MOCK")
    gateway.create_deployment(restApiId=api["id"], stageName="live")
    told = canary("doctor", "--api", api["id"], "--stage", "live")

    assert told.code == 2
    assert "no method of API" in told.err
    assert canary("doctor", "--api", api["id"], "--stage", "nope").code != 0


def test_a_target_of_aliases_is_looked_at_too(ground: Ground, canary: Canary):
    ground.walk(ground.ship)
    assert canary("doctor", "orders-ship").code == 0
    ground.aws.client("cloudwatch").set_alarm_state(AlarmName=PAYMENTS, StateValue="OK", StateReason="nothing")
