"""Calls the controller's own functions without waiting for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

FUNCTION_PREFIX = "canary-"


def call_later(functions: Any, task: str, event: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Have Lambda call a task's function with this event, in a separate invocation (docs/aws.md#asynchronous-invocations).

    Raises:
        AwsRefusedError: Lambda does not accept the event.

    """
    name = f"{FUNCTION_PREFIX}{task}"
    with refusals(f"aws lambda invoke --invocation-type Event --function-name {name}"):
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())
