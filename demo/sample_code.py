"""The sample's code as Lambda gets it: one zip per release.

All releases share the sources in examples/orders. They differ only in the numbers in `release.py`, which are written into
the zip. `scenarios` says which numbers make which release.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.awslambda.zips import zip_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = Path(__file__).parent.parent / "examples" / "orders"
PACKAGE = "orders"
RELEASE = "release.py"

Numbers = dict[str, "str | float | bool"]


class UnknownNumberError(Exception):
    """A release was given a number that `release.py` does not have."""


def archive(numbers: Mapping[str, str | float | bool]) -> bytes:
    """The zip of a release. The same numbers give the same bytes, as in a reproducible build.

    Raises:
        UnknownNumberError: a number's name is not in `release.py`.

    """
    texts = {source.name: source.read_text(encoding="utf-8") for source in SOURCES.glob("*.py")}
    texts[RELEASE] = bake(texts[RELEASE], numbers)
    return zip_of({f"{PACKAGE}/{name}": text for name, text in texts.items()})


def bake(text: str, numbers: Mapping[str, str | float | bool]) -> str:
    """The source of `release.py` with other numbers.

    Raises:
        UnknownNumberError: a number's name is not in it.

    """
    for name, value in numbers.items():
        text, found = re.subn(rf"^{re.escape(name)} = .*$", f"{name} = {value!r}", text, flags=re.MULTILINE)
        if not found:
            raise UnknownNumberError(f"{RELEASE} has no number {name}; use one of those in {SOURCES / RELEASE}")
    return text
