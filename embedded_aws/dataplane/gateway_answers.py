"""An API's customised gateway responses, for answers that API Gateway makes itself (docs/aws.md#gateway-response-defaults).

A type that the API does not customise uses its DEFAULT_4XX or DEFAULT_5XX, if that is customised. Templates support references
only, as AWS's do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from embedded_aws.apigateway.definition.gateway_responses import STATUSES, default_of
from embedded_aws.dataplane.access_log import context_value
from embedded_aws.dataplane.mapping_templates import JSON, Input
from embedded_aws.dataplane.parameter_mapping import mapped, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.apigateway.definition.frozen import GatewayResponse
    from embedded_aws.dataplane.served import Served

_HEADER = "gatewayresponse.header."
_REFERENCE = re.compile(r"\$\{?(?P<root>stageVariables|context|method\.request)\.(?P<name>[\w-]+(?:\.[\w-]+)*)\}?")


def customise(served: Served, responses: Mapping[str, GatewayResponse], variables: Mapping[str, str]) -> None:
    """Apply the API's gateway response to a request that API Gateway answered itself.

    Raises:
        UnsupportedTemplateError: a header is mapped from a source that is not built.
    """
    kind = served.error_type
    if kind is None or kind not in STATUSES:
        return
    response = responses.get(kind) or responses.get(default_of(kind))
    if response is None:
        return
    given = Input(served, variables)
    served.status = response.status_code or served.status
    content_type, template = _template(response.templates)
    if template is not None:
        served.body = _REFERENCE.sub(lambda found: _value(found, given), template)
    kept = tuple(pair for pair in served.headers if pair[0] != "Content-Type")
    served.headers = (("Content-Type", content_type), *kept, *mapped(response.parameters, _HEADER, given))


def _template(templates: Mapping[str, str]) -> tuple[str, str | None]:
    """The template for JSON, otherwise the first one, with its content type."""
    if JSON in templates or not templates:
        return JSON, templates.get(JSON)
    return next(iter(templates.items()))


def _value(found: re.Match[str], given: Input) -> str:
    if found["root"] == "stageVariables":
        return given.variables.get(found["name"], "")
    if found["root"] != "context":
        return value_of(f"method.request.{found['name']}", given) or ""
    value = context_value(given.served, found["name"])
    if value is None:
        return "null" if found["name"] == "error.messageString" else ""
    return str(value)
