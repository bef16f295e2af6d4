"""What an API really calls: its methods' and authorizers' Lambda functions, and the name by which each is called.

A stage variable names the alias that each arm calls. A call that bypasses that variable is the same in both arms, so the
release would be judged on code that it does not change. This module reads URIs; `canary.rules.checks.call_checks` decides which
calls are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.definitions.definition import Authorizer, Definition, Method
from canary.rules.definitions.shown_failures import shows_failures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVICE_URI = re.compile(r"arn:[^:]*:apigateway:[^:]*:(?P<service>[^:]*):(?:path|action)/.*", re.DOTALL)
FUNCTION_URI = re.compile(
    r"arn:(?P<partition>[^:]*):apigateway:(?P<region>[^:]*):(?P<path>(?:[^:]*\.)?lambda:path/[^/]*/functions/)(?P<arn>[^/]*)"
    r"(?P<after>/(?:response-streaming-)?invocations)"
)
"""The URI of a call that waits for the whole answer, or of one that streams it (docs/aws.md#lambda-uri)."""

WAITING = ("lambda:path/2015-03-31/functions/", "/invocations")
"""What precedes and follows the function's ARN in a call that waits for the whole answer."""

FUNCTION_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):lambda:(?P<region>[^:]*):(?P<account>[^:]*):function:(?P<name>[^:]+)(?::(?P<qualifier>.*))?"
)
AUTHORIZERS_OF_LAMBDA = frozenset({"TOKEN", "REQUEST"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where functions are: an AWS partition, a Region and an account."""

    partition: str
    region: str
    account: str

    def __str__(self) -> str:
        return f"account {self.account} in {self.region} ({self.partition})"

    def arn(self, name: str, qualifier: str) -> str:
        """The ARN of one of its functions, qualified."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{name}:{qualifier}"


@dataclass(frozen=True, slots=True)
class FunctionName:
    """How a URI names a function, each part as written there; ``qualifier`` is None if there is none."""

    place: Place
    name: str
    qualifier: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Lambda function: by a method, or by an authorizer for the methods that have it.

    ``by``: who calls, in words. ``routes``: path and HTTP method of the methods that it serves. ``shows_failures``: whether the
    stage's access log shows them; an authorizer that fails is answered with 500.
    """

    by: str
    uri: str
    routes: tuple[tuple[str, str], ...]
    has_credentials: bool
    authorizer: Authorizer | None = None
    shows_failures: bool = True

    @property
    def function(self) -> FunctionName | None:
        """The function as the URI names it; None if the URI cannot be read."""
        found = FUNCTION_URI.fullmatch(self.uri)
        return read_function(found["arn"]) if found else None

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is streamed, which needs another permission (docs/aws.md#lambda-uri)."""
        return self.uri.endswith("/response-streaming-invocations")

    @property
    def goes_to(self) -> tuple[str, str]:
        """The partition and the Region whose Lambda the URI calls; empty if the URI cannot be read."""
        found = FUNCTION_URI.fullmatch(self.uri)
        return (found["partition"], found["region"]) if found else ("", "")

    def with_function(self, place: Place, name: str, qualifier: str) -> str:
        """The URI with another function in it, in that function's Region."""
        found = FUNCTION_URI.fullmatch(self.uri)
        path, after = (found["path"], found["after"]) if found and "${" not in found["path"] else WAITING
        return f"arn:{place.partition}:apigateway:{place.region}:{path}{place.arn(name, qualifier)}{after}"


def read_function(arn: str) -> FunctionName | None:
    """The parts of a function's ARN, or None if it is not a function's."""
    found = FUNCTION_ARN.fullmatch(arn)
    if found is None:
        return None
    return FunctionName(Place(found["partition"], found["region"], found["account"]), found["name"], found["qualifier"])


def calls_of(definition: Definition) -> Iterator[Call]:
    """Every call of a Lambda function, including those of authorizers that some method uses.

    A URI that does not show which service it calls counts as a call of Lambda.
    """
    for method in definition.methods:
        if calls_lambda(method) and method.integration:
            yield Call(
                by=str(method),
                uri=method.integration.uri,
                routes=((method.path, method.http_method),),
                has_credentials=bool(method.integration.credentials),
                shows_failures=shows_failures(method.integration),
            )
    for name, authorizer in sorted(definition.authorizers.items()):
        served = tuple((method.path, method.http_method) for method in definition.methods if method.authorizer == name)
        if authorizer.kind in AUTHORIZERS_OF_LAMBDA and served:
            yield Call(f"authorizer {name}", authorizer.uri, served, bool(authorizer.credentials), authorizer)


def calls_lambda(method: Method) -> bool:
    """Whether a method calls Lambda, by its type and URI; a URI that does not show its service counts as Lambda's."""
    integration = method.integration
    if integration is None or integration.kind not in {"AWS", "AWS_PROXY"}:
        return False
    found = SERVICE_URI.fullmatch(integration.uri)
    return found is None or "$" in found["service"] or found["service"].rpartition(".")[2] == "lambda"


@dataclass(frozen=True, slots=True)
class CallingMethod:
    """A method that calls a function; ``http_method`` may be ANY, ``path`` is the resource's as in the definition."""

    path: str
    http_method: str
    has_credentials: bool
    is_streamed: bool


@dataclass(frozen=True, slots=True)
class CallingAuthorizer:
    """An authorizer that calls a function. ``authorizer_id`` is empty if the source of the definition does not show it."""

    name: str
    authorizer_id: str
    has_credentials: bool


@dataclass(frozen=True, slots=True)
class Callers:
    """The parts of an API that call one function through the alias variable."""

    methods: tuple[CallingMethod, ...] = ()
    authorizers: tuple[CallingAuthorizer, ...] = ()


def callers_of(definition: Definition, alias_variable: str) -> Mapping[str, Callers]:
    """By function name, the methods and authorizers that call it through the alias variable.

    A call with credentials (a role, or the caller's own) needs no permission on the function. Calls that bypass the variable
    are left out: they are refused, or outside the rollout.
    """
    found: dict[str, Callers] = {}
    for call in calls_of(definition):
        function = call.function
        if function is None or function.qualifier != through(alias_variable):
            continue
        known = found.get(function.name, Callers())
        found[function.name] = Callers(
            (*known.methods, *_calling_methods(call)), (*known.authorizers, *_calling_authorizers(call))
        )
    return found


def through(variable: str) -> str:
    """How a URI names a stage variable."""
    return f"${{stageVariables.{variable}}}"


def _calling_methods(call: Call) -> Iterator[CallingMethod]:
    if call.authorizer is None:
        for path, verb in call.routes:
            yield CallingMethod(path, verb, call.has_credentials, call.is_streamed)


def _calling_authorizers(call: Call) -> Iterator[CallingAuthorizer]:
    if call.authorizer:
        yield CallingAuthorizer(call.authorizer.name, call.authorizer.id, call.has_credentials)
