"""The result of a question, compared with what the embedded AWS assumes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from verify.questions.question import Question

REFUSES = "501, nothing assumed"


class Mark(StrEnum):
    """How an answer compares; the value is the text that is printed."""

    AS_ASSUMED = "as assumed"
    DIFFERS = "DIFFERS from what is assumed"
    SETTLED = "settled: nothing was assumed"
    UNFORESEEN = "UNFORESEEN: none of the plausible answers"
    NO_ANSWER = "no answer"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question with its answer, or with the ``reason`` why there is none."""

    question: Question
    seconds: float
    word: str | None = None
    evidence: tuple[str, ...] = ()
    reason: str = ""
    was_asked: bool = True

    @property
    def assumed(self) -> str:
        """What the embedded AWS answers."""
        return self.question.unknown.assumed or REFUSES

    @property
    def mark(self) -> Mark:
        """How the answer compares with that."""
        unknown = self.question.unknown
        if self.word is None:
            return Mark.NO_ANSWER if self.was_asked else Mark.NOT_ASKED
        if self.word not in unknown.answers:
            return Mark.UNFORESEEN
        if unknown.assumed is None:
            return Mark.SETTLED
        return Mark.AS_ASSUMED if self.word == unknown.assumed else Mark.DIFFERS
