"""What was read about one function before a rollout, every reason in it not to start, and notes.

`canary.aws.function_surveys` reads, this module judges. `caller_checks` judges who may call the function and who else does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.rules.checks.call_checks import MOST_NAMED, name_some
from canary.rules.checks.caller_checks import FROM_CANARY, FROM_LIVE, SHARE, AliasPolicy, cut
from canary.rules.checks.callers import Caller, api_identity
from canary.rules.releases.code import PublishedCode
from canary.rules.releases.problems import Problem
from canary.rules.targets.live import LiveAlias

if TYPE_CHECKING:
    from canary.rules.releases.release import Release
    from canary.rules.targets.target import Target, TargetFunction

PENDING = "Pending"

WAIT_SECONDS = 30
"""The time between two checks of a release with a pending version."""

WAIT_LIMIT_SECONDS = 600
"""How long to wait for a pending version: a SnapStart snapshot takes minutes (docs/aws.md#unready-versions)."""


@dataclass(frozen=True, slots=True)
class VersionState:
    """A published version as Lambda reports it: the name of its state, and Lambda's reason if it is not Active."""

    version: str
    state: str = "Active"
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.state}: {self.reason}" if self.reason else self.state


@dataclass(frozen=True, slots=True)
class FunctionSurvey:
    """One function. An alias that does not exist is None.

    ``newest``: the newest published version, read if the release names none; ``is_listed`` is false if the list of
    versions is too long for that. ``brings``: the version that the release brings, None if it does not exist.
    ``callers``: the API's methods and authorizers that call the function through the alias variable.
    ``policies``: by alias name, the text of the alias's resource policy, None without one; empty if no API calls the function.
    ``event_sources``: by alias name, what its event source mappings read; ``disabled_sources``: of mappings that are disabled.
    ``roles``: the execution roles, by version, of the versions that would share an alias.
    ``code``: by version, what Lambda says about the code of the versions that base serves and that the release brings.
    """

    live: LiveAlias | None
    canary: LiveAlias | None
    newest: str | None
    brings: VersionState | None = None
    callers: tuple[Caller, ...] = ()
    policies: Mapping[str, str | None] = field(default_factory=dict)
    event_sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disabled_sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, PublishedCode] = field(default_factory=dict)
    is_listed: bool = True


def find_function_problems(
    target: Target, function: TargetFunction, release: Release, found: FunctionSurvey
) -> Iterator[Problem]:
    """Every reason in one function not to start. A pending version is not one of them: see `find_pending`."""
    yield from find_own_problems(target, function, release, found)
    for alias in (None if target.shared_live_alias else function.live, function.canary):
        if alias:
            yield from _problems_of_sharing(target, function, found, alias)


def find_own_problems(target: Target, function: TargetFunction, release: Release, found: FunctionSurvey) -> Iterator[Problem]:
    """Those that are not about other callers of its aliases."""
    yield from find_alias_problems(target, function, found)
    for policy in _policies(target, function, found):
        yield from policy.find_problems(found.callers)
    yield from find_version_problems(function, release, found)
    if len(set(found.roles.values())) > 1:
        roles = ", ".join(f"{version}: {role}" for version, role in found.roles.items())
        yield Problem(
            f"functions.{function.name}",
            f"weighted versions must share one execution role, got {roles}",
            "publish a version with the same role",
        )


def find_pending(functions: Mapping[str, FunctionSurvey]) -> tuple[Problem, ...]:
    """One problem for each version of the release that is still pending; it counts once the time to wait is over."""
    return tuple(
        Problem(
            f"release.functions.{name}",
            f"version {found.brings.version} is still {found.brings}, {WAIT_LIMIT_SECONDS // 60} minutes after the start",
            "see why with aws lambda get-function-configuration "
            f"--function-name {name} --qualifier {found.brings.version}, and start again when it is Active",
        )
        for name, found in functions.items()
        if found.brings and found.brings.state == PENDING
    )


def find_unlisted(functions: Mapping[str, FunctionSurvey]) -> Iterator[Problem]:
    """The problem that the newest versions cannot be found because the lists of versions are too long to read."""
    names = [name for name, found in functions.items() if not found.is_listed]
    if names:
        found = f"the functions have too many versions to look for the newest of {name_some(names, MOST_NAMED)}"
        fix = f'name the versions of the release, as in "functions": {{"{names[0]}": "7"}}, or delete unused versions'
        yield Problem("release.functions", found, fix)


