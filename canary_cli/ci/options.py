"""The options of `canary ci`. Each can be given by a variable, which is how the templates give them."""

from pathlib import Path
from typing import Annotated

import typer

Target = Annotated[str, typer.Argument(metavar="TARGET", help="A registered target.", envvar="CANARY_TARGET")]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--function", help="A version for a function; may be repeated.", metavar="NAME=VERSION", envvar="CANARY_FUNCTIONS"
    ),
]
Deployment = Annotated[
    str | None, typer.Option(help="A deployment's id, present, or unchanged.", metavar="ID", envvar="CANARY_DEPLOYMENT")
]
PolicyName = Annotated[str | None, typer.Option(help="A shipped policy.", metavar="NAME", envvar="CANARY_POLICY")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="A policy's key; may be repeated.", metavar="KEY=VALUE", envvar="CANARY_SET"),
]
Reason = Annotated[str, typer.Option(help="Why, in one line.", metavar="TEXT", envvar="CANARY_REASON")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="Where the release comes from.", metavar="NAME=VALUE", envvar="CANARY_LABELS"),
]
Retry = Annotated[
    bool, typer.Option("--retry", help="Start a release that was rolled back before. Needs --reason.", envvar="CANARY_RETRY")
]
Wait = Annotated[
    bool,
    typer.Option("--wait/--no-wait", help="Wait for the end of the rollout, or end after its start.", envvar="CANARY_WAIT"),
]
Within = Annotated[
    str | None, typer.Option(help="How long the job may still take, such as 350m.", metavar="TIME", envvar="CANARY_WITHIN")
]
SessionEnds = Annotated[
    str | None,
    typer.Option(help="When the credentials end, such as 2026-01-31T12:00:00Z.", metavar="TIME", envvar="CANARY_SESSION_ENDS"),
]
SummaryFile = Annotated[
    Path | None, typer.Option(help="Append the report as Markdown to this file.", metavar="FILE", envvar="CANARY_SUMMARY")
]
