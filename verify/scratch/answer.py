"""The result of asking a question: an answer, or none."""

from __future__ import annotations

from dataclasses import dataclass


class UnansweredError(Exception):
    """A question was asked without result, or could not be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS answered: one of the plausible words, or another one if it did something that nobody expected."""

    word: str
    evidence: tuple[str, ...] = ()
