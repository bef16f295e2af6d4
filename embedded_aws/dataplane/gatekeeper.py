"""Who may call a method: checks resource policy, authorization, API key and request validation, in this order.

Decides how a refused request is answered (docs/aws.md#method-guards). `permissions` evaluates the statements of a policy, and
`authorizers` the answer of an authorizer. Throttles and web ACLs are not emulated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.apigateway.definition.frozen import Method
from embedded_aws.dataplane import request_checks
from embedded_aws.dataplane.authorizers import (
    FORBIDDEN,
    REFUSED,
    UNAUTHORIZED,
    ArmAuthorizer,
    Authorizers,
    NotAuthorizedError,
    need_of,
)
from embedded_aws.dataplane.mapping_templates import header
from embedded_aws.dataplane.proxy_integration import Event
from embedded_aws.iam.identity import Principal
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.apigateway.stages.settings import Arm, StageSettings
    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.dataplane.routing import LambdaTarget
    from embedded_aws.dataplane.served import Served
    from embedded_aws.iam.identity import Verdict
    from embedded_aws.iam.permissions import Permissions
    from embedded_aws.wire.unknowns import Unknowns

NOT_BUILT = 501
ANONYMOUS = "anonymous"
API_GATEWAY = "apigateway.amazonaws.com"
_DENIED = "User is not authorized to access this resource"
_CALLERS_OWN = ":iam::*:"


class DeniedError(Exception):
    """A policy denies the caller; the text is the message that the caller gets."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks before one method of one arm. ``api`` is the API's ARN without a stage."""

    method: Method
    event: Event
    authorizer: ArmAuthorizer | None
    api: str
    policy: Mapping[str, object] | None
    key_source: str


def guard_of(method: Method, settings: StageSettings, arm: Arm, event: Event, *, name: str, owner: str) -> Guard | None:
    """The checks before a method; None if anyone may call it. ``owner`` is the Region and the account."""
    definition = arm.definition
    if method.authorization_type == "NONE" and not (method.api_key_required or method.checks or definition.policy):
        return None
    api = f"arn:aws:execute-api:{owner}:{settings.api_id}"
    authorizer = method.authorizer and ArmAuthorizer.of(
        method.authorizer, arm.variables, api=api, stage=settings.stage_name, arm=name
    )
    policy = json.loads(definition.policy) if definition.policy else None
    return Guard(method, event, authorizer or None, api, policy, definition.api_key_source)


