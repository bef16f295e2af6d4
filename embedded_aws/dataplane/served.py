"""A request to a stage, and the answer it got.

The data plane fills in these values. The access log, the metrics and the tests that look for half releases read them.
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

    ``path`` starts with a slash and is still percent-encoded; ``query`` holds decoded pairs, in order. Requests over one
    connection share its ``connection``; it is empty for a request with a connection of its own.
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
    """What an authorizer decided. ``status`` is its function's status, and ``latency`` is how long the call took."""

    principal_id: str | None = None
    context: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    usage_key: str | None = None
    status: int | None = None
    latency: int = 0
    error: str | None = None


@dataclass(slots=True, eq=False)
class Served:
    """A request with its answer, filled in as it is served. Latencies are whole milliseconds.

    ``settings`` are the settings that this request saw, ``arm`` the arm it got (None if the stage does not exist) and
    ``is_canary`` the value of ``$context.isCanaryRequest``. ``function``, ``qualifier`` and ``version`` say who answered;
    ``integration_status`` is Lambda's own status, ``function_status`` the one that the function returned. With
    ``is_unmeasured`` the access log has neither status nor latency. ``context`` holds the request's other ``$context``
    variables, such as ``authorizer.principalId``, by name.
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
        """Answer that a policy denies access. AWS spells the key of the message differently in this answer."""
        self.answer_error(_FORBIDDEN, message, "ACCESS_DENIED")
        self.headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", "AccessDeniedException"))
        self.body = f'{{"Message":"{message}"}}'

    def details(self) -> dict[str, Any]:
        """The few facts that matter to a human reader."""
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
    """A direct invocation and its result; None if the function or qualifier does not exist, or could not run."""

    request: Invoke
    invocation: Invocation | None
