"""Which paths API Gateway takes, and what becomes of the others (docs/aws.md#definition-resources).

A part of a path is either text or one variable, and all variables at one place have one name. A part that mixes both becomes a
variable, whose value then has the text around it: `/files/{name}.json` is served by `/files/{name}`. What no resource can
stand for is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_RESOURCES = 300
"""API Gateway's quota of resources per API, which AWS raises on request (docs/aws.md#definition-resources)."""

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_TEXT = re.compile(r"[a-zA-Z0-9._\-:$~]+")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9._\-:]")


@dataclass(frozen=True, slots=True)
class Placed:
    """A path as API Gateway takes it, what was changed in it, and each variable's own spelling in the definition.

    ``spelled`` maps a variable to what a client writes in its place, such as ``{Sid}.json`` for ``Sid``.
    """

    path: str
    spelled: dict[str, str]
    notes: tuple[str, ...] = ()


class LeftOutError(Exception):
    """API Gateway has no resource for a path; the text says why."""


class Tree:
    """The resources of one API so far."""

    def __init__(self, most: int = MOST_RESOURCES) -> None:
        self._most = most
        self._parts: set[str] = {"/"}
        self._variables: dict[str, str] = {}

    def place(self, path: str) -> Placed:
        """The path's place among the resources, which is kept.

        Raises:
            LeftOutError: there is none, or no room for it.

        """
        if not path.startswith("/"):
            raise LeftOutError("a path must begin with /")
        notes, spelled, built = [], {}, ""
        bare = re.sub(r"/{2,}", "/", path).rstrip("/")
        if path not in {bare, "/"}:
            notes.append(f"written as {bare or '/'}")
        new, names = set(), {}
        for part in bare.split("/")[1:]:
            if built.endswith("+}"):
                raise LeftOutError(f"nothing can be below {built.rpartition('/')[2]}")
            taken, spelling = self._part(built, part)
            if taken.startswith("{"):
                names[built] = taken
                spelled[taken.strip("{}").removesuffix("+")] = spelling
            built = f"{built}/{taken}"
            new.add(built)
        if len(self._parts | new) > self._most:
            raise LeftOutError(f"API Gateway takes {self._most} resources per API, unless AWS raises the quota")
        self._parts |= new
        self._variables |= names
        if built != bare:
            notes.append(f"served by {built}")
        return Placed(built or "/", spelled, tuple(notes))

    def _part(self, above: str, part: str) -> tuple[str, str]:
        """The part as a resource has it, and as a client writes it."""
        found = _VARIABLE.findall(part)
        if not found:
            if not _TEXT.fullmatch(part):
                wrong = " ".join(sorted({repr(each) for each in part if not _TEXT.fullmatch(each)}))
                raise LeftOutError(f"a part of a resource cannot have {wrong} in it")
            return part, part
        is_greedy = len(found) == 1 and part == f"{{{found[0]}}}" and found[0].endswith("+")
        name = _NOT_IN_NAMES.sub("", found[0].removesuffix("+")) or "value"
        variable = self._variables.get(above) or f"{{{name}{'+' if is_greedy else ''}}}"
        if variable.endswith("+}") != is_greedy:
            raise LeftOutError(f"{variable} is at the same place already")
        return variable, part
