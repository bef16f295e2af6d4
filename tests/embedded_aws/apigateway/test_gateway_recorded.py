"""Every answer that was recorded from AWS for canaries on REST stages, and those for plain stages and deployments.

Each scenario makes the calls of one recorded test in order, and each of its answers is a separate case.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.apigateway.stages.control_plane import Arm
from tests.embedded_aws.apigateway.gateway_server import GatewayServer, gateway_server

ORDINALS = ("first", "second", "third", "fourth")
METHODS = (
    "/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, "
    "/{resourcePath}/{httpMethod}/logging/loglevel, "
    "/{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit"
    "/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, "
    "/{resourcePath}/{httpMethod}/caching/dataEncrypted, "
    "/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "
    "/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy"
)
EVERY_METHOD = (
    "/*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit "
    "/*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, "
    "/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy"
)
REPLACEABLE = (
    "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, "
    "/accessLogSettings/destinationArn, /accessLogSettings/format, "
    f"{METHODS}, {EVERY_METHOD}, /variables/{{variable_name}}, /tracingEnabled]"
)
ACCESS_LOG_PATHS = (
    "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]"
)
IN_USE = "Active stages pointing to this deployment must be moved or deleted"
LOG_GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:orders"


class Recorder:
    """Plays calls, and keeps each answer with deployment ids as ordinals and dates as the word datetime."""

    def __init__(self, server: GatewayServer) -> None:
        self.server = server
        self.answers: dict[str, Any] = {}
        self.deployments: list[str] = []
        self.api_id = ""

    def call(self, name: str | None, operation: str, **arguments: Any) -> Any:
        try:
            answer = getattr(self.server.client, operation)(restApiId=self.api_id, **arguments)
        except ClientError as error:
            answer = error.response
        if operation == "create_deployment" and "id" in answer:
            self.deployments.append(answer["id"])
        if name:
            self.answers[name] = self.normalized(answer)
        return answer

    def patch(self, name: str | None, stage: str, *operations: dict[str, str]) -> Any:
        return self.call(name, "update_stage", stageName=stage, patchOperations=list(operations))

    def normalized(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: {"HTTPStatusCode": each["HTTPStatusCode"]} if key == "ResponseMetadata" else self.normalized(each)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self.normalized(each) for each in value]
        if isinstance(value, datetime):
            return "datetime"
        return ORDINALS[self.deployments.index(value)] if value in self.deployments else value


def metadata(status: int) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPStatusCode": status}}


def refusal(message: str, *, code: str = "BadRequestException", status: int = 400) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}, "message": message} | metadata(status)


def deployment(ordinal: str, *, status: int = 201) -> dict[str, Any]:
    return {"id": ordinal, "createdDate": "datetime"} | metadata(status)


def stage_item(name: str, deployment_id: str, **given: Any) -> dict[str, Any]:
    return {
        "stageName": name,
        "deploymentId": deployment_id,
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "createdDate": "datetime",
        "lastUpdatedDate": "datetime",
        "methodSettings": {},
        "tracingEnabled": False,
    } | given


def stage(name: str, deployment_id: str, *, status: int = 200, **given: Any) -> dict[str, Any]:
    return stage_item(name, deployment_id, **given) | metadata(status)


def canary(deployment_id: str, percent: float, **overrides: str) -> dict[str, Any]:
    settings = {"deploymentId": deployment_id, "percentTraffic": percent, "useStageCache": False}
    return settings | ({"stageVariableOverrides": overrides} if overrides else {})


def method_settings(**given: Any) -> dict[str, Any]:
    return {
        "cacheDataEncrypted": False,
        "cacheTtlInSeconds": 300,
        "cachingEnabled": False,
        "dataTraceEnabled": False,
        "metricsEnabled": False,
        "requireAuthorizationForCacheControl": True,
        "throttlingBurstLimit": 5000,
        "throttlingRateLimit": 10000.0,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    } | given


# The eight recorded tests of canaries.


def create_update_stages(play: Recorder) -> None:
    first = play.call("create-deployment-1", "create_deployment")["id"]
    play.server.client.update_integration_response(
        restApiId=play.api_id,
        resourceId=play.server.root_of(play.api_id),
        httpMethod="GET",
        statusCode="200",
        patchOperations=[{"op": "replace", "path": "/responseTemplates/application~1json", "value": "{}"}],
    )
    second = play.call("create-deployment-2", "create_deployment")["id"]
    settings = {"deploymentId": second, "percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
    play.call(
        "create-stage",
        "create_stage",
        stageName="dev",
        deploymentId=first,
        description="dev stage",
        variables={"testVar": "default"},
        canarySettings=settings,
    )
    play.call("get-stage", "get_stage", stageName="dev")
    override = "/canarySettings/stageVariableOverrides/testVar"
    play.patch("update-stage-canary-settings-overrides", "dev", {"op": "replace", "path": override, "value": "updated"})
    play.patch("update-stage-remove-canary-settings", "dev", {"op": "remove", "path": "/canarySettings"})
    play.call("get-stage-after-remove", "get_stage", stageName="dev")


def canary_deployment_with_stage(play: Recorder) -> None:
    first = play.call("create-deployment", "create_deployment")["id"]
    play.call(
        "create-stage",
        "create_stage",
        stageName="dev",
        deploymentId=first,
        description="dev stage",
        variables={"testVar": "default"},
    )
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
    play.call("create-canary-deployment", "create_deployment", stageName="dev", canarySettings=settings)
    play.call("get-stage", "get_stage", stageName="dev")


def canary_deployment(play: Recorder) -> None:
    first = play.call("create-deployment", "create_deployment")["id"]
    settings = {"deploymentId": first, "percentTraffic": 40, "stageVariableOverrides": {"testVar": "canary1"}}
    described = {"deploymentId": first, "description": "dev stage"}
    variables = {"testVar": "default"}
    play.call("create-stage", "create_stage", stageName="dev1", variables=variables, canarySettings=settings, **described)
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary2"}}
    second = play.call("create-canary-deployment", "create_deployment", stageName="dev1", canarySettings=settings)["id"]
    play.call("get-stage-1", "get_stage", stageName="dev1")
    settings = {
        "deploymentId": second,
        "percentTraffic": 60,
        "stageVariableOverrides": {"testVar": "canary-overridden"},
    }
    play.call("create-stage-2", "create_stage", stageName="dev2", variables=variables, canarySettings=settings, **described)
    settings = {"deploymentId": "deploy"}
    play.call("bad-canary-deployment-id", "create_stage", stageName="dev3", canarySettings=settings, **described)


def canary_by_stage_update(play: Recorder) -> None:
    first = play.call("create-deployment", "create_deployment")["id"]
    second = play.call("create-deployment-2", "create_deployment")["id"]
    play.call(
        "create-stage",
        "create_stage",
        stageName="dev",
        deploymentId=first,
        description="dev stage",
        variables={"testVar": "default"},
    )
    path = "/canarySettings/deploymentId"
    play.patch("update-stage-with-deployment", "dev", {"op": "replace", "path": path, "value": second})
    play.patch("remove-stage-canary", "dev", {"op": "remove", "path": "/canarySettings"})
    path = "/canarySettings/percentTraffic"
    play.patch("update-stage-with-percent", "dev", {"op": "replace", "path": path, "value": "50"})
    play.call("get-stage", "get_stage", stageName="dev")


def canary_deployment_validation(play: Recorder) -> None:
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
    play.call("no-stage", "create_deployment", canarySettings=settings)
    play.call("empty-stage", "create_deployment", stageName="", canarySettings=settings)
    play.call("non-existing-stage", "create_deployment", stageName="non-existing", canarySettings=settings)


def update_stage_validation(play: Recorder) -> None:
    play.call(None, "create_deployment", stageName="dev")
    play.call("get-stage", "get_stage", stageName="dev")
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
    play.call(None, "create_deployment", stageName="dev", canarySettings=settings)
    play.patch("remove-overrides", "dev", {"op": "remove", "path": "/canarySettings/stageVariableOverrides"})
    play.patch("remove-bad-path", "dev", {"op": "remove", "path": "/canarySettings/badPath"})
    play.patch("replace-canary-settings", "dev", {"op": "replace", "path": "/canarySettings", "value": "test"})
    path = "/canarySettings/badPath"
    play.patch("replace-bad-path", "dev", {"op": "replace", "path": path, "value": "badPath"})
    third = play.call(None, "create_deployment", stageName="dev2")["id"]
    path = "/canarySettings/deploymentId"
    play.patch("add-deployment", "dev2", {"op": "add", "path": path, "value": third})
    play.patch("no-deployment", "dev2", {"op": "replace", "path": path, "value": "deploy"})


COPY_VARIABLES = {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"}
COPY_DEPLOYMENT = {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
ZERO = {"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0"}


def copy_operations(play: Recorder) -> None:
    play.call("deployment-1", "create_deployment", stageName="dev", variables={"testVar": "test", "testVar2": "test2"})
    play.patch(
        "copy-with-bad-statement",
        "dev",
        {"op": "copy", "path": "/canarySettings/stageVariableOverrides", "from": "/variables"},
        {"op": "copy", "path": "/canarySettings/deploymentId", "from": "/deploymentId"},
    )
    play.patch("copy-with-no-replace", "dev", COPY_VARIABLES, COPY_DEPLOYMENT)
    play.patch("update-stage-with-copy", "dev", ZERO, COPY_DEPLOYMENT, COPY_VARIABLES)
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "override"}}
    play.call("deployment-canary", "create_deployment", stageName="dev", canarySettings=settings)
    play.call("get-stage", "get_stage", stageName="dev")
    play.patch("update-stage-with-copy-2", "dev", ZERO, COPY_DEPLOYMENT, COPY_VARIABLES)


def invoking_canary(play: Recorder) -> None:
    play.server.put_answer(play.api_id, answer_template("default deployment"))
    variables = {"testVar": "default", "defaultVar": "default"}
    play.call("create-deployment-1", "create_deployment", stageName="dev", variables=variables)
    play.server.put_answer(play.api_id, answer_template("canary deployment"))
    settings = {"percentTraffic": 0, "stageVariableOverrides": {"testVar": "canary", "noStageVar": "canary"}}
    play.call("create-deployment-2", "create_deployment", stageName="dev", canarySettings=settings)
    at_zero = play.server.gateway.settings(play.api_id, "dev")
    assert at_zero is not None
    assert at_zero.percent == 0
    play.answers["response-deployment-1"] = rendered(at_zero.base, is_canary="false")
    path = "/canarySettings/percentTraffic"
    play.patch("update-stage", "dev", {"op": "replace", "path": path, "value": "100.0"})
    at_all = play.server.gateway.settings(play.api_id, "dev")
    assert at_all is not None
    assert at_all.percent == 100
    assert at_all.canary is not None
    play.answers["response-canary-deployment"] = rendered(at_all.canary, is_canary="true")


def answer_template(message: str) -> dict[str, object]:
    return {
        "statusCode": 200,
        "message": message,
        "variable": "$stageVariables.testVar",
        "nonExistingDefault": "$stageVariables.noStageVar",
        "nonOverridden": "$stageVariables.defaultVar",
        "isCanary": "$context.isCanaryRequest",
    }


def rendered(arm: Arm, *, is_canary: str) -> Any:
    """The answer of a mock integration with an arm's frozen template and its stage variables."""
    integration = arm.definition.methods[0].integration
    assert integration is not None
    template = json.loads(integration.responses["200"].templates["application/json"])
    names = {"$context.isCanaryRequest": is_canary}
    names |= {f"$stageVariables.{name}": arm.variables.get(name, "") for name in ("testVar", "noStageVar", "defaultVar")}
    return {key: names.get(value, value) for key, value in template.items()}


