"""What AWS reports about a target at this moment: its stage, its canary, its aliases. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ALL, NEARLY_ALL = Decimal(1), Decimal("0.99")
"""The share of a new version before its alias moves to it, and the share to use if AWS refuses that one."""


@dataclass(frozen=True, slots=True)
class LiveCanary:
    """A stage's canary settings; ``percent`` of requests, 0 to 100."""

    deployment_id: str
    percent: Decimal
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where a stage writes its access log, and in which format; None if it writes none."""

    group: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class LiveStage:
    """A stage as GetStage reports it."""

    deployment_id: str
    variables: Mapping[str, str] = field(default_factory=dict)
    canary: LiveCanary | None = None
    log: AccessLog = AccessLog()


@dataclass(frozen=True, slots=True)
class LiveAlias:
    """A Lambda alias; ``shares`` has each additional version's fraction (0 to 1) of the calls."""

    version: str
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    revision_id: str = ""
    arn: str = ""

    def __str__(self) -> str:
        return " and ".join([self.version, *(f"{version} at {share}" for version, share in self.shares.items())])


@dataclass(frozen=True, slots=True)
class Live:
    """Everything of a target that a rollout may change. Aliases are keyed by function name."""

    stage: LiveStage | None
    live: Mapping[str, LiveAlias]
    canary: Mapping[str, LiveAlias]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The target as it was before the first change: what a rollback restores.

    ``canary``: the version of each canary alias that pointed at one version alone; empty without a stage.
    """

    live: Mapping[str, str]
    deployment_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    canary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """What the rollout brings. ``deployment_id`` is None until PrepareRelease has found or created it.

    ``overrides`` are the canary's stage variables, including the alias variable. ``removed_variables`` are taken from base with
    the flip: a canary can override a variable, and not hide one.
    """

    versions: Mapping[str, str]
    deployment_id: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    alias_variable: str | None = None
    removed_variables: tuple[str, ...] = ()

    @property
    def controlled_variables(self) -> frozenset[str]:
        """The stage variables that the rollout controls: those that its canary overrides, and those that it removes."""
        return frozenset({*self.overrides, *self.removed_variables})

    @property
    def promoted_variables(self) -> Mapping[str, str]:
        """The overrides that a promotion gives to base; never the alias variable, which distinguishes base from canary."""
        return {name: value for name, value in self.overrides.items() if name != self.alias_variable}

    @property
    def canary_alias(self) -> str | None:
        """The alias that only the canary's requests call."""
        return self.overrides.get(str(self.alias_variable))


def is_ours(canary: LiveCanary, intent: Intent) -> bool:
    """Whether this rollout must remove a canary, while it holds the lock.

    That is so if the canary serves what the rollout brings: its deployment, or its canary alias. Even if someone else edited
    the rest of it, nobody else removes it, so it would keep serving half of the release.
    """
    return canary.deployment_id == intent.deployment_id or _calls_canary_alias(canary.overrides, intent)


def is_intact(canary: LiveCanary, intent: Intent) -> bool:
    """Whether a canary is as this rollout attached it: its deployment and exactly its overrides.

    Only such a canary gets more traffic or is promoted. After the rollout's end, only such a canary still counts as its own.
    """
    return canary.deployment_id == intent.deployment_id and dict(canary.overrides) == dict(intent.overrides)


def calls_canary_alias(stage: LiveStage, intent: Intent) -> bool:
    """Whether base itself calls the alias that the rollout moves for its canary."""
    return _calls_canary_alias(stage.variables, intent)


def _calls_canary_alias(variables: Mapping[str, str], intent: Intent) -> bool:
    alias = intent.canary_alias
    return alias is not None and variables.get(str(intent.alias_variable)) == alias
