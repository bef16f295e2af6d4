"""The function that imports the controller's modules: it is created, invoked and removed, and its answer is understood."""

from __future__ import annotations

import io
import json
import runpy
from typing import TYPE_CHECKING, Any

import pytest

from verify.account.aws import Aws
from verify.account.cleaning import clean_up
from verify.questions import packages
from verify.questions.packages import HANDLER, ShippedPackages
from verify.scratch.answer import Answer, UnansweredError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verify.scratch_world import World

LOADED = {"modules": 3, "failed": {}, "python": "3.13.1", "botocore": "1.40.0"}


class AnsweringAws(Aws):
    """Lambda's own functions run elsewhere: this is what one answers."""

    answer: dict[str, Any]

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        return self.answer if operation == "invoke" else super().call(service, operation, **given)


def ask(world: World, told: dict[str, Any], **more: str) -> Answer:
    scratch = world.scratch()
    scratch.aws = AnsweringAws(scratch.aws._connect, scratch.aws.clock, scratch.aws.place)
    scratch.aws.answer = {"Payload": io.BytesIO(json.dumps(told).encode()), **more}
    try:
        return ShippedPackages().ask(scratch)
    finally:
        assert len([each for each in world.left() if each.endswith("-packages")]) == 4
        assert clean_up(scratch.ledger, world.reach(), world.printed.write) == []
        scratch.ledger.close()
        assert world.left() == []


@pytest.fixture(autouse=True)
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer of one file in place of the packages, which pip would have to download."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "module.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(packages, "packages_folder", lambda: tmp_path)


def test_every_module_that_is_imported_is_the_answer(world: World) -> None:
    answer = ask(world, LOADED)

    assert answer == Answer("all", ("3 modules, 0 not imported; Python 3.13.1, botocore 1.40.0",))


def test_a_module_that_is_missing_is_reported_with_its_error(world: World) -> None:
    answer = ask(world, {**LOADED, "failed": {"canary.edge.request": "ModuleNotFoundError: No module named 'pydantic'"}})

    assert answer.word == "not-all"
    assert "canary.edge.request: ModuleNotFoundError: No module named 'pydantic'" in answer.evidence


def test_a_function_that_does_not_start_is_an_answer_too(world: World) -> None:
    answer = ask(world, {"errorType": "Runtime.ImportModuleError", "errorMessage": "no canary"}, FunctionError="Unhandled")

    assert answer == Answer("not-all", ("Runtime.ImportModuleError: no canary",))


def test_packages_that_cannot_be_fetched_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    class FetchingError(Exception):
        pass

    def fail() -> Path:
        raise FetchingError("pip could not fetch them")

    monkeypatch.setattr(runpy, "run_path", lambda _: {"packages_folder": fail, "PackagesError": FetchingError})
    with pytest.raises(UnansweredError, match="pip could not fetch them"):
        packages.packages_folder()


def test_the_code_of_the_function_imports_all_there_is_here(tmp_path: Path) -> None:
    code = tmp_path / "index.py"
    code.write_text(HANDLER, encoding="utf-8")
    told = runpy.run_path(str(code))["handler"]({}, None)

    assert told["failed"] == {}
    assert told["modules"] > 100
