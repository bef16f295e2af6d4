"""The sample `orders`, created with ordinary AWS calls: functions, aliases, a REST API, its stage and its alarm.

Of the controller it knows only the target file and the log format that a target's stage must have. The same calls work in
a real account: nothing here touches the internals of the embedded AWS.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from canary.edge.target import require_target
from canary.rules.targets.access_log import LOG_FORMAT
from demo.functions import integration_uri, publish_code
from demo.sample_code import archive
from embedded_aws.wire.connection import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.targets.target import Stage, Target, TargetFunction
    from embedded_aws.wire.connection import Connect

TARGET_FILE = Path(__file__).parent.parent / "targets" / "orders.yaml"
SHIP_TARGET = {"name": "orders-ship", "functions": [{"name": "orders-ship", "live": "live"}]}
API_NAME = "orders"
READ, WRITE, SHIP = "orders-read", "orders-write", "orders-ship"
ROUTES = (("/orders", "GET", READ), ("/orders", "POST", WRITE), ("/orders/{id}", "GET", READ))
PAYMENTS_ALARM = "orders-payment-failures"
TIMEOUT_SECONDS = 10


def create_sample(connect: Connect, numbers: Mapping[str, str | float | bool] | None = None) -> Target:
    """Create the API `orders` with a first release behind both aliases; returns its target."""
    target = require_target(yaml.safe_load(TARGET_FILE.read_text(encoding="utf-8")))
    if target.stage is None or target.access_log_group is None:
        raise ValueError(f"{TARGET_FILE} must name a stage and its log; the sample is a REST API")
    place = Place.find(connect)
    role = create_role(connect, "orders-functions", "lambda.amazonaws.com")
    let_log(connect, place, "orders-functions")
    for function in target.functions:
        create_function(connect, function, role, archive(numbers or {}))
    rest_api_id = _create_api(connect, place)
    stage = replace(target.stage, rest_api_id=rest_api_id)
    for function in target.functions:
        allow_api(connect, place, function, stage)
    create_stage(connect, place, stage, target.access_log_group)
    _create_payments_alarm(connect)
    return replace(target, stage=stage)


def create_ship_sample(connect: Connect, numbers: Mapping[str, str | float | bool] | None = None) -> Target:
    """Create the function `orders-ship` with its one alias: a target whose traffic is split by the alias's own weights."""
    target = require_target(SHIP_TARGET)
    role = create_role(connect, "orders-ship", "lambda.amazonaws.com")
    let_log(connect, Place.find(connect), "orders-ship")
    create_function(connect, target.functions[0], role, archive(numbers or {}))
    return target


def create_function(connect: Connect, function: TargetFunction, role: str, code: bytes, handler: str | None = None) -> None:
    """Create a function, publish its version 1 and create its aliases. Without ``handler`` it is one of the sample's."""
    client = connect("lambda")
    client.create_function(
        FunctionName=function.name,
        Runtime="python3.13",
        Architectures=["arm64"],
        Handler=handler or f"orders.{function.name.replace('-', '_')}.handler",
        Role=role,
        Code={"ZipFile": code},
        Timeout=TIMEOUT_SECONDS,
        MemorySize=256,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=function.name)
    version = client.publish_version(FunctionName=function.name)["Version"]
    for alias in (function.live, function.canary):
        if alias:
            client.create_alias(FunctionName=function.name, Name=alias, FunctionVersion=version)


def publish_release(connect: Connect, target: Target, numbers: Mapping[str, str | float | bool]) -> dict[str, str]:
    """Publish new code for each of the target's functions; returns the version by function name."""
    code = archive(numbers)
    return publish_code(connect, {function.name: code for function in target.functions})


def create_role(connect: Connect, name: str, service: str) -> str:
    """Create a role that the service may assume; returns its ARN."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = connect("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)
    return str(role["Role"]["Arn"])


def let_log(connect: Connect, place: Place, role: str, functions: str = "orders-*") -> None:
    """Allow functions with this role to write their logs; the sample's functions need nothing else."""
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": place.arn("logs", f"log-group:/aws/lambda/{functions}")}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    connect("iam").put_role_policy(RoleName=role, PolicyName="log", PolicyDocument=policy)


