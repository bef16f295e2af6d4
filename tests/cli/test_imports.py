"""What the command may know: the rules, the edge and the calls to AWS, and nothing that decides or simulates."""

from tests.rooms.graph import imports, sources

MAY = {"canary.rules", "canary.edge", "canary.aws"}


def test_the_command_imports_rules_edge_and_aws_only():
    mine = [name for name in sources() if name.split(".")[0] == "canary_cli"]
    taken = {(name, other) for name in mine for other in imports()[name] if not other.startswith("canary_cli")}

    assert len(mine) > 15
    assert {(name, other) for name, other in taken if ".".join(other.split(".")[:2]) not in MAY} == set()
    assert {".".join(other.split(".")[:2]) for _, other in taken} == MAY


def test_no_file_of_the_command_is_long():
    lengths = {name: path.read_text(encoding="utf-8").count("\n") for name, path in sources().items() if "canary_cli" in name}

    assert {name: lines for name, lines in lengths.items() if lines > 210} == {}
