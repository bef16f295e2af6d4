"""Stacks, their resources and their events in the shapes in which CloudFormation describes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.cloudformation.resource import Resource
    from embedded_aws.cloudformation.stack import Event, Stack
    from embedded_aws.cloudformation.template import Template


def summarise(stack: Stack) -> dict[str, Any]:
    """A stack in a list."""
    shown = {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.template.description,
        "CreationTime": moment(stack.created),
        "LastUpdatedTime": moment(stack.updated),
        "DeletionTime": moment(stack.deleted),
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
    }
    return {name: value for name, value in shown.items() if value is not None}


def describe(stack: Stack) -> dict[str, Any]:
    """A stack, with everything that CloudFormation shows of it."""
    return {
        **summarise(stack),
        "Description": stack.template.description,
        "DisableRollback": False,
        "EnableTerminationProtection": stack.is_protected,
        "Outputs": list(stack.outputs.values()),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
    }


def show_event(stack: Stack, number: int, event: Event) -> dict[str, Any]:
    """Something that happened to a resource."""
    return {
        "StackId": stack.id,
        "EventId": f"{event.logical_id}-{event.status}-{number}",
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "Timestamp": moment(event.at),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
    }


def show_resource(stack: Stack, resource: Resource) -> dict[str, Any]:
    """A resource with the status of its own latest event, ignoring events of a resource that it replaced."""
    ids = {resource.made.physical_id, ""}
    last = next(each for each in reversed(stack.events) if each.logical_id == resource.logical_id and each.physical_id in ids)
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.made.physical_id,
        "ResourceType": resource.kind,
        "Timestamp": moment(last.at),
        "LastUpdatedTimestamp": moment(last.at),
        "ResourceStatus": last.status,
        "ResourceStatusReason": last.reason,
    }


def show_template(template: Template) -> dict[str, Any]:
    """What GetTemplateSummary says of a template."""
    parameters = [{"ParameterKey": key, **_show_parameter(declared)} for key, declared in template.parameters.items()]
    kinds = sorted({declared.kind for declared in template.resources.values()})
    description = {"Description": template.description} if template.description else {}
    return {"Parameters": parameters, "ResourceTypes": kinds, **description}


def _show_parameter(declared: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: declared[name] for name in ("Description", "NoEcho") if name in declared}
    default = {"DefaultValue": str(declared["Default"])} if "Default" in declared else {}
    return {"ParameterType": declared["Type"], **default, **shown}


def moment(at: float | None) -> datetime | None:
    """A time of the clock as the protocol writes it."""
    return None if at is None else datetime.fromtimestamp(at, UTC)
