"""A request to a stage, and what became of it.

Values that the data plane fills in and everybody else reads: the access log, the metrics, tests that look for half
releases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from embedded_aws.apigateway.definition.frozen import Method
from embedded_aws.apigateway.stages.settings import StageSettings
from embedded_aws.awslambda.runtime import Invocation

ArmName = Literal["base", "canary"]
NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    """What a client sends to ``https://<api_id>.execute-api.../<stage><path>``, at the simulated second ``at``.

    ``path`` starts with a slash and is still percent-encoded; ``query`` holds decoded pairs, in order. ``connection`` is the
    same for the requests of one connection, and empty for one that has a connection of its own.
    """

    api_id: str
    stage: str
    method: str
    path: str
    at: float
    headers: Mapping[str, str] = NOTHING
    query: Sequence[tuple[str, str]] = ()
    body: str | None = None
    is_base64: bool = False
    source_ip: str = "127.0.0.1"
    connection: str = ""


@dataclass(frozen=True, slots=True)
class Authorized:
    """What an authorizer said of a request. ``status`` is its function's, and ``latency`` what asking it took."""

    principal_id: str | None = None
    context: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    usage_key: str | None = None
    status: int | None = None
    latency: int = 0
    error: str | None = None


@dataclass(slots=True, eq=False)
class Served:
    """A request with its answer, as far as it came. Latencies are whole milliseconds.

    ``settings`` are those this request saw, ``arm`` the one it got (None where there is no such stage), ``is_canary``
    what ``$context.isCanaryRequest`` says. ``function``, ``qualifier`` and ``version`` say who answered;
    ``integration_status`` is Lambda's own status, ``function_status`` the one the function returned. ``is_unmeasured``: the
    access log has neither status nor latency of it. ``context`` holds what other ``$context`` variables say of this request,
    such as ``authorizer.principalId``, by their names.
    """

    request: Request
    request_id: str
    extended_request_id: str
    settings: StageSettings | None = None
    arm: ArmName | None = None
    is_canary: str | None = None
    deployment_id: str | None = None
    method: Method | None = None
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    function: str | None = None
    qualifier: str | None = None
    invocation: Invocation | None = None
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""
    is_base64: bool = False
    integration_status: int | None = None
    function_status: int | None = None
    integration_latency: int | None = None
    latency: int = 0
    error_message: str | None = None
    error_type: str | None = None
    integration_error: str | None = None
    is_unmeasured: bool = False
    context: Mapping[str, str | int] | None = None
    authorizer: Authorized | None = None

    @property
    def at(self) -> float:
        """When the request arrived."""
        return self.request.at

    @property
    def version(self) -> str | None:
        """The version of the function that answered; None if none was reached."""
        return self.invocation.executed_version if self.invocation else None

    def answer_error(self, status: int, message: str | None, response_type: str) -> None:
        """Answer with one of API Gateway's own responses; ``response_type`` is its name."""
        self.status = status
        self.error_message = message
        self.error_type = response_type
        error = _ERROR_TYPES.get(response_type, "InternalServerErrorException")
        self.headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error))
        self.body = '{"message":null}' if message is None else f'{{"message":"{message}"}}'

    def answer_denial(self, message: str) -> None:
        """Answer that a policy does not let the caller in; AWS spells the message's name otherwise here."""
        self.answer_error(_FORBIDDEN, message, "ACCESS_DENIED")
        self.headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", "AccessDeniedException"))
        self.body = f'{{"Message":"{message}"}}'

    def details(self) -> dict[str, Any]:
        """The few facts a person wants to see of it."""
        return {
            "at": self.at,
            "request": f"{self.request.method} {self.request.path}",
            "arm": self.arm,
            "deployment_id": self.deployment_id,
            "answered_by": f"{self.function}:{self.qualifier} version {self.version}" if self.function else None,
            "status": self.status,
            "latency": self.latency,
        }


_FORBIDDEN = 403
_ERROR_TYPES = {
    "ACCESS_DENIED": "ForbiddenException",
    "AUTHORIZER_CONFIGURATION_ERROR": "AuthorizerConfigurationException",
    "AUTHORIZER_FAILURE": "AuthorizerConfigurationException",
    "BAD_REQUEST_BODY": "BadRequestException",
    "BAD_REQUEST_PARAMETERS": "BadRequestException",
    "INVALID_API_KEY": "ForbiddenException",
    "MISSING_AUTHENTICATION_TOKEN": "MissingAuthenticationTokenException",
    "UNAUTHORIZED": "UnauthorizedException",
    "UNSUPPORTED_MEDIA_TYPE": "UnsupportedMediaTypeException",
}


class Invoke(NamedTuple):
    """A client's direct invocation of a function, at the simulated second ``at``."""

    function: str
    qualifier: str | None
    event: Any
    at: float


class Invoked(NamedTuple):
    """A direct invocation with what came of it; None if there was no such function or qualifier, or it could not run."""

    request: Invoke
    invocation: Invocation | None
