"""Parses a CloudFormation template in YAML or JSON, whose short tags become mappings: ``!Ref x`` is ``{"Ref": "x"}``."""

from __future__ import annotations

from typing import Any

import yaml


class ShortTags(yaml.SafeLoader):
    """A safe loader that knows CloudFormation's tags besides."""


def parse_template(text: str) -> dict[str, Any]:
    """The template as a mapping.

    Raises:
        ValueError: the text is neither YAML nor JSON, or no mapping.

    """
    try:
        found = yaml.load(text, Loader=ShortTags)  # noqa: S506 - a safe loader with more tags
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - the text is wrong, not its type
    return found


def _long(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
            return {name: value.split(".", 1) if suffix == "GetAtt" else value}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {name: loader.construct_mapping(node, deep=True)}
        case _:
            raise ValueError(f"a node of an unknown kind: {node}")


ShortTags.add_multi_constructor("!", _long)
