"""Reads CloudFormation templates that are written with its short tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


class CloudFormation(yaml.SafeLoader):
    """A loader that knows the tags of CloudFormation: ``!Ref x`` is read as ``{"Ref": "x"}``."""


def _long(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


CloudFormation.add_multi_constructor("!", _long)  # type: ignore[no-untyped-call]


def read_template(path: Path) -> dict[str, Any]:
    """A template in YAML, with its tags in the long form."""
    found = yaml.load(path.read_text(encoding="utf-8"), Loader=CloudFormation)  # noqa: S506 - a safe loader with more tags
    assert isinstance(found, dict)
    return found
