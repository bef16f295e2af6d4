"""Lambda aliases as values: what a client may write, what it reads back, and which version an invocation gets.

Decides everything about one alias (docs/aws.md#alias). The caller says which versions exist. Knows no HTTP.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.errors import (
    InvalidParameterValueError,
    PreconditionFailedError,
    ResourceNotFoundError,
    ValidationError,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})
LATEST = "$LATEST"
_NAME = re.compile(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)")
_VERSION = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for one version, or for two by weight: ``weights`` maps the additional version to its share, from 0 to 1."""

    arn: str
    name: str
    version: str
    revision_id: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=lambda: NO_WEIGHTS)

    def pick(self, rng: random.Random) -> str:
        """The version that one invocation gets, drawn at random for each invocation."""
        for version, share in self.weights.items():
            if rng.random() < share:
                return version
        return self.version

    def to_json(self) -> dict[str, Any]:
        """The alias as GetAlias shows it; ``RoutingConfig`` is absent if there is no additional version."""
        shown: dict[str, Any] = {
            "AliasArn": self.arn,
            "Description": self.description,
            "FunctionVersion": self.version,
            "Name": self.name,
            "RevisionId": self.revision_id,
        }
        if self.weights:
            shown["RoutingConfig"] = {"AdditionalVersionWeights": dict(self.weights)}
        return shown


def is_alias_name(qualifier: str) -> bool:
    """Whether a qualifier can only be an alias, because versions are all digits."""
    return _NAME.fullmatch(qualifier) is not None


def create(body: Mapping[str, Any], *, arn: str, revision_id: str, has_version: Callable[[str], bool]) -> Alias:
    """The alias that CreateAlias creates from its request body; ``arn`` is the alias's ARN."""
    name = body["Name"]
    if not is_alias_name(name):
        raise ValidationError.of(name, "name", f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    version = _version(body["FunctionVersion"], arn, has_version)
    return Alias(
        arn=arn,
        name=name,
        version=version,
        revision_id=revision_id,
        description=body.get("Description") or "",
        weights=_weights(body.get("RoutingConfig"), version, arn, has_version),
    )


def update(alias: Alias, body: Mapping[str, Any], *, revision_id: str, has_version: Callable[[str], bool]) -> Alias:
    """The alias after UpdateAlias: fields that the body leaves out stay, and an empty weight map clears the weights.

    ``RevisionId`` in the body is an optimistic lock. Every update creates a new revision, even one that changes nothing.
    """
    expect_revision(body.get("RevisionId"), alias.revision_id)
    version = _version(body.get("FunctionVersion") or alias.version, alias.arn, has_version)
    routing = body.get("RoutingConfig")
    if routing is None:
        routing = {"AdditionalVersionWeights": alias.weights}
    description = body.get("Description")
    return dataclasses.replace(
        alias,
        version=version,
        revision_id=revision_id,
        description=alias.description if description is None else description,
        weights=_weights(routing, version, alias.arn, has_version),
    )


def expect_revision(given: str | None, latest: str) -> None:
    """The optimistic lock of aliases and versions: if a revision is given, it must be the latest."""
    if given and given != latest:
        raise PreconditionFailedError(
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )


def _version(version: str, arn: str, has_version: Callable[[str], bool]) -> str:
    if not has_version(version):
        raise ResourceNotFoundError(f"Function not found: {arn.rpartition(':')[0]}:{version}")
    return version


def _weights(
    routing: Mapping[str, Any] | None, version: str, arn: str, has_version: Callable[[str], bool]
) -> Mapping[str, float]:
    weights: Mapping[str, float] = (routing or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise InvalidParameterValueError("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for additional, share in weights.items():
        _check_weight(additional, share, version)
        _version(additional, arn, has_version)
    return MappingProxyType({key: float(share) for key, share in weights.items()}) if weights else NO_WEIGHTS


def _check_weight(additional: str, share: float, version: str) -> None:
    where = "routingConfig.additionalVersionWeights"
    if not 0 <= share <= 1:
        raise ValidationError.of(
            f"{{{additional}={float(share)}}}",
            where,
            "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
            "Member must have value greater than or equal to 0.0, Member must not be null]",
        )
    if not _VERSION.fullmatch(additional):
        raise ValidationError.of(
            f"{{{additional}={float(share)}}}",
            where,
            "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
            f"Member must have length greater than or equal to 1, "
            f"Member must satisfy regular expression pattern: {_VERSION.pattern}]",
        )
    if version == LATEST:
        raise InvalidParameterValueError("$LATEST is not supported for an alias pointing to more than 1 version")
    if additional == version:
        raise InvalidParameterValueError(
            f"Invalid function version {version}. Function version {version} is already included in routing configuration."
        )
