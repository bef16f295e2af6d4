"""Reads a definition's file: YAML or JSON in UTF-8, with JSON's types, and without a key that is given twice.

It does not know what the keys mean.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from canary_cli.importing.templates import ShortTags

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Json = dict[str, Any]
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times as fast, where it is built
_MERGE = "tag:yaml.org,2002:merge"


class DefinitionError(Exception):
    """The definition cannot be tried. ``text`` says what is wrong and where; ``fix`` says what to do."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.text = text
        self.fix = fix


class _Loader(_Parser):  # type: ignore[misc]  # which of two classes it is depends on how PyYAML was built
    """YAML with JSON's types: a date stays text, and so does every key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        """A mapping by the text of its keys.

        Raises:
            DefinitionError: a key is given twice, or is no text.

        """
        seen: set[str] = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise DefinitionError(f"line {line}: a key must be text, got a list or a mapping", "write the key as text")
            if key.tag == _MERGE:
                continue
            if key.value in seen:
                raise DefinitionError(f"line {line}: the key {key.value} is given twice", "remove or rename one of them")
            seen.add(key.value)
            key.tag = "tag:yaml.org,2002:str"
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)
_Loader.add_multi_constructor("!", ShortTags.yaml_multi_constructors["!"])


def read_document(file: Path) -> Json:
    """The file's mapping.

    Raises:
        DefinitionError: it cannot be read, or is no mapping.

    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise DefinitionError(f"{file} cannot be read: {error.strerror}", "give the path of a definition's file") from error
    return parse_document(raw)


def parse_document(raw: bytes) -> Json:
    """The mapping in a file's bytes.

    Raises:
        DefinitionError: they are no mapping in YAML or JSON.

    """
    text = _text(raw)
    if not text.strip():
        raise DefinitionError("the file is empty", "give an OpenAPI definition or a SAM template")
    found = _json(text) if text.lstrip().startswith("{") else None
    if found is None:
        found = _yaml(text)
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "a single value"
        raise DefinitionError(
            f"the document must be a mapping, got {kind}", "give an OpenAPI definition or a SAM template, and not a part of one"
        )
    return found


def mapping_of(given: Any, where: str) -> Json:  # noqa: ANN401 - any JSON
    """A part of a definition that must be a mapping; an empty one if it is left out.

    Raises:
        DefinitionError: it is something else; ``where`` names the part.

    """
    if given and not isinstance(given, dict):
        raise DefinitionError(f"{where} must be a mapping, got {given!r}", "write it as a mapping, or remove it")
    return given or {}


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DefinitionError(
            f"line {line}: the byte 0x{raw[error.start]:02x} is not UTF-8", "save the file in UTF-8, for example with iconv"
        ) from error


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The text's value; None if it is not JSON, but perhaps YAML in braces."""
    try:
        return json.loads(text, object_pairs_hook=_only_once)
    except json.JSONDecodeError:
        return None


def _only_once(pairs: Iterable[tuple[str, Any]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            beside = ", ".join(list(found)[:3])
            raise DefinitionError(f"the key {key} is given twice (beside {beside})", "remove or rename one of them")
        found[key] = value
    return found


def _yaml(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        is_tab = mark is not None and _character(text, mark) == "\t"
        told = "a tab, where YAML takes only spaces" if is_tab else f"not YAML: {problem}"
        fix = "indent with spaces" if is_tab else "correct the file there; a YAML linter shows more"
        raise DefinitionError(f"{where}{told}", fix) from error


def _character(text: str, mark: yaml.Mark) -> str:
    lines = text.split("\n")
    return lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
