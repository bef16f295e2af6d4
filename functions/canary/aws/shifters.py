"""The two ways to move traffic behind one Protocol; they also make the moves of a safety pass."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, assert_never

from canary.aws.aliases import Aliases, point_command
from canary.aws.calls import is_of_a_value
from canary.aws.errors import AwsRefusedError
from canary.aws.stages import Stages, flip_operations
from canary.rules.rollouts.phases import Flip, Move, PointAlias, RemoveCanary
from canary.rules.targets.live import ALL, NEARLY_ALL, Intent, Live, LiveStage, Snapshot, is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.aws.clients import Clients
    from canary.rules.targets.target import Target, TargetFunction

PERCENT = Decimal(100)


class Shifter(Protocol):
    """Reads and moves one target's traffic."""

    def read_live(self) -> Live:
        """The current state of everything in the target that a rollout may change."""

    def read_stage(self) -> LiveStage | None:
        """The stage alone, even if an alias cannot be read; None if the target has no stage."""

    def remove_own_canary(self, intent: Intent) -> None:
        """Remove the stage's canary if it is this rollout's, even if the rest of the target cannot be read."""

    def shift(self, snapshot: Snapshot, intent: Intent, percent: Decimal) -> None:
        """Give the canary `percent` of requests."""

    def make(self, move: Move, intent: Intent) -> None:
        """Make one move of a safety pass."""

    def command(self, move: Move, intent: Intent) -> str:
        """The AWS CLI command that makes the move by hand."""


class StageShifter:
    """Splits traffic with the API stage's canary; two aliases say which version each arm runs."""

    def __init__(self, target: Target, stages: Stages, aliases: Aliases) -> None:
        self._target = target
        self._stages = stages
        self._aliases = aliases

    def read_live(self) -> Live:
        """The stage, and every function's two aliases."""
        return Live(
            stage=self._stages.read(),
            live={f.name: self._aliases.read(f.name, f.live) for f in self._target.functions},
            canary={f.name: self._aliases.read(f.name, str(f.canary)) for f in self._target.functions},
        )

    def read_stage(self) -> LiveStage | None:
        """The stage as it is."""
        return self._stages.read()

    def remove_own_canary(self, intent: Intent) -> None:
        """Remove the canary if it is this rollout's, even if the rest of the target cannot be read."""
        canary = self._stages.read().canary
        if canary and is_ours(canary, intent):
            self._stages.remove_canary()

    def shift(self, snapshot: Snapshot, intent: Intent, percent: Decimal) -> None:  # noqa: ARG002 - the Protocol's
        """Attach the canary at `percent`, or change its percentage."""
        self._stages.shift(intent, percent)

    def make(self, move: Move, intent: Intent) -> None:
        """Make one move."""
        match move:
            case RemoveCanary():
                self._stages.remove_canary()
            case PointAlias():
                self._aliases.point(move.function, move.alias, move.version)
            case Flip():
                self._stages.flip(intent)
            case _:
                assert_never(move)

    def command(self, move: Move, intent: Intent) -> str:
        """The command that makes the move by hand."""
        match move:
            case RemoveCanary():
                return self._stages.command([{"op": "remove", "path": "/canarySettings"}])
            case PointAlias():
                return point_command(move.function, move.alias, move.version, {})
            case Flip():
                return self._stages.command(flip_operations(intent))
            case _:
                assert_never(move)


class AliasShifter:
    """Splits traffic with the version weights of each live alias: the splits are independent, and functions move one by one."""

    def __init__(self, target: Target, aliases: Aliases) -> None:
        self._target = target
        self._aliases = aliases

    def read_live(self) -> Live:
        """Every function's live alias."""
        return Live(
            stage=None,
            live={f.name: self._aliases.read(f.name, f.live) for f in self._target.functions},
            canary={},
        )

    def read_stage(self) -> LiveStage | None:
        """None: there is no stage."""
        return None

    def remove_own_canary(self, intent: Intent) -> None:
        """Nothing: without a stage the weights of the aliases are the canary."""

    def shift(self, snapshot: Snapshot, intent: Intent, percent: Decimal) -> None:
        """Give each function's new version `percent` of its alias's invocations; unchanged functions stay as they are."""
        for function in self._target.functions:
            old, new = snapshot.live[function.name], intent.versions[function.name]
            if old != new:
                self._split(function, old, {new: percent / PERCENT})

    def _split(self, function: TargetFunction, old: str, shares: Mapping[str, Decimal]) -> None:
        """Try a share of 1 for all invocations; if AWS refuses it, give nearly all (docs/aws.md#alias-weight-of-one)."""
        try:
            self._aliases.point(function.name, function.live, old, shares)
        except AwsRefusedError as error:
            if ALL not in shares.values() or not is_of_a_value(error):
                raise
            self._aliases.point(function.name, function.live, old, dict.fromkeys(shares, NEARLY_ALL))

    def make(self, move: Move, intent: Intent) -> None:  # noqa: ARG002 - the Protocol's
        """Make one move."""
        alias_move = _alias_move(move)
        self._aliases.point(alias_move.function, alias_move.alias, alias_move.version)

    def command(self, move: Move, intent: Intent) -> str:  # noqa: ARG002 - the Protocol's
        """The command that makes the move by hand."""
        alias_move = _alias_move(move)
        return point_command(alias_move.function, alias_move.alias, alias_move.version, {})


def shifter_for(target: Target, clients: Clients, before_write: Callable[[], None]) -> Shifter:
    """The target's shifter."""
    own = clients.of(target)
    aliases = Aliases(own.lambda_, before_write)
    if target.stage is None:
        return AliasShifter(target, aliases)
    return StageShifter(target, Stages(own.apigateway, target.stage, before_write), aliases)


def _alias_move(move: Move) -> PointAlias:
    if not isinstance(move, PointAlias):
        raise TypeError(f"the alias shifter moves only aliases and cannot make the move {move}")
    return move
