"""The packages that the functions import and Lambda does not provide, fetched once on the machine that synthesises.

`packages.txt` lists them with their hashes. pip downloads the wheels for Lambda's platform, whatever this machine is, and
refuses any other file. They are unpacked, not installed, so that every machine builds the same layer and nothing is compiled.
docs/decisions/0020-the-functions-packages-are-shipped.md says why AWS's own layer is not used (docs/aws.md#powertools-layer).
This file uses the standard library only, so that it can run before CDK is needed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

LOCKED = Path(__file__).with_name("packages.txt")
PYTHON, MACHINE = "3.13", "aarch64"
"""The functions' runtime."""

PLATFORMS = tuple(f"manylinux_2_{glibc}_{MACHINE}" for glibc in (34, 28, 17))
"""The wheels that Lambda's Linux supports, newest first (docs/aws.md#lambda-linux)."""

IN_A_LAYER = "python"
"""The folder of a layer that is on its functions' import path (docs/aws.md#layers)."""


class PackagesError(Exception):
    """The machine's fault: the packages cannot be fetched or stored here."""


def packages_folder(home: Path | None = None) -> Path:
    """The content of the layer, fetched if it is not there yet.

    Args:
        home: where to store it; by default the virtual environment that this runs in.

    Raises:
        PackagesError: pip could not fetch it, or it cannot be stored; the text says what to do.

    """
    folder = (home or Path(sys.prefix) / "share" / "canary-cdk") / _version()
    if not folder.is_dir():
        try:
            _make(folder)
        except OSError as error:
            raise PackagesError(f"{folder.parent} cannot be written: {error}; run this in a virtual environment") from error
    return folder


def _version() -> str:
    """The name of the folder; other packages or another platform give another name."""
    return hashlib.sha256("\n".join([LOCKED.read_text(encoding="utf-8"), PYTHON, *PLATFORMS]).encode()).hexdigest()[:16]


def _make(folder: Path) -> None:
    """Create the folder completely or not at all, even if two processes start at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.write(f"fetching the functions' packages for Python {PYTHON} on {MACHINE}, once\n")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheels, made = Path(scratch) / "wheels", Path(scratch) / "layer"
        _fetch(wheels)
        for wheel in sorted(wheels.glob("*.whl")):
            _unpack(wheel, made / IN_A_LAYER)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _fetch(folder: Path) -> None:
    platforms = (argument for platform in PLATFORMS for argument in ("--platform", platform))
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", PYTHON, *platforms),
        *("--requirement", str(LOCKED), "--dest", str(folder)),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
        raise PackagesError(
            f"pip could not fetch the functions' packages: {why[0]}; they come from the package index that pip is configured "
            "for, so check the network, or give Controller your own layer (powertools_layer)"
        )


def _unpack(wheel: Path, folder: Path) -> None:
    """Unpack everything except scripts, which no function runs."""
    with ZipFile(wheel) as opened:
        members = [name for name in opened.namelist() if ".data/scripts/" not in name]
        if misplaced := [name for name in members if ".data/" in name]:
            raise PackagesError(f"{wheel.name} has {misplaced[0]}, which needs an installer; pin another version")
        opened.extractall(folder, members)


if __name__ == "__main__":
    try:
        packages_folder()
    except PackagesError as error:
        raise SystemExit(str(error)) from None
