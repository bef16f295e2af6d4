"""The only error of this function that is the template's fault, and the property with which a template takes things over."""

from __future__ import annotations

from typing import Any


class TemplateRefusedError(Exception):
    """The template asks for something that is not allowed; CloudFormation shows the text."""


def takes_over(properties: dict[str, Any]) -> bool:
    """Whether the template takes over an existing resource, which is then never deleted with the stack."""
    return bool(properties.get("TakeOver") == "true")
