"""Makes a diagnosis of what was read: the controller's own problems by area, and what is in order. Pure.

What refuses a start is decided by the rules alone (`canary_cli.planning.prospect.find_start_problems`). This module sorts their
findings, adds the commands that fix them, and what people want to know besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.failures.query import FUNCTION_LOGS, Question
from canary.rules.targets.live import AccessLog
from canary_cli.doctor.findings import Checked, Condition, Diagnosis
from canary_cli.doctor.remedies import INTEGRATIONS, LOG, VARIABLE, area_of, remedies_of
from canary_cli.doctor.surroundings import DAYS, OF_THE_STAGE, is_business

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary.rules.releases.problems import Problem
    from canary.rules.rollouts.rollout import Rollout
    from canary_cli.doctor.remedies import Patient

ROLLOUT, ROLE, STAGE, ALARMS, POLICY, DATA, LOGS = "rollout", "role", "stage", "alarms", "policy", "metrics", "function logs"
FIELDS = {"target": ROLLOUT, "stage": STAGE, "access_log_group": LOG, "alarms": ALARMS, "outside": INTEGRATIONS}
ABSENT = (
    "does not exist",
    "may not invoke",
    "it is None",
    "logs to nothing",
    "is published",
    " is gone",
    "there is no integration",
)
"""Words of the rules' problems with something that is not there, rather than wrong."""
STACK_TAG = "aws:cloudformation:stack-name"


def diagnose(
    patient: Patient,
    draft: Rollout,
    problems: Iterable[Problem],
    *,
    target_file: str | None = None,
    unread: tuple[str, ...] = (),
) -> Diagnosis:
    """The diagnosis. `problems`: every reason to refuse a start; `target_file`: the target's, if it is not registered yet."""
    by_area: dict[str, list[Problem]] = {}
    for problem in problems:
        by_area.setdefault(_area(problem), []).append(problem)
    remedies = {area: tuple(one.line for one in found) for area, found in remedies_of(patient).items()}
    good = dict(_in_order(patient))
    areas = [*dict.fromkeys((*good, *remedies, *by_area))]
    checks = [*(_check(area, by_area.get(area, []), remedies.get(area, ()), good.get(area, "")) for area in areas)]
    checks += [*_of_role(patient), *_of_data(patient), *_of_logs(patient), *_notes(patient, draft, unread)]
    is_ready = not any(one.refuses for one in checks)
    commands = tuple(command for commands in remedies.values() for command in commands)
    stage = patient.target.stage
    return Diagnosis(
        target=patient.target.name,
        rest_api_id=stage.rest_api_id if stage else None,
        stage_name=stage.stage_name if stage else None,
        is_ready=is_ready,
        checks=tuple(checks),
        commands=commands,
        target_file=target_file,
        following=_following(patient, is_ready=is_ready, is_registered=target_file is None),
    )


def _area(problem: Problem) -> str:
    """The area of a problem, by its field; the rules name an API's methods as the fields of what is wrong with them."""
    field = problem.field.removeprefix("release.")
    kind, _, name = field.partition(".")
    if kind == "functions" and name:
        return area_of(name)
    if field.startswith("stage.variables."):
        return VARIABLE
    if kind in {"policy", "floor"}:
        return POLICY
    if kind == "functions" or problem.field == "release":
        return "release"
    return FIELDS.get(kind, INTEGRATIONS)


def _check(area: str, problems: list[Problem], commands: tuple[str, ...], good: str) -> Checked:
    if not problems and not commands:
        return Checked(area, Condition.OK, (good,))
    found = tuple(dict.fromkeys(one.value for one in problems)) or ("the integrations will need it",)
    is_absent = all(any(word in one for word in ABSENT) for one in found)
    condition = Condition.MISSING if is_absent or not problems else Condition.WRONG
    named = tuple(f"{one.field}: {one.value}" if area == INTEGRATIONS else one.value for one in problems) or found
    return Checked(area, condition, named, tuple(one.fix for one in problems), commands)


