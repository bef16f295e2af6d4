"""The state machine's expressions, evaluated fast: common forms are looked up, the rest is real JSONata.

A variable, a path into `$states` and a comparison with a word make up nine in ten of the definition's expressions.
`embedded_aws.states.expressions` evaluates all others as Step Functions does.
"""

from __future__ import annotations

import random
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from embedded_aws.states.expressions import ExpressionError, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_WHOLE = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_PATH = re.compile(r"\$(\w+(?:\.\w+)*)")
_COMPARED = re.compile(r"\$(\w+) = '(\w+)'")
_NO_CHANCE = random.Random(0)


def value_of(node: Any, variables: Mapping[str, Any]) -> Any:
    """The node with every expression in it evaluated.

    Raises:
        ExpressionError: an expression has no value.

    """
    match node:
        case dict():
            return {name: value_of(each, variables) for name, each in node.items()}
        case list():
            return [value_of(each, variables) for each in node]
        case str() if (found := _WHOLE.fullmatch(node)) is not None:
            return _compile(found[1])(variables)
    return node


@cache
def _compile(text: str) -> Callable[[Mapping[str, Any]], Any]:
    if compared := _COMPARED.fullmatch(text):
        name, word = compared.groups()
        return lambda variables: variables.get(name) == word
    if path := _PATH.fullmatch(text):
        names = path[1].split(".")
        return lambda variables: _look_up(names, variables, text)
    return lambda variables: evaluate(text, variables, _NO_CHANCE)


def _look_up(names: list[str], variables: Mapping[str, Any], text: str) -> Any:
    value: Any = variables
    for name in names:
        if isinstance(value, list):
            return evaluate(text, variables, _NO_CHANCE)
        if not isinstance(value, dict) or name not in value:
            raise ExpressionError(f"returned nothing (undefined) for {text}")
        value = value[name]
    return value
