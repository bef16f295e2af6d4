"""CheckRelease: only reads. It reads the fencing token, the input and the target, and finds every reason not to start.

A version of the release that Lambda has not finished yet is not a reason to refuse: the machine waits and checks again, for up
to ten minutes. Nor is an older rollout on the target, if the policy says `on_newer: replace`. Everything else is checked before
that rollout is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from canary.aws.histories import read_traffic
from canary.aws.metrics import MetricReader
from canary.aws.surveys import survey
from canary.edge.events import CheckEvent
from canary.edge.proofs import started_by
from canary.edge.request import parse_request, release_of
from canary.edge.revert import is_revert
from canary.edge.target import target_from_json
from canary.rules.checks.draft import draft_rollout, is_unchanged
from canary.rules.checks.forecast import forecast_rollout, forecast_start, quiet_problem, says_what_follows, summarize
from canary.rules.checks.function_checks import WAIT_LIMIT_SECONDS, WAIT_SECONDS, find_pending
from canary.rules.checks.replacement import waits_for_alarms, without_rollout
from canary.rules.checks.survey import ALARMS, find_policy_problems, find_problems
from canary.rules.releases.drills import find_drill_problems
from canary.rules.releases.floors import BELOW_FLOOR_FIX, find_below_floor
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.releases.release import Release, Request, find_earliness, find_lateness, find_misfits, find_overflow
from canary.rules.rollouts.below_floor import mark_below_floor
from canary.rules.rollouts.codec import encode
from canary.rules.rollouts.grants import Grant, allows_below_floor
from canary.rules.rollouts.replacing import MOST_REPLACEMENTS, Await, GiveWay, Way, overdue_problem, way_with
from canary.rules.rollouts.rollout import Rollout, Tally
from canary.rules.rollouts.succession import Successor
from canary.rules.rollouts.taken_back import find_earlier, find_repetition, find_unread, mark_retry, note_unread
from canary.rules.rollouts.warm_ups import find_warm_up_notes, with_warm_up
from canary.rules.targets.policy import OnNewer, Policy, effective_policy
from canary.rules.targets.target import Target
from canary.tasks.check_revert import check_revert
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.holding import find_holder, find_newer_lock, is_own
from canary.tasks.common.registered import find_registered

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Start
    from canary.rules.checks.survey import Survey
    from canary.tasks.common.holding import Holder


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to a target. ``request`` is None if the input cannot be read; ``problems`` are those of the input itself.

    ``below``: the bounds of the target's floor that the policy goes below, which ``grant`` allows, if there is one.
    """

    target: Target
    request: Request | None
    release: Release
    policy: Policy
    problems: tuple[Problem, ...]
    below: tuple[Problem, ...] = ()
    grant: Grant | None = None

    @property
    def may_replace(self) -> bool:
        """Whether nothing is wrong with the input itself, and its policy lets it replace an older rollout."""
        is_valid = self.request is not None and not self.problems and not find_policy_problems(self.policy)
        return is_valid and self.policy.on_newer is OnNewer.REPLACE


def check_release(event: CheckEvent, tools: Tools) -> Json:
    """READY with the draft of the rollout, UNCHANGED, WAIT, REPLACE, or REFUSED with every problem at once."""
    if is_revert(event.input):
        return check_revert(event, tools)
    request, problems = parse_request(event.input)
    has_name = not any(problem.field == "target" for problem in problems)
    target, unknown = _find_target(event.input, tools) if has_name else (None, ())
    if target is None:
        return _refuse(tools, (*problems, *unknown))
    policy = effective_policy(target.policy, request.policy_override if request else None)
    below = find_below_floor(target.floor, policy, BELOW_FLOOR_FIX.format(target=target.name)) if request else ()
    start = tools.records.read_start(target.name, event.rollout_id, grant=bool(below))
    if request and (answer := _answer_schedule(request, start.lock, event, tools)):
        return answer
    release = request.release if request else release_of(event.input)
    used = _used_name(start.lock, event) if start.is_recorded else ()
    grant = allows_below_floor(start.grant, target.name, event.rollout_id, event.input, event.requested_at)
    drilled = find_drill_problems(request.drill if request else None, target)
    problems = (*problems, *drilled, *used, *(() if grant else below), *find_misfits(release, target))
    return _check_target(_Asked(target, request, release, policy, problems, below, grant), start, event, tools)


def _check_target(asked: _Asked, start: Start, event: CheckEvent, tools: Tools) -> Json:
    """The answer for a target whose lock is as it was read before the target itself."""
    held = None
    if holder := find_holder(start.lock, event.rollout_id, event.execution, tools.records):
        way = _way_with(holder, asked, event)
        if isinstance(way, Problem):
            return _refuse(tools, (*asked.problems, *find_policy_problems(asked.policy), way))
        if isinstance(way, Await):
            return _replace(tools, asked.target, f"rollout {holder.lock.rollout_id} has to end first")
        held = holder.rollout if isinstance(way, GiveWay) else None
    found = survey(tools.clients, asked.target, asked.release, _promoted(start.lock))
    if held:
        found = without_rollout(found, held)
    in_way = _find_in_way(asked, found, event)
    if in_way and (newest := find_newer_lock(start.lock, tools.records)):
        return _check_target(asked, replace(start, lock=newest), event, tools)
    problems = (*asked.problems, *in_way)
    if asked.request is None or any(problem.field != ALARMS for problem in problems):
        return _refuse(tools, problems)
    answer = _answer(asked, asked.request, found, problems, start=start, event=event, tools=tools)
    if held and answer["start"] in {"READY", "UNCHANGED"}:
        return _replace(tools, asked.target, f"rollout {held.rollout_id} gives way")
    return answer