# Recorded tests of plain stages and deployments.


def stage_settings(play: Recorder) -> None:
    first = play.call(None, "create_deployment")["id"]
    created = {"stageName": "s1", "deploymentId": first, "description": "my stage", "documentationVersion": "v123"}
    play.call("create-stage", "create_stage", **created)
    play.patch("documentation-version", "s1", {"op": "replace", "path": "/documentation_version", "value": "123"})
    play.patch("tags", "s1", {"op": "replace", "path": "/tags/tag1", "value": "value1"})
    values = {
        "/description": "stage new",
        "/variables/var1": "test",
        "/variables/var2": "test2",
        "/*/*/throttling/burstLimit": "123",
        "/*/*/caching/enabled": "true",
        "/tracingEnabled": "true",
        "/test/GET/throttling/burstLimit": "124",
    }
    play.patch("update-stage", "s1", *({"op": "replace", "path": path, "value": value} for path, value in values.items()))
    path = "/*/*/throttling/burstLimit"
    play.patch("update-stage-override", "s1", {"op": "replace", "path": path, "value": "100"})


def remove_wildcard(play: Recorder) -> None:
    first = play.call(None, "create_deployment")["id"]
    play.call(None, "create_stage", stageName="s1", deploymentId=first)
    play.patch("delete-error", "s1", {"op": "remove", "path": "/*/*"})
    play.patch("update-stage", "s1", {"op": "replace", "path": "/*/*/caching/enabled", "value": "true"})
    play.patch("update-stage-reset", "s1", {"op": "remove", "path": "/*/*"})
    play.call("get-stage-after-reset", "get_stage", stageName="s1")


