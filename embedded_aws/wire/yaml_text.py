"""YAML with JSON's types, as AWS reads templates and API definitions: a date such as ``2012-10-17`` stays text."""

from __future__ import annotations

from typing import Any

import yaml


class YamlLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which reads a date as the text that is written there."""


def _written(loader: YamlLoader, node: yaml.Node) -> str:
    return str(loader.construct_yaml_str(node))


YamlLoader.add_constructor("tag:yaml.org,2002:timestamp", _written)


def read_yaml(text: str) -> Any:  # noqa: ANN401 - whatever is written there
    """The value of a document.

    Raises:
        yaml.YAMLError: it is no valid YAML.
    """
    return yaml.load(text, Loader=YamlLoader)  # noqa: S506 - a safe loader
