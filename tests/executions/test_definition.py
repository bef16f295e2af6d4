"""A release runs only where it is called; what its definition changes is known before the first request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.target import Metrics, Outside, OutsideRoute
from demo.controller import register_target
from tests.rules.api_world import lambda_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig import Rig


def gateway(rig: Rig) -> Any:
    return rig.aws.client("apigateway")


def api_of(rig: Rig) -> str:
    return rig.target.stage.rest_api_id


def resource(rig: Rig, path: str) -> str:
    """A resource's id; the resource is created below the root if it does not exist."""
    found = {one["path"]: one["id"] for one in gateway(rig).get_resources(restApiId=api_of(rig), limit=500)["items"]}
    if path not in found:
        made = gateway(rig).create_resource(restApiId=api_of(rig), parentId=found["/"], pathPart=path.removeprefix("/"))
        found[path] = made["id"]
    return found[path]


def call(rig: Rig, path: str, verb: str, uri: str | None) -> None:
    """A method that calls this URI, or one that answers on its own."""
    where = {"restApiId": api_of(rig), "resourceId": resource(rig, path), "httpMethod": verb}
    known = gateway(rig).get_resource(restApiId=api_of(rig), resourceId=where["resourceId"]).get("resourceMethods", {})
    if verb not in known:
        gateway(rig).put_method(**where, authorizationType="NONE")
    called = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri} if uri else {"type": "MOCK"}
    gateway(rig).put_integration(**where, **called)


def write_the_alias_out(rig: Rig) -> None:
    call(rig, "/orders", "GET", lambda_uri("orders-read", "live"))


def use_another_variable(rig: Rig) -> None:
    call(rig, "/orders", "POST", lambda_uri("orders-write", "${stageVariables.writeAlias}"))


def put_the_name_into_a_variable(rig: Rig) -> None:
    patch(rig, "/variables/readFunction", "orders-read:live")
    call(rig, "/orders/{id}", "GET", lambda_uri("${stageVariables.readFunction}", ""))


def call_a_function_that_the_target_does_not_name(rig: Rig) -> None:
    call(rig, "/search", "GET", lambda_uri("orders-search"))


def authorize_by_one(rig: Rig) -> None:
    made = gateway(rig).create_authorizer(
        restApiId=api_of(rig),
        name="auth",
        type="TOKEN",
        authorizerUri=lambda_uri("orders-auth"),
        identitySource="method.request.header.Authorization",
    )
    patches = {"/authorizationType": "CUSTOM", "/authorizerId": made["id"]}
    gateway(rig).update_method(
        restApiId=api_of(rig),
        resourceId=resource(rig, "/orders"),
        httpMethod="GET",
        patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in patches.items()],
    )


def lose_a_route(rig: Rig) -> None:
    gateway(rig).delete_method(restApiId=api_of(rig), resourceId=resource(rig, "/orders"), httpMethod="POST")


def patch(rig: Rig, path: str, value: str) -> None:
    patches = [{"op": "replace", "path": path, "value": value}]
    gateway(rig).update_stage(restApiId=api_of(rig), stageName="prod", patchOperations=patches)


EDITS = {
    write_the_alias_out: (
        f"GET /orders: the URI {lambda_uri('orders-read', 'live')} names the alias live",
        f"write {lambda_uri('orders-read')}",
    ),
    use_another_variable: ("POST /orders: the URI", "takes the alias from ${stageVariables.writeAlias}"),
    put_the_name_into_a_variable: ("GET /orders/{id}: the URI", f"write {lambda_uri('orders-read')}"),
    call_a_function_that_the_target_does_not_name: (
        "GET /search: the URI",
        "add - {name: orders-search, live: live, canary: canary}",
    ),
    authorize_by_one: ("authorizer auth: the URI", "names orders-auth, which is not one of the functions of target orders"),
    lose_a_route: ("routes that base serves are lost: POST /orders", 'write "expects": ["routes"] into the release'),
}


@pytest.mark.parametrize(("edit", "said"), EDITS.items(), ids=[edit.__name__ for edit in EDITS])
def test_a_definition_that_cannot_be_tried_is_refused_before_the_first_change(
    rig: Rig, edit: Callable[[Rig], None], said: tuple[str, str]
):
    rig.publish()
    edit(rig)
    before = rig.stage, rig.aliases(), len(gateway(rig).get_deployments(restApiId=api_of(rig))["items"])
    ended = rig.run()

    assert (ended.ending, ended.error) == ("Refused", "Refused")
    for part in said:
        assert part in ended.cause
    assert (rig.stage, rig.aliases(), len(gateway(rig).get_deployments(restApiId=api_of(rig))["items"])) == before


def test_outside_routes_and_intended_losses_go_through(rig: Rig):
    call(rig, "/legacy", "GET", lambda_uri("orders-read", "live"))
    gateway(rig).create_deployment(restApiId=api_of(rig), stageName="prod")
    rig.target = replace(rig.target, outside=Outside((OutsideRoute("/legacy"),)), metrics=Metrics())
    register_target(rig.aws.client, rig.target)
    rig.publish()
    lose_a_route(rig)
    started = rig.start(release={"expects": ["routes", "client_errors"]})
    ended = rig.finish(started)
    plan = rig.record_of(started).rollout.plan

    assert (ended.ending, plan.reading, plan.routes.lost) == ("Promoted", "present", ("POST /orders",))
    assert "outside the rollout, called alike by both arms and not counted: GET /legacy" in plan.notes
    assert "the release loses POST /orders" in plan.notes


def test_a_gateway_response_changed_after_a_promotion_is_brought_in(rig: Rig):
    rig.publish()
    assert rig.run().ending == "Promoted"
    assert rig.run().ending == "Unchanged"
    promoted = rig.stage["deploymentId"]
    gateway(rig).put_gateway_response(
        restApiId=api_of(rig), responseType="DEFAULT_4XX", responseParameters={"gatewayresponse.header.A": "'*'"}
    )
    ended = rig.run(release={"deployment": "present"})

    assert ended.ending == "Promoted"
    assert rig.stage["deploymentId"] != promoted
    assert rig.run().ending == "Unchanged"


def test_a_named_deployment_is_tried_once_a_stage_shows_what_it_holds(rig: Rig):
    call(rig, "/ping", "GET", None)
    named = gateway(rig).create_deployment(restApiId=api_of(rig), description="of last week")["id"]
    rig.publish()
    refused = rig.run(release={"deployment": named})
    gateway(rig).create_stage(restApiId=api_of(rig), stageName=f"read-{named}", deploymentId=named)
    started = rig.start(release={"deployment": named})
    ended = rig.finish(started)
    plan = rig.record_of(started).rollout.plan

    assert refused.ending == "Refused"
    assert f"aws apigateway create-stage --rest-api-id {api_of(rig)} --stage-name read-{named}" in refused.cause
    assert (ended.ending, plan.reading, plan.routes.added) == ("Promoted", "stage_export", ("GET /ping",))
    assert rig.stage["deploymentId"] == named
