"""`canary adopt`: the doctor's steps carried out, one confirmation each, and their undoing. No request notices any of them.

Each run begins from what the doctor sees now, so a run that was broken off is continued by running it again.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from canary.rules.targets.target import Stage
from canary_cli.adopting.answers import Adoption, lines_of_adoption
from canary_cli.adopting.asking import Steps
from canary_cli.adopting.files import journal_beside, path_of, remove, require_ours, write
from canary_cli.adopting.in_use import find_registered
from canary_cli.adopting.journal import Adopted, Journal
from canary_cli.adopting.stepping import take_step
from canary_cli.adopting.trouble import AdoptionError
from canary_cli.adopting.undoing import Undoing
from canary_cli.connection import TARGET_PREFIX
from canary_cli.doctor.examining import STACK_TAG
from canary_cli.doctor.findings import Diagnosis
from canary_cli.doctor.remedies import Patient, remedies_of
from canary_cli.exits import CommandError, ExitCode
from canary_cli.looking import Looked, look_at_api
from canary_cli.preflight import examine, place_in
from canary_cli.requesting import parse_start, start_input
from canary_cli.verbs import Call

Api = Annotated[str, typer.Option("--api", help="A REST API's id.", metavar="ID")]
ApiStage = Annotated[str, typer.Option("--stage", help="The stage of --api.", metavar="NAME")]
TargetFile = Annotated[
    str | None, typer.Option("--file", help="Where the target file goes. Default: ours/NAME.yaml.", metavar="PATH")
]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what an adoption added, as its journal says.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before each step.")]
EXIT_CODES = {"Denied": ExitCode.CANNOT_TELL}


@dataclass(frozen=True, slots=True)
class _Site:
    """The stage, and where its target file goes."""

    call: Call
    looked: Looked
    stage: Stage
    path: Path
    steps: Steps

    @property
    def again(self) -> str:
        file = "" if self.path == path_of(None, self.looked.target.name) else f" --file {self.path}"
        return f"canary adopt --api {self.stage.rest_api_id} --stage {self.stage.stage_name}{file}{self.options}"

    @property
    def options(self) -> str:
        return self.call.connection.place.options


def adopt(call: Call, *, api: Api, stage: ApiStage, file: TargetFile = None, undo: Undo = False, yes: Yes = False) -> ExitCode:
    """Give an API what a rollout needs: the doctor's steps, asking before each. No request notices any of them.

    Writes the target file, and a journal for --undo. Ends with 0, or with 3 if something is left to do.
    """
    try:
        return _adopt_or_undo(call, api, stage, file, is_undo=undo, is_asking=not yes)
    except AdoptionError as error:
        raise CommandError(error.code, str(error), error.fix, EXIT_CODES.get(error.code, ExitCode.USAGE)) from error


def _adopt_or_undo(call: Call, api: str, stage: str, file: str | None, *, is_undo: bool, is_asking: bool) -> ExitCode:
    site = _visit(call, api, stage, file, is_asking=is_asking)
    if name := find_registered(call.connection.client, TARGET_PREFIX, api, stage):
        left = f"the stage belongs to the registered target {name}"
        advice = (f"make destroy TARGETS={site.path.parent}", f"{site.again} --undo") if is_undo else (f"canary doctor {name}",)
        return _say(site, is_undo=is_undo, left=(left,), following=advice)
    return _undo(site) if is_undo else _adopt(site)


def _visit(call: Call, api: str, stage: str, file: str | None, *, is_asking: bool) -> _Site:
    looked = _look(call, api, stage)
    if looked.target.stage is None:
        raise AssertionError(looked.target)
    return _Site(call, looked, looked.target.stage, path_of(file, looked.target.name), Steps(partial(_tell, call), is_asking))


def _look(call: Call, api: str, stage: str) -> Looked:
    return look_at_api(call, api, stage, lambda name: parse_start(start_input(name)))


def _adopt(site: _Site) -> ExitCode:
    require_ours(site.path, site.stage)
    looked, tried = site.looked, set[str]()
    patient, diagnosis = examine(site.call, looked)
    journal = _journal(site, patient)
    while remedies := [one for found in remedies_of(patient).values() for one in found if one.line not in tried]:
        _require_free(patient)
        site.steps.require_terminal()
        _announce(site, len(remedies))
        for remedy in remedies:
            tried.add(remedy.line)
            site.steps.confirm(remedy)
            take_step(site.call.connection.client, journal, site.steps, remedy)
        looked = _look(site.call, site.stage.rest_api_id, site.stage.stage_name)
        patient, diagnosis = examine(site.call, looked)
    text = looked.target_file or ""
    if not site.path.exists() and journal.adopted.entries:
        journal.note_target_file(text)
    is_proposal = write(site.path, text)
    left = [f"{one.area}: {'; '.join(one.found)}" for one in diagnosis.checks if one.refuses]
    if not is_proposal:
        left.append(f"{site.path}: it was there and stays as it is, although it differs from the doctor's target file")
    return _say(
        site,
        left=tuple(left),
        is_ready=diagnosis.is_ready,
        following=_following(site, diagnosis),
        exit_code=ExitCode.DONE if diagnosis.is_ready else ExitCode.REFUSED,
    )


def _require_free(patient: Patient) -> None:
    """Refuse where a step could replace what was not seen, or would not last."""
    if unread := patient.around.unread:  # an account's role for logs that was not seen would be replaced
        fix = "ask for the permissions in docs/first-rollout.md"
        raise CommandError("NotSeen", f"nothing is changed blindly: {'; '.join(unread)}", fix, ExitCode.CANNOT_TELL)
    if stack := patient.around.tags.get(STACK_TAG):
        found = f"CloudFormation's stack {stack} owns the stage, and its next update would take back what is added"
        raise CommandError("OwnedByStack", found, "change the template, see docs/bring-your-own.md", ExitCode.REFUSED)


def _journal(site: _Site, patient: Patient) -> Journal:
    api, stage, path = site.stage.rest_api_id, site.stage.stage_name, journal_beside(site.path)
    serving = patient.stage.stage.deployment_id if patient.stage and patient.stage.stage else ""
    return Journal.find(path, api, stage) or Journal(path, Adopted(api, stage, serving))


def _following(site: _Site, diagnosis: Diagnosis) -> tuple[str, ...]:
    name, options = site.looked.target.name, site.options
    if not diagnosis.is_ready:
        return (f"canary doctor --api {site.stage.rest_api_id} --stage {site.stage.stage_name}{options}", site.again)
    return (f"make deploy TARGETS={site.path.parent}", f"canary plan {name}{options}", f"canary start {name} --watch{options}")


def _undo(site: _Site) -> ExitCode:
    path = journal_beside(site.path)
    journal = Journal.find(path, site.stage.rest_api_id, site.stage.stage_name)
    if journal is None:
        return _say(site, is_undo=True, left=(f"there is no journal {path}: nothing is known to be added",))
    if site.steps.is_asking and any(one.remedy.inverse for one in journal.adopted.entries):
        site.steps.require_terminal()
    undoing = Undoing(site.call.connection.client, journal, site.steps)
    undoing.run(site.stage)
    left = [*undoing.blocked, *undoing.kept]
    if undoing.blocked:
        return _say(site, is_undo=True, left=tuple(left), following=(f"{site.again} --undo",))
    if not remove(site.path, journal.adopted.target_file):
        left.append(f"{site.path}: it is not as the adoption wrote it")
    path.unlink()
    return _say(site, is_undo=True, left=tuple(left), exit_code=ExitCode.DONE)


def _announce(site: _Site, count: int) -> None:
    """Where, and how much, before the first step."""
    stage = f"stage {site.stage.stage_name} of API {site.stage.rest_api_id}"
    where = f"account {_account(site) or 'not known'}, Region {site.call.connection.region}, {stage}"
    site.steps.tell(f"{where}: {count} steps, and no request notices any of them")


def _tell(call: Call, line: str) -> None:
    if not call.output.is_json:
        call.output.say([line], None)


def _account(site: _Site) -> str | None:
    place = place_in(site.looked.sight)
    return place.account if place else None


def _say(
    site: _Site,
    *,
    is_undo: bool = False,
    left: tuple[str, ...] = (),
    is_ready: bool = False,
    following: tuple[str, ...] = (),
    exit_code: ExitCode = ExitCode.REFUSED,
) -> ExitCode:
    journal = journal_beside(site.path)
    adoption = Adoption(
        verb="adopt",
        is_undo=is_undo,
        target=site.looked.target.name,
        account=_account(site),
        region=site.call.connection.region,
        rest_api_id=site.stage.rest_api_id,
        stage_name=site.stage.stage_name,
        done=tuple(one.purpose for one in site.steps.done),
        commands=tuple(one.line for one in site.steps.done),
        left=left,
        is_ready=is_ready,
        target_file=str(site.path) if site.path.exists() else None,
        journal=str(journal) if journal.exists() else None,
        following=following,
    )
    site.call.output.say(lines_of_adoption(adoption), {**asdict(adoption), "exit_code": int(exit_code)})
    return exit_code
