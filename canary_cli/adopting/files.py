"""The target file of an adoption, and the journal beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from canary_cli.adopting.journal import SUFFIX
from canary_cli.adopting.trouble import AdoptionError

if TYPE_CHECKING:
    from canary.rules.targets.target import Stage

FOLDER = "ours"
"""Where target files go by default: `make deploy TARGETS=ours` registers them."""


def path_of(given: str | None, target: str) -> Path:
    """The target file's path.

    Raises:
        AdoptionError: no target would be read from there.

    """
    path = Path(given) if given else Path(FOLDER) / f"{target}.yaml"
    if path.suffix != ".yaml" or path.parent == Path():
        found = f"targets are read from a folder of .yaml files, got {path}"
        raise AdoptionError("Usage", found, f"write --file {FOLDER}/{target}.yaml")
    return path


def journal_beside(path: Path) -> Path:
    """The journal's path."""
    return path.with_name(f"{path.stem}{SUFFIX}")


def require_ours(path: Path, stage: Stage) -> None:
    """Refuse a file that describes something else than this stage.

    Raises:
        AdoptionError: that is so.

    """
    if path.exists() and stage.rest_api_id not in path.read_text(encoding="utf-8"):
        found = f"{path} exists and does not name API {stage.rest_api_id}; nothing was changed"
        raise AdoptionError("OtherFile", found, "name another file with --file")


def write(path: Path, text: str) -> bool:
    """Write the target file unless there is one, which stays as it is; whether it has this text now."""
    if path.exists():
        return path.read_text(encoding="utf-8") == text
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def remove(path: Path, text: str | None) -> bool:
    """Remove the target file if it still has the text that the adoption wrote; whether there is none now."""
    if not path.exists():
        return True
    if text is None or path.read_text(encoding="utf-8") != text:
        return False
    path.unlink()
    return True
