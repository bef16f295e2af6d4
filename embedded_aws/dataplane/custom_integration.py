"""AWS integrations that call a Lambda function without being a proxy: a template makes the event, a mapping the response.

Decides the function's event, and how its result or error becomes the response (docs/aws.md#custom-integrations). It does not
invoke the function.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedded_aws.dataplane.integration_answers import answer_by, choose, request_body
from embedded_aws.dataplane.mapping_templates import Input
from embedded_aws.dataplane.parameter_mapping import Backend, mapped
from embedded_aws.dataplane.proxy_integration import LAMBDA_MS, TOO_LATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.apigateway.definition.frozen import Integration
    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.dataplane.served import Served

_TYPE = "x-amz-invocation-type"


class NoEventError(Exception):
    """The function's event is not valid JSON."""


def event_of(served: Served, integration: Integration, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 (any JSON)
    """The function's event.

    Raises:
        NoEventError: the body that a template or the client made is not JSON.
        UnmappedPayloadError: the integration does not accept the payload's content type.
        UnsupportedTemplateError: the template contains logic.
    """
    body = request_body(integration, Input(served, variables, served.request.body or ""))
    try:
        return json.loads(body or "{}")
    except ValueError:
        raise NoEventError from None


def is_asynchronous(served: Served, integration: Integration, variables: Mapping[str, str]) -> bool:
    """Whether the mappings ask for an asynchronous invocation."""
    given = Input(served, variables)
    headers = mapped(integration.request_parameters, "integration.request.header.", given)
    return any(name.lower() == _TYPE and value == "Event" for name, value in headers)


def answer_custom(served: Served, invocation: Invocation, integration: Integration, variables: Mapping[str, str]) -> None:
    """Map the function's result to the response; an error selects a response by its message and is not a failure in itself.

    Raises:
        UnsupportedTemplateError: the selected response's template contains logic.
    """
    served.invocation = invocation
    served.integration_latency = LAMBDA_MS + round(invocation.duration_ms)
    if served.integration_latency > integration.timeout_millis:
        served.integration_latency = integration.timeout_millis
        served.answer_error(TOO_LATE, "Endpoint request timed out", "INTEGRATION_TIMEOUT")
        return
    served.integration_status = 200
    message = str(invocation.payload.get("errorMessage", "")) if invocation.function_error else None
    given = Input(served, variables)
    answer_by(served, choose(integration.responses, message), given, Backend(body=json.dumps(invocation.payload)))
