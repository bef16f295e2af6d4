"""The options of `canary backtest`."""

from typing import Annotated

import typer

from canary_cli.backtest.asking import MOST_DAYS

Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", help="A shipped policy, instead of the target's own; may be repeated.", metavar="NAME"),
]
Days = Annotated[int, typer.Option(help="How many days back the first rollout begins.", min=1, max=MOST_DAYS)]
OnlyPrice = Annotated[bool, typer.Option("--dry-run", help="Only say which metrics it would read, and their price.")]