def access_log(play: Recorder) -> None:
    first = play.call("create-deployment", "create_deployment")["id"]
    play.call(None, "create_stage", stageName="dev", deploymentId=first, description="dev stage")
    destination, line = "/accessLogSettings/destinationArn", "/accessLogSettings/format"
    for op in ("add", "remove", "replace"):
        play.patch(f"invalid-path-{op}", "dev", {"op": op, "path": "/accessLogSettings/randomValue", "value": "updated"})
        play.patch(f"star-and-{op}", "dev", {"op": op, "path": "/accessLogSettings/*", "value": "updated"})
    for op in ("add", "replace"):
        play.patch(f"root-and-{op}", "dev", {"op": op, "path": "/accessLogSettings", "value": "test"})
    play.patch("dest-add", "dev", {"op": "add", "path": destination, "value": LOG_GROUP})
    play.patch("dest-empty", "dev", {"op": "replace", "path": destination, "value": ""})
    play.patch("format-empty", "dev", {"op": "replace", "path": line, "value": ""})
    play.patch("dest-remove", "dev", {"op": "remove", "path": destination})
    play.patch("dest-replace", "dev", {"op": "replace", "path": destination, "value": f"{LOG_GROUP}a"})
    play.patch("format-add", "dev", {"op": "add", "path": line, "value": "$context.requestId"})
    play.patch("remove-all", "dev", {"op": "remove", "path": "/accessLogSettings"})


