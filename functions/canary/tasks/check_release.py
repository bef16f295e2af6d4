"""CheckRelease: only reads. It reads the fencing token, the input and the target, and finds every reason not to start.

A version of the release that Lambda has not finished yet is not a reason to refuse: the machine waits and checks again, for up
to ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from canary.aws.histories import read_traffic
from canary.aws.locks import describe_holder
from canary.aws.metrics import MetricReader
from canary.aws.surveys import survey
from canary.edge.events import CheckEvent
from canary.edge.proofs import started_by
from canary.edge.request import parse_request, release_of
from canary.edge.revert import is_revert
from canary.edge.target import target_from_json
from canary.rules.checks.draft import draft_rollout, is_unchanged
from canary.rules.checks.forecast import forecast_start, quiet_problem, says_what_follows
from canary.rules.checks.function_checks import WAIT_LIMIT_SECONDS, WAIT_SECONDS, find_pending
from canary.rules.checks.survey import ALARMS, find_policy_problems, find_problems
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.releases.release import Release, Request, find_earliness, find_lateness, find_misfits, find_overflow
from canary.rules.rollouts.codec import encode
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout, Tally
from canary.rules.rollouts.taken_back import find_earlier, find_repetition, find_unread, mark_retry, note_unread
from canary.rules.targets.policy import Policy, effective_policy
from canary.rules.targets.target import Target
from canary.tasks.check_revert import check_revert
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.registered import find_registered

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Start
    from canary.rules.checks.survey import Survey


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to a target. ``request`` is None if the input cannot be read; ``problems`` are those of the input itself."""

    target: Target
    request: Request | None
    release: Release
    policy: Policy
    problems: tuple[Problem, ...]


def check_release(event: CheckEvent, tools: Tools) -> Json:
    """READY with the draft of the rollout, UNCHANGED, WAIT, or REFUSED with every problem at once."""
    if is_revert(event.input):
        return check_revert(event, tools)
    request, problems = parse_request(event.input)
    has_name = not any(problem.field == "target" for problem in problems)
    target, unknown = _find_target(event.input, tools) if has_name else (None, ())
    if target is None:
        return _refuse(tools, (*problems, *unknown))
    start = tools.records.read_start(target.name, event.rollout_id)
    lock = start.lock
    if request and (answer := _answer_schedule(request, lock, event, tools)):
        return answer
    release = request.release if request else release_of(event.input)
    policy = effective_policy(target.policy, request.policy_override if request else None)
    used = _used_name(lock, event) if start.is_recorded else ()
    asked = _Asked(target, request, release, policy, (*problems, *used, *find_misfits(release, target)))
    if holder := _find_holder(lock, event, tools):
        return _refuse_locked(asked, holder, tools)
    return _check_target(asked, start, event, tools)


def _check_target(asked: _Asked, start: Start, event: CheckEvent, tools: Tools) -> Json:
    """The answer for a target whose lock was free, or this rollout's own, before the target was read."""
    target, release = asked.target, asked.release
    found = survey(tools.clients, target, release, _promoted(start.lock))
    pending = find_pending(found.functions)
    late = pending if event.waits * WAIT_SECONDS >= WAIT_LIMIT_SECONDS else ()
    in_way = (*_overflow(release, found), *find_problems(target, release, asked.policy, found), *late)
    if in_way and (holder := _find_holder(tools.records.read_lock(target.name), event, tools)):
        return _refuse_locked(asked, holder, tools)
    problems = (*asked.problems, *in_way)
    if asked.request is None or any(problem.field != ALARMS for problem in problems):
        return _refuse(tools, problems)
    rollout = draft_rollout(
        rollout_id=event.rollout_id,
        execution=event.execution,
        now=event.now,
        target=target,
        policy=asked.policy,
        request=asked.request,
        survey=found,
    )
    is_retry, text = asked.request.is_retry, start.unread_taken_back
    earlier = find_earlier(start.taken_back, rollout)
    unread = find_unread(text, target.name, asked.policy, is_retry=is_retry)
    problems = (*problems, *find_repetition(earlier, rollout, is_retry=is_retry), *unread)
    rollout = replace(mark_retry(note_unread(rollout, text), earlier), started_by=started_by(event.input, event.execution))
    return _answer(rollout, asked.request, problems, pending, event=event, tools=tools, fencing_token=start.lock.fencing_token)


def _answer(
    rollout: Rollout,
    request: Request,
    problems: tuple[Problem, ...],
    pending: tuple[Problem, ...],
    *,
    event: CheckEvent,
    tools: Tools,
    fencing_token: int,
) -> Json:
    """The answer for a release that can be drafted; `problems` matter only if there is something to do."""
    target = rollout.target
    if is_unchanged(rollout):
        return {"start": "UNCHANGED", "target": target.name, "reason": "the release is what base already runs"}
    if problems:
        return _refuse(tools, problems)
    if pending:
        return _wait(tools, target, pending)
    metrics = MetricReader(tools.clients.of(target).cloudwatch)
    quiet = forecast_start(rollout, read_traffic(metrics, rollout, event.now))
    if problem := quiet_problem(rollout.plan.policy, quiet, is_decided=says_what_follows(request)):
        return _refuse(tools, (problem,))
    tally = Tally(waits=event.waits, metrics_requested=metrics.requested)
    return _begin(tools, _noted(rollout, quiet, tally), fencing_token)


