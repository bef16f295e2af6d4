"""Reads what a rollout's checks need to know about a target's functions: no writes, and each alias and policy only once.

Something that does not exist is None; a refusal by AWS is an error. `canary.rules.checks.function_checks` judges the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.aliases import Aliases
from canary.aws.calls import GONE, code_of, is_of_what_is_gone, never_write, refusals
from canary.aws.errors import AwsRefusedError
from canary.rules.checks.function_checks import PENDING, FunctionSurvey, VersionState
from canary.rules.releases.code import PublishedCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.checks.callers import Caller
    from canary.rules.releases.release import Release
    from canary.rules.targets.live import LiveAlias
    from canary.rules.targets.target import Target, TargetFunction

LATEST = "$LATEST"

MOST_LISTINGS = 150
"""The most pages of fifty versions that one check reads.

At Lambda's limit they take ten seconds (docs/aws.md#control-plane-limits). At 0.2 seconds each they take half of the minute
that the function has.
"""

Json = dict[str, Any]


@dataclass(slots=True)
class Listings:
    """How many more pages of versions the functions of a target may read together."""

    left: int = MOST_LISTINGS

    def take(self) -> bool:
        """Whether one more page may be read; if so, it is counted."""
        self.left -= 1
        return self.left >= 0


def survey_function(
    client: Any,  # noqa: ANN401 - boto3's
    target: Target,
    function: TargetFunction,
    release: Release,
    callers: tuple[Caller, ...],
    *,
    listings: Listings | None = None,
) -> FunctionSurvey:
    """Read one function; ``callers`` are the API's calls to it through the alias variable.

    ``listings``: how many pages of versions the target's other functions have left over.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    live = _alias_or_none(client, function.name, function.live)
    canary = _alias_or_none(client, function.name, function.canary) if function.canary else None
    wanted = release.functions.get(function.name)
    listed = {} if wanted else _list_versions(client, function.name, listings or Listings())
    newest = max(listed, key=int) if listed else None
    brought = wanted or newest
    weighted = [live.version] if live and target.shifter.has_split_aliases else []
    unlisted = [live.version] if live and live.version != LATEST and live.version not in (listed or {}) else []
    versions = dict.fromkeys([*weighted, *unlisted, *([brought] if brought else [])])
    read = {version: one for version in versions if (one := _configuration(client, function.name, version))}
    known = {**(listed or {}), **read}
    aliases = [name for name, alias in ((function.live, live), (function.canary, canary)) if name and alias]
    sources = {alias: _event_sources(client, function.name, alias) for alias in aliases}
    return FunctionSurvey(
        live=live,
        canary=canary,
        newest=newest,
        is_listed=listed is not None,
        brings=_state_of(brought, read[brought]) if brought in read else None,
        callers=callers,
        policies={alias: _policy(client, function.name, alias) for alias in aliases} if target.shifter.has_api else {},
        event_sources=_chosen(sources, is_disabled=False),
        disabled_sources=_chosen(sources, is_disabled=True),
        roles={version: str(read[version]["Role"]) for version in (*weighted, brought) if version in read} if weighted else {},
        code={version: _code_of(known[version]) for version in (live and live.version, brought) if version in known},
    )


def see_function(
    client: Any,  # noqa: ANN401 - boto3's
    function: TargetFunction,
    release: Release,
    *,
    listings: Listings,
) -> FunctionSurvey:
    """What people may read of a function: its aliases, and which versions exist. A version's state is not read.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    listed = _list_versions(client, function.name, listings)
    newest = max(listed, key=int) if listed else None
    brought = release.functions.get(function.name) or newest
    is_there = brought is not None and (listed is None or brought in listed)
    return FunctionSurvey(
        live=_alias_or_none(client, function.name, function.live),
        canary=_alias_or_none(client, function.name, function.canary) if function.canary else None,
        newest=newest,
        is_listed=listed is not None or function.name in release.functions,
        brings=VersionState(str(brought)) if is_there else None,
    )


def _alias_or_none(client: Any, function: str, alias: str) -> LiveAlias | None:  # noqa: ANN401
    try:
        return Aliases(client, never_write).read(function, alias)
    except AwsRefusedError as error:
        if is_of_what_is_gone(error):
            return None
        raise


def _list_versions(client: Any, function: str, listings: Listings) -> dict[str, Json] | None:  # noqa: ANN401
    """The configurations of the published versions, by version; None if the list is longer than the check may read."""
    found: dict[str, Json] = {}
    if not listings.take():
        return None
    with refusals(f"aws lambda list-versions-by-function --function-name {function}"):
        try:
            for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=function):
                found |= {one["Version"]: one for one in page["Versions"] if one["Version"] != LATEST}
                if page.get("NextMarker") and not listings.take():
                    return None
        except ClientError as error:
            if code_of(error) in GONE:
                return {}
            raise
    return found


def _configuration(client: Any, function: str, version: str) -> Json | None:  # noqa: ANN401
    with refusals(f"aws lambda get-function-configuration --function-name {function} --qualifier {version}"):
        try:
            found: Json = client.get_function_configuration(FunctionName=function, Qualifier=version)
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise
    return found


def _state_of(version: str, found: Json) -> VersionState:
    """The version's state; a version whose update is in progress counts as pending."""
    if found.get("LastUpdateStatus") == "InProgress":
        return VersionState(version, PENDING, _sentence(found, "LastUpdateStatusReason"))
    return VersionState(version, found.get("State", "Active"), _sentence(found, "StateReason"))


def _code_of(found: Json) -> PublishedCode:
    """A time that cannot be read is left out: it is only shown."""
    try:
        modified_at = datetime.fromisoformat(found["LastModified"]).timestamp()
    except (KeyError, ValueError):
        modified_at = None
    return PublishedCode(found.get("Description", ""), found.get("CodeSha256", ""), modified_at)


def _sentence(found: Json, field: str) -> str:
    """Lambda's reason and its code, if it gives them."""
    code = found.get(f"{field}Code")
    return " ".join([found.get(field, "").rstrip("."), f"({code})" if code else ""]).strip()


def _policy(client: Any, function: str, alias: str) -> str | None:  # noqa: ANN401
    with refusals(f"aws lambda get-policy --function-name {function} --qualifier {alias}"):
        try:
            return str(client.get_policy(FunctionName=function, Qualifier=alias)["Policy"])
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise


def _event_sources(client: Any, function: str, alias: str) -> dict[str, bool]:  # noqa: ANN401
    """The event sources of an alias, and whether each is disabled; those of the function itself do not count."""
    name = f"{function}:{alias}"
    with refusals(f"aws lambda list-event-source-mappings --function-name {name}"):
        try:
            pages = list(client.get_paginator("list_event_source_mappings").paginate(FunctionName=name))
        except ClientError as error:
            if code_of(error) in GONE:
                return {}
            raise
    found = [one for page in pages for one in page["EventSourceMappings"] if one["FunctionArn"].endswith(f":{name}")]
    return {_source_of(one): one.get("State") == "Disabled" for one in found}


def _chosen(sources: Mapping[str, Mapping[str, bool]], *, is_disabled: bool) -> dict[str, tuple[str, ...]]:
    """The event sources in this state, by alias; an alias without one is left out."""
    found = {alias: tuple(one for one, state in own.items() if state is is_disabled) for alias, own in sources.items()}
    return {alias: names for alias, names in found.items() if names}


def _source_of(mapping: Json) -> str:
    """The event source's ARN; a Kafka cluster or broker outside AWS has none."""
    return str(mapping.get("EventSourceArn") or f"event source mapping {mapping['UUID']}")
