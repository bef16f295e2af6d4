"""What a user asks for: a release, its target, and changes of the policy for this rollout only.

Holds values, and checks whether a release fits its target's shape. Whether its versions and deployment exist, only AWS knows.
"""

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from canary.rules.releases.drills import Drill
from canary.rules.releases.problems import Problem, cut, nearest, show
from canary.rules.targets.live import LiveStage
from canary.rules.targets.policy import PolicyChanges
from canary.rules.targets.target import Target

PRESENT = "present"
"""Instead of a deployment id: freeze the API's present definition in a new deployment."""

UNCHANGED = "unchanged"
"""Instead of a deployment id: the canary uses base's own deployment."""


MOST_VARIABLES = 100
"""The most variables that a stage can have (docs/aws.md#stage-variables)."""


EARLIEST_SECONDS = 300
"""How far a scheduled time may be ahead of AWS's own clock."""


class Expectation(enum.StrEnum):
    """An intended change of a release: it loses routes, or its share of 4xx answers differs from base's."""

    ROUTES = "routes"
    CLIENT_ERRORS = "client_errors"


class Operation(enum.StrEnum):
    """What anyone who may start an execution can let it do."""

    START = "start"
    ADVANCE = "advance"


class GrantedOperation(enum.StrEnum):
    """What an execution does only if the controller itself began it; see `canary.rules.rollouts.grants`."""

    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class Release:
    """What is new.

    ``functions``: version by function name; an unnamed function gets its newest published version.
    ``deployment``: a deployment id, ``PRESENT``, ``UNCHANGED``, or None: ``PRESENT`` if the API's definition changed
    since the last promotion, else ``UNCHANGED``.
    ``variables``: stage variables that only the canary gets until the promotion gives them to base.
    ``expects``: intended changes, which do not count against the release.
    """

    functions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    deployment: str | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    expects: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a schedule intended an execution to start (epoch seconds), and how late it may start."""

    scheduled_at: float
    max_lateness_seconds: int

    def is_late(self, now: float) -> bool:
        """Whether it comes too late to act."""
        return now > self.scheduled_at + self.max_lateness_seconds

    def is_early(self, now: float) -> bool:
        """Whether its time is further ahead than differing clocks explain."""
        return self.scheduled_at > now + EARLIEST_SECONDS

    def is_spent(self, last: float | None) -> bool:
        """Whether the target already used this scheduled time or a later one: a schedule may be delivered twice."""
        return last is not None and self.scheduled_at <= last


@dataclass(frozen=True, slots=True)
class Request:
    """The input of an execution that starts a rollout. ``policy_override`` is None if the target's own policy applies.

    ``is_retry``: the caller knows that this release was rolled back before, and means it; ``reason`` says why.
    ``labels``: where the release comes from, in the caller's words. They are recorded and shown, never interpreted.
    ``drill``: that it is a rehearsal, and what it asks for.
    """

    target: str
    release: Release = field(default_factory=Release)
    policy_override: PolicyChanges | None = None
    reason: str = ""
    schedule: Schedule | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_retry: bool = False
    drill: Drill | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """The input of an execution that takes a parked rollout's next step."""

    target: str
    reason: str = ""
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class Revert:
    """The input of an execution that takes the promoted release of ``rollout`` back.

    ``to``: the earlier rollout whose release it brings back; None for what base served before ``rollout``.
    """

    target: str
    rollout: str
    to: str | None = None
    reason: str = ""


def find_untimely(schedule: Schedule, now: float) -> Problem | None:
    """Why a scheduled execution comes too early or too late (`now` in epoch seconds), if it does."""
    return find_earliness(schedule, now) or find_lateness(schedule, now)


def find_earliness(schedule: Schedule, now: float) -> Problem | None:
    """Why a scheduled time is too far ahead (`now` in epoch seconds), if it is.

    An accepted time makes every earlier one of the target spent, so a time that is years ahead would disable all schedules.
    """
    if not schedule.is_early(now):
        return None
    ahead, allowed = math.ceil((schedule.scheduled_at - now) / 60), EARLIEST_SECONDS // 60
    found = f"{ahead} minutes ahead where {allowed} are allowed, because clocks differ"
    return Problem("scheduled_at", found, "give the time that the schedule meant, or leave scheduled_at out to start now")


def find_lateness(schedule: Schedule, now: float) -> Problem | None:
    """Why a scheduled execution comes too late (`now` in epoch seconds), if it does."""
    if not schedule.is_late(now):
        return None
    late, allowed = round((now - schedule.scheduled_at) / 60), round(schedule.max_lateness_seconds / 60)
    found = f"{late} minutes late where {allowed} are allowed"
    return Problem("scheduled_at", found, "wait for the next scheduled time, or start it by hand")


def find_misfits(release: Release, target: Target) -> tuple[Problem, ...]:
    """Why a release does not fit this target, judged by their shapes alone."""
    return (*_strangers(release, target), *_surplus_deployment(release, target), *_misplaced_variables(release, target))


def find_overflow(release: Release, stage: LiveStage) -> tuple[Problem, ...]:
    """Why a stage cannot hold the release's variables in addition to its own, if it cannot."""
    found = len(stage.variables)
    new = len({*stage.variables, *release.variables}) - found
    if new == 0 or found + new <= MOST_VARIABLES:
        return ()
    value = f"a stage has at most {MOST_VARIABLES} variables, got {new} new ones in addition to its {found}"
    return (Problem("release.variables", value, "drop some, or remove unused variables from the stage"),)


def _strangers(release: Release, target: Target) -> Iterator[Problem]:
    known = [function.name for function in target.functions]
    for name in release.functions:
        if name not in known:
            near = nearest(name, known)
            fix = f"did you mean {near}?" if near else f"its functions are {', '.join(known)}"
            yield Problem(f"release.functions.{name}", f"target {target.name} has no such function", fix)


def _surplus_deployment(release: Release, target: Target) -> Iterator[Problem]:
    if not target.shifter.has_api and release.deployment is not None:
        yield Problem(
            "release.deployment",
            f"target {target.name} has no stage, got {show(release.deployment)}",
            "drop release.deployment; aliases take versions only",
        )


def _misplaced_variables(release: Release, target: Target) -> Iterator[Problem]:
    if not target.shifter.has_api and release.variables:
        value = f"target {target.name} has no stage, got {', '.join(map(cut, release.variables))}"
        yield Problem("release.variables", value, "drop release.variables; aliases have none")
    elif target.stage and target.stage.alias_variable in release.variables:
        name = target.stage.alias_variable
        yield Problem(f"release.variables.{name}", "it tells canary and base apart, so a release cannot set it", "drop it")
