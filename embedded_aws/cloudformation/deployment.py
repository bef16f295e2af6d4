"""One pass over a stack: creates new resources, updates changed ones, and can undo all of it.

Decides what a template change means for each resource. If its properties evaluate to the same as last time, nothing happens,
whatever became of the resource since. Otherwise it is updated in place or replaced.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded_aws.cloudformation.removal import remove
from embedded_aws.cloudformation.resource import Made, Resource, ResourceError
from embedded_aws.cloudformation.stack import Event, needs_of
from embedded_aws.cloudformation.values import TemplateError, resolve
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.unknowns import NotRecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.cloudformation.resource import Properties
    from embedded_aws.cloudformation.stack import Names, Stack
    from embedded_aws.cloudformation.template import Declared
    from embedded_aws.cloudformation.workshop import Workshop

_FAILURES = (ResourceError, TemplateError, ClientError, BotoCoreError, NotBuiltError, NotRecorded)
_ABSENT = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "ParameterNotFound",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
"""Error codes for deleting something that does not exist, which is no failure."""


class DeploymentError(Exception):
    """A resource could not be created or updated."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(reason)
        self.logical_id = logical_id


class Deployment:
    """Brings one stack to what its names and template say now."""

    def __init__(self, stack: Stack, workshop: Workshop, now: Callable[[], float]) -> None:
        self._stack = stack
        self._workshop = workshop
        self._now = now
        self._undo: list[Callable[[], object]] = []
        self._leftovers: dict[str, Resource] = {}

    def run(self, names: Names) -> None:
        """Create and update the resources in dependency order.

        Raises:
            DeploymentError: something failed; `roll_back` undoes the rest.
        """
        wanted = names.wanted()
        for logical_id, declared in wanted.items():
            properties = declared.properties
            try:
                properties = resolve(properties, names)
                self._deploy(declared, properties, needs_of(declared, wanted))
            except _FAILURES as error:
                status = "UPDATE_FAILED" if logical_id in self._stack.resources else "CREATE_FAILED"
                self._left_behind(declared, properties, error)
                self.tell(logical_id, declared.kind, status, reason=reason_of(error))
                raise DeploymentError(logical_id, reason_of(error)) from error
        for logical_id in self._stack.resources.keys() - wanted.keys():
            self._leftovers[logical_id] = self._stack.resources[logical_id]

    def clean_up(self) -> None:
        """Delete resources that left the template or were replaced. A resource that cannot be deleted is left to its owner."""
        gone = [
            logical_id for logical_id in self._leftovers if self._stack.resources.get(logical_id) is self._leftovers[logical_id]
        ]
        for logical_id in gone:
            del self._stack.resources[logical_id]
        remove(self._leftovers, self.delete)

    def roll_back(self) -> None:
        """Undo everything in reverse order. What cannot be undone is reported and left."""
        for undo in reversed(self._undo):
            undo()

    def delete(self, resource: Resource) -> bool:
        """Delete a resource unless it is to be retained; returns whether nothing is left to do."""
        if resource.retained.when_deleted:
            self.tell(resource.logical_id, resource.kind, "DELETE_SKIPPED", physical_id=resource.made.physical_id)
            return True
        self.tell(resource.logical_id, resource.kind, "DELETE_IN_PROGRESS", physical_id=resource.made.physical_id)
        try:
            self._workshop.kind(resource.kind).delete(self._workshop.task_of(self._stack, resource))
        except _FAILURES as error:
            if not _is_absent(error):
                self.tell(
                    resource.logical_id,
                    resource.kind,
                    "DELETE_FAILED",
                    physical_id=resource.made.physical_id,
                    reason=reason_of(error),
                )
                return False
        self.tell(resource.logical_id, resource.kind, "DELETE_COMPLETE", physical_id=resource.made.physical_id)
        return True

    def tell(self, logical_id: str, kind: str, status: str, *, physical_id: str = "", reason: str | None = None) -> None:
        """Append an event to the stack."""
        self._stack.events.append(Event(self._now(), logical_id, physical_id, kind, status, reason))

    def _deploy(self, declared: Declared, properties: Properties, needs: frozenset[str]) -> None:
        known = self._stack.resources.get(declared.logical_id)
        if known is None:
            self._create(declared, properties, needs)
        elif known.kind != declared.kind:
            raise ResourceError("Update of resource type is not permitted. The new template modifies resource type")
        elif known.properties == properties:
            self._keep(_as_declared(declared, properties, needs, known.made))
        elif self._must_replace(known, properties):
            self._replace(known, declared, properties, needs)
        else:
            self._change(known, declared, properties, needs)

    def _must_replace(self, known: Resource, properties: Properties) -> bool:
        kind = self._workshop.kind(known.kind)
        changed = {name for name in {*known.properties, *properties} if known.properties.get(name) != properties.get(name)}
        return kind.update is None or bool(changed & kind.replaced_by)

    def _create(self, declared: Declared, properties: Properties, needs: frozenset[str]) -> None:
        self.tell(declared.logical_id, declared.kind, "CREATE_IN_PROGRESS")
        task = self._workshop.task(self._stack, declared.logical_id, declared.kind, properties)
        resource = _as_declared(declared, properties, needs, self._workshop.kind(declared.kind).create(task))
        self._keep(resource)
        self._undo.append(lambda: self._discard(resource))
        self.tell(declared.logical_id, declared.kind, "CREATE_COMPLETE", physical_id=resource.made.physical_id)

    def _replace(self, known: Resource, declared: Declared, properties: Properties, needs: frozenset[str]) -> None:
        self.tell(
            known.logical_id,
            known.kind,
            "UPDATE_IN_PROGRESS",
            reason="Requested update requires the creation of a new physical resource",
        )
        task = self._workshop.task(self._stack, declared.logical_id, declared.kind, properties)
        resource = _as_declared(declared, properties, needs, self._workshop.kind(declared.kind).create(task))
        self._keep(resource)
        self._leftovers[known.logical_id] = _left_over(known, is_retained=known.retained.when_replaced)
        self._undo.append(lambda: self._put_back(known, instead_of=resource))
        self.tell(known.logical_id, known.kind, "UPDATE_COMPLETE", physical_id=resource.made.physical_id)

    def _change(self, known: Resource, declared: Declared, properties: Properties, needs: frozenset[str]) -> None:
        self.tell(known.logical_id, known.kind, "UPDATE_IN_PROGRESS", physical_id=known.made.physical_id)
        made = self._workshop.change(self._stack, known, properties)
        resource = _as_declared(declared, properties, needs, made)
        self._keep(resource)
        if made.physical_id != known.made.physical_id:
            self._leftovers[known.logical_id] = _left_over(known, is_retained=known.retained.when_replaced)
        self._undo.append(lambda: self._change_back(known, resource))
        self.tell(known.logical_id, known.kind, "UPDATE_COMPLETE", physical_id=made.physical_id)

    def _keep(self, resource: Resource) -> None:
        self._stack.resources[resource.logical_id] = resource

    def _left_behind(self, declared: Declared, properties: Properties, error: Exception) -> None:
        """Delete a custom resource that failed to be created, like one that was created."""
        made = getattr(error, "left_behind", None)
        if made and declared.logical_id not in self._stack.resources:
            resource = _as_declared(declared, properties, frozenset(), made)
            self._undo.append(lambda: self.delete(_left_over(resource, is_retained=False)))

    def _discard(self, resource: Resource) -> None:
        self.delete(_left_over(resource, is_retained=resource.retained.when_undone))
        self._stack.resources.pop(resource.logical_id, None)

    def _put_back(self, known: Resource, *, instead_of: Resource) -> None:
        self._keep(known)
        self.delete(_left_over(instead_of, is_retained=instead_of.retained.when_undone))

    def _change_back(self, known: Resource, changed: Resource) -> None:
        self._keep(known)
        try:
            self._workshop.change(self._stack, changed, known.properties)
        except _FAILURES as error:
            self.tell(
                known.logical_id, known.kind, "UPDATE_FAILED", physical_id=known.made.physical_id, reason=reason_of(error)
            )


def reason_of(error: Exception) -> str:
    """The reason in a failure's event."""
    if not isinstance(error, ClientError):
        return str(error)
    shown: Mapping[str, Any] = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return f"{shown.get('Message', '')} ({error.operation_name}; Status Code: {status}; Error Code: {shown.get('Code')})"


def _is_absent(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"].get("Code") in _ABSENT


def _left_over(resource: Resource, *, is_retained: bool) -> Resource:
    """The resource as one that the stack no longer uses."""
    return replace(resource, retained=replace(resource.retained, when_deleted=is_retained))


def _as_declared(declared: Declared, properties: Properties, needs: frozenset[str], made: Made) -> Resource:
    return Resource(declared.logical_id, declared.kind, properties, made, needs, declared.retained)
