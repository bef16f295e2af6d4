"""Statements of roles: one way to add them, which requires a reason for every resource wildcard.

This module makes resolved tokens readable and does not know who may do what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from canary_cdk.reasons import acknowledge_wildcard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


def allow(role: iam.Role, actions: str, *resources: str) -> None:
    """Allow the actions (separated by spaces) on the resources.

    Raises:
        ReasonMissingError: a resource has a wildcard that the list of reasons does not cover.

    """
    allow_if(role, {}, actions, *resources)


def allow_if(role: iam.Role, conditions: Mapping[str, Mapping[str, str]], actions: str, *resources: str) -> None:
    """Allow the actions on the resources under these conditions.

    Raises:
        ReasonMissingError: as for allow.

    """
    named = actions.split()
    role.add_to_policy(iam.PolicyStatement(actions=named, resources=list(resources), conditions=dict(conditions)))
    for resource in resources:
        explain(role, frozenset(named), resource)


def explain(role: Construct, actions: frozenset[str], resource: str) -> None:
    """Record the reason for a statement of a role or policy that is added in another way; does nothing without a wildcard."""
    text = readable(Stack.of(role).resolve(resource))
    if "*" in text:
        acknowledge_wildcard(role, actions, text)


def readable(resolved: Any) -> str:  # noqa: ANN401 - CloudFormation's JSON
    """A resolved value as text, with references in angle brackets: `arn:<AWS::Partition>:sqs:...`, `<Table.Arn>`."""
    match resolved:
        case str():
            return resolved
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(readable(part) for part in parts)
        case _:
            return _unknown(resolved)


def _unknown(resolved: Mapping[str, Any]) -> str:
    return f"<{', '.join(sorted(resolved))}>"
