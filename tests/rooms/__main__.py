"""`python -m tests.rooms`: the rooms with their size and what each imports, as text; `--mermaid` draws the arrows."""

from __future__ import annotations

import sys

from tests.rooms.graph import FLOORS, arrows, floors, measure


def table() -> str:
    """One line per room, from the bottom up: floor, files, functions, lines, and the rooms that it imports."""
    lines = ["| floor | room | files | functions | lines | imports |", "|---|---|---|---|---|---|"]
    drawn = arrows()
    for number, rooms in enumerate(floors(drawn), 1):
        for room in rooms:
            size = measure(room)
            taken = ", ".join(sorted(drawn[room])) or "-"
            lines.append(f"| {number} | `{room}` | {size.files} | {size.functions} | {size.lines:,} | {taken} |")
    return "\n".join(lines)


def mermaid() -> str:
    """The product's rooms and the embedded AWS's, with an arrow from each room to those that it imports."""
    lines = ["flowchart TD"]
    for room, imported in sorted(arrows(FLOORS).items()):
        name = room.replace("/", "_")
        lines.append(f'  {name}["{room}"]')
        lines.extend(f"  {name} --> {other.replace('/', '_')}" for other in sorted(imported))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write((mermaid() if "--mermaid" in sys.argv[1:] else table()) + "\n")
