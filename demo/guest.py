"""The controller as a guest of the embedded AWS: its functions run from the working tree."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from embedded_aws.awslambda.guest import Guest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.awslambda.guest import Handler


def _load(handler: str, environment: Mapping[str, str]) -> Handler:
    """A task bound to its environment. Binding makes clients of AWS, which is slow, so it is done once per version."""
    module, _, attribute = handler.rpartition(".")
    bound: Handler = getattr(importlib.import_module(module), attribute).bind(environment)
    return bound


CONTROLLER = Guest(handler_prefix="canary.tasks.", load=_load, name_variable="CANARY_TASK")
