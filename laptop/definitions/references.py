"""Follows references inside one document. One to another file is refused: API Gateway does not follow it either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from laptop.definitions.documents import DefinitionError

if TYPE_CHECKING:
    from laptop.definitions.documents import Json

BUNDLE = "bundle the definition into one file first: npx @redocly/cli bundle openapi.yaml -o bundled.yaml"

BUILT_IN = frozenset(f"#/{place}/{name}" for place in ("components/schemas", "definitions") for name in ("Empty", "Error"))
"""An API that was not imported has models of these names (docs/aws.md#default-models), so definitions refer to them."""


def pointer_of(part: Any) -> str | None:  # noqa: ANN401 - any JSON
    """The reference that a part consists of, if it is one."""
    pointer = part.get("$ref") if isinstance(part, dict) else None
    return pointer if isinstance(pointer, str) else None


def resolve(root: Json, part: Any, where: str) -> Any:  # noqa: ANN401 - any JSON
    """The part itself, or what its reference leads to; ``where`` names the part in errors.

    Raises:
        DefinitionError: a reference leads to another file, to nothing, or back to itself.

    """
    seen: set[str] = set()
    while (pointer := pointer_of(part)) is not None:
        if pointer in seen:
            raise DefinitionError(f"{where}: the reference {pointer} leads back to itself", "write the part in its place")
        seen.add(pointer)
        part = _found(root, pointer, where)
    return part


def _found(root: Json, pointer: str, where: str) -> Any:  # noqa: ANN401 - any JSON
    if not pointer.startswith("#"):
        raise DefinitionError(f"{where}: the reference {pointer} leads to another file", BUNDLE)
    if not pointer.startswith("#/"):
        raise DefinitionError(
            f"{where}: the reference {pointer} names an anchor, which is not followed",
            "write it as a path, such as #/components/schemas/Order",
        )
    found: Any = root
    for token in pointer.removeprefix("#").split("/")[1:]:
        key = unquote(token).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
            continue
        if pointer in BUILT_IN and (not isinstance(found, dict) or key not in found):
            return {}
        if not isinstance(found, dict) or key not in found:
            raise DefinitionError(
                f"{where}: the reference {pointer} leads to nothing: there is no {key}",
                "add the part, or correct the reference",
            )
        found = found[key]
    return found
