"""One stack as it was last deployed: what the names in its template mean, and its events.

Decides how a template's names are resolved: parameters are read only where a template uses them, attributes come from the
created resources. It changes nothing in AWS; `stacks` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from embedded_aws.cloudformation.resource import Resource
from embedded_aws.cloudformation.template import Template, in_order
from embedded_aws.cloudformation.values import NO_VALUE, TemplateError, is_met, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from embedded_aws.cloudformation.template import Declared

SSM_PARAMETER = "AWS::SSM::Parameter::Value<"


class Event(NamedTuple):
    """Something that happened to a resource, or to the stack itself."""

    at: float
    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str | None


@dataclass(slots=True)
class Stack:
    """A stack and its resources, in the order of their creation."""

    id: str
    name: str
    created: float
    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    is_protected: bool = False
    status: str = "CREATE_IN_PROGRESS"
    reason: str | None = None
    updated: float | None = None
    deleted: float | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    imports: frozenset[str] = frozenset()
    events: list[Event] = field(default_factory=list)

    @property
    def exports(self) -> dict[str, str]:
        """The values that other stacks can import, by export name."""
        return {each["ExportName"]: each["OutputValue"] for each in self.outputs.values() if "ExportName" in each}


class Names:
    """Resolves the names of one template while its stack is being deployed."""

    def __init__(
        self,
        stack: Stack,
        template: Template,
        parameters: Mapping[str, str],
        *,
        pseudo: Mapping[str, Any],
        read_parameter: Callable[[str], str],
        find_export: Callable[[str], str],
        find_output: Callable[[str, str], str],
    ) -> None:
        self._stack = stack
        self._template = template
        self._parameters = parameters
        self._pseudo = {"AWS::StackId": stack.id, "AWS::StackName": stack.name, "AWS::NoValue": NO_VALUE, **pseudo}
        self._read_parameter = read_parameter
        self._find_export = find_export
        self.output_of = find_output

    def ref(self, name: str) -> Any:  # noqa: ANN401 - JSON-like
        """The value of a reference to a parameter, a pseudo parameter or a resource."""
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._template.parameters:
            return self._parameter(name)
        return self._resource(name).made.physical_id

    def attribute(self, logical_id: str, name: str) -> Any:  # noqa: ANN401 - JSON-like
        """An attribute of a resource; a name such as ``Outputs.Name`` contains dots."""
        found: Any = self._resource(logical_id).made.attributes
        if name not in found:
            kind = self._template.resources[logical_id].kind
            raise TemplateError(f"Requested attribute {name} does not exist in schema for {kind}")
        return found[name]

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is met."""
        if condition not in self._template.conditions:
            raise TemplateError(f"Template format error: Unresolved condition dependency {condition}")
        return is_met(self._template.conditions[condition], self)

    def mapped(self, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON-like
        """The value in a mapping."""
        found: Any = self._template.mappings
        for key in path:
            if key not in found:
                raise TemplateError(f"Template error: Unable to get mapping for {'::'.join(path)}")
            found = found[key]
        return found

    def imported(self, export: str) -> str:
        """The value that another stack exports."""
        return self._find_export(export)

    def wanted(self) -> dict[str, Declared]:
        """The resources whose condition is met, each after those that it needs."""
        met = {
            name: declared
            for name, declared in self._template.resources.items()
            if declared.condition is None or self.holds(declared.condition)
        }
        return {name: met[name] for name in in_order({name: needs_of(declared, met) for name, declared in met.items()})}

    def outputs(self) -> dict[str, dict[str, str]]:
        """The stack's outputs in the form in which they are described."""
        found = {}
        for name, output in self._template.outputs.items():
            if "Condition" in output and not self.holds(output["Condition"]):
                continue
            shown = {"OutputKey": name, "OutputValue": str(resolve(output["Value"], self))}
            if "Description" in output:
                shown["Description"] = output["Description"]
            if "Export" in output:
                shown["ExportName"] = str(resolve(output["Export"]["Name"], self))
            found[name] = shown
        return found

    def _parameter(self, name: str) -> Any:  # noqa: ANN401 - JSON-like
        declared = self._template.parameters[name]
        value = self._parameters.get(name, declared.get("Default"))
        if value is None:
            raise TemplateError(f"Parameters: [{name}] must have values")
        kind = declared["Type"]
        if kind.startswith(SSM_PARAMETER):
            value, kind = self._read_parameter(value), kind.removeprefix(SSM_PARAMETER).removesuffix(">")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [part.strip() for part in str(value).split(",")]
        return str(value)

    def _resource(self, logical_id: str) -> Resource:
        found = self._stack.resources.get(logical_id)
        if found is None:
            raise TemplateError(f"Template format error: Unresolved resource dependencies [{logical_id}]")
        return found


def pseudo_parameters(account: str, region: str) -> dict[str, Any]:
    """The pseudo parameters that are the same for every stack."""
    return {
        "AWS::AccountId": account,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::NotificationARNs": [],
    }


def needs_of(declared: Declared, others: Iterable[str]) -> frozenset[str]:
    """Those of ``others`` that must exist before the resource, and outlive it."""
    return declared.needs & frozenset(others)
