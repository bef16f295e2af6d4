"""A stage's access log: its format turned into lines.

Decides what each ``$context`` variable prints (docs/aws.md#access-log-variables). A variable that the guide lists and that
nothing here gives a value, or that the guide does not list, prints a dash. Where lines go is the data plane's business.
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
    """Whose API it is."""

    account: str
    region: str


def compile_format(log_format: str, owner: Owner, *, escapes: Callable[[], bool]) -> Callable[[Served], str]:
    """What turns a served request into the line of this format.

    ``escapes`` says whether quotes and backslashes in texts that a client or a function wrote get a backslash; it is asked
    where there are any (docs/aws.md#client-text-in-access-log).
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


def overridden_request_id(headers: Mapping[str, str]) -> str | None:
    """The request id that a client gives itself; None if it gives none (docs/aws.md#request-id)."""
    given = next((text for name, text in headers.items() if name.lower() == "x-amzn-requestid"), None)
    if given is None:
        return None
    return given if _UUID.fullmatch(given) else REPLACED_REQUEST_ID


def context_value(served: Served, name: str) -> Value:
    """What `$context.<name>` stands for outside of the log; None where it has no value."""
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
    """A variable of no fixed name: what an authorizer's context has under the key, or what the request was given."""
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
    """A text with its own quotes; without one there are none."""

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
"""The same for every request here; the guide gives no values but the protocol's."""

_TEXTS: dict[str, Callable[[Served], str | None]] = {
    "error.message": lambda served: served.error_message,
    "identity.userAgent": user_agent,
    "integration.error": lambda served: served.integration_error,
    "integrationErrorMessage": lambda served: served.integration_error,
    "path": lambda served: f"/{served.request.stage}{served.request.path}",
}
"""What a client or a function writes, or may have a part in."""

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
