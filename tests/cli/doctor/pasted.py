"""Runs lines of the AWS CLI through boto3: their options by the service's own model, and one command within another."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Callable

INNER = re.compile(r'"\$\((aws [^)]*)\)"')


def run(client: Callable[[str], Any], line: str) -> dict[str, Any]:
    """The answer to one line."""
    line = INNER.sub(lambda found: str(_queried(client, found[1])), line)
    program, service, operation, *rest = shlex.split(line)
    assert program == "aws", line
    given = dict(zip((one.removeprefix("--") for one in rest[::2]), rest[1::2], strict=True))
    assert all(one.startswith("--") for one in rest[::2]), line
    made = client(service)
    if "cli-input-json" in given:
        arguments = json.loads(given["cli-input-json"])
    else:
        shape = made.meta.service_model.operation_model(
            made.meta.method_to_api_mapping[operation.replace("-", "_")]
        ).input_shape
        members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
        arguments = {members[option][0]: _value(value, members[option][1]) for option, value in given.items()}
    return dict(getattr(made, operation.replace("-", "_"))(**arguments))


def _queried(client: Callable[[str], Any], line: str) -> object:
    command, _, query = line.partition(" --query ")
    name, _, form = query.partition(" --output ")
    assert form == "text", line
    return run(client, command)[name]


def _value(text: str, shape: Any) -> object:
    """A list is JSON, or one structure in the short form."""
    if shape.type_name != "list":
        return text
    return json.loads(text) if text.startswith("[") else [dict(pair.split("=", 1) for pair in text.split(","))]
