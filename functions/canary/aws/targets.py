"""The registered targets: one SSM parameter each, compiled when the target was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, refusals
from canary.aws.errors import UnknownTargetError

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_target(ssm: Any, prefix: str, name: str) -> str:  # noqa: ANN401
    """The target's compiled JSON.

    Raises:
        UnknownTargetError: no target of that name is registered; the message lists those that are.
        AwsRefusedError: Systems Manager refused.

    """
    with refusals(f"aws ssm get-parameter --name {prefix}{name}"):
        try:
            return str(ssm.get_parameter(Name=f"{prefix}{name}")["Parameter"]["Value"])
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise
    known = ", ".join(sorted(known for known, _ in read_targets(ssm, prefix))) or "none"
    raise UnknownTargetError(f"no target {name} is registered; registered targets: {known}")


CONTROLLER = "/canary/controller"
"""The parameter that claims the account and Region for a controller; its value is the state machine's ARN."""


def read_machine(ssm: Any) -> str:  # noqa: ANN401
    """The ARN of the controller's state machine.

    Raises:
        AwsRefusedError: Systems Manager refused, or has no such parameter.

    """
    with refusals(f"aws ssm get-parameter --name {CONTROLLER}"):
        return str(ssm.get_parameter(Name=CONTROLLER)["Parameter"]["Value"])


def list_targets(ssm: Any, prefix: str) -> tuple[str, ...]:  # noqa: ANN401
    """The names of all registered targets, whether or not their parameters are valid.

    Raises:
        AwsRefusedError: Systems Manager refused.

    """
    with refusals(f"aws ssm get-parameters-by-path --path {prefix.rstrip('/')} --recursive"):
        return tuple(name for name, _ in read_targets(ssm, prefix))


def read_targets(ssm: Any, prefix: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Name and compiled JSON of every registered target."""
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=prefix.rstrip("/"), Recursive=True):
        for parameter in page["Parameters"]:
            yield parameter["Name"].removeprefix(prefix), parameter["Value"]
