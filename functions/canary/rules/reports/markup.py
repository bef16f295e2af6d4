"""HTML and SVG as text in which every word from outside is escaped.

A tag is made by `tag` alone, and whatever it is given that is not itself a tag is escaped. So no label, reason or name can
become markup: there is no way to put it into a page unescaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Attribute = str | float | None

VOID = frozenset({"meta", "link", "br", "line", "rect", "circle", "path", "polygon"})
"""The tags that hold nothing."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: Attribute) -> Markup:
    """A tag. Attributes are written with dashes for underscores, without those that are None; ``class_`` is ``class``."""
    named = "".join(f' {_key(key)}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Markup(f"<{name}{named}/>")
    return Markup(f"<{name}{named}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """The parts one after another, each escaped unless it is markup."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def text(words: str) -> Markup:
    """Words as markup that shows them. What no page can show, such as a control character, is shown as a replacement."""
    return Markup(escape("".join(letter if _is_shown(letter) else "\N{REPLACEMENT CHARACTER}" for letter in words)))


def _is_shown(letter: str) -> bool:
    return letter.isprintable() or letter in "\n\t"


def _key(name: str) -> str:
    return name.rstrip("_").replace("_", "-") if name != "viewBox" else name


def _value(value: str | float) -> str:
    return str(text(value)) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
