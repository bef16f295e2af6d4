"""The rooms of the project and the imports between them, read from the source."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TOPS = (
    "functions/canary",
    "infra/canary_cdk",
    "infra",
    "canary_cli",
    "canary_machine",
    "embedded_aws",
    "demo",
    "laptop",
    "bench",
    "verify",
    "examples",
    "tests/faults/small",
)
"""Folders with code; each folder in one of them is a room."""

FLOORS = (
    *(f"functions/canary/{room}" for room in ("rules/", "edge", "aws", "tasks")),
    *("infra/canary_cdk", "canary_cli", "canary_machine", "embedded_aws", "demo", "laptop"),
)
"""The folders that a newcomer needs to see."""


class Size(NamedTuple):
    """The size of a room, without the rooms in it."""

    files: int
    functions: int
    lines: int


@cache
def sources() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            if not path.name.startswith("test_"):
                found[_dotted(path)] = path
    return found


def _dotted(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] == "functions" or parts[:2] == ["infra", "canary_cdk"]:
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> dict[str, frozenset[str]]:
    """The project's modules that each module imports, including imports for type checking."""
    return {name: frozenset(_imported(name, path)) for name, path in sources().items()}


def _imported(name: str, path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for each in names:
            owner = next((one for one in (each, each.rpartition(".")[0]) if one in sources()), None)
            if owner and owner != name:
                found.add(owner)
    return found


def room_of(module: str) -> str:
    """The folder that a module is in, from the project's root."""
    return str(sources()[module].parent.relative_to(ROOT))


def arrows(within: tuple[str, ...] = TOPS) -> dict[str, set[str]]:
    """The rooms that each room's modules import."""
    drawn: dict[str, set[str]] = defaultdict(set)
    for module, imported in imports().items():
        room = room_of(module)
        if room.startswith(within):
            drawn[room] |= {other for each in imported if (other := room_of(each)) != room and other.startswith(within)}
    return dict(drawn)


def floors(drawn: dict[str, set[str]]) -> list[list[str]]:
    """The rooms from the bottom up: each is above all that it imports.

    Raises:
        graphlib.CycleError: rooms import each other in a circle.

    """
    height: dict[str, int] = {}
    for room in TopologicalSorter(drawn).static_order():
        height[room] = 1 + max((height[other] for other in drawn.get(room, ())), default=0)
    return [sorted(room for room in height if height[room] == level) for level in range(1, max(height.values()) + 1)]


def direct(drawn: dict[str, set[str]], room: str) -> set[str]:
    """The rooms that a room imports, without those that another imported room leads to."""
    return {other for other in drawn[room] if not any(other in _below(drawn, third) for third in drawn[room] - {other})}


def _below(drawn: dict[str, set[str]], room: str) -> set[str]:
    found: set[str] = set()
    waiting = [room]
    while waiting:
        for other in drawn.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return found


def measure(room: str) -> Size:
    """The contents of a room."""
    paths = [path for module, path in sources().items() if room_of(module) == room]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    functions = sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for text in texts for node in ast.walk(ast.parse(text))
    )
    return Size(len(paths), functions, sum(text.count("\n") for text in texts))
