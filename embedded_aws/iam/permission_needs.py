"""Which permissions a request needs: each an IAM action with the ARN that it is allowed or denied on.

Decides the ARNs as the services' own authorization does (docs/aws.md#permission-resources). An operation that is not
mapped is refused, so that no policy passes for right because nobody asked it anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from embedded_aws.wire.connection import Place
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.request import Asked, raw_path, read_json, read_request

if TYPE_CHECKING:
    from embedded_aws.wire.request import Signature

EVERYTHING = "*"


class Need(NamedTuple):
    """One action on one resource."""

    action: str
    resource: str


Needs = Iterator[Need]
Arguments = Mapping[str, Any]


def needs_of(environ: dict[str, Any], signature: Signature, account: str) -> list[Need]:
    """What the request needs to be allowed; nothing for what everybody may ask."""
    place = Place(account, signature.region)
    if signature.service == "apigateway":
        return [*_gateway(environ, place)]
    asked = read_request(environ, signature.service)
    find = _SERVICES.get(signature.service)
    if find is None:
        raise NotBuiltError(
            f"permissions of {signature.service} are not mapped, asked for {asked.operation}; map it in {__name__}"
        )
    return list(find(asked, place))


def _gateway(environ: dict[str, Any], place: Place) -> Needs:
    """API Gateway's actions are HTTP's methods, its resources the paths; a tag's path stays encoded.

    Who gives it the account's role for logs must be allowed to pass that role (docs/aws.md#account-log-role).
    """
    raw = raw_path(environ).rstrip("/")
    path = raw if raw.startswith("/tags/") else str(environ["PATH_INFO"]).rstrip("/")
    method = environ["REQUEST_METHOD"]
    yield Need(f"apigateway:{method}", f"arn:aws:apigateway:{place.region}::{path}")
    if (method, path) == ("PATCH", "/account"):
        roles = (one.get("value") for one in read_json(environ)["patchOperations"] if one["path"] == "/cloudwatchRoleArn")
        yield from (Need("iam:PassRole", role) for role in roles if role)


# DynamoDB

_ITEM_ACTIONS = {"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}


def _dynamodb(asked: Asked, place: Place) -> Needs:
    given = asked.arguments
    match asked.operation:
        case "TransactWriteItems":
            for item in given["TransactItems"]:
                for kind, write in item.items():
                    yield Need(f"dynamodb:{_ITEM_ACTIONS[kind]}", _table(write, place))
        case "TransactGetItems":
            for item in given["TransactItems"]:
                yield Need("dynamodb:GetItem", _table(item["Get"], place))
        case "BatchGetItem" | "BatchWriteItem":
            for table in given["RequestItems"]:
                yield Need(f"dynamodb:{asked.operation}", _table({"TableName": table}, place))
        case _:
            yield Need(f"dynamodb:{asked.operation}", _table(given, place) if "TableName" in given else EVERYTHING)


def _table(given: Arguments, place: Place) -> str:
    name = given["TableName"]
    table = name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")
    return f"{table}/index/{given['IndexName']}" if "IndexName" in given else table


# Lambda

_LAMBDA_ACTIONS = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}
_QUALIFIED = frozenset({"AddPermission", "GetFunction", "GetFunctionConfiguration", "Invoke", "RemovePermission"})
_EITHER = frozenset({"GetPolicy"})
_NO_RESOURCE = frozenset({"CreateEventSourceMapping", "ListEventSourceMappings"})


def _lambda(asked: Asked, place: Place) -> Needs:
    """A qualifier is part of the ARN for some calls, the alias of a call about an alias is not.

    Where nobody recorded which it is, both have to be allowed.
    """
    action = f"lambda:{_LAMBDA_ACTIONS.get(asked.operation, asked.operation)}"
    if "FunctionName" not in asked.arguments or asked.operation in _NO_RESOURCE:
        yield Need(action, EVERYTHING)
        return
    name, qualifier = _function_of(asked.arguments)
    function = place.arn("lambda", f"function:{name}")
    if qualifier is None or asked.operation not in _QUALIFIED:
        yield Need(action, function)
    if qualifier is not None and asked.operation in _QUALIFIED | _EITHER:
        yield Need(action, f"{function}:{qualifier}")


def _function_of(given: Arguments) -> tuple[str, str | None]:
    named = str(given["FunctionName"])
    name, _, qualifier = (named.partition("function:")[2] or named).partition(":")
    return name, qualifier or given.get("Qualifier")


# CloudWatch, its logs, and its events


def _cloudwatch(asked: Asked, place: Place) -> Needs:
    """Readings have no resource, and those of alarms leave composite ones out unless allowed on everything."""
    names = asked.arguments.get("AlarmNames") or [asked.arguments.get("AlarmName")]
    if asked.operation.startswith(("Describe", "Get", "List")) or names == [None]:
        yield Need(f"cloudwatch:{asked.operation}", EVERYTHING)
        return
    for name in names:
        yield Need(f"cloudwatch:{asked.operation}", place.arn("cloudwatch", f"alarm:{name}"))


def _logs(asked: Asked, place: Place) -> Needs:
    given = asked.arguments
    group = given.get("logGroupName") or given.get("logGroupIdentifier") or ""
    yield Need(f"logs:{asked.operation}", log_stream_arn(place, group, given.get("logStreamName", "")))


def log_stream_arn(place: Place, group: str, stream: str = "") -> str:
    """What calls about a log group, too, are checked against."""
    return place.arn("logs", f"log-group:{group}:log-stream:{stream}")


def _events(asked: Asked, place: Place) -> Needs:
    given = asked.arguments
    if asked.operation == "PutEvents":
        buses = dict.fromkeys(str(entry.get("EventBusName", "default")).rpartition("/")[2] for entry in given["Entries"])
        yield from (Need("events:PutEvents", place.arn("events", f"event-bus/{bus}")) for bus in buses)
        return
    rule = given.get("Rule") or given.get("Name")
    yield Need(f"events:{asked.operation}", place.arn("events", f"rule/{rule}") if rule else EVERYTHING)


# The others


def _ssm(asked: Asked, place: Place) -> Needs:
    given = asked.arguments
    names = given.get("Names") or [given.get("Name") or given.get("Path")]
    for name in names:
        resource = place.arn("ssm", f"parameter/{name.strip('/')}") if name else EVERYTHING
        yield Need(f"ssm:{asked.operation}", resource)


def _states(asked: Asked, place: Place) -> Needs:
    given = asked.arguments
    arn = given.get("executionArn") or given.get("stateMachineArn")
    if arn is None and "name" in given:
        arn = place.arn("states", f"stateMachine:{given['name']}")
    yield Need(f"states:{asked.operation}", arn or EVERYTHING)


def _iam(asked: Asked, place: Place) -> Needs:
    """Roles only, and those without a path: a request names no path, and IAM knows it."""
    role = asked.arguments.get("RoleName")
    yield Need(f"iam:{asked.operation}", f"arn:aws:iam::{place.account}:role/{role}" if role else EVERYTHING)


def _cloudformation(asked: Asked, _: Place) -> Needs:
    """A stack is named by its id here, which is its ARN."""
    yield Need(f"cloudformation:{asked.operation}", asked.arguments.get("StackName", EVERYTHING))


def _tagging(asked: Asked, _: Place) -> Needs:
    yield Need(f"tag:{asked.operation}", EVERYTHING)


def _sts(asked: Asked, _: Place) -> Needs:
    if asked.operation != "GetCallerIdentity":
        yield Need(f"sts:{asked.operation}", asked.arguments.get("RoleArn", EVERYTHING))


def _sns(asked: Asked, _: Place) -> Needs:
    yield Need(f"sns:{asked.operation}", asked.arguments.get("TopicArn") or asked.arguments.get("TargetArn") or EVERYTHING)


def _sqs(asked: Asked, place: Place) -> Needs:
    queue = str(asked.arguments.get("QueueUrl", "")).rpartition("/")[2] or asked.arguments.get("QueueName")
    yield Need(f"sqs:{asked.operation}", place.arn("sqs", queue) if queue else EVERYTHING)


def _xray(asked: Asked, _: Place) -> Needs:
    yield Need(f"xray:{asked.operation}", EVERYTHING)


_SERVICES: Mapping[str, Callable[[Asked, Place], Needs]] = {
    "cloudformation": _cloudformation,
    "dynamodb": _dynamodb,
    "events": _events,
    "iam": _iam,
    "lambda": _lambda,
    "logs": _logs,
    "monitoring": _cloudwatch,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "states": _states,
    "sts": _sts,
    "tagging": _tagging,
    "xray": _xray,
}
"""By the name that a service has in signatures."""
