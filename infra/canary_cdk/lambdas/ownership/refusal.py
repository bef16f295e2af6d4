"""The one error of this function that is the template's fault, and the property by which a template takes things over."""

from __future__ import annotations

from typing import Any


class TemplateRefusedError(Exception):
    """The template asks for what may not be done; the text is what CloudFormation shows."""


def takes_over(properties: dict[str, Any]) -> bool:
    """Whether the template wants one that exists already, which is then never deleted with the stack."""
    return bool(properties.get("TakeOver") == "true")
