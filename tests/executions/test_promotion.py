"""A release that is no worse than base becomes base."""

from moto.backends import get_backend

from tests.rig import Rig

LOOP = ["Bake", "EvaluateCanary", "WhichVerdict"]


def without_loops(states: list[str]) -> list[str]:
    """The states in order; a run of looks or drain checks appears once."""
    seen: list[str] = []
    for state in states:
        if state not in seen[-4:]:
            seen.append(state)
    return seen


def test_a_healthy_release_is_promoted_step_by_step(rig: Rig):
    old = rig.stage["deploymentId"], {name: pair[0] for name, pair in rig.aliases().items()}
    versions = rig.publish()
    ended = rig.run(reason="OPS-1")

    assert (ended.status, ended.ending) == ("SUCCEEDED", "Promoted")
    assert ended.states[:11] == [
        "Begin",
        "WhichOperation",
        "CheckRelease",
        "WhichStart",
        "TakeLock",
        "Rollout",
        "WhichEntry",
        "PrepareRelease",
        "AliasSettle",
        "WhichBeginning",
        "ShiftTraffic",
    ]
    assert ended.states.count("ShiftTraffic") == 2
    assert ended.states[-8:-2] == ["MoveBase", "BaseSettle", "WhichFlip", "FlipStage", "FlipSettle", "CleanUp"]
    assert ended.states[-2:] == ["WhichOutcome", "Promoted"]
    assert 2 * 120 + 60 < ended.seconds < 1200
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions
    assert rig.stage["deploymentId"] != old[0]
    assert rig.stage["variables"] == {"lambdaAlias": "live"}
    assert rig.is_at_rest()
    assert rig.half_releases(old, (rig.stage["deploymentId"], versions)) == []


def test_a_version_that_lambda_has_not_finished_is_waited_for(rig: Rig):
    versions = rig.publish()
    version = get_backend("lambda")[rig.aws.account][rig.aws.region].get_function("orders-read", versions["orders-read"])
    version.state = "Pending"
    rig.aws.clock.call_at(rig.aws.clock.now() + 100, lambda: setattr(version, "state", "Active"), name="the version is ready")
    ended = rig.run()

    assert ended.ending == "Promoted"
    assert ended.states[:6] == ["Begin", "WhichOperation", "CheckRelease", "WhichStart", "VersionActivation", "CheckRelease"]
    assert ended.states.count("VersionActivation") == 4
    assert f"{len(ended.states)} transitions" in ended.output["price"]


def test_a_version_that_stays_pending_is_refused_after_ten_minutes(rig: Rig):
    versions = rig.publish()
    backend = get_backend("lambda")[rig.aws.account][rig.aws.region]
    backend.get_function("orders-read", versions["orders-read"]).state = "Pending"
    ended = rig.run()

    assert ended.ending == "Refused"
    assert "version 2 is still Pending" in ended.cause
    assert 600 <= ended.seconds < 660


def test_the_output_says_what_it_was_and_what_it_cost(rig: Rig):
    rig.publish()
    ended = rig.run(reason="OPS-1")

    assert ended.output["target"] == "orders"
    assert ended.output["outcome"] == "promoted"
    assert ended.output["steps"] == 2
    assert ended.output["requests_harmed"] == 0
    assert "no worse than base" in ended.output["reason"]
    assert ended.output["price"].startswith("$0.00")
    assert f"{len(ended.states)} transitions" in ended.output["price"]


def test_every_look_leaves_its_numbers_and_its_reason(rig: Rig):
    rig.publish()
    arn = rig.start()
    ended = rig.finish(arn)
    pages = (
        rig.aws.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=rig.controller.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :look)",
            ExpressionAttributeValues={":pk": {"S": f"rollout#{arn.rsplit(':', 1)[-1]}"}, ":look": {"S": "look#"}},
        )
    )
    looks = [item for page in pages for item in page["Items"]]

    assert len(looks) == ended.states.count("EvaluateCanary")
    assert {look["verdict"]["S"] for look in looks} >= {"CONTINUE", "ADVANCE", "PROMOTE"}
    assert all(look["reason"]["S"] and "log_e" in look["numbers"]["S"] for look in looks)


def test_releasing_what_is_live_again_changes_nothing(rig: Rig):
    rig.publish()
    rig.run()
    before = rig.stage
    ended = rig.run()

    assert (ended.status, ended.ending) == ("SUCCEEDED", "Unchanged")
    assert ended.output["outcome"] == "unchanged"
    assert rig.stage["deploymentId"] == before["deploymentId"]
    assert rig.is_at_rest()


def test_a_new_version_alone_uses_the_deployment_of_base(rig: Rig):
    rig.publish()
    rig.run()
    deployment = rig.stage["deploymentId"]
    versions = rig.publish()
    ended = rig.run()

    assert ended.ending == "Promoted"
    assert rig.stage["deploymentId"] == deployment
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions


def test_a_changed_route_gets_a_deployment_of_its_own(rig: Rig):
    rig.publish()
    rig.run()
    deployment = rig.stage["deploymentId"]
    api = rig.target.stage.rest_api_id
    client = rig.aws.client("apigateway")
    root = next(item["id"] for item in client.get_resources(restApiId=api)["items"] if item["path"] == "/")
    client.create_resource(restApiId=api, parentId=root, pathPart="health")
    ended = rig.run()

    assert ended.ending == "Promoted"
    assert rig.stage["deploymentId"] != deployment


def test_a_release_can_name_versions_and_policy(rig: Rig):
    rig.publish()
    second = rig.publish()
    rig.publish()
    ended = rig.run(release={"functions": second}, policy={"steps": [{"weight_percent": "40.5", "bake_seconds": "120"}]})

    assert ended.ending == "Promoted"
    assert ended.states.count("ShiftTraffic") == 1
    assert {name: live for name, (live, _) in rig.aliases().items()} == second


def test_the_current_definition_is_frozen_again_when_base_was_moved_to_another_deployment_by_hand(rig: Rig):
    first = rig.stage["deploymentId"]
    rig.publish()
    rig.run()
    promoted = rig.stage["deploymentId"]
    rig.aws.client("apigateway").update_stage(
        restApiId=rig.target.stage.rest_api_id,
        stageName=rig.target.stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/deploymentId", "value": first}],
    )
    ended = rig.run(release={"deployment": "present"})

    assert ended.ending == "Promoted"
    assert rig.stage["deploymentId"] not in {first, promoted}
