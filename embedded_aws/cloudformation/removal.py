"""The order in which resources are deleted, and what is left when some cannot be.

CloudFormation deletes in parallel whatever nothing else needs. A custom resource runs code during its deletion, and what that
code uses may already be gone if the template does not declare the dependency. To show such a missing dependency, everything
that does not wait for the custom resource is deleted before it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.cloudformation.resource import Resource

CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")


def remove(resources: Mapping[str, Resource], delete: Callable[[Resource], bool]) -> list[str]:
    """Delete the resources, each before those that it needs; returns the logical ids of those that `delete` could not."""
    remaining, failed = dict(resources), list[str]()
    while True:
        needed = {name for resource in remaining.values() for name in resource.needs}
        ready = [each for each in remaining.values() if each.logical_id not in needed and each.logical_id not in failed]
        if not ready:
            return failed
        resource = next((each for each in reversed(ready) if not each.kind.startswith(CUSTOM)), ready[-1])
        if delete(resource):
            del remaining[resource.logical_id]
        else:
            failed.append(resource.logical_id)
