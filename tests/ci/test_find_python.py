"""`.ci/find-python` on a PATH made for the test: version 9.9 exists only where a test puts it."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "find-python"
SAYS_ITS_VERSION = 'case "$*" in *ensurepip*) echo {version};; esac'


def put(folder: Path, name: str, *lines: str) -> Path:
    """A shell script as a program."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def put_python(folder: Path, version: str = "9.9") -> Path:
    return put(folder, "python9.9", SAYS_ITS_VERSION.format(version=version))


def put_shim(folder: Path) -> Path:
    """What pyenv leaves on the PATH for a version that is not selected."""
    return put(folder, "python9.9", "echo 'pyenv: python9.9: command not found' >&2", "exit 127")


def find(*path: Path) -> str:
    """What the script prints, with these folders on the PATH."""
    shell = shutil.which("sh")
    assert shell, "the script is sh's"
    ran = subprocess.run(
        [shell, str(SCRIPT), "9.9"],
        env={"PATH": ":".join(str(folder) for folder in path)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "with space"


def test_it_is_found_on_the_path(folder: Path) -> None:
    python = put_python(folder / "bin")

    assert find(folder / "missing", folder / "bin") == f"{python}\n"


def test_one_that_does_not_run_is_passed_over(folder: Path) -> None:
    put_shim(folder / "shims")
    python = put_python(folder / "bin")

    assert find(folder / "shims", folder / "bin") == f"{python}\n"


def test_one_of_pyenv_is_found_though_it_is_not_selected(folder: Path) -> None:
    put_shim(folder / "shims")
    put(folder / "bin", "pyenv", f"echo '{folder}'")
    put_python(folder / "versions" / "9.90.1" / "bin", version="9.90")
    python = put_python(folder / "versions" / "9.9.3" / "bin")

    assert find(folder / "shims", folder / "bin") == f"{python}\n"


def test_a_pyenv_without_that_version_has_none(folder: Path) -> None:
    put(folder / "bin", "pyenv", f"echo '{folder}'")

    assert find(folder / "bin") == ""


def test_one_of_another_version_is_none(folder: Path) -> None:
    put_python(folder / "bin", version="9.8")

    assert find(folder / "bin") == ""


def test_where_there_is_none_nothing_is_printed(folder: Path) -> None:
    assert find(folder) == ""
