"""A start below its target's floor: AuthorizeRollout begins the execution, if it allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.rollouts.steering import AuthorizerVerb
from canary.rules.rollouts.verbs import VerbAnswer
from canary_cli.exits import CommandError, ExitCode
from canary_cli.operating import AUTHORIZER, call_command, call_function, verb_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary_cli.connection import Connection


def start_below_floor(connection: Connection, name: str, given: Mapping[str, Any]) -> str:
    """Have an execution started with this input, although its policy is below the floor; its ARN.

    Raises:
        CommandError: the controller refuses it, or its function failed.
        AwsRefusedError: AWS refused the call.

    """
    answer = call_function(connection, AUTHORIZER, _payload(name, given))
    if answer.get("answer") == VerbAnswer.REFUSED:
        raise CommandError("Refused", str(answer.get("reason")), "change the command as it says", ExitCode.REFUSED)
    return str(answer["execution"])


def below_floor_command(region: str, name: str, given: Mapping[str, Any]) -> str:
    """The line that makes the same call."""
    return call_command(region, AUTHORIZER, _payload(name, given))


def _payload(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    verb = verb_payload(AuthorizerVerb.START_BELOW_FLOOR, str(given["target"]), str(given.get("reason", "")))
    return {**verb, "name": name, "input": dict(given)}
