"""A stage's access log: its format turned into lines.

Decides what each ``$context`` variable prints (docs/aws.md#access-log-variables). Where lines go is the data plane's
business.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.served import Served

MISSING = "-"
_VARIABLE = re.compile(r"\$context((?:\.[A-Za-z0-9_]+)+)")


def compile_format(log_format: str) -> Callable[[Served], str]:
    """What turns a served request into the line of this format."""
    literals = _VARIABLE.split(log_format)
    template = "%s".join(literal.replace("%", "%%") for literal in literals[0::2])
    getters = tuple(_getter(name[1:]) for name in literals[1::2])

    def render(served: Served) -> str:
        values = [getter(served) for getter in getters]
        return template % tuple([MISSING if value is None else value for value in values])

    return render


@lru_cache(maxsize=512)
def clf_time(second: int) -> str:
    """A time as the common log format writes it."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))


def resource_path(served: Served) -> str | None:
    """The matched resource's path; None for a request that matched none."""
    return served.method.path if served.method else None


def domain_prefix(served: Served) -> str:
    """The API's own host name's first label."""
    return served.request.api_id


def user_agent(served: Served) -> str | None:
    """The client's own name for itself."""
    headers = served.request.headers
    return headers.get("User-Agent") or headers.get("user-agent")


def context_value(served: Served, name: str) -> str | int | None:
    """What `$context.<name>` stands for outside of the log; None where it has no value."""
    return _getter(name)(served)


def _getter(name: str) -> Callable[[Served], str | int | None]:
    known = _VARIABLES.get(name)
    if known is None and name.startswith("authorizer."):
        key = name.removeprefix("authorizer.")
        return lambda served: served.authorizer.context.get(key) if served.authorizer else None
    return known or (lambda _: None)


def _quoted(text: str | None) -> str | None:
    return None if text is None else f'"{text}"'


_VARIABLES: dict[str, Callable[[Served], str | int | None]] = {
    "apiId": lambda served: served.request.api_id,
    "authorizer.error": lambda served: served.authorizer.error if served.authorizer else None,
    "authorizer.latency": lambda served: served.authorizer.latency if served.authorizer else None,
    "authorizer.principalId": lambda served: served.authorizer.principal_id if served.authorizer else None,
    "authorizer.status": lambda served: served.authorizer.status if served.authorizer else None,
    "awsEndpointRequestId": lambda served: served.invocation.request_id if served.invocation else None,
    "deploymentId": lambda served: served.deployment_id,
    "domainPrefix": domain_prefix,
    "error.message": lambda served: served.error_message,
    "error.messageString": lambda served: _quoted(served.error_message),
    "error.responseType": lambda served: served.error_type,
    "extendedRequestId": lambda served: served.extended_request_id,
    "httpMethod": lambda served: served.request.method,
    "identity.sourceIp": lambda served: served.request.source_ip,
    "identity.userAgent": user_agent,
    "integration.error": lambda served: served.integration_error,
    "integration.integrationStatus": lambda served: served.integration_status,
    "integration.latency": lambda served: served.integration_latency,
    "integration.requestId": lambda served: served.invocation.request_id if served.invocation else None,
    "integration.status": lambda served: served.function_status,
    "integrationErrorMessage": lambda served: served.integration_error,
    "integrationLatency": lambda served: served.integration_latency,
    "integrationStatus": lambda served: served.integration_status,
    "isCanaryRequest": lambda served: served.is_canary,
    "path": lambda served: f"/{served.request.stage}{served.request.path}",
    "protocol": lambda _: "HTTP/1.1",
    "requestId": lambda served: served.request_id,
    "requestTime": lambda served: clf_time(int(served.at)),
    "requestTimeEpoch": lambda served: int(served.at * 1000),
    "resourceId": lambda served: served.method.resource_id if served.method else None,
    "resourcePath": resource_path,
    "responseLatency": lambda served: served.latency,
    "responseLength": lambda served: len(served.body.encode()),
    "stage": lambda served: served.request.stage,
    "status": lambda served: served.status,
}
