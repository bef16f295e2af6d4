"""What an API really calls: its methods' and authorizers' Lambda functions, and by which name each is called.

A rollout decides which version each arm runs by an alias that a stage variable names, so a call that goes past that variable is
the same in both arms: the release would be judged on code that it does not change. Decides what a URI says; which calls are
refused is in `canary.rules.checks.call_checks`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.definitions.definition import Authorizer, Definition, Method

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVICE_URI = re.compile(r"arn:[^:]*:apigateway:[^:]*:(?P<service>[^:]*):(?:path|action)/.*", re.DOTALL)
FUNCTION_URI = re.compile(
    r"arn:(?P<partition>[^:]*):apigateway:(?P<region>[^:]*):(?P<path>(?:[^:]*\.)?lambda:path/[^/]*/functions/)(?P<arn>[^/]*)"
    r"(?P<after>/(?:response-streaming-)?invocations)"
)
"""As for a call that waits for the whole answer, and for one that streams it (docs/aws.md#lambda-uri)."""

WAITING = ("lambda:path/2015-03-31/functions/", "/invocations")
"""What is before and after the function's ARN where a call waits for the whole answer."""

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
    """How a URI names a function, each part as it is written there; ``qualifier`` is None without one."""

    place: Place
    name: str
    qualifier: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Lambda function: by a method, or by an authorizer for the methods that have it.

    ``by``: who calls, in words. ``routes``: path and HTTP method of what it serves.
    """

    by: str
    uri: str
    routes: tuple[tuple[str, str], ...]
    has_credentials: bool
    authorizer: Authorizer | None = None

    @property
    def function(self) -> FunctionName | None:
        """The function as the URI names it; None where that cannot be read."""
        found = FUNCTION_URI.fullmatch(self.uri)
        return read_function(found["arn"]) if found else None

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is streamed, which is another permission (docs/aws.md#lambda-uri)."""
        return self.uri.endswith("/response-streaming-invocations")

    @property
    def goes_to(self) -> tuple[str, str]:
        """The partition and the Region whose Lambda the URI calls; empty where that cannot be read."""
        found = FUNCTION_URI.fullmatch(self.uri)
        return (found["partition"], found["region"]) if found else ("", "")

    def with_function(self, place: Place, name: str, qualifier: str) -> str:
        """The URI with another function in it, called where that function is."""
        found = FUNCTION_URI.fullmatch(self.uri)
        path, after = (found["path"], found["after"]) if found and "${" not in found["path"] else WAITING
        return f"arn:{place.partition}:apigateway:{place.region}:{path}{place.arn(name, qualifier)}{after}"


def read_function(arn: str) -> FunctionName | None:
    """The parts of a function's ARN, or None if it is none."""
    found = FUNCTION_ARN.fullmatch(arn)
    if found is None:
        return None
    return FunctionName(Place(found["partition"], found["region"], found["account"]), found["name"], found["qualifier"])


def calls_of(definition: Definition) -> Iterator[Call]:
    """Every call of a Lambda function, authorizers that some method has included.

    What is called by a URI that does not say which service it is of counts as one.
    """
    for method in definition.methods:
        if calls_lambda(method) and method.integration:
            yield Call(
                by=str(method),
                uri=method.integration.uri,
                routes=((method.path, method.http_method),),
                has_credentials=bool(method.integration.credentials),
            )
    for name, authorizer in sorted(definition.authorizers.items()):
        served = tuple((method.path, method.http_method) for method in definition.methods if method.authorizer == name)
        if authorizer.kind in AUTHORIZERS_OF_LAMBDA and served:
            yield Call(f"authorizer {name}", authorizer.uri, served, bool(authorizer.credentials), authorizer)


def calls_lambda(method: Method) -> bool:
    """Whether a method calls Lambda: by type and URI, a URI that does not tell its service included."""
    integration = method.integration
    if integration is None or integration.kind not in {"AWS", "AWS_PROXY"}:
        return False
    found = SERVICE_URI.fullmatch(integration.uri)
    return found is None or "$" in found["service"] or found["service"].rpartition(".")[2] == "lambda"


@dataclass(frozen=True, slots=True)
class CallingMethod:
    """A method that calls a function; ``http_method`` may be ANY, ``path`` is the resource's, as the definition writes it."""

    path: str
    http_method: str
    has_credentials: bool
    is_streamed: bool


@dataclass(frozen=True, slots=True)
class CallingAuthorizer:
    """An authorizer that calls a function. ``authorizer_id`` is empty where the reading of the definition did not show it."""

    name: str
    authorizer_id: str
    has_credentials: bool


@dataclass(frozen=True, slots=True)
class Callers:
    """What of an API calls one function through the alias variable."""

    methods: tuple[CallingMethod, ...] = ()
    authorizers: tuple[CallingAuthorizer, ...] = ()


def callers_of(definition: Definition, alias_variable: str) -> Mapping[str, Callers]:
    """By function name, the methods and authorizers that call it through the alias variable.

    A call with credentials (a role, or the caller's own) needs no permission of the function's. Calls that go past the variable
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
