"""The files of `targets/`: each is one target, and all problems of all files are reported at once, with file and line.

This module knows YAML and the position of a field in it. The edge checks each target by itself; this module adds what only all
targets together can show: two targets that would move the same thing, and a log group with too many metric filters.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from canary.edge.target import parse_target
from canary.rules.releases.problems import Problem, show
from canary.rules.targets.access_log import MOST_FILTERS, metric_filters
from canary.rules.targets.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


FIRST_LINE = 1
PATTERN = "*.y*ml"
DEEPEST = 50
"""The most levels of a target's file. The deepest valid field is at the sixth level."""
PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
MERGE = "tag:yaml.org,2002:merge"


class TargetsError(Exception):
    """The target files' fault: at least one of them is invalid."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem and its place; ``line`` counts from 1."""

    file: str
    line: int
    problem: Problem

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class TargetFile:
    """One file, read as far as it could be."""

    name: str
    node: yaml.Node | None
    target: Target | None
    findings: tuple[Finding, ...] = ()

    def find(self, field: str, value: str, fix: str) -> Finding:
        """A problem of that field."""
        return Finding(self.name, line_of(self.node, field), Problem(field, value, fix))


def load_targets(folder: Path) -> tuple[Target, ...]:
    """The targets of a folder, in the order of the files' names.

    Raises:
        TargetsError: there is no such folder; or all problems of all files, one per line: file, line, field and what to do.

    """
    if not folder.is_dir():
        raise TargetsError(f"{folder.name}: no such folder; name the folder that contains your target files")
    files = [read_target_file(path) for path in sorted(folder.glob(PATTERN))]
    findings = [*(finding for file in files for finding in file.findings), *_find_rivals(files), *_find_full_groups(files)]
    if findings:
        raise TargetsError("\n".join(map(str, findings)))
    return tuple(file.target for file in files if file.target)


def read_target_file(path: Path) -> TargetFile:
    """One file with its problems."""
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        return _unread(name, FIRST_LINE, "it is not a file", "write one file per target, and rename the folder")
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        return _unread(name, FIRST_LINE, f"it cannot be opened: {error.strerror}", "make it readable for whoever runs this")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + FIRST_LINE
        return _unread(name, line, f"it is not UTF-8, got the byte {error.object[error.start]:#04x}", "save it as UTF-8")
    return _read_text(name, text)


def _read_text(name: str, text: str) -> TargetFile:
    try:
        if deep := _find_depth(text):
            return _unread(name, deep, f"nested more than {DEEPEST} levels deep", "a target has only a few levels; fix it")
        node = yaml.compose(text, Loader=_Loader)
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        return _unreadable(name, error)
    twice = tuple(Finding(name, line, problem) for line, problem in _find_twice(node))
    target, problems = parse_target(raw)
    if target and target.role_arn:
        problems = (Problem("role_arn", f"the app creates the role, got {show(target.role_arn)}", "drop it"),)
    found = tuple(Finding(name, line_of(node, problem.field), problem) for problem in problems)
    return TargetFile(name, node, target, (*twice, *found))


class _Loader(yaml.SafeLoader):
    """YAML's safe loader. A value that does not fit its tag is reported like any other YAML error, with its line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - PyYAML's own
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
            kind = node.tag.rpartition(":")[2]
            problem = f"{show(node.value)} is not of the type {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


def _find_depth(text: str) -> int | None:
    """The line at which the text is nested deeper than any target; composing it would hit Python's recursion limit."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            return int(event.start_mark.line) + FIRST_LINE
    return None


def line_of(node: yaml.Node | None, field: str) -> int:
    """The line of a field, or of the nearest enclosing element that is in the file."""
    line = _line(node) if node else FIRST_LINE
    for key, index in PART.findall(field):
        found = _item(node, int(index)) if index else _entry(node, key)
        if found is None:
            return line
        line, node = found
    return line


def _entry(node: yaml.Node | None, key: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == key:
                return _line(key_node), value_node
    return None


def _item(node: yaml.Node | None, index: int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and index < len(node.value):
        return _line(node.value[index]), node.value[index]
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + FIRST_LINE


def _unreadable(name: str, error: yaml.YAMLError) -> TargetFile:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = mark.line + FIRST_LINE if mark else FIRST_LINE
    return _unread(name, line, f"not valid YAML: {what}", "fix it; every target file is one mapping")


def _unread(name: str, line: int, value: str, fix: str) -> TargetFile:
    return TargetFile(name, None, None, (Finding(name, line, Problem("file", value, fix)),))


def _find_twice(node: yaml.Node | None) -> Iterator[tuple[int, Problem]]:
    """Keys that occur twice in a mapping: YAML's loader would silently take the last."""
    for mapping in _mappings(node):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if key.tag != MERGE and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield _line(key), Problem(key.value, "written twice in the same mapping", "drop one of them")
                seen.add(key.value)


def _mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Each mapping once, in the order of the file: an anchor may be used in many places, and even within itself."""
    seen: set[int] = set()
    waiting = [node] if node else []
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.MappingNode):
            yield one
            waiting.extend(value for _, value in reversed(one.value))
        elif isinstance(one, yaml.SequenceNode):
            waiting.extend(reversed(one.value))


def _find_rivals(files: Sequence[TargetFile]) -> Iterator[Finding]:
    """What two targets would both move; the finding is reported for the second one."""
    owners: dict[tuple[str, ...], str] = {}
    for file in files:
        for claim, (field, what) in _claims(file.target).items() if file.target else ():
            if (owner := owners.setdefault(claim, file.name)) != file.name:
                yield file.find(field, f"{what} already belongs to {owner}", "only one target may move it; remove it from one")


def _find_full_groups(files: Sequence[TargetFile]) -> Iterator[Finding]:
    """Log groups with more metric filters than CloudWatch Logs accepts, reported for the first file that exceeds the limit."""
    filters: Counter[str] = Counter()
    for file in files:
        group = file.target.access_log_group if file.target else None
        if file.target and group:
            before = filters[group]
            filters[group] += len(metric_filters(file.target))
            if before <= MOST_FILTERS < filters[group]:
                got = f"with this target {group} has {filters[group]} metric filters; a log group accepts {MOST_FILTERS}"
                yield file.find("access_log_group", got, "give the stage's access log its own group")


def _claims(target: Target) -> Mapping[tuple[str, ...], tuple[str, str]]:
    """What must belong to this target alone, each with its field and its description."""
    claims: dict[tuple[str, ...], tuple[str, str]] = {("name", target.name): ("name", f"the name {show(target.name)}")}
    if target.stage:
        stage = target.stage
        claims["stage", stage.rest_api_id, stage.stage_name] = ("stage", f"the stage {stage.rest_api_id}/{stage.stage_name}")
    for index, function in enumerate(target.functions):
        for arm, alias in (("live", function.live), ("canary", function.canary)):
            if alias:
                words = f"the alias {function.name}:{alias}"
                claims["alias", function.name, alias] = (f"functions[{index}].{arm}", words)
    return claims
