"""Draws the state machine as a Mermaid diagram, the one in the README. `python -m statemachine.diagram` writes it there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from statemachine.definition import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "```mermaid\n"
END = "```"


def draw(definition: Mapping[str, Any]) -> str:
    """The diagram's text; a Parallel's branch is drawn as a state with states inside."""
    return "\n".join(["stateDiagram-v2", *(f"  {line}" for line in _machine(definition))]) + "\n"


def put_into(readme: str, diagram: str) -> str:
    """The README with its first Mermaid block replaced.

    Raises:
        ValueError: there is no such block.

    """
    before, found, rest = readme.partition(BEGIN)
    if not found:
        raise ValueError("the README has no mermaid block to replace; add an empty one")
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{diagram}{END}{after}"


def _machine(machine: Mapping[str, Any]) -> Iterator[str]:
    yield f"[*] --> {machine['StartAt']}"
    for name, state in machine["States"].items():
        for branch in state.get("Branches", ()):
            yield f"state {name} {{"
            yield from (f"  {line}" for line in _machine(branch))
            yield "}"
        yield from _arrows(name, state)


def _arrows(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    for choice in state.get("Choices", ()):
        yield f"{name} --> {choice['Next']}: {_label(choice['Condition'])}"
    for catcher in state.get("Catch", ()):
        yield f"{name} --> {catcher['Next']}: {' or '.join(catcher['ErrorEquals'])}"
    if following := state.get("Next") or state.get("Default"):
        yield f"{name} --> {following}{': otherwise' if 'Default' in state else ''}"
    if state.get("End") or state["Type"] in {"Succeed", "Fail"}:
        yield f"{name} --> [*]"


def _label(condition: str) -> str:
    words = [part.strip(" '") for part in condition.strip("{}% ").split("'")[1::2]]
    return " or ".join(words)


def main() -> None:
    """Write the diagram into the README."""
    README.write_text(put_into(README.read_text(encoding="utf-8"), draw(load())), encoding="utf-8")


if __name__ == "__main__":
    main()
