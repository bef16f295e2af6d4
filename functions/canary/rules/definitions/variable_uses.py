"""Which stage variables an integration depends on, wherever AWS lets one stand (docs/aws.md#stage-variables).

An address, a VPC link or a role has `${stageVariables.x}`, a mapped parameter `stageVariables.x`, and a template
`$stageVariables.x` or an equivalent. A template that takes the variables by names it computes depends on all of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.definitions.definition import Integration

_USE = re.compile(
    r"stageVariables(?:\}?\.get\(\s*(?P<quote>['\"])(?P<got>\w+)(?P=quote)\s*\)"
    r"|\[\s*(?P<mark>['\"])(?P<indexed>\w+)(?P=mark)\s*\]"
    r"|\}?\.(?P<named>\w+)(?!\w*\())?"
)
"""A use of one variable; without a name, of the whole map."""


def find_used(integration: Integration, variables: frozenset[str]) -> list[str]:
    """Those of the `variables` that the integration depends on, sorted; of its answers too."""
    used: set[str] = set()
    for text in _texts(integration):
        for use in _USE.finditer(text):
            name = use["got"] or use["indexed"] or use["named"]
            used |= {name} if name else variables
    return sorted(used & variables)


def _texts(integration: Integration) -> Iterator[str]:
    yield from (integration.uri, integration.connection_id, integration.credentials, integration.target)
    yield from (*integration.parameters.values(), *integration.templates.values())
    for response in integration.responses.values():
        yield from (*response.parameters.values(), *response.templates.values())
