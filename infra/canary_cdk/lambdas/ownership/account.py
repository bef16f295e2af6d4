"""The services that this function calls on behalf of one stack; each client is created when it is first needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STACK_TAG = "canary:stack"
"""The tag that marks a function or role as a stack's; its value is the stack's id."""


class Account:
    """``connect`` returns a client by the name of its service; ``stack_id`` is the id of the stack that asks."""

    def __init__(self, connect: Callable[[str], Any], stack_id: str) -> None:
        self.stack_id = stack_id
        self._connect = connect

    @cached_property
    def functions(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Lambda."""
        return self._connect("lambda")

    @cached_property
    def gateway(self) -> Any:  # noqa: ANN401
        """API Gateway."""
        return self._connect("apigateway")

    @cached_property
    def roles(self) -> Any:  # noqa: ANN401
        """IAM."""
        return self._connect("iam")

    @cached_property
    def in_stack(self) -> frozenset[tuple[str, str]]:
        """The stack's resources, each as type and physical id, in any state."""
        pages = self._connect("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack_id)
        return frozenset(
            (one["ResourceType"], one.get("PhysicalResourceId", "")) for page in pages for one in page["StackResourceSummaries"]
        )

    def physical_ids(self, resource_type: str) -> frozenset[str]:
        """The physical ids of the stack's resources of a type."""
        return frozenset(physical_id for kind, physical_id in self.in_stack if kind == resource_type)

    def tagged_functions(self) -> list[str]:
        """The names of all functions with this stack's tag, whether or not the stack still has them."""
        pages = (
            self._connect("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(ResourceTypeFilters=["lambda:function"], TagFilters=[{"Key": STACK_TAG, "Values": [self.stack_id]}])
        )
        return sorted(one["ResourceARN"].rpartition(":")[2] for page in pages for one in page["ResourceTagMappingList"])
