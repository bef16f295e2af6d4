"""The embedded AWS's README, done as it says: its commands typed into a shell, its tests run, its links followed.

Only the installation is left out, which `tests/wheels` does, and a free port is taken for the fixed one. The processes see the
repository's root only, so that the embedded AWS has nothing of the product.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedded_aws.__main__ import PORT
from embedded_aws.embedded import ACCOUNT, REGION, START_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "embedded_aws" / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
FLOWING = " ".join(TEXT.split())
BIN = Path(sys.executable).parent
SECONDS = 300
REQUESTS = 100


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


INSTALL, SERVE, EXPORT, *WALK = blocks("sh")


def environment() -> dict[str, str]:
    """A newcomer's: no credentials, nothing of the product; `python` is the one that runs the tests."""
    ours = ("AWS_", "COV_", "COVERAGE_", "PYTEST_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(ROOT), "PATH": os.pathsep.join([str(BIN), kept["PATH"]]), "AWS_PAGER": ""}


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The README's server on a free port; what it has printed."""
    command = [sys.executable, *SERVE.split()[1:], "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            printed = ""
            while "curl " not in printed:
                line = process.stdout.readline()
                assert line, f"the server ended:\n{printed}"
                printed += line
            yield printed
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=SECONDS) == 0
        finally:
            process.kill()


@pytest.mark.slow
def test_the_commands_do_what_the_text_says(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None or not (BIN / "aws").exists():
        pytest.skip("the AWS CLI is not installed beside this Python; make .venv/dev installs it")
    with serving(tmp_path) as printed:
        [url] = set(re.findall(r"http://127\.0\.0\.1:\d+", printed))
        export = EXPORT.replace(f"http://127.0.0.1:{PORT}", url)
        assert export in printed
        script = "\n".join(["set -euo pipefail", f'aws() {{ {shlex.quote(sys.executable)} -m awscli "$@"; }}', export, *WALK])
        walked = subprocess.run(
            [bash, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, check=False, text=True, timeout=SECONDS
        )

    assert walked.returncode == 0, walked.stdout + walked.stderr
    answers = {said: int(times) for times, said in re.findall(r"^ *(\d+) (hello|good morning)$", walked.stdout, re.MULTILINE)}
    assert sum(answers.values()) == REQUESTS
    assert 10 < answers["good morning"] < 45  # 25 %: four standard deviations to either side
    assert '\\"canary\\": \\"true\\"' in walked.stdout
    sums = [float(value) for value in re.findall(r'"Sum": ([\d.]+)', walked.stdout)]
    assert sums == [answers["good morning"], REQUESTS + 1]


@pytest.mark.slow
def test_the_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "test_readme.py").write_text("\n\n".join(blocks("python")), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
        "test_readme.py",
    ]
    ran = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False, text=True, timeout=SECONDS)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(re.findall('^def test_', TEXT, re.MULTILINE))} passed" in ran.stdout


def test_what_is_installed_is_there() -> None:
    pip, install, folder = INSTALL.split()
    assert (pip, install) == ("pip", "install")
    assert (ROOT / folder / "pyproject.toml").is_file()


def test_every_link_to_a_file_leads_to_one() -> None:
    files = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXT) if "://" not in link]
    assert files
    assert [link for link in files if not (PAGE.parent / link).exists()] == []


def test_the_account_is_the_one_that_is_named() -> None:
    begins = datetime.fromtimestamp(START_TIME, UTC)
    assert f"Simulated time begins on {begins:%A} {begins.day} {begins:%B %Y}, {begins:%H:%M} UTC." in FLOWING
    assert f"One account (`{ACCOUNT}`) and one Region (`{REGION}`)" in FLOWING


def test_the_moto_that_was_compared_is_the_one_that_is_used() -> None:
    packages = (ROOT / "embedded_aws" / "pyproject.toml").read_text(encoding="utf-8")
    [version] = re.findall(r'"moto\[[^]]*\]==([\d.]+)"', packages)
    assert f"moto {version}" in FLOWING


def test_documents_in_the_walk_are_json() -> None:
    [document] = re.findall(r"<<'END'\n(.*?)END\n", TEXT, re.DOTALL)
    assert json.loads(document)["paths"]
