"""Notes on a rollout: what people want to be remembered of it. They are appended, never changed, and decide nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

LONGEST_NOTE = 500
"""Characters of a note, on one line."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note, written at ``at`` (epoch seconds, AWS's own time).

    ``is_false_alarm``: it says that the rollback was not the release's fault, so `canary history` also counts without it.
    """

    at: float
    text: str
    is_false_alarm: bool = False

    @property
    def digest(self) -> str:
        """What tells notes of one rollout apart: the same note, sent twice, is kept once."""
        content = json.dumps([self.text, self.is_false_alarm])
        return hashlib.sha256(content.encode()).hexdigest()[:32]
