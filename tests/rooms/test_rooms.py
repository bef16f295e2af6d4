"""No module and no room is part of an import circle, no room is crowded, and the embedded AWS stands alone."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.rooms.__main__ import MAP, draw
from tests.rooms.graph import TOPS, arrows, floors, imports, measure, room_of, sources

CROWDED = 34
PRODUCT = ("canary", "canary_cdk", "canary_machine", "demo", "laptop", "examples", "infra", "verify", "bench", "tests")


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter(imports()).prepare()


def test_a_circle_would_be_noticed():
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


def test_no_rooms_import_each_other_in_a_circle():
    assert floors(arrows())


def test_the_graph_sees_imports_of_every_kind():
    assert "canary.rules.targets.policy" in imports()["canary.rules.targets.target"]
    assert sum(len(each) for each in imports().values()) > 1000


def test_no_room_is_crowded():
    sizes = {room: measure(room).files for room in {room_of(module) for module in sources()}}
    assert {room: files for room, files in sizes.items() if files > CROWDED} == {}


def test_the_embedded_aws_imports_nothing_of_the_product():
    embedded = {name: each for name, each in imports().items() if name.split(".")[0] == "embedded_aws"}
    taken = {name: others for name, each in embedded.items() if (others := {o for o in each if o.split(".")[0] in PRODUCT})}
    assert len(embedded) > 100
    assert taken == {}


def test_every_folder_with_code_is_a_room():
    root = Path(__file__).parents[2]
    tops = {path.parent.relative_to(root).parts[0] for path in root.glob("[a-z]*/**/*.py") if "node_modules" not in path.parts}
    assert tops - {"docs", "tests", "functions", "infra", "cdk.out", "site"} <= {*TOPS}


def test_the_map_draws_the_rooms_as_they_are():
    page = MAP.read_text(encoding="utf-8")
    assert draw(page) == page, "draw them again with python -m tests.rooms --draw"
