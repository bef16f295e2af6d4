"""What AuthorizeRollout does for a start below its target's floor: it records a grant, and begins that one execution.

Whoever may start executions cannot write grants, and whoever may authorize cannot start anything that keeps the floor. The
grant holds the input's hash, so it allows nothing but what was asked for. The name makes a repeated call harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.executions import start
from canary.aws.targets import read_machine
from canary.edge.request import parse_request
from canary.edge.target import target_from_json
from canary.rules.releases.floors import find_below_floor
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.grants import VALID_SECONDS, Grant, GrantKind, sha256_of
from canary.rules.rollouts.report import iso
from canary.rules.rollouts.verbs import VerbAnswer
from canary.rules.targets.policy import effective_policy
from canary.tasks.registered import find_registered
from canary.tasks.steer import refuse

if TYPE_CHECKING:
    from canary.edge.request import AuthorizerCall
    from canary.tasks.entry import Json, Tools


def start_below_floor(call: AuthorizerCall, tools: Tools) -> Json:
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
    grant = Grant(call.name, GrantKind.START_BELOW_FLOOR, call.target, now, reason=call.reason, input_sha256=sha256_of(given))
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
