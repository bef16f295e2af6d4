"""What all verbs have in common: where the controller is, how answers are written, and what becomes of an error."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from canary_cli.connection import Connection, Place
from canary_cli.controllers import STACK
from canary_cli.exits import ExitCode
from canary_cli.faults import describe
from canary_cli.output import Output

SEE, STEER = "See", "Steer"
"""The groups of the help."""


class Format(StrEnum):
    """How answers are written."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Call:
    """One run of the command."""

    connection: Connection
    output: Output


Verb = Callable[..., ExitCode]
PANEL = "Connection and output"


def common(
    profile: Annotated[str | None, typer.Option(help="A profile of the AWS settings.", rich_help_panel=PANEL)] = None,
    region: Annotated[str | None, typer.Option(help="The controller's Region.", rich_help_panel=PANEL)] = None,
    endpoint_url: Annotated[
        str | None,
        typer.Option(help="Another AWS, such as the embedded one. Default: AWS_ENDPOINT_URL.", rich_help_panel=PANEL),
    ] = None,
    stack: Annotated[
        str | None, typer.Option(help=f"The controller's stack, if it is not {STACK}.", rich_help_panel=PANEL)
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="How to answer.", rich_help_panel=PANEL)] = Format.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Short for -o json.", rich_help_panel=PANEL)] = False,  # noqa: FBT002 - an option
) -> Call:
    """The options that every verb takes, as one call."""
    is_json = as_json or output is Format.JSON
    return Call(Connection(Place(profile, region, endpoint_url, stack)), Output(is_json=is_json))


def add_verb(app: typer.Typer, name: str, verb: Verb, *, panel: str, example: str) -> None:
    """Add a verb to the app. Its first parameter is the `Call`; the others are its own options."""
    mine = [*inspect.signature(verb, eval_str=True).parameters.values()][1:]
    shared = [*inspect.signature(common, eval_str=True).parameters.values()]
    names = {parameter.name for parameter in shared}

    def run(**given: Any) -> None:  # noqa: ANN401 - each option has its own type
        call = common(**{key: value for key, value in given.items() if key in names})
        own = {key: value for key, value in given.items() if key not in names}
        raise typer.Exit(int(guarded(call.output, lambda: verb(call, **own))))

    keyword = inspect.Parameter.KEYWORD_ONLY
    run.__signature__ = inspect.Signature([one.replace(kind=keyword) for one in (*mine, *shared)])  # type: ignore[attr-defined]
    run.__annotations__ = {}
    run.__doc__ = verb.__doc__
    app.command(name, rich_help_panel=panel, epilog=f"Example: {example}")(run)


def guarded(output: Output, act: Callable[[], ExitCode]) -> ExitCode:
    """The exit code of what is done; an error is told and has its own."""
    try:
        return act()
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary: every error has an exit code and a message
        told = describe(error)
        output.fail(told, error if told.code == "Crash" else None)
        return told.exit_code
