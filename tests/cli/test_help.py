"""The help: its groups, and one example for each verb. The examples are run among the tests of steering."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from canary_cli.__main__ import main
from canary_cli.app import app, run

ROOT = Path(__file__).parents[2]
VERBS = [command.name for command in app.registered_commands]
SEE = {"try", "doctor", "plan", "backtest", "status", "watch", "history", "explain", "logs", "dashboard", "import"}
STEER = {"adopt", "start", "ci", "advance", "promote", "pause", "resume", "abort", "rollback", "revert", "note"}


def test_the_help_groups_the_verbs(capsys: pytest.CaptureFixture[str]):
    assert run([]) == 0
    told = capsys.readouterr().out
    see, _, steer = told.partition("Steer")

    assert "See" in see
    assert {verb for verb in SEE if re.search(rf"\b{verb}\b", see)} == SEE
    assert {verb for verb in STEER if re.search(rf"\b{verb}\b", steer)} == STEER


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_its_example(verb: str, capsys: pytest.CaptureFixture[str]):
    assert run([verb, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())

    assert f"Usage: canary {verb}" in told
    assert told.count("Example: canary") == 1
    assert "--endpoint-url" in told


@pytest.mark.parametrize("arguments", [["status", "--nope"], ["nope"], ["abort"], ["status", "-o", "yaml"]])
def test_wrong_use_ends_with_2_and_says_where_help_is(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--help" in err


@pytest.mark.parametrize("option", [["--json"], ["-o", "json"], ["--output=json"]])
def test_wrong_use_is_told_to_programs_in_json(option: list[str], capsys: pytest.CaptureFixture[str]):
    code = run(["status", "--nope", *option])
    error = json.loads(capsys.readouterr().err)

    assert (code, error["code"], error["exit_code"]) == (2, "Usage", 2)
    assert error["fix"] == "see canary status --help"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "typer", None)
    monkeypatch.delitem(sys.modules, "canary_cli.app")
    with pytest.raises(SystemExit, match=r"needs the package typer; install canary-controller\[cli\]"):
        main()


def test_the_script_ends_with_the_commands_exit_code(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["canary", "status", "--nope"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_verbs(shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for name, value in {
        "_CANARY_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "canary st",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "canary st",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        run([])

    told = capsys.readouterr().out
    assert "status" in told
    assert "start" in told


@pytest.mark.parametrize("region", ["", "eu-west-1"])
def test_the_version_needs_neither_credentials_nor_a_region(
    region: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    if region:
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    assert run(["--version"]) == 0
    out, err = capsys.readouterr()

    assert out.startswith(f"canary {version('canary-controller')}\ncontroller not known: ")
    assert err == ""


def shown_completion(shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: (shell, f"/bin/{shell}"))
    with pytest.raises(SystemExit) as ended:
        run(["--show-completion"])
    assert ended.value.code == 0
    return capsys.readouterr().out


BEGINS = {"bash": "_canary_completion()", "zsh": "#compdef canary", "fish": "complete --command canary"}


@pytest.mark.parametrize("shell", BEGINS)
def test_each_shell_gets_its_completion(shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    script = shown_completion(shell, monkeypatch, capsys)

    assert script.startswith(BEGINS[shell])
    assert f"_CANARY_COMPLETE=complete_{shell}" in script


def test_bash_completes_with_what_is_shown_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    script = shown_completion("bash", monkeypatch, capsys)
    bash = shutil.which("bash")
    assert bash
    command = tmp_path / "canary"
    command.write_text(f'#!{bash}\nexec {shlex.quote(sys.executable)} -m canary_cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    ask = 'COMP_WORDS=(canary sta); COMP_CWORD=1; _canary_completion canary sta canary; printf "%s\\n" "${COMPREPLY[@]}"'
    sources = os.pathsep.join([str(ROOT), str(ROOT / "functions")])
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": sources}
    told = subprocess.run([bash, "-c", f"{script}\n{ask}"], env=environment, capture_output=True, text=True, check=True)

    assert set(told.stdout.split()) == {"status", "start"}
