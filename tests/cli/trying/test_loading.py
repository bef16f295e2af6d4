"""What `canary try` runs on may be missing: the wheel has neither the embedded AWS nor the room `laptop`."""

import json
import sys

import pytest

from canary_cli.app import run
from canary_cli.trying.loading import RUNNER, load_runner


@pytest.mark.parametrize("missing", ["laptop", "moto"])
def test_without_it_the_command_says_what_to_install(missing, monkeypatch, capsys, tmp_path):
    def refuse(_):
        raise ModuleNotFoundError(f"No module named {missing!r}", name=f"{missing}.part")

    monkeypatch.setattr("canary_cli.trying.loading.importlib.import_module", refuse)
    assert run(["try", str(tmp_path / "openapi.yaml"), "--json"]) == 1
    error = json.loads(capsys.readouterr().err)
    assert error["code"] == "NotInstalled"
    assert error["message"] == f"canary try runs on the embedded AWS, and the package {missing} is not installed"
    assert "make demo" in error["fix"]


def test_another_missing_module_is_no_missing_package(monkeypatch):
    def refuse(_):
        raise ModuleNotFoundError("No module named 'surprise'", name="surprise")

    monkeypatch.setattr("canary_cli.trying.loading.importlib.import_module", refuse)
    with pytest.raises(ModuleNotFoundError, match="surprise"):
        load_runner()


def test_where_it_is_installed_it_is_found():
    assert load_runner() is sys.modules[RUNNER]
