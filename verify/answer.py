"""What asking a question ends in: an answer, or none."""

from __future__ import annotations

from dataclasses import dataclass


class UnansweredError(Exception):
    """A question was asked in vain, or could not be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS answered: one of the plausible words, or others where it did something that nobody thought of."""

    word: str
    evidence: tuple[str, ...] = ()