def _in_order(patient: Patient) -> Iterator[tuple[str, str]]:
    """By area, what is there if nothing is wrong, in the order in which people read it."""
    target, found = patient.target, patient.stage
    yield ROLLOUT, patient.first or "no rollout is in progress"
    if target.stage:
        deployment = found.stage.deployment_id if found and found.stage else ""
        yield STAGE, f"stage {target.stage.stage_name} of API {target.stage.rest_api_id} serves deployment {deployment}"
    for function in target.functions:
        one = patient.survey.functions[function.name]
        aliases = {function.live: one.live, function.canary: one.canary}
        at = ", ".join(f"{name} at {alias.version}" for name, alias in aliases.items() if name and alias)
        newest = f"; the newest version is {one.newest}" if one.newest else ""
        yield area_of(function.name), f"{at}{newest}{'; the API may invoke both' if one.callers else ''}"
    if target.stage:
        yield VARIABLE, f"{target.stage.alias_variable} names the live aliases"
        log = target.access_log_group
        yield LOG, f"{log} has every field that is counted" if log else "none, so only what Lambda counts is compared"
        yield INTEGRATIONS, "every call inside the rollout goes through the stage variable"
    if patient.survey.alarms:
        yield ALARMS, ", ".join(f"{one.name} is {one.state.value}" for one in patient.survey.alarms)
    yield POLICY, f"{target.policy.name} with {len(target.policy.steps)} steps"


def _of_role(patient: Patient) -> Iterator[Checked]:
    """People may not act as the controller, so only a start shows whether it may still assume the role."""
    if role := patient.target.role_arn:
        found = f"the controller acts on the target as {role}; whether it still may is seen by a start alone"
        yield Checked(ROLE, Condition.NOTE, (found,))


def _of_data(patient: Patient) -> Iterator[Checked]:
    """Whether each metric has data. Silence prevents no start, but what is silent is not compared."""
    for metric, hours in patient.around.heard.items():
        if hours:
            yield Checked(f"{DATA}: {metric}", Condition.OK, (f"data in {hours} of the last {DAYS * 24} hours",))
            continue
        if metric == OF_THE_STAGE:
            found = f"no requests in the last {DAYS} days, so a rollout would have nothing to compare"
            yield Checked(f"{DATA}: {metric}", Condition.NOTE, (found,), ("send requests to the stage",))
            continue
        fix = "its metric filters count from the first request after they were created"
        if is_business(patient.target, metric):
            fix = "let the functions publish 0 or 1 for each request, with the dimension arm"
        yield Checked(f"{DATA}: {metric}", Condition.NOTE, (f"no data in the last {DAYS} days",), (fix,))


def _of_logs(patient: Patient) -> Iterator[Checked]:
    """Whether `canary logs` finds what the functions log, with version and request id."""
    stage = patient.stage
    log = AccessLog(stage.log_group, stage.log_format) if stage else AccessLog()
    if log.group and not Question(patient.target, 0, 0, {}, log).is_joined:
        found = "the access log does not name the functions' request ids, so a failed request is not joined with its error line"
        yield Checked(LOGS, Condition.NOTE, (found,), ("write the access log in the format of docs/access-log.md",))
    for name, config in patient.around.logging.items():
        group = config.get("LogGroup", f"{FUNCTION_LOGS}{name}")
        if group != f"{FUNCTION_LOGS}{name}":
            found = f"{name} logs to {group}, where canary logs does not look; versions and request ids are there"
            yield Checked(LOGS, Condition.NOTE, (found,), (f"let it log to {FUNCTION_LOGS}{name}",))
        else:
            found = f"{name} logs its version (as the stream's name) and request ids to {group}"
            yield Checked(LOGS, Condition.OK, (found,))


def _notes(patient: Patient, draft: Rollout, unread: tuple[str, ...]) -> Iterator[Checked]:
    around = patient.around
    if stack := around.tags.get(STACK_TAG):
        found = f"CloudFormation's stack {stack} owns the stage: an update could take it back to another deployment"
        yield Checked(STAGE, Condition.NOTE, (found,), ("protect it with a stack policy, see docs/bring-your-own.md",))
    for path, rate in around.throttles.items():
        yield Checked(STAGE, Condition.NOTE, (f"{path} is throttled at {rate:g} requests per second, which both arms share",))
    for note in draft.plan.notes:
        yield Checked("note", Condition.NOTE, (note,))
    for one in (*unread, *around.unread):
        yield Checked("not seen", Condition.NOTE, (one,), ("ask for the permissions in docs/first-rollout.md",))


def _following(patient: Patient, *, is_ready: bool, is_registered: bool) -> str:
    name, stage = patient.target.name, patient.target.stage
    again = f"canary doctor {name}"
    if not is_registered and stage:
        again = f"canary doctor --api {stage.rest_api_id} --stage {stage.stage_name}"
    if not is_ready:
        return f"fix what is missing or wrong, then run {again}"
    if is_registered:
        return f"canary plan {name}, then canary start {name}"
    return f"save the target file as ours/{name}.yaml and register it with make deploy TARGETS=ours"
