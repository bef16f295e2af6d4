"""What a resource is to the engine: how it is created, updated and deleted, and what a stack keeps of it.

The modules named after services define the kinds; each creates its resource with boto3 calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

Properties = Mapping[str, Any]
NOTHING: Properties = MappingProxyType({})


class Made(NamedTuple):
    """A created resource: what Ref returns, and what GetAtt returns by name."""

    physical_id: str
    attributes: Mapping[str, Any] = NOTHING


class ResourceError(Exception):
    """A resource cannot be created, updated or deleted as the template says; the text is the reason shown.

    ``left_behind`` is what was created all the same and must be deleted.
    """

    def __init__(self, reason: str, *, left_behind: Made | None = None) -> None:
        super().__init__(reason)
        self.left_behind = left_behind


def _nobody(slug: str) -> str:
    raise LookupError(f"nothing answers {slug}; give the task the embedded AWS's unknowns")


@dataclass(frozen=True, slots=True)
class Task:
    """One operation on one resource; `ask` answers questions that no record settles.

    ``before`` holds the resource's earlier properties; ``physical_id`` is empty if the resource is new.
    """

    connect: Callable[[str], Any]
    account: str
    region: str
    stack_id: str
    stack_name: str
    logical_id: str
    kind: str
    suffix: str
    properties: Properties
    physical_id: str = ""
    before: Properties = field(default_factory=dict)
    attributes: Properties = field(default_factory=dict)
    ask: Callable[[str], str] = _nobody

    def with_past(self, *, physical_id: str, before: Properties, attributes: Properties) -> Task:
        """The same task for a resource that already exists."""
        return replace(self, physical_id=physical_id, before=before, attributes=attributes)

    def generated_name(self, longest: int = 64) -> str:
        """The name that CloudFormation generates for a resource without one."""
        room = longest - len(self.suffix) - 1
        return f"{f'{self.stack_name}-{self.logical_id}'[:room]}-{self.suffix}"

    def name(self, prop: str, longest: int = 64) -> str:
        """The template's name for the resource, or else a generated one; an existing resource keeps its name."""
        return str(self.properties.get(prop) or self.physical_id or self.generated_name(longest))

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def has_changed(self, *names: str) -> bool:
        """Whether any of these properties has changed."""
        return any(self.properties.get(name) != self.before.get(name) for name in names)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type. A change replaces the resource if there is no `update`, or if a property in `replaced_by` changes."""

    create: Callable[[Task], Made]
    delete: Callable[[Task], None]
    update: Callable[[Task], Made] | None = None
    replaced_by: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Retention:
    """When a resource is kept although its stack no longer uses it."""

    when_deleted: bool = False
    when_replaced: bool = False
    when_undone: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A stack's resource as it was last deployed; `needs` are the resources that must outlive it."""

    logical_id: str
    kind: str
    properties: Properties
    made: Made
    needs: frozenset[str]
    retained: Retention
