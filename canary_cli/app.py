"""The command `canary`: its verbs, and how it is run. What each verb does is known to its own module."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer
from typer._click.exceptions import UsageError  # Typer brings Click with it and exports BadParameter alone

from canary_cli.adoption import adopt
from canary_cli.announcing import attempt
from canary_cli.connection import Connection, Place
from canary_cli.exits import CommandError, ExitCode
from canary_cli.explaining import explain, logs
from canary_cli.output import Output
from canary_cli.outside import ci, import_target
from canary_cli.preflight import backtest, doctor, plan, try_definition
from canary_cli.rehearsing import drill
from canary_cli.returning import revert, rollback
from canary_cli.seeing import history, status, watch
from canary_cli.showing import dashboard
from canary_cli.signalling import note, pause, promote, resume
from canary_cli.steering import abort, advance, start
from canary_cli.verbs import SEE, STEER, add_verb

DISTRIBUTION = "canary-controller"

app = typer.Typer(name="canary", add_completion=True, rich_markup_mode="rich")


def _tell_version(*, is_asked: bool) -> None:
    """The command's own version at once; then the controller's, or why it is not known, which is no failure."""
    if is_asked:
        typer.echo(f"canary {version(DISTRIBUTION)}")
        connection = Connection(Place(), attempts=1)
        found, unread = attempt(connection.read_version)
        why = unread or "it is older than the command, and does not say"
        typer.echo(f"controller {found}, Region {connection.region}" if found else f"controller not known: {why}")
        raise typer.Exit


@app.callback()
def canary(
    *,
    is_version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say which version this is, and the controller's.",
            is_eager=True,
            callback=lambda given: _tell_version(is_asked=given),
        ),
    ] = False,
) -> None:
    """See what a rollout is doing, and steer it."""


add_verb(app, "try", try_definition, panel=SEE, example="canary try openapi.yaml")
add_verb(app, "doctor", doctor, panel=SEE, example="canary doctor orders")
add_verb(app, "plan", plan, panel=SEE, example="canary plan orders --policy cautious")
add_verb(app, "backtest", backtest, panel=SEE, example="canary backtest orders --policy standard --policy fast")
add_verb(app, "status", status, panel=SEE, example="canary status orders")
add_verb(app, "watch", watch, panel=SEE, example="canary watch orders --timeout 2h")
add_verb(app, "history", history, panel=SEE, example="canary history orders --since 90d")
add_verb(app, "explain", explain, panel=SEE, example="canary explain orders")
add_verb(app, "logs", logs, panel=SEE, example="canary logs orders --arm canary --errors")
add_verb(app, "dashboard", dashboard, panel=SEE, example="canary dashboard --port 8470")
add_verb(app, "import", import_target, panel=SEE, example="canary import --sam examples/sam/codedeploy.yaml --api a1b2c3d4e5")
add_verb(app, "adopt", adopt, panel=STEER, example="canary adopt --api a1b2c3d4e5 --stage prod")
add_verb(app, "start", start, panel=STEER, example="canary start orders --function orders-read=7 --policy fast --watch")
add_verb(app, "ci", ci, panel=STEER, example="canary ci orders --no-wait --label commit=3f9a")
add_verb(app, "advance", advance, panel=STEER, example="canary advance orders")
add_verb(app, "promote", promote, panel=STEER, example="canary promote orders --reason OPS-123 --yes")
add_verb(app, "pause", pause, panel=STEER, example="canary pause orders --reason OPS-123")
add_verb(app, "resume", resume, panel=STEER, example="canary resume orders")
add_verb(app, "rollback", rollback, panel=STEER, example="canary rollback orders --reason OPS-123 --yes")
add_verb(app, "revert", revert, panel=STEER, example="canary revert orders --reason OPS-123 --yes")
add_verb(app, "abort", abort, panel=STEER, example="canary abort orders --reason OPS-123")
add_verb(app, "drill", drill, panel=STEER, example="canary drill orders-dev --stage dev")
add_verb(app, "note", note, panel=STEER, example='canary note ROLLOUT "the payment provider was down" --false-alarm')


def run(arguments: list[str]) -> int:
    """Run the command with these arguments; the exit code."""
    try:
        answer = app(args=arguments or ["--help"], prog_name="canary", standalone_mode=False)
    except UsageError as error:
        path = error.ctx.command_path if error.ctx else "canary"
        wrong = CommandError("Usage", error.format_message(), f"see {path} --help", ExitCode.USAGE)
        Output(is_json=_wants_json(arguments)).fail(wrong)
        return int(wrong.exit_code)
    return int(answer or 0)


def _wants_json(arguments: list[str]) -> bool:
    """Whether arguments that could not be parsed ask for JSON."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(
        one in {"--json", "--output=json", "-ojson"} or (one in {"-o", "--output"} and two == "json") for one, two in pairs
    )
