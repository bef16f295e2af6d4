"""Who called OperateRollout or AuthorizeRollout: what STS vouches for, or else what the call claims.

A proof that is wrong refuses the call. A proof that nobody could check does not: the verb is more important than its caller's
name, and the record says what kept STS from answering.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from canary.aws.identity import UncheckedProof, WrongProof, ask_sts
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.actions import CalledBy
from canary.rules.rollouts.proofs import CallerIdentity, binding_of, find_misplaced, place_of, signed_epoch

if TYPE_CHECKING:
    from canary.edge.request import AuthorizerCall, OperatorCall
    from canary.rules.rollouts.proofs import CallerProof
    from canary.tasks.common.entry import Json, Tools

SIGN_AGAIN = "sign the call again, or make it without a proof"
USED = "the proof was used before: this call was repeated, or someone repeats another's"


def find_caller(event: Json, call: OperatorCall | AuthorizerCall, tools: Tools) -> tuple[CalledBy, tuple[Problem, ...]]:
    """The caller of the event that was read as `call`, and why its proof is wrong, if it is."""
    claimed = CalledBy(claimed=call.on_behalf_of, request_id=tools.call.request_id)
    if call.proof is None:
        return claimed, ()
    found = _check(event, call.proof, replace(claimed, proof_id=call.proof.request_id), tools)
    if isinstance(found, Problem):
        _report(call, found.value, tools)
        return claimed, (found,)
    if found.unproven:
        _report(call, found.unproven, tools)
    return found, ()


def _report(call: OperatorCall | AuthorizerCall, reason: str, tools: Tools) -> None:
    """Log and count a proof that proves nothing: an alarm sends someone to find out who called."""
    tools.logger.warning("caller not proven", target=call.target, verb=call.verb, reason=reason, request=tools.call.request_id)
    tools.count("CallerNotProven")


def _check(event: Json, proof: CallerProof, claimed: CalledBy, tools: Tools) -> CalledBy | Problem:
    """The caller, with the ARN if STS vouches for it; or why the proof is wrong."""
    place = place_of(tools.call.function_arn)
    if place is None:
        return replace(claimed, unproven=f"the function does not know its own ARN, got {tools.call.function_arn!r}")
    if misplaced := find_misplaced(proof, place):
        return Problem("proof", misplaced, SIGN_AGAIN)
    binding = binding_of(place, event, proof.request_id)
    found = ask_sts(proof, binding, host=place.sts_host, endpoint_url=tools.settings.endpoint_url)
    match found:
        case WrongProof():
            return Problem("proof", found.reason, SIGN_AGAIN)
        case UncheckedProof():
            return replace(claimed, unproven=found.reason)
        case CallerIdentity() if found.account != place.account:
            why = f"the proof is of {found.arn}, and this controller is in account {place.account}"
            return Problem("proof", why, "sign with credentials of that account, or call without a proof")
        case CallerIdentity():
            is_first = tools.records.use_proof(proof.request_id, signed_epoch(proof))
            return replace(claimed, arn=found.arn) if is_first else replace(claimed, unproven=USED)
        case _:
            assert_never(found)
