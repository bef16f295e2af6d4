"""The options of `canary try`."""

from pathlib import Path
from typing import Annotated

import typer

DefinitionFile = Annotated[Path, typer.Argument(metavar="FILE", help="OpenAPI 3.0 or 3.1, Swagger 2.0, or a SAM template.")]
Codes = Annotated[
    list[str] | None,
    typer.Option("--code", help="Your own Python code for a function, instead of a stand-in.", metavar="FUNCTION=ZIP:HANDLER"),
]
Rate = Annotated[float, typer.Option("--per-minute", help="Simulated requests a minute.", min=60, max=6000)]
TrialName = Annotated[str | None, typer.Option("--name", help="The target's name. Default: the definition's title.")]
TrialPolicy = Annotated[str, typer.Option("--policy", help="A shipped policy.", metavar="NAME")]
Reports = Annotated[Path, typer.Option("--reports", help="The folder of the reports and of the target file.")]
