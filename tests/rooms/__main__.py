"""`python -m tests.rooms`: each room with its size and what it imports, as a table; `--draw` draws them into docs/map.md."""

from __future__ import annotations

import sys

from tests.rooms.graph import FLOORS, ROOT, arrows, direct, floors, measure

MAP = ROOT / "docs" / "map.md"


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
    """The rooms that a newcomer needs to see, with an arrow to each imported room that no other imported room leads to."""
    drawn = arrows(FLOORS)
    lines = ["```mermaid", "flowchart TD"]
    for room in sorted(drawn):
        lines.append(f'  {_key(room)}["{_title(room)}"]')
        lines.extend(f"  {_key(room)} --> {_key(other)}" for other in sorted(direct(drawn, room)))
    return "\n".join([*lines, "```"])


def draw(page: str) -> str:
    """The page with the current drawing in place of the old one."""
    before, rest = page.split("```mermaid", 1)
    return before + mermaid() + rest.split("```", 1)[1]


def _key(room: str) -> str:
    return room.replace("/", "_")


def _title(room: str) -> str:
    return room.removeprefix("functions/").removeprefix("infra/")


if __name__ == "__main__":
    if "--draw" in sys.argv[1:]:
        MAP.write_text(draw(MAP.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(table() + "\n")
