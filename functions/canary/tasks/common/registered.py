"""Finds a registered target by the name that a person gave, or lists the registered names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.errors import UnknownTargetError
from canary.aws.targets import read_target
from canary.rules.releases.problems import Problem

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools


def find_registered(name: str, tools: Tools) -> tuple[str | None, tuple[Problem, ...]]:
    """The target's compiled JSON, or None and a problem that lists the registered names.

    Raises:
        AwsRefusedError: Systems Manager refused.

    """
    try:
        return read_target(tools.clients.ssm, tools.settings.target_prefix, name), ()
    except UnknownTargetError as error:
        return None, (Problem("target", str(error), "use one of them, or deploy the target first"),)