def _find_in_way(asked: _Asked, found: Survey, event: CheckEvent) -> tuple[Problem, ...]:
    """What was found on the target, or in the release, that prevents a start."""
    is_late = event.waits * WAIT_SECONDS >= WAIT_LIMIT_SECONDS
    late = find_pending(found.functions) if is_late else ()
    return (*_overflow(asked.release, found), *find_problems(asked.target, asked.release, asked.policy, found), *late)


def _answer(
    asked: _Asked,
    request: Request,
    found: Survey,
    problems: tuple[Problem, ...],
    *,
    start: Start,
    event: CheckEvent,
    tools: Tools,
) -> Json:
    """The answer for a release that can be drafted; `problems` matter only if there is something to do."""
    target = asked.target
    rollout = draft_rollout(
        rollout_id=event.rollout_id,
        execution=event.execution,
        now=event.now,
        target=with_warm_up(target, start.seen),
        policy=asked.policy,
        request=request,
        survey=found,
        requested_at=event.requested_at,
    )
    is_retry, text = request.is_retry, start.unread_taken_back
    earlier = find_earlier(start.taken_back, rollout)
    unread = find_unread(text, target.name, asked.policy, is_retry=is_retry)
    repeated = (*find_repetition(earlier, rollout, is_retry=is_retry), *unread)
    rollout = mark_below_floor(note_unread(rollout, text), asked.grant, asked.below)
    rollout = replace(rollout, started_by=started_by(event.input, event.execution))
    if is_unchanged(rollout):
        return {"start": "UNCHANGED", "target": target.name, "reason": "the release is what base already runs"}
    if not repeated and _has_time_for_alarms(asked, event) and waits_for_alarms(problems, found):
        return _replace(tools, target, str(RefusedError(problems)))
    if problems := (*problems, *repeated):
        return _refuse(tools, problems)
    if pending := find_pending(found.functions):
        return _wait(tools, target, pending)
    metrics = MetricReader(tools.clients.of(target).cloudwatch)
    traffic = read_traffic(metrics, rollout, event.now)
    quiet = forecast_start(rollout, traffic)
    if problem := quiet_problem(rollout.plan.policy, quiet, is_decided=says_what_follows(request)):
        return _refuse(tools, (problem,))
    tally = Tally(waits=event.waits, replacements=event.replacements, metrics_requested=metrics.requested)
    forecast = summarize(forecast_rollout(rollout, traffic), traffic.per_minute)
    notes = (*find_warm_up_notes(target, start.seen), *((f"little traffic: {quiet}",) if quiet else ()))
    return _begin(tools, _noted(mark_retry(rollout, earlier), notes, tally), forecast, start.lock.fencing_token)


def _noted(rollout: Rollout, more: tuple[str, ...], tally: Tally) -> Rollout:
    notes = (*rollout.plan.notes, *more)
    return replace(rollout, plan=replace(rollout.plan, notes=notes), tally=tally)


def _answer_schedule(request: Request, lock: Lock, event: CheckEvent, tools: Tools) -> Json | None:
    """The answer to a scheduled start that comes too early, too late or a second time."""
    if request.schedule is None or lock.rollout_id == event.rollout_id:
        return None
    if early := find_earliness(request.schedule, event.now):
        return _refuse(tools, (early,))
    if request.schedule.is_spent(lock.scheduled_at):
        return {"start": "UNCHANGED", "target": request.target, "reason": "this scheduled time was already handled"}
    late = find_lateness(request.schedule, event.requested_at or event.now)
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


def _way_with(holder: Holder, asked: _Asked, event: CheckEvent) -> Way:
    """What this start does about the rollout that holds its target, under its own policy."""
    rollout, owner = holder.rollout, holder.lock.owner
    if rollout is None or not asked.may_replace:
        return holder.problem
    way = way_with(rollout, owner, Successor(event.requested_at, event.rollout_id))
    is_overdue = event.replacements >= MOST_REPLACEMENTS and not isinstance(way, Problem)
    return overdue_problem(rollout, owner) if is_overdue else way


def _has_time_for_alarms(asked: _Asked, event: CheckEvent) -> bool:
    """Whether this start replaced a rollout whose alarms may still fire, and can wait for them."""
    return asked.may_replace and 0 < event.replacements < MOST_REPLACEMENTS


def _used_name(lock: Lock, event: CheckEvent) -> tuple[Problem, ...]:
    """The records keep a rollout longer than Step Functions keeps its execution's name (docs/aws.md#execution-name-reuse)."""
    if is_own(lock, event.rollout_id, event.execution):
        return ()
    found = f"the execution name {event.rollout_id} was used before: the records have a rollout with that name"
    return (Problem("name", found, "start again with a new name"),)


def _begin(tools: Tools, rollout: Rollout, forecast: str, fencing_token: int) -> Json:
    name = rollout.target.name
    tools.logger.info("release checked", rollout=rollout.rollout_id, target=name, notes=rollout.plan.notes, forecast=forecast)
    return {
        "start": "READY",
        "target": name,
        "reason": rollout.reason,
        "forecast": forecast,
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


def _replace(tools: Tools, target: Target, reason: str) -> Json:
    """The start is valid as far as can be told, and an older rollout has to end, or its alarms to fall silent, before it."""
    tools.logger.info("older rollout in the way", target=target.name, reason=reason)
    return {"start": "REPLACE", "target": target.name, "reason": reason}


def _refuse(tools: Tools, problems: tuple[Problem, ...]) -> Json:
    reason = str(RefusedError(problems))
    tools.logger.info("release refused", reason=reason)
    return {"start": "REFUSED", "target": "", "reason": reason}


handler = Handler(on(CheckEvent), check_release)
