"""Executions of the small machine as values, and how a Task reads a function's answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
NAMELESS = {"Runtime.ExitError", "Sandbox.Timedout"}  # docs/aws.md#lambda-unknown


class Failure(NamedTuple):
    """An error in the form that Step Functions uses."""

    error: str
    cause: str

    def output(self) -> Json:
        """What a Catch sees of the failure."""
        return {"Error": self.error, "Cause": self.cause}


class Outcome(NamedTuple):
    """A function's answer; ``error`` is the function's own name for the error, if there was one."""

    payload: Any
    error: str | None = None

    def failure(self) -> Failure | None:
        """The failure that a Task reports for it (docs/aws.md#lambda-error-cause)."""
        if self.error is None:
            return None
        text = json.dumps(self.payload)
        if self.error in NAMELESS:
            return Failure("Lambda.Unknown", f"The cause could not be determined because Lambda did not return one: {text}")
        return Failure(self.error, text)


@dataclass
class Execution:
    """One execution; ``turn`` rises whenever the present wait becomes obsolete."""

    arn: str
    given: Any
    started: float
    status: str = "RUNNING"
    states: list[str] = field(default_factory=list)
    ended: float | None = None
    error: str = ""
    cause: str = ""
    output: Any = None
    turn: int = 0

    @property
    def name(self) -> str:
        """The name with which it was started."""
        return self.arn.rpartition(":")[2]

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status == "RUNNING"