def find_function_notes(target: Target, functions: Mapping[str, FunctionSurvey]) -> tuple[str, ...]:
    """What an operator should know about the functions although it does not prevent a start."""
    return tuple(
        note for function in target.functions for note in _notes_of_function(target, function, functions[function.name])
    )


def _policies(target: Target, function: TargetFunction, found: FunctionSurvey) -> list[AliasPolicy]:
    """The policies of existing aliases behind a stage, as far as they were read; the live alias's first."""
    aliases = {function.live: found.live, function.canary: found.canary}
    return [
        AliasPolicy(
            function.name,
            name,
            alias.arn,
            found.policies[name],
            api_identity(alias.arn, target.stage),
            is_canary=name == function.canary,
        )
        for name, alias in aliases.items()
        if target.stage and name and alias and name in found.policies
    ]


def _problems_of_alias(function: TargetFunction, alias: str, live: LiveAlias | None) -> Iterator[Problem]:
    place = f"functions.{function.name}"
    if live is None:
        yield Problem(
            place,
            f"alias {alias} does not exist",
            f"create it with aws lambda create-alias --function-name {function.name} --name {alias} --function-version <n>",
        )
        return
    if live.shares:
        shares = ", ".join(f"{version} at {share}" for version, share in live.shares.items())
        yield Problem(place, f"alias {alias} already splits traffic: {shares}", "finish or undo that split first")
    if live.version == "$LATEST":
        yield Problem(place, f"alias {alias} points at $LATEST", "point it at a published version")


def find_alias_problems(target: Target, function: TargetFunction, found: FunctionSurvey) -> Iterator[Problem]:
    """Every reason in the function's aliases not to start."""
    aliases = {function.live: found.live}
    if not target.shifter.has_split_aliases:
        aliases[str(function.canary)] = found.canary
    for alias, live in aliases.items():
        yield from _problems_of_alias(function, alias, live)


def find_version_problems(function: TargetFunction, release: Release, found: FunctionSurvey) -> Iterator[Problem]:
    """Every reason not to start in the version that the release brings."""
    wanted = release.functions.get(function.name) or found.newest
    place = f"functions.{function.name}"
    if not found.is_listed:
        return  # reported for all functions together
    if wanted is None:
        yield Problem(place, "no version is published", "publish one with aws lambda publish-version")
    elif found.brings is None:
        fix = "publish it, or name one that list-versions-by-function shows"
        yield Problem(f"release.{place}", f"version {wanted} does not exist", fix)
    else:
        yield from _problems_of_state(function, found.brings)


def _problems_of_state(function: TargetFunction, version: VersionState) -> Iterator[Problem]:
    """A version serves requests only while it is Active (docs/aws.md#function-states)."""
    place = f"release.functions.{function.name}"
    match version.state:
        case "Active" | "Pending":
            return
        case "Inactive":
            command = f"aws lambda invoke --function-name {function.name} --qualifier {version.version} /dev/null"
            yield Problem(
                place,
                f"version {version.version} is {version}: its first requests would fail",
                f"activate it with {command}, which may itself fail, and start again",
            )
        case _:
            yield Problem(place, f"version {version.version} is {version}", "fix that and publish another version")


def _problems_of_sharing(target: Target, function: TargetFunction, found: FunctionSurvey, alias: str) -> Iterator[Problem]:
    """Those who certainly use one of the function's aliases besides the API."""
    is_canary, fix = alias == function.canary, "give them an alias of their own"
    if sources := found.event_sources.get(alias):
        yield Problem(
            f"functions.{function.name}",
            f"alias {alias} is also read by {', '.join(sources)}, which {FROM_CANARY if is_canary else FROM_LIVE}",
            fix if is_canary else f"{fix}, {SHARE}",
        )
    for policy in _policies(target, function, found):
        if policy.alias == alias:
            yield from policy.find_sharing()


def _notes_of_function(target: Target, function: TargetFunction, found: FunctionSurvey) -> Iterator[str]:
    for policy in _policies(target, function, found):
        yield from policy.find_notes(found.callers)
        yield from policy.find_sharing_notes()
    for alias, sources in found.disabled_sources.items():
        effect = FROM_CANARY if alias == function.canary else "gets the release with the promotion"
        yield (
            f"alias {alias} of {function.name} is mapped to {cut(sources)}, which is disabled: "
            f"when it is enabled again, it {effect}"
        )
