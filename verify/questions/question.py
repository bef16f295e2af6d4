"""A question for an account: what it needs, and how it is asked.

`verify.questions.unknowns` has the wording, the plausible answers and the assumed answer, by the question's slug. This module
does not know who prints an answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from verify.questions.unknowns import QUESTIONS
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.wire.unknowns import Question as Unknown
    from verify.account.budget import Budget
    from verify.account.ledger import Header
    from verify.account.pace import Pace
    from verify.scratch.answer import Answer
    from verify.scratch.scratch import Scratch

_UNKNOWNS = {unknown.slug: unknown for unknown in QUESTIONS}


class Question(ABC):
    """One open question. It is a class because it has fixed parts (its slug, its needs) and one action (`ask`)."""

    slug: ClassVar[str]
    how: ClassVar[str]
    """How it is asked, in one sentence."""
    parts: ClassVar[frozenset[Part]] = frozenset({Part.API})
    not_of_emulators: ClassVar[str | None] = None
    """Why an emulator is not asked this question, if so."""

    @property
    def unknown(self) -> Unknown:
        """The question as the registry has it."""
        return _UNKNOWNS[self.slug]

    @property
    def fact(self) -> str:
        """The entry in the documentation that an answer settles."""
        return f"docs/aws.md#{self.slug}"

    def why_not(self, header: Header) -> str | None:
        """Why it is not asked there; None if it is asked."""
        return self.not_of_emulators if header.endpoint_url else None

    @property
    def measurement(self) -> Callable[[Pace], Budget] | None:
        """The maximum that the measurement uses that it shares with other questions, if it shares one."""
        return None

    @abstractmethod
    def budget(self, pace: Pace) -> Budget:
        """The maximum that asking it uses, without the shared part."""

    @abstractmethod
    def ask(self, scratch: Scratch) -> Answer:
        """Ask it.

        Raises:
            UnansweredError: there was no answer, or none that shows anything.
            RefusedError: AWS refused something that is not part of the question.
        """
