"""Selectors into a JSON log line: `$.status`, `$.users[0].email`, `$.['a.b']`.

Decides what a selector finds in a parsed line: a value or `MISSING`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from embedded_aws.wire.refusal import NotBuiltError, RefusalError


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a selector finds if there is nothing; a null in the line is None."""

Select = Callable[[Mapping[str, Any]], Any]

SELECTOR = r"\$(?:\.(?:[\w-]+|\*|\['[^']*'\])|\[(?:\d+|\*|'[^']*')\])+"
_STEP = re.compile(r"\.?\[(?P<index>\d+)\]|\.?\['(?P<quoted>[^']*)'\]|\.(?P<name>[\w-]+)|(?P<any>\.\*|\[\*\])")


def compile_selector(text: str) -> Select:
    """A function that finds the value that the selector points to."""
    if not re.fullmatch(SELECTOR, text):
        raise RefusalError("InvalidParameterException", f"Invalid filter pattern: {text!r} is not a selector like $.status")
    steps: list[str | int] = []
    for match in _STEP.finditer(text):
        if match["any"]:
            raise NotBuiltError(f"the wildcard selector {text} is not built")
        steps.append(int(match["index"]) if match["index"] else match["quoted"] or match["name"])
    first = steps[0]
    if len(steps) == 1 and isinstance(first, str):
        return lambda event: event.get(first, MISSING)
    return lambda event: _descend(event, steps)


def _descend(node: Any, steps: list[str | int]) -> Any:  # noqa: ANN401 (a JSON value)
    for step in steps:
        if isinstance(step, str) and isinstance(node, dict):
            node = node.get(step, MISSING)
        elif isinstance(step, int) and isinstance(node, list) and step < len(node):
            node = node[step]
        else:
            return MISSING
    return node
