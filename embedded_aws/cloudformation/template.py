"""Parses a template: what it declares, and the order in which its resources can be created.

Decides what CloudFormation refuses before it creates anything. Values stay as they are written; `values` evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from embedded_aws.cloudformation.resource import Retention
from embedded_aws.cloudformation.template_text import read_text
from embedded_aws.cloudformation.values import TemplateError, references
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_RETAIN = frozenset({"Retain", "RetainExceptOnCreate"})


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource as the template declares it. ``needs``: the logical ids that it names, in DependsOn or in a value."""

    logical_id: str
    kind: str
    properties: Mapping[str, Any]
    needs: frozenset[str]
    condition: str | None
    retained: Retention


@dataclass(frozen=True, slots=True)
class Template:
    """A template's sections. Rules and Metadata are ignored here."""

    text: str
    resources: Mapping[str, Declared]
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]
    description: str | None


def parse_template(text: str) -> Template:
    """Parse a template in JSON or YAML.

    Raises:
        TemplateError: CloudFormation refuses it.
        NotBuiltError: it needs a transform, which nothing here carries out.
    """
    body = _read(text)
    if not isinstance(body, dict) or not body.get("Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    if "Transform" in body:
        raise NotBuiltError(f"the transform {body['Transform']}; deploy the template that it makes")
    resources = {name: _declared(name, entry) for name, entry in body["Resources"].items()}
    parameters = body.get("Parameters", _NOTHING)
    _check_names(resources, known={*resources, *parameters})
    return Template(
        text=text,
        resources=resources,
        parameters=parameters,
        mappings=body.get("Mappings", _NOTHING),
        conditions=body.get("Conditions", _NOTHING),
        outputs=body.get("Outputs", _NOTHING),
        description=body.get("Description"),
    )


def in_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys, each after those that it needs, otherwise in their own order.

    Raises:
        TemplateError: some keys need each other.
    """
    ordered: dict[str, None] = {}
    waiting = dict(needs)
    while waiting:
        ready = next((name for name, needed in waiting.items() if not any(each in waiting for each in needed)), None)
        if ready is None:
            raise TemplateError(f"Circular dependency between resources: [{', '.join(sorted(waiting))}]")
        ordered[ready] = None
        del waiting[ready]
    return list(ordered)


def _read(text: str) -> Any:  # noqa: ANN401 - whatever is written there
    try:
        return read_text(text)
    except yaml.YAMLError as error:
        raise TemplateError(f"Template format error: {error}") from error


def _declared(logical_id: str, entry: Mapping[str, Any]) -> Declared:
    if "Type" not in entry:
        raise TemplateError(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    depends_on = entry.get("DependsOn", [])
    properties = entry.get("Properties") or {}
    return Declared(
        logical_id=logical_id,
        kind=entry["Type"],
        properties=properties,
        needs=frozenset([depends_on] if isinstance(depends_on, str) else depends_on) | frozenset(references(properties)),
        condition=entry.get("Condition"),
        retained=Retention(
            when_deleted=entry.get("DeletionPolicy") in _RETAIN,
            when_replaced=entry.get("UpdateReplacePolicy") in _RETAIN,
            when_undone=entry.get("DeletionPolicy") == "Retain",
        ),
    )


def _check_names(resources: Mapping[str, Declared], *, known: set[str]) -> None:
    for resource in resources.values():
        unknown = sorted(resource.needs - known)
        if unknown:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}] in the Resources block of "
                "the template"
            )