def _noted(rollout: Rollout, quiet: str | None, tally: Tally) -> Rollout:
    notes = (*rollout.plan.notes, *((f"little traffic: {quiet}",) if quiet else ()))
    return replace(rollout, plan=replace(rollout.plan, notes=notes), tally=tally)


def _answer_schedule(request: Request, lock: Lock, event: CheckEvent, tools: Tools) -> Json | None:
    """The answer to a scheduled start that comes too early, too late or a second time."""
    if request.schedule is None or lock.rollout_id == event.rollout_id:
        return None
    if early := find_earliness(request.schedule, event.now):
        return _refuse(tools, (early,))
    if request.schedule.is_spent(lock.scheduled_at):
        return {"start": "UNCHANGED", "target": request.target, "reason": "this scheduled time was already handled"}
    late = find_lateness(request.schedule, event.now - event.waits * WAIT_SECONDS)
    return _refuse(tools, (late,)) if late else None


def _find_target(raw: Any, tools: Tools) -> tuple[Target | None, tuple[Problem, ...]]:  # noqa: ANN401 - a user's input
    name = raw.get("target") if isinstance(raw, dict) else None
    if not isinstance(name, str):
        return None, ()
    found, unknown = find_registered(name, tools)
    return (target_from_json(found), ()) if found is not None else (None, unknown)


def _promoted(lock: Lock) -> dict[str, str]:
    """The fingerprint of the last promoted definition, by the deployment that froze it."""
    return {lock.deployment_id: lock.fingerprint} if lock.deployment_id and lock.fingerprint else {}


def _overflow(release: Release, found: Survey) -> tuple[Problem, ...]:
    stage = found.stage.stage if found.stage else None
    return find_overflow(release, stage) if stage else ()


def _is_own(lock: Lock, event: CheckEvent) -> bool:
    """Whether this execution already holds the lock, because an answer of TakeLock was lost."""
    return (lock.rollout_id, lock.owner) == (event.rollout_id, event.execution)


def _refuse_locked(asked: _Asked, holder: Problem, tools: Tools) -> Json:
    """Refuse with the problems of the input itself, and with who holds the target."""
    return _refuse(tools, (*asked.problems, *find_policy_problems(asked.policy), holder))


def _find_holder(lock: Lock, event: CheckEvent, tools: Tools) -> Problem | None:
    """The other rollout that holds the target. Its effects are not this release's problems and are not reported.

    It may have taken the target during the checks, so callers that find problems there ask again.
    """
    if lock.rollout_id is None or _is_own(lock, event):
        return None
    owned = tools.records.find(str(lock.rollout_id), lock=lock)
    if owned is None:
        return Problem("target", describe_holder(lock), "a target takes one rollout at a time")
    if owned.rollout.phase is Phase.WATCHING:  # its release is base already; TakeLock ends the watch
        return None
    return holder_problem(owned.rollout, lock.owner)


def _used_name(lock: Lock, event: CheckEvent) -> tuple[Problem, ...]:
    """The records keep a rollout longer than Step Functions keeps its execution's name (docs/aws.md#execution-name-reuse)."""
    if _is_own(lock, event):
        return ()
    found = f"the execution name {event.rollout_id} was used before: the records have a rollout with that name"
    return (Problem("name", found, "start again with a new name"),)


def _begin(tools: Tools, rollout: Rollout, fencing_token: int) -> Json:
    name = rollout.target.name
    tools.logger.info("release checked", rollout=rollout.rollout_id, target=name, notes=rollout.plan.notes)
    return {
        "start": "READY",
        "target": name,
        "reason": rollout.reason,
        "fencing_token": fencing_token,
        "draft": encode(rollout),
    }


def _wait(tools: Tools, target: Target, pending: tuple[Problem, ...]) -> Json:
    fields = [problem.field for problem in pending]
    tools.logger.info("release waits for Lambda", target=target.name, versions=fields)
    return {
        "start": "WAIT",
        "target": target.name,
        "reason": f"Lambda has not finished {', '.join(fields)}",
        "wait_seconds": WAIT_SECONDS,
    }


def _refuse(tools: Tools, problems: tuple[Problem, ...]) -> Json:
    reason = str(RefusedError(problems))
    tools.logger.info("release refused", reason=reason)
    return {"start": "REFUSED", "target": "", "reason": reason}


handler = Handler(on(CheckEvent), check_release)
