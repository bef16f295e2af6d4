"""What is wrong with an input: one problem per finding, all of them reported at once.

This module knows how a problem is worded, not where values come from. The edge and the pre-flight checks find the problems.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

MOST_LISTED = 50
"""Problems beyond this number are counted, not listed: a Fail state's cause is short (docs/aws.md#fail-cause)."""

LONGEST_SHOWN = 60
"""How many characters of a found value are shown to the user."""

FEW_DIGITS = 10**20


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    ``field``: its path, ``policy.steps[1].weight_percent``. ``value``: the rule and what was found,
    ``step weights must rise, got 50 then 10``. ``fix``: what to do, ``reorder policy.steps``.
    """

    field: str
    value: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value}; {self.fix}"


class RefusedError(Exception):
    """The user's fault: the input, or what it names, cannot be rolled out. Raised before anything is changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        listed = [str(problem) for problem in self.problems[:MOST_LISTED]]
        if unlisted := len(self.problems) - len(listed):
            listed.append(f"and {unlisted} more")
        ended = (one if one.endswith("?") else f"{one}." for one in listed[:-1])
        return " ".join((*ended, *listed[-1:]))


def show(value: object) -> str:
    """A found value as JSON, shortened; a list or a mapping is described, not repeated."""
    match value:
        case None | bool() | float() | str():
            return cut(json.dumps(value, ensure_ascii=False))
        case int() if abs(value) < FEW_DIGITS:
            return str(value)
        case int():
            return "a number of more than 20 digits"
        case Mapping():
            return "a mapping"
        case list() | tuple() | AbstractSet():
            return f"a list of {len(value)}"
        case _:
            return cut(str(value))


def cut(text: str) -> str:
    """``text`` or its beginning, with characters that UTF-8 cannot encode escaped."""
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
    return shown.encode(errors="backslashreplace").decode()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that ``word`` most likely means, if one is close enough."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed only by a refusal, and slow to import

    names = {name.lower(): name for name in known}
    found = get_close_matches(cut(word).lower(), names, n=1)
    return names[found[0]] if found else None
