"""What a new definition of a target would take from a rollout that runs on the present one.

A rollout goes on by the target in its record. It can do so as long as that target's name, stage, functions, access log and
metric filters stay: it moves the ones and is measured by the others. Policy, alarms and whatever else may change at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.targets.access_log import metric_filters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target


def find_losses(running: Target, wanted: Target) -> Iterator[str]:
    """What of the running rollout's target is no longer so in the one that is wanted, one clause each."""
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
