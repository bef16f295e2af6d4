"""CheckRelease: reads, and nothing else. The fencing number, the input, the target, and every reason not to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.aws.errors import UnknownTargetError
from canary.aws.records import describe_holder
from canary.aws.surveys import survey
from canary.aws.targets import read_target
from canary.edge.events import CheckEvent
from canary.edge.request import parse_request, release_of
from canary.edge.target import target_from_json
from canary.rules.codec import encode
from canary.rules.draft import draft_rollout, is_unchanged
from canary.rules.policy import effective_policy
from canary.rules.problems import Problem, RefusedError
from canary.rules.release import find_lateness, find_misfits, find_overflow
from canary.rules.survey import ALARMS, find_problems
from canary.tasks.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.aws.records import Lock
    from canary.rules.release import Release, Request
    from canary.rules.survey import Survey
    from canary.rules.target import Target


def check_release(event: CheckEvent, tools: Tools) -> Json:
    """READY with the draft of the rollout, UNCHANGED, or REFUSED with every problem at once."""
    request, problems = parse_request(event.input)
    has_name = not any(problem.field == "target" for problem in problems)
    target, unknown = _find_target(event.input, tools) if has_name else (None, ())
    if target is None:
        return _refuse(tools, (*problems, *unknown))
    lock = tools.records.read_lock(target.name)
    if request and (answer := _answer_schedule(request, lock, event, tools)):
        return answer
    release = request.release if request else release_of(event.input)
    policy = effective_policy(target.policy, request.policy_override if request else None)
    found = survey(tools.clients, target, release)
    misfits = (*find_misfits(release, target), *_overflow(release, found))
    problems = (*problems, *_held(lock, event), *misfits, *find_problems(target, release, policy, found))
    if request is None or any(problem.field != ALARMS for problem in problems):
        return _refuse(tools, problems)
    rollout = draft_rollout(
        rollout_id=event.rollout_id,
        execution=event.execution,
        now=event.now,
        target=target,
        policy=policy,
        request=request,
        survey=found,
        promoted_fingerprint=_fingerprint_of_base(lock, found),
    )
    if is_unchanged(rollout):
        return {"start": "UNCHANGED", "target": target.name, "reason": "the release is what base already runs"}
    if problems:
        return _refuse(tools, problems)
    tools.logger.info("release checked", rollout=event.rollout_id, target=target.name, notes=rollout.plan.notes)
    return {
        "start": "READY",
        "target": target.name,
        "reason": request.reason,
        "fencing": lock.fencing,
        "draft": encode(rollout),
    }


def _answer_schedule(request: Request, lock: Lock, event: CheckEvent, tools: Tools) -> Json | None:
    """What a delivery that comes too late, or comes again, is answered."""
    if request.schedule is None or lock.rollout_id == event.rollout_id:
        return None
    if request.schedule.is_spent(lock.scheduled_at):
        return {"start": "UNCHANGED", "target": request.target, "reason": "what was scheduled for this time was done already"}
    late = find_lateness(request.schedule, event.now)
    return _refuse(tools, (late,)) if late else None


def _find_target(raw: Any, tools: Tools) -> tuple[Target | None, tuple[Problem, ...]]:  # noqa: ANN401 - a user's input
    name = raw.get("target") if isinstance(raw, dict) else None
    if not isinstance(name, str):
        return None, ()
    try:
        return target_from_json(read_target(tools.clients.ssm, tools.settings.target_prefix, name)), ()
    except UnknownTargetError as error:
        return None, (Problem("target", str(error), "name one of them, or deploy the target first"),)


def _fingerprint_of_base(lock: Lock, found: Survey) -> str | None:
    """Of the definition that base serves, if base is still on the deployment that was promoted last."""
    base = found.stage.stage.deployment_id if found.stage and found.stage.stage else None
    return lock.fingerprint if base == lock.deployment_id else None


def _overflow(release: Release, found: Survey) -> tuple[Problem, ...]:
    stage = found.stage.stage if found.stage else None
    return find_overflow(release, stage) if stage else ()


def _held(lock: Lock, event: CheckEvent) -> tuple[Problem, ...]:
    if lock.rollout_id in {None, event.rollout_id}:
        return ()
    return (Problem("target", describe_holder(lock), "one rollout runs on a target at a time"),)


def _refuse(tools: Tools, problems: tuple[Problem, ...]) -> Json:
    reason = str(RefusedError(problems))
    tools.logger.info("release refused", reason=reason)
    return {"start": "REFUSED", "target": "", "reason": reason}


handler = Handler(on(CheckEvent), check_release)