def delete_deployments(play: Recorder) -> None:
    first = play.call(None, "create_deployment")["id"]
    play.call(None, "create_stage", stageName="s1", deploymentId=first)
    play.call("get-deployment", "get_deployment", deploymentId=first)
    play.call("get-stages", "get_stages")
    play.call("delete-deployment-error", "delete_deployment", deploymentId=first)
    second = play.call(None, "create_deployment", stageName="s1")["id"]
    play.call("get-deployment-after-update", "get_deployment", deploymentId=second)
    play.call("get-stages-after-update", "get_stages")
    play.call("get-deployments", "get_deployments")
    play.call("delete-deployment-1", "delete_deployment", deploymentId=first)
    play.call("delete-deployment-2-error", "delete_deployment", deploymentId=second)
    play.call("delete-stage", "delete_stage", stageName="s1")
    play.call("delete-deployment-2", "delete_deployment", deploymentId=second)
    play.call("get-deployments-after-delete", "get_deployments")


def list_stages(play: Recorder) -> None:
    first = play.call(None, "create_deployment", stageName="stage1")["id"]
    play.call(None, "create_deployment", stageName="stage2")
    play.call("all-stages", "get_stages")
    play.call("stages-deploy1", "get_stages", deploymentId=first)


def unknown_names(play: Recorder) -> None:
    play.call("get-deployment", "get_deployment", deploymentId="nosuch")
    play.call("get-stage", "get_stage", stageName="nosuch")
    play.call(None, "create_deployment", stageName="dev")
    play.call("stage-exists", "create_stage", stageName="dev", deploymentId=play.deployments[0])
    play.call("create-stage", "create_stage", stageName="dev2", deploymentId="nosuch")
    play.patch("wrong-op", "dev", {"op": "wrong-op", "path": "/description", "value": "x"})
    play.patch("variable-name", "dev", {"op": "replace", "path": "/variables/owner:name", "value": "foo"})
    play.patch("variable-value", "dev", {"op": "replace", "path": "/variables/owner", "value": ""})
    play.patch("setting", "dev", {"op": "replace", "path": "/*/*/accessLogSettings/format", "value": "test"})
    play.call(None, "create_deployment", stageName="dev", canarySettings={"percentTraffic": 1})
    play.call("plain-onto-canary", "create_deployment", stageName="dev")
    play.api_id = "nosuch"
    play.call("api", "get_rest_api")


