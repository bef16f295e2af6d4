"""Event source mappings in moto: moto keeps them and hands records over; this module decides which function gets them.

On its own, moto sends every stream's records to ``$LATEST``, forgets the requested qualifier when it lists mappings, and
goes on reading after a mapping is deleted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.awslambda import models
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.kinesis.models import kinesis_backends
from moto.sqs.models import sqs_backends

from embedded_aws.awslambda import event_sources as rules
from embedded_aws.awslambda.errors import InvalidParameterValueError, ResourceNotFoundError
from embedded_aws.moto_seams.awslambda_request import Answer, Call, Moto, answer, split_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from embedded_aws.awslambda.event_sources import SourceKind
    from embedded_aws.awslambda.functions import Lambdas

ACTIONS = (
    "create_event_source_mapping",
    "delete_event_source_mapping",
    "get_event_source_mapping",
    "list_event_source_mappings",
    "update_event_source_mapping",
)
_READ = ("send_dynamodb_items", "send_kinesis_message")
_BACKEND = "moto.awslambda.models.LambdaBackend"
HOOKS = [
    *(f"{_BACKEND}.{name}" for name in _READ),
    "moto.awslambda.models.EventSourceMapping",
    "moto.dynamodb.models.dynamodb_backends",
    "moto.dynamodbstreams.models.dynamodbstreams_backends",
    "moto.kinesis.models.kinesis_backends",
    "moto.sqs.models.sqs_backends",
]


class SourceCalls:
    """The operations on mappings, each under moto's name for it."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas

    def create_event_source_mapping(self, call: Call) -> Answer:
        """Create a mapping for the function or qualifier that a name, a qualified name, or an ARN means."""
        body = call.body
        source, kind = body.get("EventSourceArn"), rules.kind_of(body.get("EventSourceArn"))
        rules.check_settings(body, kind)
        arn = self._function_arn(body["FunctionName"])
        read_by = _readers(call.backend, str(source), kind)
        if read_by is None:
            raise rules.missing(str(source), kind)
        rules.expect_new(str(source), kind, arn.partition(":function:")[2], map(_shown, _all(call.backend)))
        spec = {**body, "RegionName": call.backend.region_name, "AccountId": call.backend.account_id, "FunctionArn": arn}
        made = models.EventSourceMapping(spec)
        made.read_by = read_by
        call.backend._event_source_mappings[made.uuid] = read_by[arn] = made  # noqa: SLF001 - moto has no other way in
        return answer(202, rules.describe(_shown(made), "Creating"))

    def list_event_source_mappings(self, call: Call) -> Answer:
        """The mappings of a source, and of exactly the function or qualifier that is named."""
        source, named = call.asked("EventSourceArn"), call.asked("FunctionName")
        arn = self._arn_of(named) if named else None
        found = [
            rules.describe(_shown(one))
            for one in _all(call.backend)
            if source in (None, one.event_source_arn) and arn in (None, one.function_arn)
        ]
        first = int(call.asked("Marker") or 0)
        last = first + int(call.asked("MaxItems") or rules.PAGE)
        more = {"NextMarker": str(last)} if len(found) > last else {}
        return answer(200, {"EventSourceMappings": found[first:last], **more})

    def get_event_source_mapping(self, call: Call) -> Answer:
        """One mapping."""
        return answer(200, rules.describe(_shown(_one(call))))

    def update_event_source_mapping(self, call: Call) -> Answer:
        """Change a mapping, including the function or alias that it invokes."""
        found, body = _one(call), dict(call.body)
        rules.check_settings({**body, "StartingPosition": "LATEST"}, rules.kind_of(found.event_source_arn))
        named = body.pop("FunctionName", None)
        call.backend.update_event_source_mapping(found.uuid, body)
        if named:
            arn = self._function_arn(named)
            found.read_by.pop(found.function_arn, None)
            found.function_arn, found.function_name = arn, named
            found.read_by[arn] = found
        return answer(202, rules.describe(_shown(found), "Updating"))

    def delete_event_source_mapping(self, call: Call) -> Answer:
        """Delete a mapping and stop reading from its source."""
        found = _one(call)
        found.read_by.pop(found.function_arn, None)
        call.backend.delete_event_source_mapping(found.uuid)
        return answer(202, rules.describe(_shown(found), "Deleting"))

    def _function_arn(self, named: str) -> str:
        name, qualifier = split_name(named)
        if not self._lambdas.has(name, qualifier):
            raise InvalidParameterValueError("Function does not exist")
        return self._lambdas.arn(name, qualifier)

    def _arn_of(self, named: str) -> str:
        name, qualifier = split_name(named)
        return self._lambdas.arn(name, qualifier)


