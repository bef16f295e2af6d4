"""What `canary try` does once this room is loaded: it tries the definition, and answers as every verb of the command does."""

from __future__ import annotations

import sys
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from canary_cli.exits import CommandError, ExitCode
from demo.report import make_console
from laptop.definitions.documents import DefinitionError
from laptop.trial import try_definition

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from canary_cli.output import Output


def run(output: Output, file: Path, name: str | None, codes: Sequence[str], *, per_minute: float, reports: Path) -> ExitCode:
    """Try the definition; as text it prints what happens, as JSON one answer at the end.

    Raises:
        CommandError: the definition, its name or own code cannot be tried.

    """
    console = Console(file=StringIO()) if output.is_json else make_console(sys.stdout)
    try:
        trial = try_definition(file, codes, console, name=name, per_minute=per_minute, reports=reports)
    except DefinitionError as error:
        raise CommandError("Definition", f"{file}: {error.text}", error.fix, ExitCode.USAGE) from error
    exit_code = ExitCode.DONE if trial.is_as_expected else ExitCode.FAILED
    if output.is_json:
        output.say((), {"verb": "try", **asdict(trial), "exit_code": int(exit_code)})
    return exit_code
