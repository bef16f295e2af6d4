"""HTTP and HTTP_PROXY integrations, answered by backends in this process because the embedded AWS reaches no network.

Decides what a backend receives and what becomes of its answer (docs/aws.md#http-integrations). A host without a registered
backend is answered with 501, so that the missing network is not mistaken for a failure of AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from embedded_aws.dataplane.integration_answers import UnmappedPayloadError, answer_by, choose, refuse_payload, request_body
from embedded_aws.dataplane.mapping_templates import Input, header
from embedded_aws.dataplane.parameter_mapping import Backend, mapped
from embedded_aws.dataplane.routing import fill_variables

if TYPE_CHECKING:
    from embedded_aws.apigateway.definition.frozen import Integration
    from embedded_aws.dataplane.served import Served

NOT_BUILT, INTERNAL, TOO_LATE = 501, 500, 504
_DROPPED = frozenset({"connection", "content-length", "date", "host", "transfer-encoding"})


class Asked(NamedTuple):
    """The request that a backend receives; ``query`` holds decoded pairs."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A backend's answer; ``latency_ms`` is how long it takes."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    latency_ms: int = 5


Handler = Callable[[Asked], Answered]


class HttpBackends:
    """The backends that replace the network, by URL prefix."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def register(self, prefix: str, handler: Handler) -> None:
        """Let ``handler`` answer every URL that begins with the prefix; the longest matching prefix wins."""
        self._handlers[prefix] = handler

    def clear(self) -> None:
        """Remove every backend."""
        self._handlers.clear()

    def serve(self, served: Served, integration: Integration, variables: Mapping[str, str]) -> None:
        """Answer a request from the backend that its integration names.

        Raises:
            UnsupportedTemplateError: a template contains logic, or a mapping is not built.
        """
        uri = fill_variables(integration.uri, variables)
        if not urlsplit(uri).hostname:
            served.answer_error(INTERNAL, "Internal server error", "API_CONFIGURATION_ERROR")
            served.integration_error = "Execution failed due to configuration error: Invalid endpoint address"
            return
        handler = self._handler_for(uri)
        if handler is None or integration.connection_type == "VPC_LINK":
            served.answer_error(NOT_BUILT, f"no backend is registered for {uri}; use dataplane.http.register", "NOT_BUILT")
            return
        given = Input(served, variables, served.request.body or "")
        try:
            asked = _asked(integration, uri, given)
        except UnmappedPayloadError:
            refuse_payload(served)
            return
        _answer(served, integration, handler(asked), given)

    def _handler_for(self, uri: str) -> Handler | None:
        prefixes = [prefix for prefix in self._handlers if uri.startswith(prefix)]
        return self._handlers[max(prefixes, key=len)] if prefixes else None


def _asked(integration: Integration, uri: str, given: Input) -> Asked:
    """The backend's request: for a proxy the client's request, for other integrations what the mappings make."""
    request, mappings = given.served.request, integration.request_parameters
    is_proxy = integration.kind == "HTTP_PROXY"
    body = request.body if is_proxy else request_body(integration, given)
    for name, value in mapped(mappings, "integration.request.path.", given):
        uri = uri.replace(f"{{{name}}}", value).replace(f"{{{name}+}}", value)
    url, _, query = uri.partition("?")
    pairs = [*parse_qsl(query, keep_blank_values=True), *(request.query if is_proxy else ())]
    pairs += mapped(mappings, "integration.request.querystring.", given)
    own = {"Accept": "application/json", "User-Agent": f"AmazonAPIGateway_{request.api_id}"}
    headers = {name: text for name, text in request.headers.items() if name.lower() not in _DROPPED} if is_proxy else own
    headers |= dict(mapped(mappings, "integration.request.header.", given))
    if body is not None:
        headers.setdefault("Content-Type", header(request.headers, "Content-Type") or "application/json")
    method = request.method if integration.http_method == "ANY" else integration.http_method
    return Asked(method, f"{url}?{urlencode(pairs)}" if pairs else url, tuple(pairs), headers, body)


def _answer(served: Served, integration: Integration, answered: Answered, given: Input) -> None:
    served.integration_latency = answered.latency_ms
    if answered.latency_ms > integration.timeout_millis:
        served.integration_latency = integration.timeout_millis
        served.answer_error(TOO_LATE, "Endpoint request timed out", "INTEGRATION_TIMEOUT")
        return
    served.integration_status = served.function_status = answered.status
    if integration.kind == "HTTP_PROXY":
        served.status, served.body = answered.status, answered.body
        served.headers = tuple((name, text) for name, text in answered.headers.items() if name.lower() not in _DROPPED)
        return
    backend = Backend(answered.headers, answered.body)
    answer_by(served, choose(integration.responses, str(answered.status)), given, backend)
