"""The options of `canary import`."""

from pathlib import Path
from typing import Annotated

import typer

SamFile = Annotated[Path | None, typer.Option("--sam", help="A SAM template.", metavar="FILE")]
GroupFile = Annotated[
    Path | None, typer.Option("--group", help="What aws deploy get-deployment-group printed.", metavar="FILE")
]
Application = Annotated[
    str | None, typer.Option("--codedeploy", help="A deployment group, read from CodeDeploy.", metavar="APPLICATION/GROUP")
]
Aliases = Annotated[
    list[str] | None,
    typer.Option("--function", help="A function of a group, with its live alias; may be repeated.", metavar="NAME=ALIAS"),
]
TargetName = Annotated[str | None, typer.Option(help="The target's name. Default: that of the source.", metavar="NAME")]
Api = Annotated[str | None, typer.Option(help="The REST API in front of the functions.", metavar="ID")]
StageName = Annotated[str, typer.Option(help="Its stage.", metavar="NAME")]
