"""What a user asks for: a release, the target it is to be brought to, and the policy's changes for this once.

Values, and whether a release fits its target's shape. Whether its versions and deployment exist is for AWS to say.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from canary.rules.policy import PolicyChanges
from canary.rules.problems import Problem, nearest, show
from canary.rules.target import Shifter, Target

PRESENT = "present"
"""Instead of a deployment id: freeze the API's present definition in a new deployment."""

UNCHANGED = "unchanged"
"""Instead of a deployment id: the canary uses the base's own deployment."""


class Journey(enum.StrEnum):
    """What an execution does."""

    START = "start"


@dataclass(frozen=True, slots=True)
class Release:
    """What is new.

    ``functions``: version by function name; a function that is not named gets its newest published version.
    ``deployment``: a deployment id, ``PRESENT``, ``UNCHANGED``, or None: ``PRESENT`` if the API's definition changed
    since the last promotion, else ``UNCHANGED``.
    """

    functions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    deployment: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An execution's input. ``policy_override`` is None where the target's own policy holds."""

    target: str
    release: Release = field(default_factory=Release)
    policy_override: PolicyChanges | None = None
    reason: str = ""
    journey: Journey = Journey.START


def find_misfits(release: Release, target: Target) -> tuple[Problem, ...]:
    """Why a release cannot be meant for this target, judged by their shapes alone."""
    return (*_strangers(release, target), *_stray_deployment(release, target))


def _strangers(release: Release, target: Target) -> Iterator[Problem]:
    known = [function.name for function in target.functions]
    for name in release.functions:
        if name not in known:
            near = nearest(name, known)
            fix = f"did you mean {near}?" if near else f"its functions are {', '.join(known)}"
            yield Problem(f"release.functions.{name}", f"target {target.name} has no such function", fix)


def _stray_deployment(release: Release, target: Target) -> Iterator[Problem]:
    if target.shifter is Shifter.ALIAS and release.deployment is not None:
        yield Problem(
            "release.deployment",
            f"target {target.name} has no stage, got {show(release.deployment)}",
            "drop release.deployment; aliases take versions only",
        )
