"""Lambda authorizers: a function decides whether a client may call a method.

Decides when the function is called and with which event, which answers are valid, and how long an answer is cached
(docs/aws.md#lambda-authorizers). The cache key is the values of the identity sources. Base and canary have separate caches
until it is known otherwise (docs/aws.md#authorizer-cache-of-canary). `permissions` decides what the returned policy allows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from embedded_aws.apigateway.definition.frozen import Authorizer
from embedded_aws.awslambda.errors import LambdaError
from embedded_aws.dataplane.access_log import context_value
from embedded_aws.dataplane.mapping_templates import header
from embedded_aws.dataplane.routing import LambdaTarget, lambda_target
from embedded_aws.dataplane.served import Authorized
from embedded_aws.iam.permission_needs import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.dataplane.proxy_integration import Event
    from embedded_aws.dataplane.served import Served
    from embedded_aws.wire.unknowns import Unknowns

UNAUTHORIZED, FORBIDDEN, INTERNAL = 401, 403, 500
REFUSED = "Unauthorized"
INVOKE = "execute-api:Invoke"
_DEFAULT_SOURCE = "method.request.header.Authorization"
_LATENCY_MS = 3
_MOST_REMEMBERED = 10_000


class NotAuthorizedError(Exception):
    """The request is denied, with this status, message and gateway response."""

    def __init__(self, status: int, message: str | None, response_type: str) -> None:
        self.status = status
        self.message = message
        self.response_type = response_type
        super().__init__(f"{response_type}: {message}")


class Remembered(NamedTuple):
    """An authorizer's answer, cached until an epoch second."""

    until: float
    authorized: Authorized
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ArmAuthorizer:
    """An authorizer resolved with one arm's stage variables. ``source_arn`` is the source of the calls to its function."""

    authorizer: Authorizer
    target: LambdaTarget | None
    source_arn: str
    key: tuple[str, str, str]

    @classmethod
    def of(cls, authorizer: Authorizer, variables: Mapping[str, str], *, api: str, stage: str, arm: str) -> ArmAuthorizer:
        """Resolve the authorizer for one arm; ``api`` is the API's ARN without a stage."""
        source = f"{api}/authorizers/{authorizer.id}"
        return cls(authorizer, lambda_target(authorizer.uri, variables), source, (source, stage, arm))


class Authorizers:
    """Calls authorizers and caches their answers."""

    def __init__(self, lambdas: Lambdas, unknowns: Unknowns) -> None:
        self._lambdas = lambdas
        self._unknowns = unknowns
        self._remembered: dict[tuple[object, ...], Remembered] = {}

    def clear(self) -> None:
        """Empty the cache."""
        self._remembered.clear()

    def ask(
        self, served: Served, arm: ArmAuthorizer, event: Event, may_invoke: Callable[[LambdaTarget, str, str | None], bool]
    ) -> Remembered:
        """The authorizer's answer for a request, from the cache while that is valid.

        ``may_invoke`` says whether API Gateway may call a function.

        Raises:
            NotAuthorizedError: the authorizer denies the request, or could not be called.
        """
        identity = _identity(served, arm.authorizer, event.variables)
        key = (*self._key(arm), *identity)
        known = self._remembered.get(key)
        if known is None or known.until <= served.at:
            known = self._ask(served, arm, event, identity, may_invoke)
            if arm.authorizer.ttl_seconds:
                self._remember(key, known, served.at)
        return known

    def _key(self, arm: ArmAuthorizer) -> tuple[str, ...]:
        is_shared = self._unknowns.ask("authorizer-cache-of-canary") == "shared"
        return arm.key[:2] if is_shared else arm.key

    def _remember(self, key: tuple[object, ...], known: Remembered, now: float) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered = {each: one for each, one in self._remembered.items() if one.until > now}
        self._remembered[key] = known._replace(authorized=replace(known.authorized, latency=0))

    def _ask(
        self,
        served: Served,
        arm: ArmAuthorizer,
        event: Event,
        identity: tuple[str, ...],
        may_invoke: Callable[[LambdaTarget, str, str | None], bool],
    ) -> Remembered:
        target, authorizer = arm.target, arm.authorizer
        if target is None or not may_invoke(target, arm.source_arn, authorizer.credentials):
            raise _misconfigured(served, "Invalid permissions on Lambda function")
        sent = event.of_token(served, identity[0]) if authorizer.kind == "TOKEN" else event.of_authorizer(served)
        try:
            invocation = self._lambdas.call(target.name, target.qualifier, sent, served.at)
        except LambdaError as error:
            raise _misconfigured(served, str(error)) from error
        return _read(served, invocation, served.at + authorizer.ttl_seconds)


def _identity(served: Served, authorizer: Authorizer, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the identity sources; all of them are required if results are cached."""
    is_token = authorizer.kind == "TOKEN"
    sources = authorizer.identity_sources or ((_DEFAULT_SOURCE,) if is_token else ())
    values = tuple(_value(source, served, variables) or "" for source in sources)
    if not all(values) and (is_token or authorizer.ttl_seconds):
        raise NotAuthorizedError(UNAUTHORIZED, REFUSED, "UNAUTHORIZED")
    if is_token and authorizer.validation and not re.fullmatch(authorizer.validation, values[0]):
        raise NotAuthorizedError(UNAUTHORIZED, REFUSED, "UNAUTHORIZED")
    return values


def _value(source: str, served: Served, variables: Mapping[str, str]) -> str | None:
    root, _, name = source.partition(".")
    if root == "stageVariables":
        return variables.get(name)
    if root == "context":
        value = context_value(served, name)
        return None if value is None else str(value)
    place, _, name = source.removeprefix("method.request.").partition(".")
    if place == "header":
        return header(served.request.headers, name)
    return next((value for key, value in served.request.query if key == name), None)


def _read(served: Served, invocation: Invocation, until: float) -> Remembered:
    """Parse a function's answer: the principal, a policy, and the context."""
    latency, payload = _LATENCY_MS + round(invocation.duration_ms), invocation.payload
    if invocation.function_error:
        message = payload.get("errorMessage") if isinstance(payload, dict) else None
        served.authorizer = Authorized(status=200, latency=latency, error=str(message))
        if message == REFUSED:
            raise NotAuthorizedError(UNAUTHORIZED, REFUSED, "UNAUTHORIZED")
        raise NotAuthorizedError(INTERNAL, None, "AUTHORIZER_FAILURE")
    answered = payload if isinstance(payload, dict) else {}
    policy, context = answered.get("policyDocument"), answered.get("context") or {}
    if not isinstance(policy, dict) or not answered.get("principalId") or not _is_flat(context):
        raise _misconfigured(served, "Could not parse policy", latency)
    authorized = Authorized(
        principal_id=str(answered["principalId"]),
        context={name: _text(value) for name, value in context.items()},
        usage_key=answered.get("usageIdentifierKey"),
        status=200,
        latency=latency,
    )
    return Remembered(until, authorized, policy)


def _is_flat(context: object) -> bool:
    return isinstance(context, dict) and not any(isinstance(value, dict | list) for value in context.values())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _misconfigured(served: Served, why: str, latency: int = 0) -> NotAuthorizedError:
    served.authorizer = Authorized(latency=latency, error=f"Execution failed due to configuration error: {why}")
    return NotAuthorizedError(INTERNAL, None, "AUTHORIZER_CONFIGURATION_ERROR")


def need_of(api: str, served: Served) -> Need:
    """What a policy must allow for this request; ``api`` is the API's ARN without a stage."""
    request = served.request
    return Need(INVOKE, f"{api}/{request.stage}/{request.method}{request.path}")
