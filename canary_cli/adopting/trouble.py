"""Why an adoption cannot go on, as a person has to know it."""

from __future__ import annotations


class AdoptionError(Exception):
    """The adoption stops. ``code`` is one word for programs, ``fix`` what to do."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code = code
        self.fix = fix
