"""Draws the state machine as the picture in the README. `make pictures` writes it, with Graphviz's `dot`.

The picture carries the hash of what it was rendered from, so that a test can tell without Graphviz when it is out of date. It
shows the ways that are meant; those of errors are told once, at the branch that catches them.
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canary_machine.definition import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "rollout.png"
KEY = b"drawn-from-sha256"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
STYLES = {
    "Task": 'fillcolor="#dbe9ff", color="#3b6fb6"',
    "Wait": 'fillcolor="#f2f2f2", color="#888888"',
    "Choice": 'fillcolor="#fff4d1", color="#b58a1b"',
    "Pass": 'fillcolor="#f2f2f2", color="#888888"',
    "Succeed": 'fillcolor="#dcf3de", color="#3d8b45", peripheries=2',
    "Fail": 'fillcolor="#fbdedb", color="#b8433a", peripheries=2',
}
BOX = 'fontname="DejaVu Sans"; fontsize=11; color="#999999"; style=rounded;'
HEAD = """digraph rollout {
  graph [compound=true, nodesep=0.25, ranksep=0.32, dpi=80, bgcolor=white, newrank=true];
  node [shape=box, style="rounded,filled", fontname="DejaVu Sans", fontsize=11, margin="0.12,0.05", height=0.3];
  edge [fontname="DejaVu Sans", fontsize=9, arrowsize=0.7, color="#444444"];
"""


def dot(definition: Mapping[str, Any]) -> str:
    """The machine in Graphviz's language; a Parallel's branch is a box around its states."""
    return HEAD + "".join(f"  {line}\n" for line in _machine(definition, definition)) + "}\n"


def _machine(machine: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        for branch in state.get("Branches", ()):
            yield f'subgraph "cluster_{name}" {{ label="{name}"; {BOX}'
            yield from (f"  {line}" for line in _machine(branch, whole))
            yield "}"
        if "Branches" not in state:
            yield f'"{name}" [{STYLES[state["Type"]]}];'
    for name, state in machine["States"].items():
        yield from _arrows(name, state, whole)


def _arrows(name: str, state: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    for choice in state.get("Choices", ()):
        yield _arrow(name, choice["Next"], whole, _label(choice["Condition"]))
    for catcher in state.get("Catch", ()):
        if catcher["ErrorEquals"] == ["States.ALL"] and "Branches" in state:
            yield _arrow(name, catcher["Next"], whole, "any error", style="dashed")
    if following := state.get("Next") or state.get("Default"):
        yield _arrow(name, following, whole, "otherwise" if "Default" in state else "")


def _arrow(start: str, end: str, whole: Mapping[str, Any], text: str, *, style: str = "solid") -> str:
    """An arrow between two states; one that leaves or enters a branch touches the box around it."""
    tail, ltail = _anchor(start, whole, "End")
    head, lhead = _anchor(end, whole, "StartAt")
    box = "".join(f', {side}="cluster_{name}"' for side, name in (("ltail", ltail), ("lhead", lhead)) if name)
    return f'"{tail}" -> "{head}" [label=" {text} ", style={style}{box}];'


def _label(condition: str) -> str:
    """The words that a Choice compares with."""
    return " or ".join(condition.split("'")[1::2])


def _anchor(name: str, whole: Mapping[str, Any], side: str) -> tuple[str, str]:
    """The state that stands for this one, and the box if it is one of several."""
    branches = whole["States"].get(name, {}).get("Branches")
    if not branches:
        return name, ""
    branch = branches[0]
    last = [inner for inner, state in branch["States"].items() if state.get("End")][-1]
    return (branch["StartAt"] if side == "StartAt" else last), name


def digest(text: str) -> str:
    """What a picture that was rendered from this text carries."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(picture: bytes) -> str | None:
    """The hash that a picture carries, None if it carries none."""
    for kind, content in _chunks(picture):
        key, _, text = content.partition(b"\0")
        if kind == b"tEXt" and key == KEY:
            return text.decode("latin-1")
    return None


def stamp(picture: bytes, text: str) -> bytes:
    """The picture with the hash in it, as a text chunk before its end (PNG specification, 11.3.4.3)."""
    content = KEY + b"\0" + text.encode("latin-1")
    chunk = struct.pack(">I", len(content)) + b"tEXt" + content + struct.pack(">I", zlib.crc32(b"tEXt" + content))
    end = picture.rindex(b"IEND") - 4
    return picture[:end] + chunk + picture[end:]


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(picture):
        (size,) = struct.unpack(">I", picture[at : at + 4])
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + size]
        at += size + 12


def main() -> None:
    """Write the picture."""
    text = dot(load())
    drawn = subprocess.run(["dot", "-Tpng"], input=text.encode(), capture_output=True, check=True)  # noqa: S607 - from PATH
    PICTURE.write_bytes(stamp(drawn.stdout, digest(text)))


if __name__ == "__main__":
    main()
