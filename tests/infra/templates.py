"""Synthesised templates, read as a reviewer reads them: resources by type, values as text, who may do what."""

from typing import Any


class Template:
    """One synthesised template."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.resources: dict[str, dict[str, Any]] = body["Resources"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by logical id."""
        return {name: one.get("Properties", {}) for name, one in self.resources.items() if one["Type"] == kind}

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the one resource of a type."""
        (properties,) = self.of_type(kind).values()
        return properties

    def named(self, kind: str, name: str, key: str = "FunctionName") -> dict[str, Any]:
        """The properties of the one resource of a type that has this name."""
        (properties,) = [one for one in self.of_type(kind).values() if one.get(key) == name]
        return properties

    def function(self, task: str) -> tuple[str, dict[str, Any]]:
        """A controller's function: its logical id and properties."""
        functions = self.of_type("AWS::Lambda::Function").items()
        ((name, properties),) = [(name, one) for name, one in functions if one["FunctionName"] == f"canary-{task}"]
        return name, properties

    def statements_of(self, role: str) -> list[dict[str, Any]]:
        """The statements of the policies of a role, by its logical id."""
        policies = self.of_type("AWS::IAM::Policy").values()
        return [
            statement
            for policy in policies
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def allowed(self, role: str) -> set[tuple[str, str]]:
        """Every action with every resource, as text, that a role is allowed."""
        return {
            (action, text(resource))
            for statement in self.statements_of(role)
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }

    def role_of(self, task: str) -> str:
        """The logical id of a controller's function's role."""
        return self.function(task)[1]["Role"]["Fn::GetAtt"][0]

    def kept_while(self, name: str) -> set[str]:
        """Everything that CloudFormation deletes only after the named resource: its direct and indirect dependencies."""
        kept, todo = set(), [name]
        while todo:
            one = self.resources[todo.pop()]
            wanted = {*_references(one.get("Properties", {})), *listed(one.get("DependsOn", []))} & {*self.resources}
            todo += wanted - kept
            kept |= wanted
        return kept

    def at_rest(self) -> list[str]:
        """The logical ids of the custom resources that refuse a deletion."""
        return [*self.of_type("Custom::CanaryAtRest")]


def listed(value: Any) -> list[Any]:
    """A value that is a list already, or stands for a list of one."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """A value with its references in angle brackets; those to the account and Region have short names."""
    match value:
        case {"Ref": name}:
            return f"<{str(name).removeprefix('AWS::')}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
        case _:
            return str(value)


def _references(value: Any) -> set[str]:
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [name, _]}:
            return {name}
        case dict():
            return set().union(*map(_references, value.values()))
        case list():
            return set().union(*map(_references, value))
        case _:
            return set()
