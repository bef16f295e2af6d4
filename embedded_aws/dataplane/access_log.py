"""Renders the lines of a stage's access log from the log's format.

Decides what each ``$context`` variable prints (docs/aws.md#access-log-variables). A variable prints a dash if the guide does
not list it, or if the embedded AWS has no value for it. The data plane decides where the lines go.
"""

from __future__ import annotations

import json
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.dataplane.served import Served

    Value = str | int | None

MISSING = "-"
REPLACED_REQUEST_ID = "UUID_REPLACED_INVALID_REQUEST_ID"
_OVERRIDES = r"(?:request|response)Override\.(?:header|path|querystring)\.[\w-]+"
_VARIABLE = re.compile(rf"\$context\.({_OVERRIDES}|\w+(?:\.\w+)*)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNSAFE = re.compile(r'["\\\x00-\x1f]')


class Owner(Protocol):
    """The account and Region that the API belongs to."""

    account: str
    region: str


def compile_format(log_format: str, owner: Owner, *, escapes: Callable[[], bool]) -> Callable[[Served], str]:
    """A function that renders a served request as a line of this format.

    ``escapes`` says whether quotes and backslashes in texts that a client or a function wrote are escaped with a backslash. It
    is called only for texts that contain such characters (docs/aws.md#client-text-in-access-log).
    """
    literals = _VARIABLE.split(log_format)
    template = "%s".join(literal.replace("%", "%%") for literal in literals[0::2])
    getters = tuple(_getter(name, owner, escapes) for name in literals[1::2])

    def render(served: Served) -> str:
        values = [getter(served) for getter in getters]
        return template % tuple([MISSING if value is None else value for value in values])

    return render


@lru_cache(maxsize=512)
def clf_time(second: int) -> str:
    """A time in the common log format."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))


def resource_path(served: Served) -> str | None:
    """The matched resource's path; None for a request that matched none."""
    return served.method.path if served.method else None


def domain_prefix(served: Served) -> str:
    """The first label of the API's own host name."""
    return served.request.api_id


def user_agent(served: Served) -> str | None:
    """The ``User-Agent`` header."""
    headers = served.request.headers
    return headers.get("User-Agent") or headers.get("user-agent")


def overridden_request_id(headers: Mapping[str, str]) -> str | None:
    """The request id that the client set itself; None if it set none (docs/aws.md#request-id)."""
    given = next((text for name, text in headers.items() if name.lower() == "x-amzn-requestid"), None)
    if given is None:
        return None
    return given if _UUID.fullmatch(given) else REPLACED_REQUEST_ID


def context_value(served: Served, name: str) -> Value:
    """The value of `$context.<name>` outside the access log; None where it has no value."""
    return (_TEXTS.get(name) or _VARIABLES.get(name) or _rest(name))(served)


def _getter(name: str, owner: Owner, escapes: Callable[[], bool]) -> Callable[[Served], Value]:
    if name in _TEXTS:
        return _escaping(_TEXTS[name], escapes)
    constants = {**_CONSTANTS, "accountId": owner.account}
    if name in constants:
        return lambda _: constants[name]
    if name == "domainName":
        return lambda served: f"{served.request.api_id}.execute-api.{owner.region}.amazonaws.com"
    known, rest = _VARIABLES.get(name), _rest(name)
    if known is None or not name.startswith("authorizer."):
        return known or rest
    return lambda served: known(served) if served.authorizer else rest(served)


def _rest(name: str) -> Callable[[Served], Value]:
    """A variable without a fixed name: a key of the authorizer's context, or a value that the request carries."""
    if name.startswith("authorizer."):
        key = name.removeprefix("authorizer.")
        return lambda served: served.authorizer.context.get(key) if served.authorizer else _given(served, name)
    return lambda served: _given(served, name)


def _given(served: Served, name: str) -> Value:
    return served.context.get(name) if served.context else None


def _escaping(get: Callable[[Served], str | None], escapes: Callable[[], bool]) -> Callable[[Served], str | None]:
    def text(served: Served) -> str | None:
        found = get(served)
        if found is None or _UNSAFE.search(found) is None or not escapes():
            return found
        return json.dumps(found, ensure_ascii=False)[1:-1]

    return text


def _message_string(get: Callable[[Served], str | None]) -> Callable[[Served], str | None]:
    """The text in quotes; None stays None."""

    def quoted(served: Served) -> str | None:
        found = get(served)
        return None if found is None else f'"{found}"'

    return quoted


def _integrated(served: Served) -> int | None:
    return served.integration_latency if served.integration_status is not None else None


_CONSTANTS: dict[str, Value] = {
    "cipherSuite": "TLS_AES_128_GCM_SHA256",
    "endpointType": "REGIONAL",
    "protocol": "HTTP/1.1",
    "tlsVersion": "TLSv1.3",
}
"""The same for every request here; the guide gives a value only for the protocol."""

_TEXTS: dict[str, Callable[[Served], str | None]] = {
    "error.message": lambda served: served.error_message,
    "identity.userAgent": user_agent,
    "integration.error": lambda served: served.integration_error,
    "integrationErrorMessage": lambda served: served.integration_error,
    "path": lambda served: f"/{served.request.stage}{served.request.path}",
}
"""Texts that a client or a function writes, or can influence."""

_VARIABLES: dict[str, Callable[[Served], Value]] = {
    "apiId": lambda served: served.request.api_id,
    "authorizer.error": lambda served: served.authorizer.error if served.authorizer else None,
    "authorizer.latency": lambda served: served.authorizer.latency if served.authorizer else None,
    "authorizer.principalId": lambda served: served.authorizer.principal_id if served.authorizer else None,
    "authorizer.status": lambda served: served.authorizer.status if served.authorizer else None,
    "awsEndpointRequestId": lambda served: served.invocation.request_id if served.invocation else None,
    "deploymentId": lambda served: served.deployment_id,
    "domainPrefix": domain_prefix,
    "error.messageString": _message_string(lambda served: served.error_message),
    "error.responseType": lambda served: served.error_type,
    "extendedRequestId": lambda served: served.extended_request_id,
    "httpMethod": lambda served: served.request.method,
    "identity.sourceIp": lambda served: served.request.source_ip,
    "integration.integrationStatus": lambda served: served.integration_status,
    "integration.latency": lambda served: served.integration_latency,
    "integration.requestId": lambda served: served.invocation.request_id if served.invocation else None,
    "integration.responseTransferMode": lambda served: None if _integrated(served) is None else "BUFFERED",
    "integration.status": lambda served: served.function_status,
    "integration.timeToAllHeaders": _integrated,
    "integration.timeToFirstContent": _integrated,
    "integrationLatency": lambda served: served.integration_latency,
    "integrationStatus": lambda served: served.integration_status,
    "isCanaryRequest": lambda served: served.is_canary,
    "requestId": lambda served: served.request_id,
    "requestTime": lambda served: clf_time(int(served.at)),
    "requestTimeEpoch": lambda served: int(served.at * 1000),
    "resourceId": lambda served: served.method.resource_id if served.method else None,
    "resourcePath": resource_path,
    "responseLatency": lambda served: None if served.is_unmeasured else served.latency,
    "responseLength": lambda served: len(served.body.encode()),
    "stage": lambda served: served.request.stage,
    "status": lambda served: None if served.is_unmeasured else served.status,
}
