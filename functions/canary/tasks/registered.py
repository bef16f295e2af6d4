"""A target by the name that a person gave: what was compiled of it, or the names that are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.errors import UnknownTargetError
from canary.aws.targets import read_target
from canary.rules.releases.problems import Problem

if TYPE_CHECKING:
    from canary.tasks.entry import Tools


def find_registered(name: str, tools: Tools) -> tuple[str | None, tuple[Problem, ...]]:
    """The target's compiled JSON, or None and the problem with the names that are registered.

    Raises:
        AwsRefusedError: Systems Manager refused.

    """
    try:
        return read_target(tools.clients.ssm, tools.settings.target_prefix, name), ()
    except UnknownTargetError as error:
        return None, (Problem("target", str(error), "name one of them, or deploy the target first"),)
