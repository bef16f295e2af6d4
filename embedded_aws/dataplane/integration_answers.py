"""How the response of a non-proxy integration becomes the method's, by the integration's responses.

Decides which response is selected, by a pattern on the backend's status or error message (docs/aws.md#selection-patterns), and
what its templates and mappings make of it. Also decides whether a request body without a template is passed through.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from embedded_aws.dataplane.mapping_templates import JSON, Input, header, render
from embedded_aws.dataplane.parameter_mapping import Backend, mapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.apigateway.definition.frozen import Integration, IntegrationResponse
    from embedded_aws.dataplane.served import Served

INTERNAL, UNSUPPORTED_MEDIA = 500, 415
NO_MATCH = "Execution failed due to configuration error: no match for output mapping"
_HEADER = "method.response.header."


class UnmappedPayloadError(Exception):
    """No template matches the payload's content type, and it may not be passed through."""


def request_body(integration: Integration, given: Input) -> str | None:
    """What a backend is sent: a rendered template, or the request's own body.

    Raises:
        UnmappedPayloadError: no template matches the request's content type, and it may not be passed through.
        UnsupportedTemplateError: the template contains logic.
    """
    kind = (header(given.served.request.headers, "Content-Type") or JSON).partition(";")[0].strip()
    template = integration.request_templates.get(kind)
    if template is not None:
        return render(template, given)
    behavior = integration.passthrough_behavior
    if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and integration.request_templates):
        raise UnmappedPayloadError(kind)
    return given.served.request.body


def refuse_payload(served: Served) -> None:
    """Answer that the payload's content type is not supported."""
    served.answer_error(UNSUPPORTED_MEDIA, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE")


def choose(responses: Mapping[str, IntegrationResponse], subject: str | None) -> IntegrationResponse | None:
    """The response whose pattern matches the whole subject, otherwise the one without a pattern."""
    for response in responses.values():
        if subject and response.selection_pattern and re.fullmatch(response.selection_pattern, subject):
            return response
    return next((response for response in responses.values() if not response.selection_pattern), None)


def answer_by(served: Served, response: IntegrationResponse | None, given: Input, backend: Backend) -> None:
    """Answer by an integration response; if there is none, answer that no response matches."""
    if response is None:
        served.answer_error(INTERNAL, "Internal server error", "API_CONFIGURATION_ERROR")
        served.integration_error = NO_MATCH
        return
    mapped_headers = dict(mapped(response.parameters, _HEADER, given, backend))
    own = header(mapped_headers, "Content-Type")
    headers = tuple((name, text) for name, text in mapped_headers.items() if name.lower() != "content-type")
    served.status = int(response.status_code)
    served.headers = (("Content-Type", own or JSON), *headers)
    template = response.templates.get(JSON) or next((text for text in response.templates.values() if text), None)
    served.body = backend.body if template is None else render(template, Input(served, given.variables, backend.body))
