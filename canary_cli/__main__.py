"""The command's entry: `canary`, or `python -m canary_cli`."""

from __future__ import annotations

import typer

app = typer.Typer(name="canary", no_args_is_help=True, add_completion=True)


@app.callback()
def canary() -> None:
    """See what a rollout is doing, and steer it."""


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