def cannot_remove(path: str) -> dict[str, Any]:
    return refusal(f"Cannot remove method setting {path} because there is no method setting for this method ")


def cannot_replace(path: str) -> dict[str, Any]:
    return refusal(f"Invalid method setting path: {path}. Must be one of: {REPLACEABLE}")


def cannot_deploy(why: str) -> dict[str, Any]:
    return refusal(f"Invalid deployment content specified.{why}")


BAD_ID = "Deployment id does not exist"
NO_STAGE = "Non null and non empty stageName must be provided for canary deployment. Provided value is "
DEV = {"description": "dev stage", "variables": {"testVar": "default"}}
BOTH = {"testVar": "test", "testVar2": "test2"}
RECORDED: dict[Callable[[Recorder], None], dict[str, Any]] = {
    create_update_stages: {
        "create-deployment-1": deployment("first"),
        "create-deployment-2": deployment("second"),
        "create-stage": stage("dev", "first", status=201, canarySettings=canary("second", 50.0, testVar="canary"), **DEV),
        "get-stage": stage("dev", "first", canarySettings=canary("second", 50.0, testVar="canary"), **DEV),
        "update-stage-canary-settings-overrides": stage(
            "dev", "first", canarySettings=canary("second", 50.0, testVar="updated"), **DEV
        ),
        "update-stage-remove-canary-settings": stage("dev", "first", **DEV),
        "get-stage-after-remove": stage("dev", "first", **DEV),
    },
    canary_deployment_with_stage: {
        "create-deployment": deployment("first"),
        "create-stage": stage("dev", "first", status=201, **DEV),
        "create-canary-deployment": deployment("second"),
        "get-stage": stage("dev", "first", canarySettings=canary("second", 50.0, testVar="canary"), **DEV),
    },
    canary_deployment: {
        "create-deployment": deployment("first"),
        "create-stage": stage("dev1", "first", status=201, canarySettings=canary("first", 40.0, testVar="canary1"), **DEV),
        "create-canary-deployment": deployment("second"),
        "get-stage-1": stage("dev1", "first", canarySettings=canary("second", 50.0, testVar="canary2"), **DEV),
        "create-stage-2": stage(
            "dev2", "first", status=201, canarySettings=canary("second", 60.0, testVar="canary-overridden"), **DEV
        ),
        "bad-canary-deployment-id": refusal(BAD_ID),
    },
    canary_by_stage_update: {
        "create-deployment": deployment("first"),
        "create-deployment-2": deployment("second"),
        "create-stage": stage("dev", "first", status=201, **DEV),
        "update-stage-with-deployment": stage("dev", "first", canarySettings=canary("second", 0.0), **DEV),
        "remove-stage-canary": stage("dev", "first", **DEV),
        "update-stage-with-percent": stage("dev", "first", canarySettings=canary("first", 50.0), **DEV),
        "get-stage": stage("dev", "first", canarySettings=canary("first", 50.0), **DEV),
    },
    canary_deployment_validation: {
        "no-stage": cannot_deploy(f"{NO_STAGE}null"),
        "empty-stage": cannot_deploy(NO_STAGE),
        "non-existing-stage": cannot_deploy(
            "Stage non-existing must already be created before making a canary release deployment"
        ),
    },
    update_stage_validation: {
        "get-stage": stage("dev", "first"),
        "remove-overrides": cannot_remove("canarySettings/stageVariableOverrides"),
        "remove-bad-path": cannot_remove("canarySettings/badPath"),
        "replace-canary-settings": cannot_replace("/canarySettings"),
        "replace-bad-path": cannot_replace("/canarySettings/badPath"),
        "add-deployment": refusal("Invalid add operation with path: /canarySettings/deploymentId"),
        "no-deployment": refusal(BAD_ID),
    },
    copy_operations: {
        "deployment-1": deployment("first"),
        "copy-with-bad-statement": refusal(
            "Invalid copy operation with path: /canarySettings/stageVariableOverrides and from /variables. Valid "
            "copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, "
            "/canarySettings/stageVariableOverrides]"
        ),
        "copy-with-no-replace": refusal("Promotion not available. Canary does not exist."),
        "update-stage-with-copy": stage("dev", "first", canarySettings=canary("first", 0.0), variables=BOTH),
        "deployment-canary": deployment("second"),
        "get-stage": stage("dev", "first", canarySettings=canary("second", 50.0, testVar="override"), variables=BOTH),
        "update-stage-with-copy-2": stage(
            "dev",
            "second",
            canarySettings=canary("second", 0.0, testVar="override"),
            variables={"testVar": "override", "testVar2": "test2"},
        ),
    },
    invoking_canary: {
        "create-deployment-1": deployment("first"),
        "create-deployment-2": deployment("second"),
        "response-deployment-1": {
            "statusCode": 200,
            "message": "default deployment",
            "variable": "default",
            "nonExistingDefault": "",
            "nonOverridden": "default",
            "isCanary": "false",
        },
        "update-stage": stage(
            "dev",
            "first",
            canarySettings=canary("second", 100.0, testVar="canary", noStageVar="canary"),
            variables={"testVar": "default", "defaultVar": "default"},
        ),
        "response-canary-deployment": {
            "statusCode": 200,
            "message": "canary deployment",
            "variable": "canary",
            "nonExistingDefault": "canary",
            "nonOverridden": "default",
            "isCanary": "true",
        },
    },
}
S1 = {"description": "my stage", "documentationVersion": "v123"}
S1_NEW = S1 | {"description": "stage new", "tracingEnabled": True, "variables": {"var1": "test", "var2": "test2"}}
DESCRIBED = {"description": "dev stage"}
PLAIN: dict[Callable[[Recorder], None], dict[str, Any]] = {
    stage_settings: {
        "create-stage": stage("s1", "first", status=201, **S1),
        "documentation-version": cannot_replace("/documentation_version"),
        "tags": cannot_replace("/tags/tag1"),
        "update-stage": stage(
            "s1",
            "first",
            **S1_NEW,
            methodSettings={
                "*/*": method_settings(cachingEnabled=True, throttlingBurstLimit=123),
                "test/GET": method_settings(cachingEnabled=True, throttlingBurstLimit=124),
            },
        ),
        "update-stage-override": stage(
            "s1",
            "first",
            **S1_NEW,
            methodSettings={
                "*/*": method_settings(cachingEnabled=True, throttlingBurstLimit=100),
                "test/GET": method_settings(cachingEnabled=True, throttlingBurstLimit=124),
            },
        ),
    },
    remove_wildcard: {
        "delete-error": cannot_remove("*/*"),
        "update-stage": stage("s1", "first", methodSettings={"*/*": method_settings(cachingEnabled=True)}),
        "update-stage-reset": stage("s1", "first"),
        "get-stage-after-reset": stage("s1", "first"),
    },
    access_log: {
        "create-deployment": deployment("first"),
        "invalid-path-add": refusal(ACCESS_LOG_PATHS),
        "invalid-path-remove": cannot_remove("accessLogSettings/randomValue"),
        "invalid-path-replace": refusal(ACCESS_LOG_PATHS),
        "star-and-add": refusal(ACCESS_LOG_PATHS),
        "star-and-remove": cannot_remove("accessLogSettings/*"),
        "star-and-replace": refusal(ACCESS_LOG_PATHS),
        "root-and-add": refusal(ACCESS_LOG_PATHS),
        "root-and-replace": refusal(ACCESS_LOG_PATHS),
        "dest-add": stage("dev", "first", accessLogSettings={"destinationArn": LOG_GROUP}, **DESCRIBED),
        "dest-empty": refusal("Access Log value must not be empty"),
        "format-empty": refusal("Access Log value must not be empty"),
        "dest-remove": cannot_remove("accessLogSettings/destinationArn"),
        "dest-replace": stage("dev", "first", accessLogSettings={"destinationArn": f"{LOG_GROUP}a"}, **DESCRIBED),
        "format-add": stage(
            "dev",
            "first",
            accessLogSettings={"destinationArn": f"{LOG_GROUP}a", "format": "$context.requestId"},
            **DESCRIBED,
        ),
        "remove-all": stage("dev", "first", **DESCRIBED),
    },
    delete_deployments: {
        "get-deployment": deployment("first", status=200),
        "get-stages": {"item": [stage_item("s1", "first")]} | metadata(200),
        "delete-deployment-error": refusal(IN_USE),
        "get-deployment-after-update": deployment("second", status=200),
        "get-stages-after-update": {"item": [stage_item("s1", "second")]} | metadata(200),
        "get-deployments": {"items": [{"id": each, "createdDate": "datetime"} for each in ("first", "second")]} | metadata(200),
        "delete-deployment-1": metadata(202),
        "delete-deployment-2-error": refusal(IN_USE),
        "delete-stage": metadata(202),
        "delete-deployment-2": metadata(202),
        "get-deployments-after-delete": {"items": []} | metadata(200),
    },
    list_stages: {
        "all-stages": {"item": [stage_item("stage1", "first"), stage_item("stage2", "second")]} | metadata(200),
        "stages-deploy1": {"item": [stage_item("stage1", "first")]} | metadata(200),
    },
    unknown_names: {
        "get-deployment": refusal("Invalid Deployment identifier specified", code="NotFoundException", status=404),
        "get-stage": refusal("Invalid stage identifier specified", code="NotFoundException", status=404),
        "stage-exists": refusal("Stage already exists", code="ConflictException", status=409),
        "create-stage": refusal(BAD_ID),
        "wrong-op": {
            "Error": {
                "Code": "ValidationException",
                "Message": "1 validation error detected: Value 'wrong-op' at 'updateStageInput.patchOperations.1.member."
                "op' failed to satisfy constraint: Member must satisfy enum value set: "
                "[add, remove, move, test, replace, copy]",
            }
        }
        | metadata(400),
        "variable-name": refusal("Invalid stage variable name: owner:name.  Please use names with only word characters."),
        "variable-value": refusal(
            "Invalid stage variable value: .  Please use values with alphanumeric characters and the symbols ' ', -', "
            "'.', '_', ':', '/', '?', '&', '=', and ','."
        ),
        "setting": refusal(
            "Invalid method setting path: accessLogSettings/format. Must be one of: [.../metrics/enabled, "
            ".../logging/dataTrace, .../logging/loglevel,.../throttling/burstLimit, .../throttling/rateLimit, "
            ".../caching/ttlInSeconds, .../caching/enabled, .../caching/dataEncrypted, "
            ".../caching/requireAuthorizationForCacheControl, .../caching/unauthorizedCacheControlHeaderStrategy]"
        ),
        "plain-onto-canary": cannot_deploy(
            "Non canary deployment not supported on stage dev because Canary is enabled. "
            "Provide CanarySettings in deploymentInput."
        ),
        "api": refusal("Invalid API identifier specified 123456789012:nosuch", code="NotFoundException", status=404),
    },
}
CASES = [(scenario, name) for scenario, answers in (RECORDED | PLAIN).items() for name in answers]


@pytest.fixture(scope="module")
def played() -> Iterator[dict[Callable[[Recorder], None], dict[str, Any]]]:
    """The answers of every scenario, each on its own API."""
    answers = {}
    with gateway_server() as server:
        for scenario in RECORDED | PLAIN:
            play = Recorder(server)
            play.api_id = server.create_api()
            scenario(play)
            answers[scenario] = play.answers
        yield answers


@pytest.mark.parametrize(("scenario", "name"), CASES, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_answers_as_recorded(played, scenario, name) -> None:
    assert played[scenario][name] == (RECORDED | PLAIN)[scenario][name]


def test_every_recorded_answer_is_a_case(played) -> None:
    assert sum(len(answers) for answers in RECORDED.values()) == 46
    assert {name: set(played[name]) for name in played} == {name: set(each) for name, each in (RECORDED | PLAIN).items()}
