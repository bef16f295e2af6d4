"""The settings of the target's stage and aliases over time, and which requests could have met half a release.

A change reaches all requests within half a minute (docs/aws.md#propagation), and the stage and each alias propagate
independently. So whether a request could have met a deployment with the wrong version is not left to chance: this module
checks every pair of settings that one request can see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from embedded_aws.time.propagation import PROPAGATION_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.targets.target import Target
    from embedded_aws.apigateway.stages.stage import Stage
    from embedded_aws.awslambda.aliases import Alias

AliasKey = tuple[str, str]
Value = TypeVar("Value")


class Setting(NamedTuple):
    """The settings from ``at`` (epoch seconds) on; the stage is None once it is deleted."""

    at: float
    stage: Stage | None
    aliases: Mapping[AliasKey, Alias]


class Whole(NamedTuple):
    """A release as a whole: its deployment, and the version of each function."""

    deployment: str
    versions: Mapping[str, str]


class HalfRelease(NamedTuple):
    """From ``at`` on, a request of this arm could have met this function in the wrong version."""

    at: float
    arm: str
    deployment: str
    function: str
    version: str

    def __str__(self) -> str:
        return f"at {self.at:.0f} a {self.arm} request reached {self.function}:{self.version} through {self.deployment}"


class Share(NamedTuple):
    """One arm of a stage that has traffic: the deployment that it serves, and the alias that its requests call."""

    arm: str
    deployment: str
    alias: str | None
    part: float


@dataclass(frozen=True, slots=True)
class _Span:
    """A value that a request can see from ``begin`` up to ``end``, propagation included."""

    begin: float
    end: float

    def meets(self, other: _Span) -> float | None:
        """The first moment at which one request can see both; None if there is none."""
        begin = max(self.begin, other.begin)
        return begin if begin < min(self.end, other.end) else None


class SettingsHistory:
    """Every setting of one target, oldest first."""

    def __init__(self, target: Target) -> None:
        self.settings: list[Setting] = []
        self._target = target
        self._variable = target.stage.alias_variable if target.stage else ""

    def add(self, setting: Setting) -> None:
        """Add a setting that applies from now on."""
        self.settings.append(setting)

    def shares(self, stage: Stage | None) -> Iterator[Share]:
        """The arms of this stage that have traffic."""
        if stage is None:
            return
        part = stage.canary.percent_traffic / 100 if stage.canary else 0.0
        if part < 1:
            yield Share("base", stage.deployment_id, stage.variables.get(self._variable), 1 - part)
        if stage.canary and part > 0:
            alias = {**stage.variables, **stage.canary.overrides}.get(self._variable)
            yield Share("canary", stage.canary.deployment_id, alias, part)

    def half_releases(self, *wholes: Whole) -> list[HalfRelease]:
        """Where a request could have met half of one of these releases; other deployments are not checked."""
        known = {one.deployment: one.versions for one in wholes}
        stages = list(_spans([(one.at, one.stage) for one in self.settings]))
        found = []
        for function in self._target.functions:
            for alias in filter(None, (function.live, function.canary)):
                versions = list(_spans([(one.at, _version(one, (function.name, alias))) for one in self.settings]))
                for span, stage in stages:
                    for share in self.shares(stage):
                        if share.alias != alias or share.deployment not in known:
                            continue
                        wanted = known[share.deployment][function.name]
                        for seen, version in versions:
                            if version != wanted and (since := span.meets(seen)) is not None:
                                found.append(HalfRelease(since, share.arm, share.deployment, function.name, str(version)))
        return sorted(found)


def _version(setting: Setting, key: AliasKey) -> str | None:
    alias = setting.aliases.get(key)
    return alias.version if alias else None


def _spans(timed: list[tuple[float, Value]]) -> Iterator[tuple[_Span, Value]]:
    """Each setting with the time in which a request can see it; an unchanged setting is one span."""
    begin, value = timed[0]
    for at, newer in timed[1:]:
        if newer != value:
            yield _Span(begin, at + PROPAGATION_SECONDS), value
            begin, value = at, newer
    yield _Span(begin, float("inf")), value