def reading(lambdas: Lambdas) -> dict[str, Callable[..., Any]]:
    """How moto's streams hand over records: to the function that the mapping names; for an alias, by its routing."""

    def through(name: str) -> Callable[..., Any]:
        original = getattr(models.LambdaBackend, name)

        def hand_over(backend: Moto, *arguments: Moto, **options: Moto) -> Any:  # noqa: ANN401 - as the original's
            return original(_Finder(backend, lambdas), *arguments, **options)

        return hand_over

    return {name: through(name) for name in _READ}


class _Finder:
    """Stands in for moto's backend while it hands over records; finds functions by the qualifier in their name."""

    def __init__(self, backend: Moto, lambdas: Lambdas) -> None:
        self.region_name = backend.region_name
        self._lambdas = self
        self._found = lambdas
        self._backend = backend

    def get_arn(self, arn: str) -> _Mapped:
        """The lookup that moto uses for DynamoDB streams."""
        name, qualifier = split_name(arn)
        return _Mapped(self._found, name, qualifier, self._backend.get_function(name).role)

    def get_function_by_name_or_arn_with_qualifier(self, arn: str, qualifier: str | None = None) -> _Mapped:  # noqa: ARG002 - moto's
        """The lookup that moto uses for Kinesis."""
        return self.get_arn(arn)


class _Mapped:
    """A function or one of its qualifiers, in the form in which moto invokes it."""

    def __init__(self, lambdas: Lambdas, name: str, qualifier: str | None, role: str) -> None:
        self.role = role
        self._lambdas = lambdas
        self._named = name, qualifier

    def invoke(self, body: str, _request_headers: Moto, _response_headers: Moto) -> str:
        """Hand the records over."""
        name, qualifier = self._named
        return json.dumps(self._lambdas.invoke(name, json.loads(body), qualifier=qualifier).payload)


def _all(backend: Moto) -> Iterator[Moto]:
    return iter(list(backend._event_source_mappings.values()))  # noqa: SLF001 - moto has no other way in


def _one(call: Call) -> Moto:
    found = call.backend.get_event_source_mapping(call.function)
    if found is None:
        raise ResourceNotFoundError("The resource you requested does not exist.")
    return found


def _shown(mapping: Moto) -> Mapping[str, Any]:
    shown: Mapping[str, Any] = mapping.get_configuration()
    return shown


def _readers(backend: Moto, source: str, kind: SourceKind) -> dict[str, Moto] | None:
    """Where moto keeps who reads a queue or a stream; None if there is no such source."""
    account, region = backend.account_id, backend.region_name
    match kind:
        case "sqs":
            owners = [one for one in sqs_backends[account][region].queues.values() if one.queue_arn == source]
        case "kinesis":
            owners = [one for one in kinesis_backends[account][region].streams.values() if one.arn == source]
        case "dynamodb":
            streams = dynamodbstreams_backends[account][region].list_streams()
            tables = [one["TableName"] for one in streams if one["StreamArn"] == source]
            owners = [dynamodb_backends[account][region].get_table(name) for name in tables]
    return owners[0].lambda_event_source_mappings if owners else None
