"""CloudFormation's functions, as far as a definition needs them: a parameter is its default, a resource its logical id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from laptop.definitions.documents import Json
    from laptop.definitions.remarks import Remarks

_PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::StackName": "stack"}
_NOT_REDUCED = "not understood, and left as it is"
_PLACE = re.compile(r"\$\{([A-Za-z0-9:]+)\}")


class Intrinsics:
    """The functions of one template."""

    def __init__(self, template: Json, remarks: Remarks) -> None:
        given = template.get("Parameters")
        parameters = given if isinstance(given, dict) else {}
        self._values = {name: one["Default"] for name, one in parameters.items() if isinstance(one, dict) and "Default" in one}
        self._remarks = remarks

    def reduced(self, part: Any, where: str) -> Any:  # noqa: ANN401 - any JSON
        """The part with every function in it replaced by a value, as far as one is known; ``where`` is named in remarks."""
        if isinstance(part, list):
            return [self.reduced(each, where) for each in part]
        if not isinstance(part, dict):
            return part
        if len(part) == 1:
            key, given = next(iter(part.items()))
            if key == "Ref" or str(key).startswith("Fn::"):
                return self._call(str(key), given, where)
        return {key: self.reduced(each, f"{where}.{key}") for key, each in part.items()}

    def _call(self, name: str, given: Any, where: str) -> Any:  # noqa: ANN401, PLR0911 - any JSON; a return for each function
        match name, given:
            case "Ref", str():
                return self._named(given)
            case "Fn::Sub", str():
                return self._filled(given, {}, where)
            case "Fn::Sub", [str() as text, dict() as values]:
                return self._filled(text, values, where)
            case "Fn::If", [_, then, _]:
                return self.reduced(then, where)
            case "Fn::Join", [str() as between, list() as parts]:
                return between.join(str(self.reduced(each, where)) for each in parts)
            case "Fn::GetAtt", [str() as resource, str() as attribute]:
                return f"${{{resource}.{attribute}}}"
            case "Fn::GetAtt", str():
                return f"${{{given}}}"
            case _:
                self._remarks.add(_NOT_REDUCED, f"{name} in {where}")
                return {name: given}

    def _named(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        return self._values.get(name, _PSEUDO.get(name, name))

    def _filled(self, text: str, values: Json, where: str) -> str:
        """The text with its parameters; a resource's own names stay, because an integration's function is read from them."""
        known = {**_PSEUDO, **self._values, **{key: self.reduced(each, where) for key, each in values.items()}}
        return _PLACE.sub(lambda found: str(known.get(found[1], found[0])), text)
