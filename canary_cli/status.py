"""`canary status`: what a target does now, or each of them."""

from dataclasses import asdict
from typing import Annotated

import typer

from canary_cli.exits import ExitCode
from canary_cli.reading import names_of_targets, read_status
from canary_cli.status_text import lines_of
from canary_cli.status_view import Status, status_of
from canary_cli.verbs import Call

TargetName = Annotated[str | None, typer.Argument(metavar="TARGET", help="A registered target. Without it: all targets.")]


def status(call: Call, target: TargetName = None) -> ExitCode:
    """Say what a target does now: step, weight, both arms, evidence, alarms, and what happens next."""
    names = names_of_targets(call.connection) if target is None else (target,)
    found = [read(call, name) for name in names]
    if not found:
        call.output.say(["no target is registered; deploy one with make deploy TARGETS=<folder>"], {"targets": []})
        return ExitCode.DONE
    lines = [line for one in found for line in (*lines_of(one), "")]
    call.output.say(lines[:-1], found[0] if target else {"targets": [asdict(one) for one in found]})
    return ExitCode.DONE


def read(call: Call, name: str) -> Status:
    """A target's status now."""
    controller = call.connection.controller
    return status_of(read_status(call.connection, name), account=controller.account, region=controller.region)
