"""Carries out one remedy through the clients of AWS."""

from __future__ import annotations

from dataclasses import replace
from time import sleep
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, is_denied, is_of_what_is_gone, refusals
from canary.aws.errors import AwsRefusedError
from canary_cli.adopting.trouble import AdoptionError
from canary_cli.doctor.remedy import AnswerOf, Remedy

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

NEW_ROLE = "required permissions"
"""In API Gateway's refusal of a role that it cannot assume yet (docs/aws.md#account-log-role)."""
TRIES, PAUSE_SECONDS = 12, 5
THERE_ALREADY = {"create_role": "EntityAlreadyExists"}
"""By operation, the refusal that says it was carried out before. The doctor cannot see it, because it does not read IAM."""
SERVERS_FAULT = 500


def resolve(clients: Clients, remedy: Remedy) -> Remedy:
    """The remedy with the answers of the calls that its arguments need."""
    found = {key: _answer(clients, value) for key, value in remedy.parameters.items() if isinstance(value, AnswerOf)}
    return replace(remedy, parameters={**remedy.parameters, **found}) if found else remedy


def carry_out(clients: Clients, remedy: Remedy) -> None:
    """Make the call. A role that was just created gets a minute until API Gateway may assume it.

    Raises:
        AwsRefusedError: AWS refused.
        AdoptionError: the caller may not make the call.

    """
    for attempt in range(1, TRIES + 1):
        try:
            _call(clients, remedy.service, remedy.operation, remedy.parameters, remedy.line)
        except AwsRefusedError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and code_of(cause) == THERE_ALREADY.get(remedy.operation):
                return
            if remedy.operation == "update_account" and NEW_ROLE in str(error) and attempt < TRIES:
                sleep(PAUSE_SECONDS)
                continue
            raise
        return


def take_back(clients: Clients, inverse: Remedy) -> None:
    """Make the call that takes a remedy back. What it names may be gone already.

    Raises:
        AwsRefusedError: AWS refused.
        AdoptionError: the caller may not make the call.

    """
    try:
        carry_out(clients, inverse)
    except AwsRefusedError as error:
        if not is_of_what_is_gone(error):
            raise


def is_certain(error: Exception) -> bool:
    """Whether the call was certainly not carried out: AWS refused it, and did not fail while it was at it."""
    cause = error.__cause__
    return (
        isinstance(cause, ClientError) and cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < SERVERS_FAULT
    )


def _answer(clients: Clients, wanted: AnswerOf) -> str:
    return str(_call(clients, wanted.service, wanted.operation, wanted.parameters, wanted.line)[wanted.key])


def _call(clients: Clients, service: str, operation: str, parameters: Any, line: str) -> Any:  # noqa: ANN401 - botocore's
    try:
        with refusals(line):
            return getattr(clients(service), operation)(**parameters)
    except AwsRefusedError as error:
        if is_denied(error):
            fix = "docs/first-rollout.md lists the permissions that an adoption needs; what is done stays, run it again then"
            raise AdoptionError("Denied", str(error), fix) from error.__cause__
        raise
