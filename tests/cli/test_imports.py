"""What the command may know: the rules, the edge and the calls to AWS, and nothing that decides or simulates."""

import ast
from pathlib import Path

FILES = sorted((Path(__file__).parents[2] / "canary_cli").rglob("*.py"))
ROOMS = {"canary.rules", "canary.edge", "canary.aws"}
LIBRARIES = {"botocore", "rich", "typer"}
ELSEWHERE = {"canary_cdk", "canary_machine", "demo", "embedded_aws", "infra", "laptop", "tests", "verify", "bench", "boto3"}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    whole = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return whole | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_command_imports_rules_edge_and_aws_only():
    names = set().union(*map(imported, FILES))
    rooms = {".".join(name.split(".")[:2]) for name in names if name.split(".")[0] == "canary"}

    assert len(FILES) > 15
    assert rooms == ROOMS
    assert {name.split(".")[0] for name in names} & ELSEWHERE == set()
    assert {name.split(".")[0] for name in names} >= LIBRARIES


def test_no_file_of_the_command_is_long():
    lengths = {str(path): path.read_text(encoding="utf-8").count("\n") for path in FILES}

    assert {name: lines for name, lines in lengths.items() if lines > 210} == {}
