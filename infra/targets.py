"""The files of `targets/`: each is one target, and every problem of all of them is told at once, with file and line.

Knows YAML and where in it a field stands. What a target must be in itself is the edge's to say; here is added what only all
of them together can show: two targets that would move the same thing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from canary.edge.target import parse_target
from canary.rules.access_log import MOST_FILTERS, metric_filters
from canary.rules.problems import Problem, show
from canary.rules.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


FIRST_LINE = 1
PATTERN = "*.y*ml"
PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
MERGE = "tag:yaml.org,2002:merge"


class TargetsError(Exception):
    """The target files' fault: at least one of them cannot be meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, and where it stands; ``line`` counts from 1."""

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
        TargetsError: there is no such folder; or every problem of every file, one a line: file, line, field and what to do.

    """
    if not folder.is_dir():
        raise TargetsError(f"{folder.name}: no such folder; name the one that your targets' files are in")
    files = [read_target_file(path) for path in sorted(folder.glob(PATTERN))]
    findings = [*(finding for file in files for finding in file.findings), *_find_rivals(files), *_find_full_groups(files)]
    if findings:
        raise TargetsError("\n".join(map(str, findings)))
    return tuple(file.target for file in files if file.target)


def read_target_file(path: Path) -> TargetFile:
    """One file with its problems."""
    name = f"{path.parent.name}/{path.name}"
    text = path.read_text(encoding="utf-8")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return TargetFile(name, None, None, (_unreadable(name, error),))
    twice = tuple(Finding(name, line, problem) for line, problem in _find_twice(node))
    target, problems = parse_target(raw)
    if target and target.role_arn:
        problems = (Problem("role_arn", f"the app makes the role, got {show(target.role_arn)}", "drop it"),)
    found = tuple(Finding(name, line_of(node, problem.field), problem) for problem in problems)
    return TargetFile(name, node, target, (*twice, *found))


def line_of(node: yaml.Node | None, field: str) -> int:
    """The line of a field, or of the nearest thing around it that is written down."""
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


def _unreadable(name: str, error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    problem = Problem("file", f"no YAML: {what}", "correct it; every target's file is one mapping")
    return Finding(name, mark.line + FIRST_LINE if mark else FIRST_LINE, problem)


def _find_twice(node: yaml.Node | None) -> Iterator[tuple[int, Problem]]:
    """Keys that a mapping has twice: YAML's loader would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag != MERGE and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield _line(key), Problem(key.value, "written twice in the same mapping", "drop one of them")
                seen.add(key.value)
            yield from _find_twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _find_twice(item)


def _find_rivals(files: Sequence[TargetFile]) -> Iterator[Finding]:
    """What two targets would both move: the second is told of the first."""
    owners: dict[tuple[str, ...], str] = {}
    for file in files:
        for claim, (field, what) in _claims(file.target).items() if file.target else ():
            if (owner := owners.setdefault(claim, file.name)) != file.name:
                yield file.find(field, f"{what} belongs to {owner} already", "one target moves it; drop it from the other")


def _find_full_groups(files: Sequence[TargetFile]) -> Iterator[Finding]:
    """Log groups with more metric filters than CloudWatch Logs takes: told of the first file that is one too many."""
    filters: Counter[str] = Counter()
    for file in files:
        group = file.target.access_log_group if file.target else None
        if file.target and group:
            before = filters[group]
            filters[group] += len(metric_filters(file.target))
            if before <= MOST_FILTERS < filters[group]:
                got = f"with this target {group} has {filters[group]} metric filters; a log group takes {MOST_FILTERS}"
                yield file.find("access_log_group", got, "give the stage's access log a group of its own")


def _claims(target: Target) -> Mapping[tuple[str, ...], tuple[str, str]]:
    """What is this target's alone, each with its field and the words for it."""
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
