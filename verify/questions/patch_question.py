"""What the questions have in common that a few control-plane calls answer: their answers, and what they use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.questions.question import Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verify.account.pace import Pace

ACCEPTED, REFUSED, IGNORED = "accepted", "refused", "ignored"
DIFFERS = "differs"
"""The answer if parts of one question have different answers; the evidence has the details."""


class PatchQuestion(Question):
    """A question without traffic."""

    def budget(self, pace: Pace) -> Budget:
        """Control-plane calls are free and few; CreateDeployment may have to wait."""
        del pace
        return Budget(seconds=30, usual_seconds=10)


def agreed(words: Iterable[str]) -> str:
    """The answer that all parts of a question share."""
    different = set(words)
    return different.pop() if len(different) == 1 else DIFFERS
