"""Asks before each step, and says what was done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import typer

from canary_cli.adopting.trouble import AdoptionError
from canary_cli.doctor.remedy import Remedy


@dataclass(slots=True)
class Steps:
    """The steps of one run, in their order. ``tell`` says a line; ``is_asking``: whether a person confirms each."""

    tell: Callable[[str], None]
    is_asking: bool
    done: list[Remedy] = field(default_factory=list)

    def require_terminal(self) -> None:
        """Refuse where someone would have to confirm, and there is no terminal.

        Raises:
            AdoptionError: that is so.

        """
        if self.is_asking and not sys.stdin.isatty():
            found = "adopt asks before each step, and there is no terminal to ask in"
            raise AdoptionError("NotConfirmed", found, "repeat the command with --yes")

    def confirm(self, remedy: Remedy) -> None:
        """Ask whether to carry out a step.

        Raises:
            AdoptionError: the answer is not yes.

        """
        if not self.is_asking:
            return
        try:
            is_confirmed = typer.confirm(f"  {remedy.line}\n{remedy.purpose}?", err=True)
        except typer.Abort:
            is_confirmed = False
        if not is_confirmed:
            found = f"stopped before this step: {remedy.purpose}; {len(self.done)} steps were carried out"
            raise AdoptionError("NotConfirmed", found, "run the command again to go on from here")

    def add(self, remedy: Remedy) -> None:
        """A step was carried out."""
        self.done.append(remedy)
        self.tell(f"  done     {remedy.purpose}")
