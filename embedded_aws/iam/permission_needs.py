"""Which permissions a request needs: IAM actions, each with the ARN on which it is allowed or denied.

Decides the ARNs as the services' own authorization does (docs/aws.md#permission-resources). An operation that is not
mapped is refused. Otherwise a policy would pass as correct although nothing had checked it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote

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
    """The permissions that the request needs; none for what every caller may ask."""
    place = Place(account, signature.region)
    if signature.service in _BY_PATH:
        return [*_BY_PATH[signature.service](environ, place)]
    asked = read_request(environ, signature.service)
    find = _SERVICES.get(signature.service)
    if find is None:
        raise NotBuiltError(
            f"the permissions of {signature.service} for {asked.operation} are not mapped; map them in {__name__}"
        )
    return list(find(asked, place))


def _gateway(environ: dict[str, Any], place: Place) -> Needs:
    """API Gateway's actions are HTTP methods and its resources are paths; a tag's path stays encoded.

    A caller that sets the account's role for logs must be allowed to pass that role (docs/aws.md#account-log-role).
    """
    raw = raw_path(environ).rstrip("/")
    path = raw if raw.startswith("/tags/") else str(environ["PATH_INFO"]).rstrip("/")
    method = environ["REQUEST_METHOD"]
    yield Need(f"apigateway:{method}", f"arn:aws:apigateway:{place.region}::{path}")
    if (method, path) == ("PATCH", "/account"):
        roles = (one.get("value") for one in read_json(environ)["patchOperations"] if one["path"] == "/cloudwatchRoleArn")
        yield from (Need("iam:PassRole", role) for role in roles if role)


_OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject"}


def _s3(environ: dict[str, Any], _place: Place) -> Needs:
    """Objects are read and written, and the objects of a bucket listed; buckets are named in the path."""
    method, query = str(environ["REQUEST_METHOD"]), parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
    bucket, _, key = unquote(raw_path(environ)).strip("/").partition("/")
    if key and method in _OBJECT_ACTIONS and not query.keys() - {"x-id"}:
        yield Need(f"s3:{_OBJECT_ACTIONS[method]}", f"arn:aws:s3:::{bucket}/{key}")
    elif not key and method == "GET" and "list-type" in query:
        yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    else:
        asked = f"{method} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        raise NotBuiltError(f"the permissions of s3 for {asked} are not mapped; map them in {__name__}")


_BY_PATH: Mapping[str, Callable[[dict[str, Any], Place], Needs]] = {"apigateway": _gateway, "s3": _s3}
"""The services whose actions follow from the request's method and path."""


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
    """For some calls the qualifier is part of the ARN. For a call about an alias, the alias is not.

    Where no record says which ARN AWS checks, both must be allowed.
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
    """Reads have no resource. Reads of alarms omit composite alarms unless they are allowed on every resource."""
    names = asked.arguments.get("AlarmNames") or [asked.arguments.get("AlarmName")]
    if asked.operation.startswith(("Describe", "Get", "List")) or names == [None]:
        yield Need(f"cloudwatch:{asked.operation}", EVERYTHING)
        return
    for name in names:
        yield Need(f"cloudwatch:{asked.operation}", place.arn("cloudwatch", f"alarm:{name}"))


_QUERY_SOURCES = ("logGroupNames", "logGroupIdentifiers")


def _logs(asked: Asked, place: Place) -> Needs:
    """A query needs its permission on each of its groups. Its results, the end of it, and saved queries have no resource."""
    given = asked.arguments
    if asked.operation in ("GetQueryResults", "StopQuery") or "QueryDefinition" in asked.operation:
        yield Need(f"logs:{asked.operation}", EVERYTHING)
        return
    if asked.operation == "StartQuery" and (groups := [name for source in _QUERY_SOURCES for name in given.get(source) or ()]):
        yield from (Need("logs:StartQuery", log_stream_arn(place, name.rpartition(":log-group:")[2])) for name in groups)
        return
    group = given.get("logGroupName") or given.get("logGroupIdentifier") or ""
    yield Need(f"logs:{asked.operation}", log_stream_arn(place, group, given.get("logStreamName", "")))


def log_stream_arn(place: Place, group: str, stream: str = "") -> str:
    """The ARN that calls are checked against, including calls about a whole log group."""
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
    """Covers only roles without a path: a request does not give the path, which IAM knows."""
    role = asked.arguments.get("RoleName")
    yield Need(f"iam:{asked.operation}", f"arn:aws:iam::{place.account}:role/{role}" if role else EVERYTHING)


def _cloudformation(asked: Asked, place: Place) -> Needs:
    """A stack is named by its id, which is its ARN, or by its name, under which it may have any id."""
    stack = str(asked.arguments.get("StackName", EVERYTHING))
    is_name = stack != EVERYTHING and not stack.startswith("arn:")
    yield Need(f"cloudformation:{asked.operation}", place.arn("cloudformation", f"stack/{stack}/*") if is_name else stack)


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
"""By the service's name in signatures."""
