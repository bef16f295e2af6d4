"""Evaluates the values in a template: references and intrinsic functions.

Decides how each function is evaluated, and which resources a value depends on. The scope says what a name stands for. A
function that is not built is refused; a value is never guessed.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Json = Any

NO_VALUE: Final = object()
"""The value of AWS::NoValue: a property with this value is left out."""

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_DYNAMIC = "{{resolve:"
_OWN = ("AWS::",)


class TemplateError(ValueError):
    """CloudFormation refuses the template; the text is CloudFormation's own."""


class Scope(Protocol):
    """What the names in one stack's template stand for."""

    def ref(self, name: str) -> Json:
        """The value of a reference to a parameter, a pseudo parameter or a resource."""

    def attribute(self, logical_id: str, name: str) -> Json:
        """An attribute of a resource."""

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is met."""

    def mapped(self, path: Sequence[str]) -> Json:
        """The value in a mapping, by the mapping's name, the top-level key and the second-level key."""

    def imported(self, export: str) -> str:
        """The value that another stack exports."""

    def output_of(self, stack: str, output: str) -> str:
        """An output of another stack, exported or not."""


def resolve(value: Json, scope: Scope) -> Json:
    """The value with every reference and function in it evaluated."""
    if isinstance(value, dict):
        if len(value) == 1:
            (name, argument) = next(iter(value.items()))
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](argument, scope)
            if name.startswith("Fn::"):
                raise NotBuiltError(f"{name} is not built; write the value without it, or add it in {__name__}")
        pairs = ((key, resolve(each, scope)) for key, each in value.items())
        return {key: each for key, each in pairs if each is not NO_VALUE}
    if isinstance(value, list):
        return [each for each in (resolve(each, scope) for each in value) if each is not NO_VALUE]
    if isinstance(value, str) and _DYNAMIC in value:
        raise NotBuiltError(f"dynamic references are not built, got {value}; pass the value itself")
    return value


def is_met(condition: Json, scope: Scope) -> bool:
    """Whether a condition, or a function of conditions, is met."""
    (name, argument) = next(iter(condition.items()))
    match name:
        case "Condition":
            return scope.holds(argument)
        case "Fn::Equals":
            first, second = (resolve(each, scope) for each in argument)
            return bool(_text(first) == _text(second))
        case "Fn::Not":
            return not is_met(argument[0], scope)
        case "Fn::And":
            return all(is_met(each, scope) for each in argument)
        case "Fn::Or":
            return any(is_met(each, scope) for each in argument)
        case _:
            raise TemplateError(f"Template validation error: {name} is no condition function")


def references(value: Json) -> Iterator[str]:
    """The names that the value refers to, including parameters but not AWS's pseudo parameters."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        if len(value) == 1:
            (name, argument) = next(iter(value.items()))
            yield from _named(name, argument)
        for each in value.values():
            yield from references(each)


def _named(function: str, argument: Json) -> Iterator[str]:
    match function:
        case "Ref" if not str(argument).startswith(_OWN):
            yield argument
        case "Fn::GetAtt":
            yield _attribute_path(argument)[0]
        case "Fn::Sub":
            template, given = _sub_parts(argument)
            names = (name.partition(".")[0] for literal, name in _PLACEHOLDER.findall(template) if not literal)
            yield from (name for name in names if name not in given and not name.startswith(_OWN))


def _text(value: Json) -> Json:
    """A value as CloudFormation compares and joins it: booleans and numbers become text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _attribute_path(argument: str | Sequence[str]) -> tuple[str, str]:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    return parts[0], parts[1]


def _get_attribute(argument: Json, scope: Scope) -> Json:
    return scope.attribute(*_attribute_path(argument))


def _get_output(argument: Json, scope: Scope) -> str:
    """An output of another stack in this account and Region; the embedded AWS has no others."""
    given = resolve(argument, scope)
    return scope.output_of(str(given["StackName"]), str(given["OutputName"]))


def _join(argument: Json, scope: Scope) -> str:
    separator, values = argument
    return str(separator).join(str(_text(each)) for each in resolve(values, scope))


def _split(argument: Json, scope: Scope) -> list[str]:
    separator, text = argument
    return str(resolve(text, scope)).split(separator)


def _select(argument: Json, scope: Scope) -> Json:
    index, values = argument
    return resolve(values, scope)[int(resolve(index, scope))]


def _choose(argument: Json, scope: Scope) -> Json:
    condition, met, unmet = argument
    return resolve(met if scope.holds(condition) else unmet, scope)


def _sub_parts(argument: Json) -> tuple[str, Mapping[str, Json]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def _substitute(argument: Json, scope: Scope) -> str:
    """Replace ``${Name}`` and ``${Resource.Attribute}``; ``${!Literal}`` stays, without its exclamation mark."""
    template, given = _sub_parts(argument)

    def fill(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        if name in given:
            return str(_text(resolve(given[name], scope)))
        logical_id, dot, attribute = name.partition(".")
        return str(_text(scope.attribute(logical_id, attribute) if dot else scope.ref(name)))

    return _PLACEHOLDER.sub(fill, template)


_FUNCTIONS: Mapping[str, Callable[[Json, Scope], Json]] = {
    "Ref": lambda argument, scope: scope.ref(argument),
    "Fn::Base64": lambda argument, scope: base64.b64encode(str(resolve(argument, scope)).encode()).decode(),
    "Fn::FindInMap": lambda argument, scope: scope.mapped([str(resolve(each, scope)) for each in argument]),
    "Fn::GetAtt": _get_attribute,
    "Fn::GetStackOutput": _get_output,
    "Fn::If": _choose,
    "Fn::ImportValue": lambda argument, scope: scope.imported(str(resolve(argument, scope))),
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _substitute,
    "Fn::ToJsonString": lambda argument, scope: json.dumps(resolve(argument, scope)),
}
