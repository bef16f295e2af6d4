"""Which method of a frozen definition a request reaches, and which Lambda function that method calls.

Decides by path and method together, as REST APIs do (docs/aws.md#routing). It serves nothing, and knows only one
deployment's definition at a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from embedded_aws.dataplane.served import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.apigateway.definition.frozen import Definition, Method

ANY = "ANY"
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_LAMBDA_URI = re.compile(
    r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/[\w-]+/functions/"
    r"(?:arn:[\w-]+:lambda:(?P<place>[\w-]+:\d{12}):function:)(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]*))?/invocations"
)


class Route(NamedTuple):
    """A method of the definition, with the path parameters taken from the request."""

    method: Method
    parameters: Mapping[str, str]


class LambdaTarget(NamedTuple):
    """The function a method calls; without a qualifier it is ``$LATEST``."""

    name: str
    qualifier: str | None


class Routes:
    """A definition prepared for looking up requests."""

    def __init__(self, definition: Definition) -> None:
        self._fixed: dict[str, dict[str, Method]] = {}
        patterns: dict[str, dict[str, Method]] = {}
        for method in definition.methods:
            paths = patterns if "{" in method.path else self._fixed
            paths.setdefault(method.path, {})[method.http_method] = method
        self._patterns = [
            (*_compiled(path), methods) for path, methods in sorted(patterns.items(), key=lambda item: _rank(item[0]))
        ]

    def find(self, http_method: str, path: str) -> Route | None:
        """The method for a request, of the most specific resource that has it or ANY; None if no matching resource does."""
        bare = path.rstrip("/") or "/"
        if method := _choose(self._fixed.get(bare, {}), http_method):
            return Route(method, NOTHING)
        for pattern, names, methods in self._patterns:
            if (method := _choose(methods, http_method)) and (found := pattern.fullmatch(bare)):
                return Route(method, dict(zip(names, found.groups(), strict=True)))
        return None


def lambda_target(uri: str, variables: Mapping[str, str]) -> LambdaTarget | None:
    """The function that a URI names under these stage variables; None if it names none."""
    found = _LAMBDA_URI.fullmatch(fill_variables(uri, variables))
    if found is None or found["qualifier"] == "":
        return None
    return LambdaTarget(found["name"], found["qualifier"])


def is_elsewhere(uri: str, variables: Mapping[str, str], *, region: str, account: str) -> bool:
    """Whether a URI names a function of another Region or account."""
    found = _LAMBDA_URI.fullmatch(fill_variables(uri, variables))
    return found is not None and found["place"] != f"{region}:{account}"


def fill_variables(text: str, variables: Mapping[str, str]) -> str:
    """Fill in ``${stageVariables.name}``; a variable that is not set becomes empty."""
    return _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), text)


def _choose(methods: Mapping[str, Method], http_method: str) -> Method | None:
    return methods.get(http_method) or methods.get(ANY)


def _compiled(path: str) -> tuple[re.Pattern[str], list[str]]:
    names: list[str] = []
    parts: list[str] = []
    for segment in path.split("/")[1:]:
        name = segment[1:-1]
        if not (segment.startswith("{") and segment.endswith("}")):
            parts.append(re.escape(segment))
        elif name.endswith("+"):
            names.append(name[:-1])
            parts.append("(.+)")
        else:
            names.append(name)
            parts.append("([^/]+)")
    return re.compile("/" + "/".join(parts)), names


def _rank(path: str) -> list[int]:
    """Compare from the left: fixed segments before parameters, parameters before greedy parameters."""
    return [0 if not segment.startswith("{") else 2 if segment.endswith("+}") else 1 for segment in path.split("/")]
