"""MOCK integrations: an answer built from the integration's own templates, without a backend."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from embedded_aws.dataplane.integration_answers import UnmappedPayloadError, answer_by, choose, refuse_payload, request_body
from embedded_aws.dataplane.mapping_templates import Input, UnsupportedTemplateError
from embedded_aws.dataplane.parameter_mapping import Backend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.apigateway.definition.frozen import Integration
    from embedded_aws.dataplane.served import Served

__all__ = ["UnsupportedTemplateError", "answer"]

_BARE_STATUS = re.compile(r"(?<![\"\w])statusCode\s*:")


def answer(served: Served, integration: Integration, variables: Mapping[str, str]) -> None:
    """Answer with the response for the status that the request template asks for.

    Raises:
        UnsupportedTemplateError: a template holds logic.

    """
    given = Input(served, variables, served.request.body or "")
    try:
        asked = _asked_status(request_body(integration, given) or "")
    except UnmappedPayloadError:
        refuse_payload(served)
        return
    served.integration_latency = 0
    answer_by(served, choose(integration.responses, asked) if asked else None, given, Backend())


def _asked_status(request: str) -> str:
    """The status that a template asks for; like AWS, this also reads names without quotes."""
    try:
        found = json.loads(_BARE_STATUS.sub('"statusCode":', request))
    except ValueError:
        return ""
    return str(found.get("statusCode", "")) if isinstance(found, dict) else ""
