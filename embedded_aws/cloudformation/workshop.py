"""The resource types that are built, and the tasks that they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.cloudformation import buckets, functions, gateway, iam, machines, messages, stores, toolkit, watching
from embedded_aws.cloudformation.removal import CUSTOM
from embedded_aws.cloudformation.resource import Made, ResourceType, Task
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping

    from embedded_aws.cloudformation.resource import Properties, Resource
    from embedded_aws.cloudformation.stack import Stack
    from embedded_aws.wire.connection import Connect

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_NO_RESOURCE = ResourceType(lambda task: Made(task.generated_name()), lambda _: None, lambda task: Made(task.physical_id))
_KINDS: Mapping[str, ResourceType] = {
    **functions.KINDS,
    **gateway.KINDS,
    **iam.KINDS,
    **machines.KINDS,
    **messages.KINDS,
    **buckets.KINDS,
    **stores.KINDS,
    **toolkit.KINDS,
    **watching.KINDS,
    "AWS::CDK::Metadata": _NO_RESOURCE,
    "AWS::CloudFormation::WaitConditionHandle": _NO_RESOURCE,
}


class Workshop:
    """Creates the tasks for resources in one account and Region."""

    def __init__(
        self,
        connect: Connect,
        custom: ResourceType,
        *,
        ask: Callable[[str], str],
        rng: random.Random,
        account: str,
        region: str,
    ) -> None:
        self._connect = connect
        self._custom = custom
        self._ask = ask
        self._rng = rng
        self._account = account
        self._region = region

    def check(self, kinds: Iterable[str]) -> None:
        """Refuse a template with a type that is not built, before anything is created."""
        unknown = sorted({kind for kind in kinds if kind not in _KINDS and not kind.startswith(CUSTOM)})
        if unknown:
            raise NotBuiltError(f"CloudFormation here does not support {', '.join(unknown)}; add them to {__package__}")

    def kind(self, name: str) -> ResourceType:
        """The kind that creates resources of this type."""
        return self._custom if name.startswith(CUSTOM) else _KINDS[name]

    def task(self, stack: Stack, logical_id: str, kind: str, properties: Properties) -> Task:
        """The task for a resource that does not exist yet."""
        return Task(
            connect=self._connect,
            account=self._account,
            region=self._region,
            stack_id=stack.id,
            stack_name=stack.name,
            logical_id=logical_id,
            kind=kind,
            suffix="".join(self._rng.choices(_SUFFIX, k=12)),
            properties=properties,
            ask=self._ask,
        )

    def task_of(self, stack: Stack, resource: Resource) -> Task:
        """The task for a resource as it was last deployed."""
        return self._changed(stack, resource, resource.properties)

    def change(self, stack: Stack, resource: Resource, properties: Properties) -> Made:
        """Update a resource in place; its kind must support that."""
        update = self.kind(resource.kind).update
        if update is None:
            raise NotBuiltError(f"{resource.kind} cannot be changed in place")
        return update(self._changed(stack, resource, properties))

    def _changed(self, stack: Stack, resource: Resource, properties: Properties) -> Task:
        task = self.task(stack, resource.logical_id, resource.kind, properties)
        made = resource.made
        return task.with_past(physical_id=made.physical_id, before=resource.properties, attributes=made.attributes)
