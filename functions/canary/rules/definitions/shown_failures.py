"""Whether a stage's access log shows that a call of Lambda failed: whether the failure is answered with a 5xx.

A proxy's failure always is. Another integration answers a failure as its responses say, and an asynchronous one answers before
the function has run (docs/aws.md#custom-integrations). Only patterns that are known to match every error message count as such:
the dot of ``.+`` matches no line break (docs/aws.md#selection-patterns). This module does not know who calls or what is counted
instead; `canary.rules.checks.call_checks` decides that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.definitions.definition import DEFAULT_PATTERN

if TYPE_CHECKING:
    from canary.rules.definitions.definition import Integration, IntegrationResponse

EVERY_ERROR = r"[\s\S]+"
"""The pattern to write for a response that answers every error."""

_INSIDE = (r"[\s\S]", r"[\S\s]", r"[\w\W]", r"[\W\w]", r"[\d\D]", r"[\D\d]", r"(.|\n)", r"(\n|.)", r"(?:.|\n)", r"(?:\n|.)")
_MATCH_ALL = frozenset(f"{inside}{how_often}" for inside in _INSIDE for how_often in "+*")
_MATCH_MOST = frozenset({".+", ".*"})
"""What matches every error message without a line break."""

_INVOCATION_TYPE = "x-amz-invocation-type"
_WAITS = "'requestresponse'"


def shows_failures(integration: Integration) -> bool:
    """Whether a Lambda integration answers every failure with a 5xx, or with a 4xx that is meant for this failure."""
    if _may_not_wait(integration):
        return False
    return integration.kind == "AWS_PROXY" or _answers_errors(dict(integration.responses))


def _may_not_wait(integration: Integration) -> bool:
    """Whether the function may run after the answer: the invocation type is Event, or comes from the request."""
    types = [value for name, value in integration.parameters.items() if name.lower().endswith(f".header.{_INVOCATION_TYPE}")]
    is_overridden = any(_INVOCATION_TYPE in template.lower() for template in integration.templates.values())
    return is_overridden or any(value.lower() != _WAITS for value in types)


def _answers_errors(responses: dict[str, IntegrationResponse]) -> bool:
    """Whether every error has a 5xx unless a pattern gives it a 4xx. Without a default response, what is left is a 500."""
    default = responses.pop(DEFAULT_PATTERN, None)
    hides = any(
        one.status < "4" or (one.status < "5" and pattern in _MATCH_ALL | _MATCH_MOST) for pattern, one in responses.items()
    )
    is_caught = any(one.status >= "5" and pattern in _MATCH_ALL for pattern, one in responses.items())
    return not hides and (is_caught or default is None or default.status >= "5")
