"""AuthorizeRollout: the verbs that let a release skip care, in a function of its own, so that IAM tells who may do that.

Promote asks for the promotion that every rollout makes: the next look hears it, and drain and commit point follow. What vetoes
a promotion refuses it here at once, so that the caller hears why; the look and the drain check the same again.

`start_below_floor` starts a rollout whose policy is below its target's floor: it records a grant, and begins that execution.
Whoever may start executions cannot write grants, and whoever may authorize cannot start anything that keeps the floor. The
grant holds the input's hash, so it allows nothing but what was asked for. The name makes a repeated call harmless.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from canary.aws.alarms import read_alarms
from canary.aws.executions import start
from canary.aws.targets import read_machine
from canary.edge.request import parse_authorizer_call, parse_request
from canary.edge.target import target_from_json
from canary.rules.judging import evidence_json
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.looks.alarm_readings import alarms_against
from canary.rules.looks.proof import prove
from canary.rules.releases.floors import find_below_floor
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.actions import Action
from canary.rules.rollouts.grants import VALID_SECONDS, Grant, GrantKind, sha256_of
from canary.rules.rollouts.report import iso
from canary.rules.rollouts.steering import AuthorizerVerb, SignalVerb
from canary.rules.rollouts.upgrades import upgrade_history
from canary.rules.rollouts.verbs import VerbAnswer
from canary.rules.targets.alarms import target_alarms
from canary.rules.targets.policy import effective_policy
from canary.tasks.common.entry import Handler, Json, Tools, as_it_is
from canary.tasks.common.registered import find_registered
from canary.tasks.verbs.steer import refuse, send
from canary.tasks.verbs.who import find_caller

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.edge.request import AuthorizerCall
    from canary.rules.rollouts.actions import CalledBy
    from canary.rules.rollouts.rollout import Rollout


def authorize_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    call, problems = parse_authorizer_call(event)
    if call is None:
        return refuse("", problems)
    caller, wrong = find_caller(event, call, tools)
    if wrong:
        return refuse(call.target, wrong)
    match call.verb:
        case AuthorizerVerb.PROMOTE:
            return _promote(call, caller, tools)
        case AuthorizerVerb.START_BELOW_FLOOR:
            return _start_below_floor(call, caller, tools)
        case _:
            assert_never(call.verb)


def _promote(call: AuthorizerCall, caller: CalledBy, tools: Tools) -> Json:
    find_veto = partial(_find_veto, tools=tools, tolerated=call.tolerate_alarms)
    return send(
        SignalVerb.PROMOTE,
        call.target,
        tools,
        reason=call.reason,
        caller=caller,
        tolerated_alarms=call.tolerate_alarms,
        find_veto=find_veto,
    )


def _find_veto(owned: Owned, *, tools: Tools, tolerated: tuple[str, ...]) -> str | None:
    """Why this canary may not be promoted now; None where nothing speaks against it."""
    rollout = owned.rollout
    return _alarm_veto(rollout, tools, tolerated) or _blind_veto(rollout) or _judge_veto(owned, tools)


def _alarm_veto(rollout: Rollout, tools: Tools, tolerated: tuple[str, ...]) -> str | None:
    ours, users = [alarm.name for alarm in target_alarms(rollout.target)], rollout.target.alarms
    if unknown := {*tolerated} - {*ours, *users}:
        found = f"{', '.join(sorted(unknown))} is no alarm of {rollout.target.name}"
        return f"{found}; tolerate_alarms takes: {', '.join((*ours, *users))}"
    alarms = read_alarms(tools.clients.of(rollout.target).cloudwatch, ours, users)
    against = alarms_against(alarms, (*rollout.tolerated_alarms, *tolerated))
    return f"{against}; fix the cause, or name the alarm in tolerate_alarms if it only fires" if against else None


def _blind_veto(rollout: Rollout) -> str | None:
    if rollout.blind_since is None:
        return None
    return f"looks have not seen everything since {iso(rollout.blind_since)}; fix what their verdicts name, and promote then"


def _judge_veto(owned: Owned, tools: Tools) -> str | None:
    rollout = owned.rollout
    history = history_from_json(upgrade_history(tools.records.read_history(rollout.rollout_id)))
    return prove(rollout, evidence_json.from_json(rollout.evidence, history), now=owned.read_at).condemned


def _start_below_floor(call: AuthorizerCall, caller: CalledBy, tools: Tools) -> Json:
    """ACCEPTED with the execution that begins, UNCHANGED if this call was made before, or REFUSED with every problem."""
    given = {**call.given, "target": call.target}
    request, problems = parse_request(given)
    registered, unknown = find_registered(call.target, tools)
    if request is None or registered is None:
        return refuse(call.target, (*problems, *unknown))
    target = target_from_json(registered)
    policy = effective_policy(target.policy, request.policy_override)
    below = find_below_floor(target.floor, policy, "")
    if not below:
        found = f"policy {policy.name} keeps the floor of {target.name}, so no authorizer is needed"
        return refuse(call.target, (Problem("input.policy", found, f"start it with: canary start {target.name}"),))
    before, now = tools.records.read_grant(call.name)
    action = Action(now, call.verb.value, call.reason, caller)
    grant = Grant(
        call.name,
        GrantKind.START_BELOW_FLOOR,
        call.target,
        now,
        reason=call.reason,
        action=action,
        input_sha256=sha256_of(given),
    )
    if (before and not _is_same(before, grant)) or (before is None and not tools.records.give(grant)):
        return _refuse_name(call, "was used for another start")
    if before and now > before.given_at + VALID_SECONDS:
        return _refuse_name(call, f"was used at {iso(before.given_at)}, and a start is allowed for {VALID_SECONDS} seconds")
    execution = start(tools.clients.stepfunctions, read_machine(tools.clients.ssm), call.name, given)
    if execution is None and before is None:
        return _refuse_name(call, "belongs to an execution that has ended")
    tools.logger.info("start below the floor", target=call.target, rollout=call.name, reason=call.reason, is_new=before is None)
    said = "; ".join(f"{problem.field}: {problem.value}" for problem in below)
    return {
        "target": call.target,
        "rollout": call.name,
        "answer": (VerbAnswer.UNCHANGED if before else VerbAnswer.ACCEPTED).value,
        "reason": f"started before: {said}" if before else f"allowed below the floor: {said}",
        **({"execution": execution} if execution else {}),
    }


def _is_same(before: Grant, grant: Grant) -> bool:
    """Whether an earlier call asked for the same start; a repeated call may give its reason in other words."""
    return (before.kind, before.target, before.input_sha256) == (grant.kind, grant.target, grant.input_sha256)


def _refuse_name(call: AuthorizerCall, found: str) -> Json:
    return refuse(call.target, (Problem("name", f"the name {call.name} {found}", "call it again with a new name"),))


handler = Handler(as_it_is, authorize_rollout)
