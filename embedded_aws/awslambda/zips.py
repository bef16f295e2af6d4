"""Zips of code, the same files as the same bytes: Lambda tells code by its bytes, so no clock may get into them.

Every zip of the project and of its tests is made here. A zip that carries the present time differs from its twin as soon as
the clock passes an even second, and then code that has not changed is a new version.
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
    """The zip of files by their paths, in the order of the paths; each is dated 1980-01-01, the earliest date of the format."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path)
            entry.external_attr = _READABLE
            opened.writestr(entry, files[path], compress_type=zipfile.ZIP_DEFLATED)
    return content.getvalue()
