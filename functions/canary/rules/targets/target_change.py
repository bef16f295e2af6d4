"""What a change of a registered target would take away from a rollout that is running on it.

A running rollout uses the target as its record has it. That works as long as the target's name, stage, functions, access log
and metric filters stay, because the rollout changes the first three and is measured by the others. Everything else, such as
policy and alarms, may change at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.targets.access_log import metric_filters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target


def find_losses(running: Target, wanted: Target) -> Iterator[str]:
    """What the running rollout needs and the wanted target no longer has, one clause each."""
    if running.name != wanted.name:
        yield f"its name changes from {running.name} to {wanted.name}"
    if running.stage != wanted.stage:
        yield "its stage changes"
    if before := {*running.functions} - {*wanted.functions}:
        yield f"it loses {', '.join(sorted(_tell(one.name, one.live, one.canary) for one in before))}"
    if added := {one.name for one in wanted.functions} - {one.name for one in running.functions}:
        yield f"it gets the functions {', '.join(sorted(added))}"
    if running.access_log_group != wanted.access_log_group:
        yield f"its access log changes from {running.access_log_group} to {wanted.access_log_group}"
    elif {*metric_filters(running)} - {*metric_filters(wanted)}:
        yield "its metric filters change"


def _tell(function: str, live: str, canary: str | None) -> str:
    return (
        f"function {function} with the aliases {live} and {canary}" if canary else f"function {function} with the alias {live}"
    )
