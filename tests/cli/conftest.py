"""The command in this process, on the embedded AWS of a module's ground."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import canary_cli.explaining
import canary_cli.steering
import canary_cli.watching
from canary_cli.app import run
from canary_cli.connection import Connection
from tests.ground import ground, shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tasks.walk import Ground

__all__ = ["ground", "shared"]

ANSWERS = Path(__file__).parents[2] / "docs" / "schemas" / "answers"
POLL = 30.0
"""Simulated seconds that pass while the command waits, however long it means to."""


@dataclass(frozen=True)
class Told:
    """What a run of the command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[Any]:
        """What was said in JSON, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> Any:
        return json.loads(self.err)


@pytest.fixture
def canary(ground: Ground, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    """Runs the command; while it waits, simulated time passes."""
    waited = [0.0]

    def wait(_seconds: float) -> None:
        ground.rig.settle(POLL)
        waited[0] += POLL

    monkeypatch.setattr(Connection, "client", lambda _, service: ground.aws.client(service))  # made once for all tests
    monkeypatch.setattr(canary_cli.watching, "sleep", wait)
    monkeypatch.setattr(canary_cli.watching, "monotonic", lambda: waited[0])
    monkeypatch.setattr(canary_cli.steering, "sleep", lambda _seconds: ground.rig.settle(1))
    monkeypatch.setattr(canary_cli.explaining, "sleep", ground.rig.settle)

    def call(*arguments: str) -> Told:
        capsys.readouterr()
        code = run([*arguments])
        out, err = capsys.readouterr()
        told = Told(code, _without_logs(out), err)
        if "--json" in arguments:
            require_schemas(arguments[0], told)
        return told

    return call


@cache
def validator_of(name: str) -> jsonschema.Draft202012Validator:
    """Of a verb's answers as they are published, or of errors."""
    schema = json.loads((ANSWERS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def require_schemas(verb: str, told: Told) -> None:
    """Whatever a verb tells a program is as its schema says, errors included."""
    for line in told.out.splitlines():
        validator_of(verb).validate(json.loads(line))
    for line in told.err.splitlines():
        validator_of("error").validate(json.loads(line))


def _without_logs(out: str) -> str:
    """Without the lines of the controller's own functions, which log in this process too."""
    return "".join(line for line in out.splitlines(keepends=True) if not line.startswith(('{"level"', '{"_aws"')))
