"""`canary drill`: rehearses what a rollout may meet, on a stage that is named twice, and says what was shown."""

import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from time import sleep
from typing import Annotated

import typer

from canary.aws.calls import refusals
from canary.aws.metrics import MetricReader
from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.steering import DirectVerb
from canary.rules.targets.live import Live
from canary.rules.targets.target import Stage
from canary_cli.drilling.admission import Objection, find_busy, find_objections, read_per_second
from canary_cli.drilling.exercises import EXERCISES, Exercise
from canary_cli.drilling.ground import Ground
from canary_cli.drilling.running import run_exercises, what_is_left
from canary_cli.drilling.scores import Result, ScoreSheet, lines_of_sheet
from canary_cli.exits import CommandError, ExitCode
from canary_cli.operating import abort_target, call_function, start_execution, verb_payload
from canary_cli.planning.sighting import read_time
from canary_cli.reading import Reading, read_status
from canary_cli.requesting import execution_name
from canary_cli.steering import Target
from canary_cli.verbs import Call
from canary_cli.watching import cancellable

StageName = Annotated[str, typer.Option("--stage", help="The target's stage, which is no production.", metavar="NONPROD")]
Again = Annotated[
    str | None, typer.Option("--confirm", help="The stage's name again, instead of typing it when asked.", metavar="NONPROD")
]
ThisStage = Annotated[
    bool, typer.Option("--yes-this-stage", help="Drill a stage although it is busy, or its policy is cautious.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", help="One exercise; may be repeated. Default: all five.", metavar="EXERCISE"),
]


def drill(
    call: Call,
    target: Target,
    *,
    stage: StageName,
    confirm: Again = None,
    yes_this_stage: ThisStage = False,
    only: Only = None,
) -> ExitCode:
    """Rehearse a promotion, an abort, a killed execution, NeedsOperator and a bad metric on a stage without real users.

    Ends with 0 if no exercise failed.
    """
    chosen = _choose(only or ())
    reading = read_status(call.connection, target)
    named = _admit(call, reading, stage, is_overruled=yes_this_stage)
    if reading.live is None:
        raise CommandError("Unread", f"what {target} serves is not known: {'; '.join(reading.unread)}", "see canary doctor")
    _confirm(call, named, target, confirm)
    with cancellable():
        return _drill(call, _ground(call, reading, reading.live), named, chosen)


def _choose(names: Sequence[str]) -> tuple[Exercise, ...]:
    known = {exercise.name: exercise for exercise in EXERCISES}
    for name in names:
        if name not in known:
            found = f"--only names an exercise, got {name!r}"
            raise CommandError("Usage", found, f"write one of: {', '.join(known)}", ExitCode.USAGE)
    return tuple(one for one in EXERCISES if not names or one.name in names)


def _admit(call: Call, reading: Reading, stage_name: str, *, is_overruled: bool) -> Stage:
    """The stage, if the target may be drilled.

    Raises:
        CommandError: with the first reason against it.

    """
    found = [*find_objections(reading.target, stage_name, is_held=reading.is_in_progress)]
    if reading.target.stage and not any(not one.can_be_overruled for one in found) and not is_overruled:
        busy = find_busy(reading.target, _per_second(call, reading.target.stage))
        found.extend([busy] if busy else [])
    for one in found:
        if not (one.can_be_overruled and is_overruled):
            raise _refusal(one)
    if reading.target.stage is None:
        raise LookupError("a target without a stage was not refused")
    return reading.target.stage


def _refusal(objection: Objection) -> CommandError:
    return CommandError("NotDrilled", objection.found, objection.fix, ExitCode.REFUSED)


def _per_second(call: Call, stage: Stage) -> float:
    client = call.connection.client
    with refusals(f"aws apigateway get-rest-api --rest-api-id {stage.rest_api_id}"):
        api_name = str(client("apigateway").get_rest_api(restApiId=stage.rest_api_id)["name"])
    cloudwatch = client("cloudwatch")
    return read_per_second(MetricReader(cloudwatch), api_name, stage.stage_name, read_time(cloudwatch))


def _confirm(call: Call, stage: Stage, target: str, given: str | None) -> None:
    """Have the stage's name given a second time.

    Raises:
        CommandError: it was not.

    """
    where = f"account {call.connection.controller.account}, Region {call.connection.region}"
    call.output.note(f"drill of {target}: stage {stage.stage_name} of API {stage.rest_api_id}, {where}")
    call.output.note("its users get canaries, rollbacks and, for some minutes, a canary that nobody may remove")
    fix = f"repeat the command with --confirm {stage.stage_name}"
    if given is None and not sys.stdin.isatty():
        message = "drill wants the stage's name a second time, and there is no terminal to ask in"
        raise CommandError("NotConfirmed", message, fix, ExitCode.USAGE)
    try:
        again = typer.prompt("type the stage's name again", err=True) if given is None else given
    except typer.Abort:
        again = ""
    if again.strip() != stage.stage_name:
        message = f"{target} was left as it is: the stage is {stage.stage_name}, and the second name is {again!r}"
        raise CommandError("NotConfirmed", message, fix, ExitCode.USAGE)


def _ground(call: Call, reading: Reading, before: Live) -> Ground:
    connection, target = call.connection, reading.target
    shifter = connection.shifter(target)
    return Ground(
        target=target,
        before=before,
        run=execution_name(target.name, time.time(), secrets.token_hex(2)),
        records=connection.records,
        client=connection.client,
        start=lambda name, given: start_execution(connection, name, given),
        abort=lambda reason: abort_target(connection, target.name, reason),
        revert=lambda reason: call_function(connection, OPERATOR, verb_payload(DirectVerb.REVERT, target.name, reason)),
        read_live=shifter.read_live,
        now=lambda: read_time(connection.client("cloudwatch")),
        sleep=sleep,
        tell=call.output.note,
    )


def _drill(call: Call, ground: Ground, stage: Stage, chosen: Sequence[Exercise]) -> ExitCode:
    begun = ground.now()
    scores, is_complete = run_exercises(ground, chosen)
    controller = call.connection.controller
    sheet = ScoreSheet(
        verb="drill",
        target=ground.target.name,
        account=controller.account,
        region=call.connection.region,
        rest_api_id=stage.rest_api_id,
        stage_name=stage.stage_name,
        is_complete=is_complete,
        seconds=ground.now() - begun,
        scores=scores,
        left=tuple(what_is_left(ground)),
    )
    exit_code = _exit_code(sheet)
    call.output.say(lines_of_sheet(sheet), {**asdict(sheet), "exit_code": int(exit_code)})
    return exit_code


def _exit_code(sheet: ScoreSheet) -> ExitCode:
    if sheet.count(Result.FAILED):
        return ExitCode.FAILED
    return ExitCode.DONE if sheet.is_complete else ExitCode.DETACHED
