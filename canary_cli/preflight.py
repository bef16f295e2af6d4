"""`canary doctor`, `plan`, `backtest` and `try`: what can be known before the first rollout. They change no account."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from canary.rules.checks.forecast import forecast_start
from canary.rules.checks.survey import place_of
from canary.rules.definitions.integrations import Place, calls_of
from canary.rules.releases.release import Request
from canary_cli.announcing import announce, attempt
from canary_cli.backtest.asking import MOST_DAYS, inquire
from canary_cli.backtest.backtest_text import lines_of_backtest, lines_of_inquiry
from canary_cli.backtest.options import Days, OnlyPrice, Policies
from canary_cli.backtest.running import run_backtest
from canary_cli.doctor.diagnosis_text import lines_of_diagnosis
from canary_cli.doctor.examining import diagnose
from canary_cli.doctor.findings import Diagnosis
from canary_cli.doctor.remedies import Patient
from canary_cli.doctor.surroundings import SurroundingsReader
from canary_cli.exits import CommandError, ExitCode
from canary_cli.looking import Looked, look, look_at_registered
from canary_cli.operating import below_floor_command, start_command
from canary_cli.planning.drafting import Sight
from canary_cli.planning.holding import notes_of_way
from canary_cli.planning.prospect import Foreseen, Prospect, find_start_problems, foresee
from canary_cli.planning.prospect_text import lines_of_prospect
from canary_cli.planning.sighting import read_past, read_past_traffic
from canary_cli.reading import Reading
from canary_cli.requesting import parse_start, policy_of, start_input
from canary_cli.trying.asked import PER_MINUTE, POLICY, REPORTS, Asked
from canary_cli.trying.loading import NotInstalledError, load_runner
from canary_cli.trying.options import Codes, DefinitionFile, Rate, Reports, TrialName, TrialPolicy
from canary_cli.verbs import Call

Subject = Annotated[str | None, typer.Argument(metavar="[TARGET]", help="A registered target; or give --api and --stage.")]
Api = Annotated[str | None, typer.Option("--api", help="A REST API's id: no controller is needed.", metavar="ID")]
ApiStage = Annotated[str | None, typer.Option("--stage", help="The stage of --api.", metavar="NAME")]
PlanPolicy = Annotated[
    str | None, typer.Option("--policy", help="A shipped policy, instead of the target's own.", metavar="NAME")
]
PlanChanges = Annotated[
    list[str] | None, typer.Option("--set", help="A policy's key for this plan; may be repeated.", metavar="KEY=VALUE")
]


def doctor(call: Call, target: Subject = None, *, api: Api = None, stage: ApiStage = None) -> ExitCode:
    """Check everything that a rollout needs, and print the commands that add what is missing. It changes nothing.

    Ends with 0, or with 3 if something would refuse a start.
    """
    looked = look(call, target, api, stage, lambda name: parse_start(start_input(name)))
    _, diagnosis = examine(call, looked)
    exit_code = ExitCode.DONE if diagnosis.is_ready else ExitCode.REFUSED
    call.output.say(lines_of_diagnosis(diagnosis), {**asdict(diagnosis), "exit_code": int(exit_code)})
    return exit_code


def examine(call: Call, looked: Looked) -> tuple[Patient, Diagnosis]:
    """The diagnosis of what was looked at, and what it was made from."""
    client, sight, draft = call.connection.client, looked.sight, looked.draft
    traffic, unread = attempt(lambda: read_past_traffic(client("cloudwatch"), draft, sight.now))
    quiet = forecast_start(draft, traffic) if traffic else None
    request = Request(looked.target.name)
    reader = SurroundingsReader(client, looked.target, sight.survey, is_registered=looked.target_file is None)
    around = reader.read(draft, sight.now)
    patient = Patient(looked.target, request.release, sight.survey, place_in(sight), around, _first(looked, request))
    problems = find_start_problems(request, sight, draft, quiet)
    unseen = tuple(filter(None, (sight.unread, unread)))
    return patient, diagnose(patient, draft, problems, target_file=looked.target_file, unread=unseen)


def plan(
    call: Call,
    target: Subject = None,
    *,
    api: Api = None,
    stage: ApiStage = None,
    policy: PlanPolicy = None,
    changes: PlanChanges = None,
) -> ExitCode:
    """Say what a rollout would do: steps, times, what each would see, price and good hours.

    Ends with 0; of a target with 3, if a start would be refused.
    """

    def request_of(name: str) -> Request:
        return parse_start(start_input(name, policy=policy, changes=changes or ()))

    looked = look(call, target, api, stage, request_of)
    return _say(call, request_of(looked.target.name), looked, {"verb": "plan"})


def backtest(
    call: Call,
    target: Subject = None,
    *,
    api: Api = None,
    stage: ApiStage = None,
    policies: Policies = None,
    days: Days = MOST_DAYS,
    dry_run: OnlyPrice = False,
) -> ExitCode:
    """Replay base's own past: how often a policy would have rolled back good releases, and how soon caught bad ones.

    It first says which metrics it reads and what they cost. It changes nothing.
    """
    looked = look(call, target, api, stage, lambda name: parse_start(start_input(name)))
    name, draft = looked.target.name, looked.draft
    chosen = [policy_of(looked.target, one) for one in dict.fromkeys(policies or (None,))]
    inquiry = inquire(draft, chosen, now=looked.sight.now, days=days)
    if inquiry is None:
        raise CommandError(
            "NothingCompared", f"{name} compares percentiles alone", "turn on errors or client_errors", ExitCode.USAGE
        )
    answer = {"verb": "backtest", "exit_code": int(ExitCode.DONE)}
    if dry_run or not call.output.is_json:
        call.output.say(lines_of_inquiry(name, inquiry), {**answer, "dry_run": True, "target": name, **inquiry.most})
    if not dry_run:
        found = run_backtest(call.connection.client("cloudwatch"), draft, looked.sight.survey, inquiry, chosen)
        call.output.say(lines_of_backtest(found), {**answer, **asdict(found)})
    return ExitCode.DONE


def try_definition(
    call: Call,
    file: DefinitionFile,
    *,
    name: TrialName = None,
    codes: Codes = None,
    policy: TrialPolicy = POLICY,
    per_minute: Rate = PER_MINUTE,
    reports: Reports = REPORTS,
) -> ExitCode:
    """Make an API from a definition on this machine, and roll out a good and a bad release of it. It needs no AWS account.

    Stand-ins answer by the definition's schemas. Ends with 0 if the good release is promoted and the bad one rolled back.
    """
    call.output.note("starting an AWS in this process")
    try:
        runner = load_runner()
    except NotInstalledError as error:
        told = f"canary try runs on the embedded AWS, and {error}"
        raise CommandError(
            "NotInstalled", told, "clone the repository, run make demo there, then .venv/bin/canary try"
        ) from error
    exit_code: ExitCode = runner.run(call.output, Asked(file, name, tuple(codes or ()), policy, per_minute, reports))
    return exit_code


def foretell(
    call: Call, name: str, given: Mapping[str, Any], request: Request, reading: Reading, *, below_floor: bool
) -> ExitCode:
    """`start --dry-run`: say what an execution of this name and input would do. It changes and starts nothing.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    looked = look_at_registered(call, request, reading, is_below_allowed=below_floor)
    if not call.output.is_json:
        call.output.say(["dry run: nothing is changed, and no execution is started"], None)
    connection = call.connection
    aws = (
        below_floor_command(connection.region, name, given)
        if below_floor
        else start_command(connection.controller, name, given)
    )
    announced = announce(call, request.target, reading, (), aws)
    return _say(call, request, looked, {"verb": "start", "dry_run": True, **announced})


