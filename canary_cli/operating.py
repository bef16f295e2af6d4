"""The calls that change something: an execution of the state machine, or a call of a function that takes verbs.

Each is also told as one line for a shell that has only the AWS CLI, version 2.
"""

from __future__ import annotations

import json
import re
from shlex import quote
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from canary.aws.calls import refusals
from canary.aws.errors import ControllerError
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.proofs import PROOF
from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.steering import AuthorizerVerb
from canary.rules.rollouts.verbs import VerbAnswer
from canary_cli.exits import CommandError, ExitCode
from canary_cli.who.proving import with_proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from canary_cli.connection import Connection
    from canary_cli.controllers import Controller

AUTHORIZER = "canary-AuthorizeRollout"
"""The function that takes promote, and starts below a floor."""
UNPROVEN = "unproven"
"""The key of an answer under which the command says why nobody vouches for who called."""
PROOF_REFUSED = re.compile(r"(?:^|[.?] )proof(?:\.\w+)?: ")
"""How a refusal names a proof that is wrong, or unknown to an older controller."""
FORWARD = {Phase.MOVING_BASE.value, Phase.PROMOTED.value}
"""The phases that an abort can no longer turn back."""


def start_execution(connection: Connection, name: str, given: Mapping[str, Any]) -> str:
    """Start an execution with this input; its ARN. The name makes a retry of the call harmless.

    Raises:
        AwsRefusedError: Step Functions refused.

    """
    with refusals(start_command(connection.controller, name, given)):
        answer = connection.client("stepfunctions").start_execution(
            stateMachineArn=connection.controller.machine, name=name, input=json.dumps(given)
        )
    return str(answer["executionArn"])


def start_command(controller: Controller, name: str, given: Mapping[str, Any]) -> str:
    """The line that starts the same execution."""
    call = f"aws stepfunctions start-execution --region {controller.region} --state-machine-arn {controller.machine}"
    return f"{call} --name {quote(name)} --input {quote(json.dumps(given))}"


def abort_target(
    connection: Connection, target: str, reason: str, execution: str | None = None, on_behalf_of: str = ""
) -> dict[str, Any]:
    """Abort the target's rollout, or the `execution` alone that is to begin one; the function's answer.

    Raises:
        CommandError: the function failed.
        AwsRefusedError: AWS refused the call.

    """
    payload = verb_payload("abort", target, reason, on_behalf_of=on_behalf_of)
    return call_function(connection, OPERATOR, {**payload, **({"execution": execution} if execution else {})})


def abort_command(region: str, target: str, reason: str, on_behalf_of: str = "") -> str:
    """The line that makes the same call."""
    return call_command(region, OPERATOR, verb_payload("abort", target, reason, on_behalf_of=on_behalf_of))


def verb_payload(
    verb: str, target: str, reason: str, tolerated_alarms: Sequence[str] = (), on_behalf_of: str = ""
) -> dict[str, Any]:
    """What a function is called with for a verb; what was not given is left out."""
    return {
        "verb": verb,
        "target": target,
        **({"reason": reason} if reason else {}),
        **({"on_behalf_of": on_behalf_of} if on_behalf_of else {}),
        **({"tolerate_alarms": [*tolerated_alarms]} if tolerated_alarms else {}),
    }


def call_command(region: str, function: str, payload: Mapping[str, Any]) -> str:
    """The line that calls the function with this payload."""
    call = f"aws lambda invoke --region {region} --function-name {function} --cli-binary-format raw-in-base64-out"
    return f"{call} --payload {quote(json.dumps(payload))} /dev/stdout"


