import ast
from pathlib import Path

import pytest

EDGE = Path(__file__).parents[2] / "functions" / "canary" / "edge"


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", sorted(EDGE.glob("*.py")), ids=lambda path: path.stem)
def test_edge_knows_the_rules_and_neither_aws_nor_the_tasks(path):
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("canary.")}
    assert rooms <= {"edge", "rules"}
    assert not {name for name in imported(path) if name.split(".")[0] in {"boto3", "botocore", "yaml"}}
