"""Reads Lambda aliases, and moves them with the revision that was read (docs/aws.md#alias-revision)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, refusals
from canary.rules.targets.live import LiveAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Aliases:
    """The aliases of a target's functions. `before_write` runs right before each write and may prevent it."""

    def __init__(self, client: Any, before_write: Callable[[], None]) -> None:  # noqa: ANN401
        self._client = client
        self._before_write = before_write
        self._found: dict[tuple[str, str], LiveAlias] = {}

    def read(self, function: str, alias: str) -> LiveAlias:
        """The alias as it is.

        Raises:
            AwsRefusedError: it cannot be read.

        """
        with refusals(f"aws lambda get-alias --function-name {function} --name {alias}"):
            answer = self._client.get_alias(FunctionName=function, Name=alias)
        shares = answer.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        found = LiveAlias(
            version=answer["FunctionVersion"],
            shares={version: Decimal(str(share)) for version, share in shares.items()},
            revision_id=answer["RevisionId"],
            arn=answer["AliasArn"],
        )
        self._found[function, alias] = found
        return found

    def point(self, function: str, alias: str, version: str, shares: Mapping[str, Decimal] | None = None) -> None:
        """Point the alias at a version with exactly these shares of additional versions (fractions), unless it already does.

        An earlier reading of the alias is reused: its revision guards the write. If that revision is out of date, the alias is
        read again. When a reply is lost, the alias's content shows that the write succeeded.

        Raises:
            AwsRefusedError: AWS refused, or someone else moved the alias at the same moment.

        """
        wanted = dict(shares or {})
        known = self._found.get((function, alias))
        found = known if known and not _is_as_wanted(known, version, wanted) else self.read(function, alias)
        if _is_as_wanted(found, version, wanted):
            return
        self._before_write()
        try:
            with refusals(point_command(function, alias, version, wanted)):
                self._update(function, alias, version, wanted, revision=found.revision_id, is_new=found is not known)
        finally:
            self._found.pop((function, alias), None)

    def _update(
        self, function: str, alias: str, version: str, shares: dict[str, Decimal], *, revision: str, is_new: bool
    ) -> None:
        """One write, and a second one if the revision came from an earlier reading and is out of date."""
        try:
            self._client.update_alias(
                FunctionName=function,
                Name=alias,
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": {v: float(share) for v, share in shares.items()}},
                RevisionId=revision,
            )
        except ClientError as error:
            if code_of(error) != "PreconditionFailedException":
                raise
            found = self.read(function, alias)
            if _is_as_wanted(found, version, shares):
                return
            if is_new:
                raise
            self._before_write()
            self._update(function, alias, version, shares, revision=found.revision_id, is_new=True)


def point_command(function: str, alias: str, version: str, shares: Mapping[str, Decimal]) -> str:
    """The AWS CLI command that does the same by hand."""
    routing = ",".join(f"{v}={share}" for v, share in shares.items())
    return (
        f"aws lambda update-alias --function-name {function} --name {alias} --function-version {version} "
        f"--routing-config 'AdditionalVersionWeights={{{routing}}}'"
    )


def _is_as_wanted(alias: LiveAlias, version: str, shares: Mapping[str, Decimal]) -> bool:
    return alias.version == version and dict(alias.shares) == dict(shares)
