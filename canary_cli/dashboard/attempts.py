"""The newest executions of the controller, by target: a start that is still checked or was refused has no record yet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

NEWEST = 20
"""So many executions are looked at."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An execution that named a target. ``error`` and ``cause`` are of one that failed; ``ended_at`` is in epoch seconds."""

    name: str
    target: str | None
    status: str
    error: str = ""
    cause: str = ""
    ended_at: float | None = None


class Attempts:
    """Asks Step Functions, and remembers what it will not say otherwise."""

    def __init__(self) -> None:
        self._known: dict[str, Attempt] = {}

    def read(self, stepfunctions: Any, machine: str) -> Mapping[str, Attempt]:  # noqa: ANN401 - botocore's client
        """The newest execution of each target, as far as the newest ones name it.

        Raises:
            AwsRefusedError: Step Functions cannot be asked.

        """
        with refusals(f"aws stepfunctions list-executions --state-machine-arn {machine}"):
            listed = stepfunctions.list_executions(stateMachineArn=machine, maxResults=NEWEST)["executions"]
        newest = sorted(listed, key=lambda one: one["startDate"], reverse=True)
        found: dict[str, Attempt] = {}
        known: dict[str, Attempt] = {}
        for one in newest:
            arn = str(one["executionArn"])
            before = self._known.get(arn)
            known[arn] = before if before and before.status == one["status"] else _describe(stepfunctions, arn)
            if target := known[arn].target:
                found.setdefault(target, known[arn])
        self._known = known
        return found


def _describe(stepfunctions: Any, execution: str) -> Attempt:  # noqa: ANN401 - as above
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        described = stepfunctions.describe_execution(executionArn=execution)
    return Attempt(
        name=execution.rpartition(":")[2],
        target=_target_of(described.get("input", "")),
        status=str(described["status"]),
        error=str(described.get("error") or ""),
        cause=str(described.get("cause") or ""),
        ended_at=described["stopDate"].timestamp() if "stopDate" in described else None,
    )


def _target_of(text: str) -> str | None:
    try:
        given = json.loads(text)
    except ValueError:
        return None
    target = given.get("target") if isinstance(given, dict) else None
    return target if isinstance(target, str) else None
