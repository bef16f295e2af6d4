"""Resources: the tree of paths that methods belong to (docs/aws.md#definition-resources)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.patching import replacements
from embedded_aws.apigateway.errors import BadRequestError, ConflictError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from embedded_aws.apigateway.definition.draft import Draft, Json

_PART = re.compile(r"\{[a-zA-Z0-9._\-:]+\+?\}|[a-zA-Z0-9._\-:$~]+")
_WRONG_PART = (
    "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces "
    "at the beginning and the end."
)


def create_resource(draft: Draft, resource_id: str, parent_id: str, part: str) -> tuple[Draft, Json]:
    """CreateResource."""
    resource = {"id": resource_id, **_placed(draft, draft.resource(parent_id), part)}
    return draft.with_resource(resource), resource


def update_resource(draft: Draft, resource_id: str, operations: Sequence[Mapping[str, Any]]) -> tuple[Draft, Json]:
    """UpdateResource: change the path part or the parent; the resources below move along."""
    for field, value in replacements(operations, ("/parentId", "/pathPart")):
        resource = draft.resource(resource_id)
        if "parentId" not in resource:
            raise BadRequestError(f"Root resource cannot update its {field}.")
        parent_id = value if field == "parentId" else resource["parentId"]
        part = value if field == "pathPart" else resource["pathPart"]
        if resource_id in _with_ancestors(draft, parent_id):
            raise BadRequestError("Resources cannot be cyclical.")
        moved = {**resource, **_placed(draft, draft.resource(parent_id), part, but=resource_id)}
        draft = _with_paths(draft.with_resource(moved))
    return draft, draft.resource(resource_id)


def delete_resource(draft: Draft, resource_id: str) -> Draft:
    """DeleteResource: delete the resource and everything below it."""
    if "parentId" not in draft.resource(resource_id):
        raise BadRequestError("Root resource cannot be removed.")
    kept = {key: each for key, each in draft.resources.items() if resource_id not in _with_ancestors(draft, key)}
    return replace(draft, resources=kept)


def show_resource(resource: Json, *, with_methods: bool) -> Json:
    """A resource as it is listed, with only the names of its methods unless they are to be embedded."""
    if with_methods or "resourceMethods" not in resource:
        return resource
    return resource | {"resourceMethods": {verb: {} for verb in resource["resourceMethods"]}}


def _placed(draft: Draft, parent: Json, part: str, *, but: str | None = None) -> Json:
    """A resource's position under this parent; ``but`` is the resource that moves there itself."""
    if not _PART.fullmatch(part or ""):
        raise BadRequestError(_WRONG_PART)
    if parent.get("pathPart", "").endswith("+}"):
        raise BadRequestError(f"Cannot create a child of a resource with a greedy path variable: {parent['pathPart']}")
    for sibling in draft.resources.values():
        if sibling.get("parentId") == parent["id"] and sibling["id"] != but:
            _check_beside(sibling["pathPart"], part)
    return {"parentId": parent["id"], "pathPart": part, "path": f"{parent['path'].rstrip('/')}/{part}"}


def _check_beside(sibling: str, part: str) -> None:
    if sibling == part:
        raise ConflictError(f"Another resource with the same parent already has this name: {part}")
    if sibling.startswith("{") and part.startswith("{"):
        raise BadRequestError(f"A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed")


def _with_ancestors(draft: Draft, resource_id: str) -> Iterator[str]:
    """The resource's id and those of its ancestors."""
    current: str | None = resource_id
    while current is not None:
        yield current
        current = draft.resource(current).get("parentId")


def _with_paths(draft: Draft) -> Draft:
    """The draft with each path computed from its ancestors' parts."""

    def path_of(resource: Json) -> str:
        parts = [draft.resources[key].get("pathPart", "") for key in _with_ancestors(draft, resource["id"])]
        return "/".join(reversed(parts)) or "/"

    return replace(draft, resources={key: {**each, "path": path_of(each)} for key, each in draft.resources.items()})
