"""AWS integrations that call a Lambda function without being a proxy: an event made by a template, an answer that is mapped.

Decides what the function is given and what of its answer or error is mapped (docs/aws.md#custom-integrations). It invokes
nothing.
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
    """What the function would be given is no JSON."""


def event_of(served: Served, integration: Integration, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 (any JSON)
    """The function's event.

    Raises:
        NoEventError: the body that a template or the client made is no JSON.
        UnmappedPayloadError: the payload's content type is not taken.
        UnsupportedTemplateError: the template holds logic.

    """
    body = request_body(integration, Input(served, variables, served.request.body or ""))
    try:
        return json.loads(body or "{}")
    except ValueError:
        raise NoEventError from None


def is_asynchronous(served: Served, integration: Integration, variables: Mapping[str, str]) -> bool:
    """Whether the mappings ask for an invocation that nobody waits for."""
    given = Input(served, variables)
    headers = mapped(integration.request_parameters, "integration.request.header.", given)
    return any(name.lower() == _TYPE and value == "Event" for name, value in headers)


def answer_custom(served: Served, invocation: Invocation, integration: Integration, variables: Mapping[str, str]) -> None:
    """Turn what the function did into the response: an error is chosen for by its message, and is no failure by itself.

    Raises:
        UnsupportedTemplateError: the chosen response's template holds logic.

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
