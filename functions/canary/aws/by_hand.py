"""The commands that a person may run by hand for a target whose records cannot be used, derived from the live state.

This module knows which direction is safe at which weight. Who is notified, and when, is decided elsewhere.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from canary.rules.rollouts.phases import SETTLE_SECONDS, Flip, Phase, PointAlias, RemoveCanary
from canary.rules.rollouts.trouble import find_canary, find_unmoved, intent_of
from canary.rules.targets.live import Intent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.aws.shifters import Shifter
    from canary.rules.rollouts.phases import Move
    from canary.rules.targets.live import Live
    from canary.rules.targets.target import Target


def find_commands(target: Target, live: Live, shifter: Shifter, phase: Phase | None) -> tuple[str, ...]:
    """One sentence with its command for each step; `phase` is None if the record cannot be read."""
    if not target.shifter.has_stage_canary:
        return tuple(_old_versions(target, live, shifter))
    canary = find_canary(target, live.stage)
    if canary is None:
        return ()
    intent, unmoved = intent_of(target, canary, live), find_unmoved(live)
    back = f"to roll back, if no live alias was moved to the release: {shifter.command(RemoveCanary(), intent)}"
    if canary.percent < Decimal(100):
        return (back,)
    forward = tuple(_forward(target, unmoved, shifter, intent))
    if phase is Phase.MOVING_BASE or (phase is None and not unmoved):
        return forward
    return (back,) if phase else (back, *forward)


def free_command(table: str, target: str) -> str:
    """The sentence and the command that free the lock of a target on which nothing is going on."""
    key = f'{{"pk": {{"S": "target#{target}"}}, "sk": {{"S": "lock"}}}}'
    return (
        "to free the target, once its stage and aliases are correct: "
        f"aws dynamodb update-item --table-name {table} --key '{key}' "
        "--update-expression 'ADD fencing_token :one REMOVE rollout_id, held_by' "
        """--expression-attribute-values '{":one": {"N": "1"}}'"""
    )


def _old_versions(target: Target, live: Live, shifter: Shifter) -> Iterator[str]:
    intent = Intent(versions={})
    for function in target.functions:
        alias = live.live.get(function.name)
        if alias and alias.shares:
            move = PointAlias(function.name, function.live, alias.version)
            yield f"to send all requests to version {alias.version}: {shifter.command(move, intent)}"


def _forward(target: Target, unmoved: dict[str, str], shifter: Shifter, intent: Intent) -> Iterator[str]:
    """The canary has all requests, so every request gets the whole release while base's aliases move and the stage flips."""
    names = {function.name: function.live for function in target.functions}
    moves: list[Move] = [PointAlias(function, names[function], version) for function, version in unmoved.items()]
    moves += [Flip(), RemoveCanary()]
    for number, move in enumerate(moves, start=1):
        command = shifter.command(move, intent)
        yield f"to finish the promotion, step {number} of {len(moves)}, {SETTLE_SECONDS} seconds apart: {command}"
