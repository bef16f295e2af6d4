from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

from local.moto_seams import seams
from local.moto_seams.hooks import find, preserved, replace

ROOT = Path(__file__).parents[2]
ROOMS = ("functions", "local", "statemachine", "examples", "cli", "infra", "bench")
HOOKS = [pytest.param(hook, id=hook.removeprefix("moto.")) for seam in seams() for hook in seam.HOOKS]


def modules():
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]


def imported(path):
    """The top-level names that a module imports, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("hook", HOOKS)
def test_moto_still_has_what_a_seam_replaces(hook):
    find(hook)


def test_every_seam_names_its_hooks():
    assert {seam.__name__.rpartition(".")[2] for seam in seams()} >= {"apigateway", "awslambda", "events", "interpreter"}
    assert all(seam.HOOKS for seam in seams())


def test_moto_is_the_version_that_the_seams_were_written_for():
    assert version("moto") == "5.2.5"


def test_nothing_outside_of_the_seams_imports_moto():
    importing = {path.relative_to(ROOT) for path in modules() if "moto" in imported(path)}
    assert importing
    assert {path.parent for path in importing} == {Path("local/moto_seams")}


def test_a_name_that_moved_is_named():
    with pytest.raises(LookupError, match=r"moto has no moto\.events\.models\.Rule\.fly any more"):
        find("moto.events.models.Rule.fly")
    with pytest.raises(LookupError, match=r"moto has no Gone on the way to moto\.events\.models\.Gone\.fly"):
        find("moto.events.models.Gone.fly")


def test_what_is_preserved_is_put_back():
    own, inherited = "moto.events.models.Rule.enable", "moto.events.responses.EventsHandler.call_action"
    owner, name = find(own)
    before = vars(owner)[name]
    with preserved([own, inherited]):
        replace(own, None)
        replace(inherited, None)
        assert vars(owner)[name] is None
    assert vars(owner)[name] is before
    assert "call_action" not in vars(find(inherited)[0])
