"""The imported target as the text of its file. What became of each setting stands above it, as comments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary_cli.importing.carried import Imported


def remark_lines(found: Imported) -> Iterator[str]:
    """What became of each setting, as comments."""
    carried = [one for one in found.remarks if one.becomes]
    left = [one for one in found.remarks if not one.becomes]
    yield "# Carried over:"
    yield from (f"#   {one.setting} -> {one.becomes}: {one.text}" for one in carried)
    yield "# Not carried over:" if left else "# Everything carries over."
    yield from (f"#   {one.setting}: {one.text}" for one in left)


def file_lines(found: Imported) -> Iterator[str]:
    """The target's file."""
    for key, value in found.target.items():
        yield from _yaml(key, value)


def _yaml(key: str, value: Any, indent: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON is of any type
    """One key in YAML. A list has an entry a line, which is JSON, and so YAML too."""
    match value:
        case dict():
            yield f"{indent}{key}:"
            for name, one in value.items():
                yield from _yaml(name, one, indent + "  ")
        case list():
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {json.dumps(one)}" for one in value)
        case _:
            yield f"{indent}{key}: {json.dumps(value)}"
