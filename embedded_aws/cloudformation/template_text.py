"""A template's text as JSON or YAML, with YAML's short forms of the functions (``!Ref``, ``!GetAtt A.Arn``, ``!Sub``)."""

from __future__ import annotations

import json
from typing import Any

import yaml

from embedded_aws.wire.yaml_text import YamlLoader

_LONG = "Fn::"
_WITHOUT_PREFIX = frozenset({"Ref", "Condition"})


class _Loader(YamlLoader):
    """A loader that also reads the short forms."""


def _construct(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    """The long form of a short one."""
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # a node is one of three kinds
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in _WITHOUT_PREFIX else f"{_LONG}{name}": value}


_Loader.add_multi_constructor("!", _construct)


def read_text(text: str) -> Any:  # noqa: ANN401 - whatever is written there
    """Read JSON or YAML. JSON is YAML too, but the JSON parser is about a hundred times faster on a template.

    Raises:
        yaml.YAMLError: it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
