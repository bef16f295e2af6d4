"""What a resource is to the engine: how one is made, changed and taken away, and what is left of it in a stack.

The kinds themselves are in the modules named after their services; each makes its resource with the calls of boto3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

Properties = Mapping[str, Any]
NOTHING: Properties = MappingProxyType({})


class Made(NamedTuple):
    """What came of a resource: what Ref gives, and what GetAtt gives by name."""

    physical_id: str
    attributes: Mapping[str, Any] = NOTHING


class ResourceError(Exception):
    """A resource that cannot be made, changed or deleted as the template has it; the text is the reason shown.

    ``left_behind`` is what was made all the same, and has to be deleted.
    """

    def __init__(self, reason: str, *, left_behind: Made | None = None) -> None:
        super().__init__(reason)
        self.left_behind = left_behind


def _nobody(slug: str) -> str:
    raise LookupError(f"nobody answers {slug}; give the task the embedded AWS's unknowns")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do to one resource; `ask` answers what nobody has recorded.

    ``before`` are the properties it had, ``physical_id`` is empty if it is new.
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
        """The task about a resource that is there already."""
        return replace(self, physical_id=physical_id, before=before, attributes=attributes)

    def generated_name(self, longest: int = 64) -> str:
        """The name that CloudFormation makes up for a resource that is given none."""
        room = longest - len(self.suffix) - 1
        return f"{f'{self.stack_name}-{self.logical_id}'[:room]}-{self.suffix}"

    def name(self, prop: str, longest: int = 64) -> str:
        """The resource's own name, or a generated one; the one it has already stays."""
        return str(self.properties.get(prop) or self.physical_id or self.generated_name(longest))

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something of this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def has_changed(self, *names: str) -> bool:
        """Whether any of these properties differs from before."""
        return any(self.properties.get(name) != self.before.get(name) for name in names)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource. Without `update`, and where a property of `replaced_by` changes, a change replaces it."""

    create: Callable[[Task], Made]
    delete: Callable[[Task], None]
    update: Callable[[Task], Made] | None = None
    replaced_by: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Retention:
    """When a resource stays although its stack has no more use for it."""

    when_deleted: bool = False
    when_replaced: bool = False
    when_undone: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack as it was last deployed; `needs` are the resources that must outlive it."""

    logical_id: str
    kind: str
    properties: Properties
    made: Made
    needs: frozenset[str]
    retained: Retention
