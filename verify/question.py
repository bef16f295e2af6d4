"""A question that an account is asked: what it needs, and how it is put.

Wording, plausible answers and what the embedded AWS lives with are those of `verify.unknowns`, by the question's slug. It does
not know who prints an answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from verify.parts import Part
from verify.unknowns import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.wire.unknowns import Question as Unknown
    from verify.answer import Answer
    from verify.budget import Budget
    from verify.ledger import Header
    from verify.pace import Pace
    from verify.scratch import Scratch

_UNKNOWNS = {unknown.slug: unknown for unknown in QUESTIONS}


class Question(ABC):
    """One open question. A class, because some parts are fixed for it (its slug, its needs) and one is done (`ask`)."""

    slug: ClassVar[str]
    how: ClassVar[str]
    """How it is asked, in one sentence."""
    parts: ClassVar[frozenset[Part]] = frozenset({Part.API})
    not_of_emulators: ClassVar[str | None] = None
    """Why an emulator is not asked this, if so."""

    @property
    def unknown(self) -> Unknown:
        """The question as the registry has it."""
        return _UNKNOWNS[self.slug]

    @property
    def fact(self) -> str:
        """The entry of the documentation that an answer settles."""
        return f"docs/aws.md#{self.slug}"

    def why_not(self, header: Header) -> str | None:
        """Why it is not asked there; None if it is."""
        return self.not_of_emulators if header.endpoint_url else None

    @property
    def measurement(self) -> Callable[[Pace], Budget] | None:
        """What the measurement uses at most that it shares with other questions, if it does."""
        return None

    @abstractmethod
    def budget(self, pace: Pace) -> Budget:
        """What asking it uses at most, without what it shares."""

    @abstractmethod
    def ask(self, scratch: Scratch) -> Answer:
        """Ask it.

        Raises:
            UnansweredError: no answer came, or none that says anything.
            RefusedError: AWS refused something that is no part of the question.

        """
