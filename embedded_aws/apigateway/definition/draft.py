"""A draft: one API's definition as AWS shows it at one moment.

Its parts are JSON in the shape of the service's answers (docs/aws.md#definition-parts). No part is changed in place: a change
creates new parts, so that a deployment may keep the draft that it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from embedded_aws.apigateway.errors import NotFoundError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """The definition of one API. ``created`` is epoch seconds; models are keyed by name and gateway responses by type."""

    api_id: str
    created: int
    settings: Json
    """The API's own settings: name, description, version, policy, binary media types and the like."""
    resources: Mapping[str, Json]
    authorizers: Mapping[str, Json]
    validators: Mapping[str, Json]
    models: Mapping[str, Json]
    gateway_responses: Mapping[str, Json]
    """The customised gateway responses, each with only the fields that were given."""

    @property
    def root_id(self) -> str:
        """The id of the resource ``/``."""
        return next(key for key, each in self.resources.items() if "parentId" not in each)

    def resource(self, resource_id: str) -> Json:
        """One resource."""
        try:
            return self.resources[resource_id]
        except KeyError:
            raise NotFoundError("Invalid Resource identifier specified") from None

    def resource_at(self, path: str) -> Json | None:
        """The resource with this path; None if there is none."""
        return next((each for each in self.resources.values() if each["path"] == path), None)

    def method(self, resource_id: str, verb: str) -> Json:
        """One method."""
        try:
            method: Json = self.resource(resource_id)["resourceMethods"][verb]
        except KeyError:
            raise NotFoundError("Invalid Method identifier specified") from None
        return method

    def methods(self) -> Iterator[tuple[Json, Json]]:
        """Every method with its resource."""
        for resource in self.resources.values():
            for method in resource.get("resourceMethods", {}).values():
                yield resource, method

    def with_resource(self, resource: Json) -> Draft:
        """The draft with a resource added or replaced."""
        return replace(self, resources={**self.resources, resource["id"]: resource})

    def with_method(self, resource_id: str, method: Json) -> Draft:
        """The draft with a method added or replaced."""
        resource = self.resource(resource_id)
        methods = {**resource.get("resourceMethods", {}), method["httpMethod"]: method}
        return self.with_resource({**resource, "resourceMethods": methods})


def found(parts: Mapping[str, Json], name: str, message: str) -> Json:
    """One of the parts, or AWS's refusal of an unknown name."""
    try:
        return parts[name]
    except KeyError:
        raise NotFoundError(message) from None


def without(parts: Mapping[str, Json], name: str) -> dict[str, Json]:
    """The parts without the named one."""
    return {key: part for key, part in parts.items() if key != name}


def given(body: Mapping[str, Any], *names: str) -> Json:
    """These fields of a request's body, without those that are null."""
    return {name: body[name] for name in names if body.get(name) is not None}
