"""Patch lists for the parts of a definition: which paths may be replaced, and how AWS refuses the others.

Two wordings are recorded, one for methods and integrations, one for models, validators and resources
(docs/aws.md#definition-patches).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def replacements(operations: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Each replaced field with its value, for parts that only support replace; ``paths`` are in AWS's order."""
    for operation in operations:
        path = operation.get("path") or "null"
        where = f"Invalid patch path  '{path}' specified for op '{operation['op']}'."
        if operation["op"] != "replace":
            raise BadRequestError(f"{where} Please choose supported operations")
        if path not in paths:
            raise BadRequestError(f"{where} Must be one of: [{', '.join(paths)}]")
        yield path[1:], operation.get("value")


def is_true(value: bool | str | None) -> bool:  # noqa: FBT001 (a JSON boolean, or the word for it)
    """A patch's text as a boolean; anything but true is false."""
    return str(value).lower() == "true"