def lines_of_answer(answer: Mapping[str, Any]) -> Iterator[str]:
    """What the function's answer means."""
    target, phase = answer.get("target"), answer.get("phase")
    match answer.get("answer"):
        case "NOTHING_TO_ABORT":
            yield f"{target}: no rollout is in progress, so there is nothing to abort"
        case "STOPPED":
            yield f"{target}: the execution was stopped before it changed anything"
        case "REFUSED" if "reason" in answer:
            yield f"{target}: refused: {answer['reason']}"
        case "REFUSED":
            yield f"{target}: AWS refuses what makes the target safe; do what the notification Operator Needed says"
        case "ACCEPTED" | "UNCHANGED" if answer.get("revert"):
            yield f"{target}: {answer.get('reason')}: rollout {answer['revert']} brings the earlier release back"
        case _:
            wait = f"; the target is at rest in {answer['wait_seconds']} s or more" if answer.get("wait_seconds") else ""
            yield f"{target}: rollout {answer.get('rollout')} is {phase}: base gets all traffic{wait}"


def lines_of_caller(answer: Mapping[str, Any]) -> Iterator[str]:
    """That nobody vouches for who called, and why, if a call could not be proven."""
    if why := answer.get(UNPROVEN):
        yield f"{answer.get('target')}: who called is recorded as claimed, not proven: {why}"


def exit_code_of_answer(answer: Mapping[str, Any]) -> ExitCode:
    """The exit code of the verb that was answered so."""
    if answer.get("answer") == "REFUSED":
        return ExitCode.REFUSED if "reason" in answer else ExitCode.NEEDS_OPERATOR
    return ExitCode.DONE


def call_function(connection: Connection, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a function that takes verbs, called with a proof of who calls.

    Without a proof the verb works as well. So where none can be made, or the function does not take it, the call is made
    without one, and the answer says why under `UNPROVEN`.

    Raises:
        CommandError: the function failed.
        AwsRefusedError: AWS refused the call.

    """
    try:
        sts, keys = connection.client("sts"), connection.credentials
        signed = with_proof(payload, sts=sts, keys=keys, region=connection.region, function=function)
    except (ControllerError, BotoCoreError) as error:
        return {**_invoke(connection, function, payload), UNPROVEN: str(error)}
    answer = _invoke(connection, function, signed)
    reason = str(answer.get("reason", ""))
    if answer.get("answer") == "REFUSED" and PROOF_REFUSED.search(reason):
        return {**_invoke(connection, function, payload), UNPROVEN: reason}
    return answer


def _invoke(connection: Connection, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    with refusals(call_command(connection.region, function, {key: payload[key] for key in payload if key != PROOF})):
        answer = connection.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        told: dict[str, Any] = json.load(answer["Payload"])
    if "FunctionError" in answer:
        message = f"{function} failed: {told.get('errorType')}: {told.get('errorMessage')}"
        raise CommandError("FunctionFailed", message, "run the command again; the guard and the sweeper work meanwhile")
    return told


def start_below_floor(connection: Connection, name: str, given: Mapping[str, Any]) -> str:
    """Have an execution started with this input, although its policy is below the floor; its ARN.

    Raises:
        CommandError: the controller refuses it, or its function failed.
        AwsRefusedError: AWS refused the call.

    """
    answer = call_function(connection, AUTHORIZER, _below_floor_payload(name, given))
    if answer.get("answer") == VerbAnswer.REFUSED:
        raise CommandError("Refused", str(answer.get("reason")), "change the command as it says", ExitCode.REFUSED)
    return str(answer.get("execution") or connection.controller.execution(name))  # unnamed if it ended before a repeated call


def below_floor_command(region: str, name: str, given: Mapping[str, Any]) -> str:
    """The line that makes the same call."""
    return call_command(region, AUTHORIZER, _below_floor_payload(name, given))


def _below_floor_payload(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    target, reason, on_behalf_of = (str(given.get(key, "")) for key in ("target", "reason", "on_behalf_of"))
    verb = verb_payload(AuthorizerVerb.START_BELOW_FLOOR, target, reason, on_behalf_of=on_behalf_of)
    return {**verb, "name": name, "input": dict(given)}
