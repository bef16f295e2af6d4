"""Carry out the command line: announce, confirm and report a run, or remove what a run left behind.

It decides the exit status: 0 answered and removed, 1 an answer is missing, 2 wrong use or declined, 3 something is left behind,
130 stopped. Everything outside the process is an argument, so that tests can run it within one.
"""

from __future__ import annotations

import secrets
import string
from contextlib import suppress
from typing import TYPE_CHECKING

from verify.account.connection import NoWayError, reach
from verify.account.ledger import SUFFIX, Header, Ledger, LedgerError
from verify.account.pace import ACCOUNT_PACE
from verify.announcement import announce
from verify.outcome import Mark
from verify.questions import ALL
from verify.report import masked, tell_left, tell_outcome, tell_summary, write_record
from verify.run import StoppedError, Stops, remove_all, run
from verify.scratch.replies import get, get_kept
from verify.scratch.scratch import Scratch

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from verify.account.aws import Aws
    from verify.account.pace import Pace
    from verify.outcome import Outcome
    from verify.questions.question import Question
    from verify.run import Result
    from verify.scratch.replies import Get, GetKept

    Reach = Callable[[str | None, str | None, str | None, float], Aws]

DONE, NO_ANSWER, WRONG_USE, LEFT_BEHIND, STOPPED = 0, 1, 2, 3, 130
PREFIX = "canary-verify-"


class RecordError(Exception):
    """The record could not be written at the end of the run."""


class Program:
    """Carries out the command line. Everything outside the process is an argument, so that tests can run it within one."""

    def __init__(
        self,
        console: Console,
        *,
        pace: Pace = ACCOUNT_PACE,
        get: Get = get,
        get_kept: GetKept = get_kept,
        typed: Callable[[str], str] = input,
        reach: Reach = reach,
    ) -> None:
        self.console = console
        self.pace = pace
        self.get = get
        self.get_kept = get_kept
        self.typed = typed
        self.reach = reach

    def do(self, asked: argparse.Namespace) -> int:
        """Do what is asked, and return the process's exit status."""
        try:
            match asked.command:
                case "questions":
                    return self._list()
                case "clean-up":
                    return self._clean_up(asked)
                case _:
                    return self._run(asked)
        except (NoWayError, RecordError) as error:
            self.console.print(str(error), style="red", markup=False)
            return WRONG_USE

    def _list(self) -> int:
        for question in ALL:
            self.console.print(f"{question.slug}: {question.unknown.text}", markup=False)
        return DONE

    def _run(self, asked: argparse.Namespace) -> int:
        questions = _chosen(asked.only)
        _require_writable(asked.json)
        aws = self.reach(asked.profile, asked.region, asked.endpoint_url, asked.speed)
        header = Header(_new_prefix(), aws.place.account, aws.place.region, asked.endpoint_url)
        ledger = Ledger.create(asked.ledgers, header)
        try:
            meant = [question for question in questions if not question.why_not(header)]
            for line in announce(ledger, meant, self.pace, lends_log_role=asked.lend_log_role):
                self.console.print(line, markup=False)
            if not (asked.yes or self._is_agreed()):
                self.console.print("nothing was created; pass --yes, or type yes, to begin", markup=False)
                return WRONG_USE
            scratch = Scratch(aws, ledger, self.get, self.pace, get_kept=self.get_kept)
            result = run(scratch, questions, lend_log_role=asked.lend_log_role, tell=self._tell, show=self._shower(aws))
        finally:
            ledger.close()
        if asked.json:
            write_record(asked.json, result.outcomes, result.left, header, now=aws.clock.now())
        return self._conclude(result, ledger)

    def _clean_up(self, asked: argparse.Namespace) -> int:
        paths = asked.files or sorted(asked.ledgers.glob(f"*{SUFFIX}"))
        if not paths:
            self.console.print(f"there is no ledger in {asked.ledgers}, so no run has left anything", markup=False)
        return max([self._try_clean_up(asked, path) for path in paths], default=DONE)

    def _try_clean_up(self, asked: argparse.Namespace, path: Path) -> int:
        """Process one ledger; a problem with it does not stop the others."""
        try:
            return self._clean_up_one(asked, path)
        except LedgerError as error:
            self.console.print(str(error), style="red", markup=False)
            return WRONG_USE

    def _clean_up_one(self, asked: argparse.Namespace, path: Path) -> int:
        ledger = Ledger.reopen(path)
        try:
            aws = self.reach(asked.profile, ledger.header.region, ledger.header.endpoint_url, asked.speed)
            if aws.place.account != ledger.header.account:
                raise LedgerError(f"{path} is of account {ledger.header.account}, not {aws.place.account}; use its credentials")

            stops = Stops(self._tell)
            stops.is_stoppable = False
            with stops.heard():
                left = remove_all(ledger, aws, self._tell)
        finally:
            ledger.close()
        if left:
            tell_left(self.console, left, path)
            return LEFT_BEHIND
        self.console.print(f"nothing is left of {ledger.header.prefix}", style="green", markup=False)
        return DONE

    def _is_agreed(self) -> bool:
        try:
            return self.typed("Type yes to begin: ").strip().lower() == "yes"
        except (EOFError, KeyboardInterrupt):
            return False

    def _conclude(self, result: Result, ledger: Ledger) -> int:
        tell_summary(self.console, result.outcomes)
        if result.error is not None:
            said = f"{type(result.error).__name__}: {masked(str(result.error), ledger.header.account)}"
            self.console.print(f"ended early: {said}", style="bold red", markup=False)
        if result.left:
            tell_left(self.console, result.left, ledger.path)
            return LEFT_BEHIND
        self.console.print("everything that was created has been removed", style="green", markup=False)
        if isinstance(result.error, StoppedError):
            return STOPPED
        has_gaps = any(outcome.mark is Mark.NO_ANSWER for outcome in result.outcomes)
        return NO_ANSWER if result.error is not None or has_gaps else DONE

    def _shower(self, aws: Aws) -> Callable[[Outcome], None]:
        def show(outcome: Outcome) -> None:
            with suppress(OSError):
                tell_outcome(self.console, outcome, aws.place.account)

        return show

    def _tell(self, line: str) -> None:
        """Report the progress. If the output is closed, the removal must still continue."""
        with suppress(OSError, SystemExit):
            self.console.print(line, style="dim", markup=False)


def _chosen(slugs: list[str]) -> list[Question]:
    """The questions with these slugs, in the order in which all are asked; all questions if there are no slugs."""
    return [question for question in ALL if question.slug in slugs] if slugs else list(ALL)


def _require_writable(path: Path | None) -> None:
    """Check this before anything is created, because an hour later the answers would be lost."""
    try:
        if path:
            path.open("a").close()
    except OSError as error:
        raise RecordError(f"the record cannot be written to {path} ({error.strerror}); name another file") from error


def _new_prefix() -> str:
    return PREFIX + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
