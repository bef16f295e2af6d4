"""The layer with the functions' packages: what is locked, for Lambda's platform, and the same from every machine."""

import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from canary_cdk import packages
from canary_cdk.packages import LOCKED, MACHINE, PYTHON, PackagesError, packages_folder
from embedded_aws.awslambda.zips import zip_of
from tests.infra.conftest import ROOT

pytestmark = pytest.mark.slow

ENTRY = re.compile(r"^([\w-]+)==([\w.]+) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def locked(path):
    """Version and hashes by package."""
    text = re.sub(r" ; .*(?= \\$)", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: (version, {*re.findall(r"[0-9a-f]{64}", hashes)}) for name, version, hashes in ENTRY.findall(text)}


@pytest.fixture(scope="module")
def folder():
    return packages_folder()


def stub(command, monkeypatch):
    """Replace pip."""

    run = subprocess.run
    monkeypatch.setattr(
        packages.subprocess, "run", lambda asked, **options: run([sys.executable, "-c", command, asked[-1]], **options)
    )


def a_wheel(*members):
    """Python code that puts a wheel with these members into the folder that pip was given."""
    return (
        "import sys, pathlib; folder = pathlib.Path(sys.argv[1]); folder.mkdir();"
        f"(folder / 'one-1-py3-none-any.whl').write_bytes({zip_of(dict.fromkeys(members, ''))!r})"
    )


def test_the_layer_has_the_versions_that_the_tests_run_with():
    ours, everybodys = locked(LOCKED), locked(ROOT / "requirements.txt")

    assert {"aws-lambda-powertools", "pydantic", "pydantic-core"} <= {*ours}
    for name, (version, hashes) in ours.items():
        assert version == everybodys[name][0], name
        assert hashes <= everybodys[name][1], name


def test_every_locked_package_is_in_the_layer_and_no_other(folder):
    found = {path.name.removesuffix(".dist-info").lower().replace("_", "-") for path in folder.rglob("*.dist-info")}

    assert found == {f"{name}-{version}" for name, (version, _) in locked(LOCKED).items()}


def test_what_is_compiled_is_for_the_functions_python_and_machine(folder):
    compiled = {path.name for path in folder.rglob("*.so")}

    assert compiled
    assert all(f"cpython-{PYTHON.replace('.', '')}-{MACHINE}-linux-gnu" in name for name in compiled)


def test_functions_run_on_what_the_packages_are_for(controller):
    for function in controller.of_type("AWS::Lambda::Function").values():
        assert (function["Runtime"], function["Architectures"]) == (f"python{PYTHON}", ["arm64"])


def test_every_function_has_the_layer_of_its_own_stack(controller):
    (layer,) = controller.of_type("AWS::Lambda::LayerVersion")

    assert all(one["Layers"] == [{"Ref": layer}] for one in controller.of_type("AWS::Lambda::Function").values())


def test_the_layer_holds_wheels_as_they_were_published(folder):
    """Nothing of this machine is in it, neither scripts nor compiled files."""
    suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}

    assert not (folder / "python" / "bin").exists()
    assert ".pyc" not in suffixes
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 20_000_000


def test_they_are_fetched_once(monkeypatch, tmp_path):
    stub(a_wheel("one/__init__.py"), monkeypatch)
    made = packages_folder(tmp_path)
    stub("raise SystemExit(1)", monkeypatch)

    assert packages_folder(tmp_path) == made
    assert [str(path.relative_to(made)) for path in made.rglob("*.py")] == ["python/one/__init__.py"]


def test_a_change_of_the_lock_is_another_folder(monkeypatch, tmp_path):
    stub(a_wheel("one/__init__.py"), monkeypatch)
    before = packages_folder(tmp_path)
    (tmp_path / "other.txt").write_text("one==1\n", encoding="utf-8")
    monkeypatch.setattr(packages, "LOCKED", tmp_path / "other.txt")

    assert packages_folder(tmp_path) != before


def test_scripts_are_left_out(monkeypatch, tmp_path):
    stub(a_wheel("one.py", "one-1.data/scripts/one"), monkeypatch)

    assert [path.name for path in packages_folder(tmp_path).rglob("*") if path.is_file()] == ["one.py"]


def test_a_wheel_that_needs_an_installer_is_refused(monkeypatch, tmp_path):
    stub(a_wheel("one.py", "one-1.data/purelib/two.py"), monkeypatch)

    with pytest.raises(PackagesError, match=r"one-1-py3-none-any\.whl has one-1\.data/purelib/two\.py"):
        packages_folder(tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_pips_own_reason_is_reported_with_what_to_do(monkeypatch, tmp_path):
    stub("raise SystemExit('first\\nERROR: no route to the index')", monkeypatch)

    with pytest.raises(PackagesError, match=r"ERROR: no route to the index; .*powertools_layer"):
        packages_folder(tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_place_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(PackagesError, match=r"cannot be written: .*; run this in a virtual environment"):
        packages_folder(tmp_path / "file")


def test_another_process_may_come_first(monkeypatch, tmp_path):
    stub(a_wheel("one.py"), monkeypatch)
    unpack = packages._unpack

    def late(wheel: Path, folder: Path) -> None:
        unpack(wheel, folder)
        with ZipFile(wheel) as opened:
            opened.extractall(tmp_path / packages._version() / "python")

    monkeypatch.setattr(packages, "_unpack", late)

    assert (packages_folder(tmp_path) / "python" / "one.py").is_file()


def test_the_file_can_be_run_by_itself(tmp_path):
    """As the Makefile runs it, without CDK; if the index does not exist, it ends with a sentence."""
    copy = tmp_path / "packages.py"
    copy.write_text(Path(packages.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "packages.txt").write_text("nothing-of-this-name==1 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    command = [sys.executable, "-P", str(copy)]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "pip could not fetch the functions' packages: ERROR: No matching distribution"
    )
