"""Which statements of roles some execution needed, over many accounts that are gone by the time of the question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Statement = tuple[str, str, str]
"""Role, policy, and the statement's place in it, under names that are the same in every account."""

Element = tuple[str, str, str, str, str]
"""A statement, and the kind (statement, action, resource) and pattern of a part of it."""


@dataclass
class Needed:
    """What existed, and what of it was needed. ``open`` was not needed where it was seen, ``met`` was needed somewhere."""

    open: set[Element] = field(default_factory=set)
    met: set[Element] = field(default_factory=set)
    used: set[Statement] = field(default_factory=set)

    def add(self, there: Iterable[Statement], unused: Iterable[Element]) -> None:
        """One account: its statements, and what nothing needed of them."""
        without = {*unused}
        wholly = {element[:3] for element in without if element[3] == "statement"}
        used = {*there} - wholly
        known = self.open | without
        self.met |= {element for element in known if element[:3] in used and element not in without}
        self.met |= {element for element in without if element[:3] in self.used and element not in self.open}
        self.open |= without
        self.used |= used

    def left(self) -> list[Element]:
        """What no account needed."""
        return sorted(self.open - self.met)

    def dump(self) -> dict[str, list[list[str]]]:
        """As lists, which one process passes to another."""
        return {name: sorted(map(list, getattr(self, name))) for name in ("open", "met", "used")}

    def merge(self, dumped: dict[str, list[list[str]]]) -> None:
        """What another process saw as well."""
        other = Needed(*({tuple(each) for each in dumped[name]} for name in ("open", "met", "used")))  # type: ignore[arg-type]
        met = {element for element in other.open - self.open if element[:3] in self.used}
        met |= {element for element in self.open - other.open if element[:3] in other.used}
        self.met |= other.met | met
        self.open |= other.open
        self.used |= other.used
