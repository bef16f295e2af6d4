"""A small version of Lambda's control plane: the sample's functions with their versions and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda import aliases
from embedded_aws.awslambda.aliases import Alias
from embedded_aws.awslambda.errors import LambdaError, ResourceNotFoundError
from tests.faults.small.refusals import refuse

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from tests.faults.small.sample import Sample

Json = dict[str, Any]


class SmallFunctions:
    """The sample's functions. ``before_change`` and ``after_change`` are called around each change that traffic can see."""

    def __init__(self, sample: Sample, rng: random.Random) -> None:
        self._sample = sample
        self._rng = rng
        self.after_change: Callable[[], None] = lambda: None
        self._versions = {name: {version, sample.release[name]} for name, version in sample.base.items()}
        self._newest = {name: max(map(int, versions)) for name, versions in self._versions.items()}
        self._aliases = {
            (one.name, alias): Alias(self._arn(one.name, alias), alias, sample.base[one.name], self._revision())
            for one in sample.target.functions
            for alias in (one.live, one.canary)
            if alias
        }

    def pointing(self) -> Mapping[tuple[str, str], Alias]:
        """Every alias by function and name."""
        return dict(self._aliases)

    def answer(self, operation: str, asked: Json) -> Json:
        """Answer any of Lambda's operations that are built here."""
        try:
            method: Callable[[Json], Json] = getattr(self, f"_{operation}")
        except AttributeError:
            raise NotImplementedError(f"the small AWS has no lambda.{operation}; build it in {__name__}") from None
        try:
            return method(asked)
        except LambdaError as error:
            raise refuse(operation, error.code, str(error), status=error.status) from error

    def _GetAlias(self, asked: Json) -> Json:  # noqa: N802 - AWS's name
        return self._alias(asked).to_json()

    def _UpdateAlias(self, asked: Json) -> Json:  # noqa: N802
        key = asked["FunctionName"], asked["Name"]
        known = self._alias(asked)
        changed = aliases.update(
            known, asked, revision_id=self._revision(), has_version=lambda version: version in self._versions[key[0]]
        )
        self._aliases[key] = changed
        self.after_change()
        return changed.to_json()

    def _DeleteAlias(self, asked: Json) -> Json:  # noqa: N802
        self._aliases.pop((asked["FunctionName"], asked["Name"]), None)
        self.after_change()
        return {}

    def _CreateAlias(self, asked: Json) -> Json:  # noqa: N802
        function, name = asked["FunctionName"], asked["Name"]
        made = Alias(self._arn(function, name), name, asked["FunctionVersion"], self._revision())
        self._aliases[function, name] = made
        self.after_change()
        return made.to_json()

    def _DeleteFunction(self, asked: Json) -> Json:  # noqa: N802
        function, version = asked["FunctionName"], asked["Qualifier"]
        used = [name for (owner, name), one in self._aliases.items() if owner == function and _uses(one, version)]
        if used:
            raise refuse("DeleteFunction", "ResourceConflictException", f"version {version} is used by {used}", status=409)
        self._versions[function].discard(version)
        return {}

    def _UpdateFunctionConfiguration(self, asked: Json) -> Json:  # noqa: N802
        return {"FunctionName": asked["FunctionName"], "LastUpdateStatus": "Successful"}

    def _GetFunction(self, asked: Json) -> Json:  # noqa: N802
        return {"Configuration": {"FunctionName": asked["FunctionName"], "LastUpdateStatus": "Successful"}}

    def _PublishVersion(self, asked: Json) -> Json:  # noqa: N802
        function = asked["FunctionName"]
        self._newest[function] += 1
        self._versions[function].add(str(self._newest[function]))
        return {"FunctionName": function, "Version": str(self._newest[function])}

    def _ListVersionsByFunction(self, asked: Json) -> Json:  # noqa: N802
        return {"Versions": [{"Version": version} for version in sorted(self._versions[asked["FunctionName"]], key=int)]}

    def _GetFunctionConfiguration(self, asked: Json) -> Json:  # noqa: N802
        function, version = asked["FunctionName"], asked["Qualifier"]
        if version not in self._versions[function]:
            raise ResourceNotFoundError(f"Function not found: {self._arn(function, version)}")
        known = self._sample.configurations
        return dict(known.get((function, version)) or known[function, self._sample.release[function]] | {"Version": version})

    def _GetPolicy(self, asked: Json) -> Json:  # noqa: N802
        return {"Policy": self._sample.policies[asked["FunctionName"], asked["Qualifier"]]}

    def _ListEventSourceMappings(self, _: Json) -> Json:  # noqa: N802
        return {"EventSourceMappings": []}

    def _alias(self, asked: Json) -> Alias:
        key = asked["FunctionName"], asked["Name"]
        if key not in self._aliases:
            raise ResourceNotFoundError(f"Cannot find alias arn: {self._arn(*key)}")
        return self._aliases[key]

    def _arn(self, function: str, qualifier: str) -> str:
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{function}:{qualifier}"

    def _revision(self) -> str:
        return f"{self._rng.getrandbits(64):016x}"


def _uses(alias: Alias, version: str) -> bool:
    return version == alias.version or version in alias.weights