def _create_api(connect: Connect, place: Place) -> str:
    """Create the API's resources and methods without deploying them; returns the API's id."""
    client = connect("apigateway")
    rest_api_id = str(client.create_rest_api(name=API_NAME)["id"])
    paths = _find_paths(client, rest_api_id)
    for path, method, function in ROUTES:
        resource = _create_resource(client, rest_api_id, path, paths)
        _put_route(client, rest_api_id, resource, method, integration_uri(place, function))
    return rest_api_id


def lose_route(connect: Connect, rest_api_id: str) -> None:
    """Remove the last route from the API's definition, as a bad merge would. Nothing is deployed."""
    path, method, _ = ROUTES[-1]
    client = connect("apigateway")
    client.delete_method(restApiId=rest_api_id, resourceId=_find_paths(client, rest_api_id)[path], httpMethod=method)


def restore_route(connect: Connect, rest_api_id: str) -> None:
    """Put the lost route back, if it was lost."""
    path, method, function = ROUTES[-1]
    client = connect("apigateway")
    resource = _find_paths(client, rest_api_id)[path]
    if method not in client.get_resource(restApiId=rest_api_id, resourceId=resource).get("resourceMethods", {}):
        _put_route(client, rest_api_id, resource, method, integration_uri(Place.find(connect), function))


def _find_paths(client: Any, rest_api_id: str) -> dict[str, str]:  # noqa: ANN401 - boto3's
    """The ids of the API's resources by path."""
    return {item["path"]: item["id"] for item in client.get_resources(restApiId=rest_api_id)["items"]}


def _put_route(client: Any, rest_api_id: str, resource: str, method: str, uri: str) -> None:  # noqa: ANN401 - boto3's
    """A method that calls a function by proxy."""
    client.put_method(restApiId=rest_api_id, resourceId=resource, httpMethod=method, authorizationType="NONE")
    client.put_integration(
        restApiId=rest_api_id,
        resourceId=resource,
        httpMethod=method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=uri,
    )


def _create_resource(client: Any, rest_api_id: str, path: str, paths: dict[str, str]) -> str:  # noqa: ANN401 - boto3's
    """The id of the path's resource; creates it and its parents if needed."""
    if path not in paths:
        parent, _, part = path.rpartition("/")
        parent_id = _create_resource(client, rest_api_id, parent or "/", paths)
        paths[path] = client.create_resource(restApiId=rest_api_id, parentId=parent_id, pathPart=part)["id"]
    return paths[path]


def allow_api(connect: Connect, place: Place, function: TargetFunction, stage: Stage, api_name: str = API_NAME) -> None:
    """Allow the API to invoke both aliases: a permission belongs to the alias that it names (docs/aws.md#alias-policy)."""
    for alias in (function.live, function.canary):
        connect("lambda").add_permission(
            FunctionName=function.name,
            Qualifier=alias,
            StatementId=f"{api_name}-{stage.stage_name}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=place.arn("execute-api", f"{stage.rest_api_id}/{stage.stage_name}/*"),
        )


def create_stage(connect: Connect, place: Place, stage: Stage, log_group: str) -> None:
    """Create the deployed stage: its base on `live`, and the access log that tells base from canary."""
    connect("logs").create_log_group(logGroupName=log_group)
    client = connect("apigateway")
    deployment = client.create_deployment(restApiId=stage.rest_api_id, description="the first deployment")
    client.create_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        deploymentId=deployment["id"],
        variables={stage.alias_variable: "live"},
    )
    settings = {"destinationArn": place.arn("logs", f"log-group:{log_group}"), "format": LOG_FORMAT}
    client.update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()
        ],
    )


def _create_payments_alarm(connect: Connect) -> None:
    """Create the user's own alarm: the bank declines far more payments than on a normal day."""
    connect("cloudwatch").put_metric_alarm(
        AlarmName=PAYMENTS_ALARM,
        AlarmDescription="more than thirty payments a minute fail; look at the bank's status page",
        Namespace="Orders",
        MetricName="PaymentFailed",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=5,
        DatapointsToAlarm=3,
        Threshold=30,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