def _say(call: Call, request: Request, looked: Looked, answer: Mapping[str, Any]) -> ExitCode:
    """The prospect, by the one implementation that `plan` and `start --dry-run` share."""
    cloudwatch, now = call.connection.client("cloudwatch"), looked.sight.now
    traffic, unread = attempt(lambda: read_past_traffic(cloudwatch, looked.draft, now))
    past, unread = attempt(lambda: read_past(cloudwatch, looked.draft, now, traffic)) if traffic else (None, unread)
    prospect = foresee(request, looked.sight, looked.draft, traffic, past)
    is_refused = prospect.outcome is Foreseen.REFUSED and looked.target_file is None
    exit_code = ExitCode.REFUSED if is_refused else ExitCode.DONE
    call.output.say(_lines(prospect, looked), {**answer, **asdict(prospect), "exit_code": int(exit_code)})
    if unread:
        call.output.note(f"base's traffic could not be read: {unread}")
    return exit_code


def _lines(prospect: Prospect, looked: Looked) -> Iterable[str]:
    yield from lines_of_prospect(prospect, is_registered=looked.target_file is None)
    if looked.target_file:
        lacks = f"{len(prospect.problems)} things are missing or wrong" if prospect.problems else "nothing is missing"
        yield f"the API is no target yet, and {lacks}: see canary doctor with the same --api and --stage"
        yield "the figures are from AWS's own metrics of the stage; each arm's errors, 4xx and latency need the access log"


def _first(looked: Looked, request: Request) -> str:
    """What happens before a start to the rollout that holds the target, if it does not prevent the start."""
    way = looked.sight.way(request, looked.target, looked.draft.plan.policy)
    return "; ".join(notes_of_way(looked.sight.holder, way))


def place_in(sight: Sight) -> Place | None:
    """Where the functions are: by their aliases, or else as the API's definition names them."""
    if found := place_of(sight.survey):
        return found
    stage = sight.survey.stage
    present = stage.definitions.present if stage and stage.definitions else None
    called = (call.function for call in calls_of(present)) if present else ()
    return next((one.place for one in called if one), None)
