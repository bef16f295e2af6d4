"""Text from logs made safe to print: one short line without control characters, terminal escapes or query strings.

Clients and functions decide what a log holds. This module does not know where the text is printed; a channel with a markup of
its own still has to escape that.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
NO_TEXT = "an error in JSON that has neither errorMessage, error nor message as text"
"""Instead of a whole JSON line: it may hold headers or a body."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\|$)|.?)|\x9b[0-?]*[ -/]*[@-~]", re.DOTALL)
"""Escape sequences of terminals: CSI, strings such as OSC to their end, and those of two characters."""
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s?\"'<>]*[=&][^\s\"'<>]*")
"""A query string after a path."""
_PRINTED = re.compile(r"\s+")


def safe(text: str, longest: int = LONGEST) -> str:
    """The text as one line of at most ``longest`` characters."""
    printed = "".join(map(_printable, _ESCAPES.sub("", text)))
    line = _PRINTED.sub(" ", _QUERY.sub("?...", printed)).strip()
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def safe_error(text: str) -> str:
    """The first line of what a function logged; never a whole JSON line."""
    lines = text.strip().splitlines()
    if not lines:
        return ""
    return NO_TEXT if lines[0].lstrip().startswith(("{", "[{")) else safe(lines[0])


def _printable(character: str) -> str:
    """A character that changes no line, no direction and no state of a terminal."""
    if character in "\t\n\r":
        return " "
    return "?" if unicodedata.category(character)[0] in "CZ" and character != " " else character
