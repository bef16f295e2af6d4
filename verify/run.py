"""One run: create the parts, ask every question, and remove everything again, whatever happens in between.

It decides how errors are handled. An error in a question counts for that question only. Whatever stops the run stops only the
asking. The first stop during the removal is reported and ignored.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from verify.account.aws import RefusedError
from verify.account.cleaning import LeftBehind, clean_up
from verify.account.removal import KINDS
from verify.announcement import needed_parts
from verify.outcome import Outcome
from verify.scratch.answer import UnansweredError
from verify.scratch.parts import Part, make_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from verify.account.aws import Aws
    from verify.account.ledger import Ledger
    from verify.questions.question import Question
    from verify.scratch.scratch import Scratch

    Tell = Callable[[str], None]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_STRAW = 2
"""This many signals end even the removal."""


class StoppedError(BaseException):
    """The run was stopped. This is not an `Exception`, so that no question treats it as an answer."""


@dataclass(slots=True)
class Result:
    """The result of a run. ``error`` is what ended it early."""

    outcomes: list[Outcome] = field(default_factory=list)
    left: list[LeftBehind] = field(default_factory=list)
    error: BaseException | None = None


class Stops:
    """What signals do: the first one stops whatever may be stopped, and later ones are deferred for a while."""

    def __init__(self, tell: Tell) -> None:
        self.is_stoppable = True
        self._tell = tell
        self._put_off = 0

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Handle a signal."""
        if self.is_stoppable:
            self.is_stoppable = False
            raise StoppedError(signal.Signals(number).name)
        self._put_off += 1
        if self._put_off >= LAST_STRAW:
            raise StoppedError(signal.Signals(number).name)
        self._tell("still removing what was created; stop it once more to leave the rest")

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Handle the process's signals for the length of a with block."""
        before = {number: signal.signal(number, self) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(
    scratch: Scratch, questions: Sequence[Question], *, lend_log_role: bool, tell: Tell, show: Callable[[Outcome], None]
) -> Result:
    """Create, ask, remove."""
    result, stops = Result(), Stops(tell)
    with stops.heard():
        try:
            for outcome in ask_all(scratch, questions, lend_log_role=lend_log_role, tell=tell):
                result.outcomes.append(outcome)
                show(outcome)
        except (Exception, StoppedError) as error:  # noqa: BLE001 - what was made is removed all the same
            result.error = error
        finally:
            stops.is_stoppable = False
            result.left = remove_all(scratch.ledger, scratch.aws, tell)
    return result


def ask_all(scratch: Scratch, questions: Sequence[Question], *, lend_log_role: bool, tell: Tell) -> Iterator[Outcome]:
    """Create the parts and ask one question after another."""
    header = scratch.ledger.header
    asked = [question for question in questions if not question.why_not(header)]
    tell("creating the scratch API and what belongs to it")
    unmade = make_parts(scratch, needed_parts(asked), lend_log_role=lend_log_role)
    for question in questions:
        if reason := question.why_not(header):
            yield Outcome(question, 0.0, reason=reason, was_asked=False)
            continue
        tell(f"asking {question.slug}")
        yield _ask(scratch, question, unmade)


def _ask(scratch: Scratch, question: Question, unmade: dict[Part, str]) -> Outcome:
    started = scratch.aws.clock.now()
    if missing := [f"{part}, which could not be created: {why}" for part, why in unmade.items() if part in question.parts]:
        return Outcome(question, 0.0, reason=f"it needs {missing[0]}")
    try:
        answer = question.ask(scratch)
    except (UnansweredError, RefusedError) as error:
        return Outcome(question, scratch.aws.clock.now() - started, reason=str(error))
    except Exception as error:  # noqa: BLE001 - a question that AWS's answer was too much for must not take the others along
        reason = f"the question itself failed, {type(error).__name__}: {error}"
        return Outcome(question, scratch.aws.clock.now() - started, reason=reason)
    return Outcome(question, scratch.aws.clock.now() - started, answer.word, answer.evidence)


def remove_all(ledger: Ledger, aws: Aws, tell: Tell) -> list[LeftBehind]:
    """Remove everything; return what is left behind, even if this was stopped too."""
    try:
        return clean_up(ledger, aws, tell)
    except StoppedError as stop:
        again = f"python -m verify clean-up {ledger.path}"
        return [
            LeftBehind(f"{KINDS[entry.kind].label} {entry.name}", f"stopped by {stop}", again) for entry in ledger.remaining
        ]
