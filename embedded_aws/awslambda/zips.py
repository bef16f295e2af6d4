"""Zips of code: the same files give the same bytes. Lambda compares code by its bytes, so no timestamp may get into them.

Every zip of the project and of its tests is made here. A zip that holds the present time differs from its twin as soon as
the clock passes an even second, and then unchanged code becomes a new version.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_READABLE = 0o644 << 16
"""The permissions of each file: whoever runs the code must be able to read it."""


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """The zip of files given by path, sorted by path. Each is dated 1980-01-01, the earliest date that the format allows."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path)
            entry.external_attr = _READABLE
            opened.writestr(entry, files[path], compress_type=zipfile.ZIP_DEFLATED)
    return content.getvalue()
