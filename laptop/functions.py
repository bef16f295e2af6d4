"""The functions of a definition: which methods each answers, and the zip of each release.

Decides how methods become functions: those that the definition names, else one for each tag or first part of the path.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demo.sample_code import bake
from embedded_aws.awslambda.zips import zip_of
from laptop.definitions.documents import DefinitionError
from laptop.definitions.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MOST = 10
"""Functions of one API. The methods of the smaller groups share the last one."""
OTHERS = "others"
LONGEST_NAME, LONGEST_TARGET = 64, 40
USUAL_NAME = 20
"""Characters of a title that become a name; more make long lines."""
SOURCES = Path(__file__).parent / "stand_in"
PACKAGE = "stand_in"
HANDLER = f"{PACKAGE}.handler.handler"

Numbers = dict[str, "str | float | bool"]


@dataclass(frozen=True, slots=True)
class OwnCode:
    """Code that answers instead of a stand-in: the bytes of its zip, and its handler."""

    archive: bytes
    handler: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the API with the methods that it answers."""

    name: str
    operations: tuple[Operation, ...]
    own: OwnCode | None = None

    def archive(self, numbers: Mapping[str, str | float | bool]) -> bytes:
        """The zip of a release with these numbers."""
        answers = {one.name: (one.answer.status, one.answer.content_type, one.answer.body) for one in self.operations}
        texts = {source.name: source.read_text(encoding="utf-8") for source in SOURCES.glob("*.py")}
        texts["release.py"] = bake(texts["release.py"], {**numbers, "OWN_HANDLER": self.own.handler if self.own else ""})
        texts["answers.py"] = f'"""The answers by method."""\n\nANSWERS = {answers!r}\n'
        own = _files(self.own.archive) if self.own else {}
        return zip_of({**own, **{f"{PACKAGE}/{name}": text for name, text in texts.items()}})


def functions_of(operations: Sequence[Operation], api: str, own: Mapping[str, OwnCode]) -> tuple[Function, ...]:
    """The functions of the methods inside, largest first; ``own`` is code by function name.

    Raises:
        DefinitionError: there is code for a function that the API does not have.

    """
    counted = Counter(one.group for one in operations if one.is_inside).most_common()
    kept = {group for group, _ in (counted if len(counted) <= MOST else counted[: MOST - 1])}
    by_name: dict[str, list[Operation]] = {}
    for group, _ in counted:
        name = function_name(api, group if group in kept else OTHERS)
        by_name.setdefault(name, []).extend(one for one in operations if one.is_inside and one.group == group)
    if unknown := [name for name in own if name not in by_name]:
        raise DefinitionError(
            f"--code {unknown[0]}: the API has no function of this name",
            f"name one of {', '.join(by_name)}, as --code NAME=ZIP:HANDLER",
        )
    return tuple(Function(name, tuple(found), own.get(name)) for name, found in by_name.items())


def api_name(title: str, most: int = USUAL_NAME) -> str:
    """A name for the API and its target of about ``most`` characters: lower-case letters, digits and -, a letter first."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "")).strip("-").split("-")
    named = words if words[0][:1].isalpha() else ["api", *filter(None, words)]
    while len(named) > 1 and len("-".join(named)) > most:
        named = named[:-1]
    return "-".join(named)[:LONGEST_TARGET]


def function_name(api: str, group: str) -> str:
    """The name of a group's function; a name that already begins with the API's name is kept."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", group).strip("-") or OTHERS
    return (plain if plain.startswith(f"{api}-") else f"{api}-{plain}")[:LONGEST_NAME].strip("-")


def _files(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist() if not info.is_dir()}
