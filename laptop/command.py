"""What `canary try` does once this room is loaded: it tries the definition, and answers as every verb of the command does."""

from __future__ import annotations

import sys
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from canary_cli.exits import CommandError, ExitCode
from demo.report import make_console
from demo.watcher import EndlessRolloutError
from laptop.definitions.documents import DefinitionError
from laptop.trial import try_definition

if TYPE_CHECKING:
    from canary_cli.output import Output
    from canary_cli.trying.asked import Asked


def run(output: Output, asked: Asked) -> ExitCode:
    """Try the definition; as text it prints what happens, as JSON one answer at the end.

    Raises:
        CommandError: the definition cannot be tried, or not as asked; or it does not end.

    """
    console = Console(file=StringIO()) if output.is_json else make_console(sys.stdout)
    try:
        trial = try_definition(asked, console)
    except DefinitionError as error:
        raise CommandError("Definition", f"{asked.file}: {error.text}", error.fix, ExitCode.USAGE) from error
    except EndlessRolloutError as error:
        raise CommandError("Endless", str(error), "ask for more requests with --per-minute, or for another --policy") from error
    except KeyboardInterrupt as error:
        raise CommandError("Interrupted", "the trial was interrupted, and no rollout goes on", "start it again") from error
    exit_code = ExitCode.DONE if trial.is_as_expected else ExitCode.FAILED
    if output.is_json:
        output.say((), {"verb": "try", **asdict(trial), "exit_code": int(exit_code)})
    return exit_code
