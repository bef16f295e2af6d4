"""Own code for a function, as `--code FUNCTION=ZIP:HANDLER` names it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from laptop.definitions.documents import DefinitionError
from laptop.functions import PACKAGE, OwnCode

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "write --code FUNCTION=ZIP:HANDLER, such as --code orders-read=build/read.zip:app.handler"


def read_codes(given: Sequence[str]) -> dict[str, OwnCode]:
    """The code by function name.

    Raises:
        DefinitionError: one is written otherwise, cannot be read, or does not contain its handler.

    """
    found: dict[str, OwnCode] = {}
    for text in given:
        name, _, rest = text.partition("=")
        place, _, handler = rest.rpartition(":")
        if not (name and place and "." in handler):
            raise DefinitionError(f"--code {text}: a function, a zip and a handler are needed", EXAMPLE)
        if name in found:
            raise DefinitionError(f"--code {text}: the function {name} has code already", "give each function's code once")
        found[name] = OwnCode(_archive(text, Path(place), handler), handler)
    return found


def _archive(text: str, place: Path, handler: str) -> bytes:
    try:
        archive = place.read_bytes()
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = set(opened.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise DefinitionError(f"--code {text}: {place} is no zip that can be read ({error})", EXAMPLE) from error
    module = handler.rpartition(".")[0].replace(".", "/")
    if not names & {f"{module}.py", f"{module}/__init__.py"}:
        raise DefinitionError(
            f"--code {text}: the zip has no module {module}.py; only Python runs here",
            "name the handler as Lambda does, module.function",
        )
    if any(name.startswith(f"{PACKAGE}/") for name in names):
        raise DefinitionError(f"--code {text}: the zip has a folder {PACKAGE} of its own", f"rename the folder {PACKAGE}")
    return archive
