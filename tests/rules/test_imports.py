"""Which room may import what: read from the source of every module of functions/, not from what happens to run."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
MODULES = sorted(FUNCTIONS.rglob("*.py"))
ROOMS = {
    "rules": {"rules"},
    "edge": {"edge", "rules"},
    "aws": {"aws", "rules"},
    "tasks": {"tasks", "edge", "aws", "rules"},
}
LIBRARIES = {
    "rules": set(),
    "edge": {"pydantic", "pydantic_core", "aws_lambda_powertools", "annotated_types", "typing_extensions"},
    "aws": {"boto3", "botocore", "urllib3"},  # urllib3 comes with botocore, whose HTTP session raises its errors
    "tasks": {"aws_lambda_powertools"},
}
CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime", "ctime", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


ENVIRONMENT = {"environ", "environb", "getenv"}


def room_of(path):
    return path.relative_to(FUNCTIONS / "canary").parts[0]


def modules(*rooms):
    return [path for path in MODULES if path.parent != FUNCTIONS / "canary" and room_of(path) in (rooms or ROOMS)]


def offending(find, *rooms):
    """By module of these rooms, what this finds in it where there should be nothing."""
    found = {str(path.relative_to(FUNCTIONS)): {*find(path)} for path in modules(*rooms)}
    assert found
    return {name: what for name, what in found.items() if what}


@cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(tree):
    return tuple(ast.walk(tree))


def imported(tree):
    """The dotted names that a module imports, anywhere in it; `from x import y` counts as x.y."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def packages(tree):
    return {name.split(".")[0] for name in imported(tree)}


def clocks_read(tree):
    """Every reading of a clock: `time.time`, `datetime.now`, and such names imported from their modules."""
    for node in nodes(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in CLOCKS.get(owner, ()):
                yield f"{owner}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"time.{name.name}" for name in node.names if name.name in CLOCKS["time"])


def environment_read(tree):
    """Every reading of the process's environment."""
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT and getattr(node.value, "id", "") == "os":
            yield f"os.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (f"os.{name.name}" for name in node.names if name.name in ENVIRONMENT)


def test_every_module_is_in_a_room():
    assert {room_of(path) for path in MODULES if path.parent != FUNCTIONS / "canary"} == {*ROOMS}


def test_a_room_imports_only_the_rooms_that_it_may():
    def foreign(path):
        return {name.split(".")[1] for name in imported(parsed(path)) if name.startswith("canary.")} - ROOMS[room_of(path)]

    assert offending(foreign) == {}


def test_a_room_imports_only_the_libraries_that_are_its_own():
    def foreign(path):
        return packages(parsed(path)) - sys.stdlib_module_names - {"canary"} - LIBRARIES[room_of(path)]

    assert offending(foreign) == {}


def test_only_aws_knows_boto3():
    assert offending(lambda path: packages(parsed(path)) & {"boto3", "botocore"}, "edge", "rules", "tasks") == {}
    assert offending(lambda path: packages(parsed(path)) & {"boto3", "botocore"}, "aws")


def test_only_edge_knows_pydantic():
    def pydantic(path):
        names = imported(parsed(path))
        return [name for name in names if name.startswith(("pydantic", "aws_lambda_powertools.utilities.parser"))]

    assert offending(pydantic, "aws", "rules", "tasks") == {}
    assert offending(pydantic, "edge")


def test_only_the_handlers_entry_reads_the_environment():
    assert {*offending(lambda path: environment_read(parsed(path)))} == {"canary/tasks/common/entry.py"}


def test_nothing_reads_a_clock():
    assert offending(lambda path: clocks_read(parsed(path))) == {}


def test_nothing_rolls_dice_or_prints():
    def printed(path):
        calls = (node for node in nodes(parsed(path)) if isinstance(node, ast.Call))
        return [ast.unparse(node) for node in calls if getattr(node.func, "id", "") == "print"]

    assert offending(lambda path: packages(parsed(path)) & {"random", "secrets", "uuid"}) == {}
    assert offending(printed) == {}


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "from time import monotonic",
        "from datetime import datetime\ndatetime.now(UTC)",
        "import datetime\ndatetime.datetime.utcnow()",
        "import datetime as d\nx = d.date.today()",
    ],
)
def test_a_clock_would_be_noticed(source):
    assert [*clocks_read(ast.parse(source))]


@pytest.mark.parametrize("source", ["import os\nos.environ['X']", "from os import getenv", "import os\nos.getenv('X')"])
def test_a_look_at_the_environment_would_be_noticed(source):
    assert [*environment_read(ast.parse(source))]


@pytest.mark.parametrize("source", ["import boto3", "from botocore.config import Config", "def f():\n    import numpy"])
def test_a_library_would_be_noticed(source):
    assert packages(ast.parse(source)) - sys.stdlib_module_names
