"""One call that gives a target something: its purpose, its line for the AWS CLI, and the call that takes it back.

Pure: it makes no call. The doctor prints the line; `canary adopt` makes the call (`canary_cli.adopting.carrying`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

from botocore import xform_name

if TYPE_CHECKING:
    from canary.rules.targets.target import Stage

IN_JSON = frozenset({"put_metric_filter"})
"""The operations whose arguments are given to the AWS CLI as one JSON document."""
IN_SHORT = frozenset({"update_account"})
"""Those whose structures are written as ``op=replace,path=...``."""
ALWAYS_QUOTED = frozenset({"SourceArn"})


@dataclass(frozen=True, slots=True)
class AnswerOf:
    """An argument that is what another call answers under ``key``."""

    service: str
    operation: str
    parameters: Mapping[str, str]
    key: str

    @property
    def line(self) -> str:
        """The call as a line for the AWS CLI."""
        return _line(self.service, self.operation, self.parameters)

    def __str__(self) -> str:
        return f'"$({self.line} --query {self.key} --output text)"'


@dataclass(frozen=True, slots=True)
class Remedy:
    """One call. ``purpose``: what it does, as an order. ``operation``: as botocore names it; ``parameters``: as AWS names them.

    ``inverse`` takes it back. Where there is none, ``stays`` says why it is left.
    """

    purpose: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    inverse: Remedy | None = None
    stays: str = ""

    @property
    def line(self) -> str:
        """The call as a line for the AWS CLI."""
        return _line(self.service, self.operation, self.parameters)


def update_stage(purpose: str, stage: Stage, operations: list[dict[str, str]], inverse: Remedy | None = None) -> Remedy:
    """A patch of a stage."""
    names = {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}
    return Remedy(purpose, "apigateway", "update_stage", {**names, "patchOperations": operations}, inverse)


def replacing(values: Mapping[str, str]) -> list[dict[str, str]]:
    """The patch operations that set each path to its value."""
    return [{"op": "replace", "path": path, "value": value} for path, value in values.items()]


def _line(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    command = f"aws {service} {operation.replace('_', '-')}"
    if operation in IN_JSON:
        return f"{command} --cli-input-json {_json(parameters)}"
    options = (f"--{xform_name(name, '-')} {_written(operation, name, value)}" for name, value in parameters.items())
    return " ".join([command, *options])


def _written(operation: str, name: str, value: Any) -> str:  # noqa: ANN401 - whatever an argument may be
    if isinstance(value, AnswerOf):
        return str(value)
    if isinstance(value, str):
        return f"'{value}'" if name in ALWAYS_QUOTED else quote(value)
    if operation in IN_SHORT:
        return " ".join(",".join(f"{key}={part}" for key, part in one.items()) for one in value)
    return _json(value)


def _json(value: Any) -> str:  # noqa: ANN401 - whatever JSON takes
    return quote(json.dumps(value, separators=(",", ":")))
