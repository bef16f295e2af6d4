"""Remarks of one kind together: a thousand methods without an integration are one line, which names the first few."""

from __future__ import annotations

FEW = 3


class Remarks:
    """What was found, by what is to be said about it."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def add(self, what: str, which: str) -> None:
        """Say this of a method, a path or a setting."""
        found = self._found.setdefault(what, [])
        if which not in found:
            found.append(which)

    def lines(self) -> tuple[str, ...]:
        """One line for each thing that is said: how many it is said of, and the first few of them."""
        return tuple(f"{len(which)} {what}: {_named(which)}" for what, which in self._found.items())


def _named(which: list[str]) -> str:
    more = len(which) - FEW
    return ", ".join(which[:FEW]) + (f" and {more} more" if more > 0 else "")