class Gatekeeper:
    """Admits requests, or answers them. ``knows_key`` says whether a key belongs to a usage plan of an API's stage."""

    def __init__(self, lambdas: Lambdas, unknowns: Unknowns) -> None:
        self.permissions: Permissions | None = None
        self.knows_key: Callable[[str, str, str], bool] = lambda _api, _stage, _key: False
        self._lambdas = lambdas
        self._authorizers = Authorizers(lambdas, unknowns)

    def clear(self) -> None:
        """Drop the authorizers' cached answers."""
        self._authorizers.clear()

    def admits(self, served: Served, guard: Guard) -> bool:
        """Whether the request may reach the method's integration; if not, it has been answered."""
        try:
            self._check_caller(served, guard)
            self._check_key(served, guard)
        except DeniedError as error:
            served.answer_denial(str(error))
            return False
        except NotAuthorizedError as error:
            served.answer_error(error.status, error.message, error.response_type)
            return False
        except NotBuiltError as gap:
            served.answer_error(NOT_BUILT, str(gap), "NOT_BUILT")
            return False
        finally:
            if served.authorizer is not None:
                served.latency = served.authorizer.latency
        return guard.method.checks is None or request_checks.passes(served, guard.method.checks)

    def may_invoke(self, target: LambdaTarget, source_arn: str, credentials: str | None) -> bool:
        """Whether API Gateway may call a function, by its policy or by the given role (docs/aws.md#integration-role)."""
        if credentials is None:
            return self._lambdas.allows_api(target.name, target.qualifier, source_arn)
        if _CALLERS_OWN in credentials or self.permissions is None or not self.permissions.is_on:
            return True
        function = self._lambdas.arn(target.name, target.qualifier)
        is_trusted = self.permissions.trusts(credentials, API_GATEWAY)
        return is_trusted and self.permissions.allows(Principal(credentials, "apigateway"), "lambda:InvokeFunction", function)

    def _check_caller(self, served: Served, guard: Guard) -> None:
        policy = self._resource_policy(served, guard)
        if policy == "denied":
            raise _denied_by_policy(served, guard, " with an explicit deny")
        match guard.method.authorization_type:
            case "NONE":
                if guard.policy and policy != "allowed":
                    raise _denied_by_policy(served, guard, "")
            case "CUSTOM":
                self._ask_authorizer(served, guard, policy)
            case "COGNITO_USER_POOLS":
                _check_pool(served, guard)
            case kind:
                _check_signature(served, kind)

    def _resource_policy(self, served: Served, guard: Guard) -> Verdict:
        """What the API's resource policy says about an anonymous caller."""
        if guard.policy is None:
            return "neutral"
        context = {"aws:SourceIp": served.request.source_ip, "aws:SecureTransport": "true"}
        return self._judge.verdict(guard.policy, need_of(guard.api, served), context, service=ANONYMOUS)

    def _ask_authorizer(self, served: Served, guard: Guard, policy: Verdict) -> None:
        if guard.authorizer is None:
            raise NotAuthorizedError(500, None, "AUTHORIZER_CONFIGURATION_ERROR")
        said = self._authorizers.ask(served, guard.authorizer, guard.event, self.may_invoke)
        served.authorizer = said.authorized
        verdict = self._judge.verdict(said.policy, need_of(guard.api, served), {})
        if verdict == "denied":
            raise DeniedError(f"{_DENIED} with an explicit deny")
        if "allowed" not in {verdict, policy}:
            raise DeniedError(_DENIED)

    def _check_key(self, served: Served, guard: Guard) -> None:
        if not guard.method.api_key_required:
            return
        authorizer, request = served.authorizer, served.request
        is_header = guard.key_source == "HEADER"
        key = header(request.headers, "x-api-key") if is_header else authorizer.usage_key if authorizer else None
        if not key or not self.knows_key(request.api_id, request.stage, key):
            raise NotAuthorizedError(FORBIDDEN, "Forbidden", "INVALID_API_KEY")

    @property
    def _judge(self) -> Permissions:
        if self.permissions is None:
            raise NotBuiltError("this data plane has no IAM to evaluate policies; set the gatekeeper's permissions")
        return self.permissions


def _denied_by_policy(served: Served, guard: Guard, how: str) -> DeniedError:
    """The denial by a policy; AWS masks most of the account number."""
    parts = need_of(guard.api, served).resource.split(":", 5)
    parts[4] = f"********{parts[4][-4:]}"
    return DeniedError(f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {':'.join(parts)}{how}")


def _check_pool(served: Served, guard: Guard) -> None:
    """Refuse a request without a token, as a user pool does; checking the token itself is not built."""
    sources = guard.method.authorizer.identity_sources if guard.method.authorizer else ()
    name = (sources or ("method.request.header.Authorization",))[0].rpartition(".")[2]
    if not header(served.request.headers, name):
        raise NotAuthorizedError(UNAUTHORIZED, REFUSED, "UNAUTHORIZED")
    raise NotBuiltError("tokens of Cognito user pools are not read; use a Lambda authorizer")


def _check_signature(served: Served, kind: str) -> None:
    """Refuse a request without a signature, as IAM does; checking the signature itself is not built."""
    if not header(served.request.headers, "Authorization"):
        raise NotAuthorizedError(FORBIDDEN, "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN")
    raise NotBuiltError(f"signatures of requests to {kind} methods are not read; use a Lambda authorizer")
