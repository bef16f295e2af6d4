"""MOCK integrations: an answer made of the integration's own templates, without a backend.

Decides what variable references in a template become; a template with logic is refused, not guessed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.gateway_definition import Integration, IntegrationResponse
    from local.served import Served

JSON = "application/json"
_REFERENCE = re.compile(r"\$\{?(?P<root>stageVariables|context)\.(?P<name>\w+(?:\.\w+)*)\}?")
_LOGIC = re.compile(r"#(?:set|if|foreach|end|else|macro)\b|\$(?:input|util)\b")


class UnsupportedTemplateError(Exception):
    """A mapping template holds more than references to stage variables and context."""


def answer(served: Served, integration: Integration, variables: Mapping[str, str]) -> bool:
    """Answer from the templates; false if the integration has no response for the status its request template asks for.

    Raises:
        UnsupportedTemplateError: a template holds logic.

    """
    request = _render(integration.request_templates.get(JSON, "{}"), served, variables)
    status = _asked_status(request)
    response = _choose(integration.responses, status)
    if response is None:
        return False
    served.status = int(response.status_code)
    served.headers = (("Content-Type", JSON),)
    served.body = _render(response.templates.get(JSON, ""), served, variables)
    return True


def _asked_status(request: str) -> str:
    try:
        found = json.loads(request)
    except ValueError:
        return ""
    return str(found.get("statusCode", "")) if isinstance(found, dict) else ""


def _choose(responses: Mapping[str, IntegrationResponse], status: str) -> IntegrationResponse | None:
    if not status:
        return None
    for response in responses.values():
        if response.selection_pattern and re.fullmatch(response.selection_pattern, status):
            return response
    return next((response for response in responses.values() if not response.selection_pattern), None)


def _render(template: str, served: Served, variables: Mapping[str, str]) -> str:
    logic = _LOGIC.search(template)
    if logic:
        raise UnsupportedTemplateError(
            f"mapping template of {served.request.path} holds {logic[0]}; only $stageVariables and $context are filled in here"
        )
    context = {
        "isCanaryRequest": served.is_canary or "",
        "deploymentId": served.deployment_id or "",
        "requestId": served.request_id,
        "stage": served.request.stage,
        "httpMethod": served.request.method,
        "apiId": served.request.api_id,
        "resourcePath": served.method.path if served.method else "",
    }
    return _REFERENCE.sub(
        lambda found: (variables if found["root"] == "stageVariables" else context).get(found["name"], ""), template
    )
