"""What an adoption added, kept in a file beside the target's: each step before its call is made, so that none is forgotten.

The file is JSON, goes into version control with the target file, and is what `canary adopt --undo` reads.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from canary_cli.adopting.trouble import AdoptionError
from canary_cli.doctor.remedy import Remedy

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
SUFFIX = ".adoption.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One step. ``is_done`` is false while its answer is not known: it may or may not have been carried out."""

    remedy: Remedy
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the file holds.

    ``deployment_id``: the one that the stage served before the first step. ``target_file``: the text that the adoption wrote.
    """

    rest_api_id: str
    stage_name: str
    deployment_id: str
    target_file: str | None = None
    entries: tuple[Entry, ...] = ()


class Journal:
    """The file of one adoption; each change is on the disk before the next call."""

    def __init__(self, path: Path, adopted: Adopted) -> None:
        self.path = path
        self.adopted = adopted

    @classmethod
    def find(cls, path: Path, rest_api_id: str, stage_name: str) -> Journal | None:
        """The journal in this file; None if there is no such file.

        Raises:
            AdoptionError: it cannot be read, or it belongs to another stage.

        """
        if not path.exists():
            return None
        try:
            adopted = _parse(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, LookupError, TypeError) as error:
            fix = "restore it from version control, or name another target file with --file"
            raise AdoptionError("BadJournal", f"{path} is no journal of an adoption: {error!r}", fix) from error
        if (adopted.rest_api_id, adopted.stage_name) != (rest_api_id, stage_name):
            found = f"{path} belongs to stage {adopted.stage_name} of API {adopted.rest_api_id}"
            raise AdoptionError("OtherStage", found, "name another target file with --file")
        return cls(path, adopted)

    def begin(self, remedy: Remedy) -> None:
        """A step whose call is made next."""
        others = tuple(one for one in self.adopted.entries if not _is_same(one.remedy, remedy))
        self._keep(replace(self.adopted, entries=(*others, Entry(remedy))))

    def finish(self, remedy: Remedy) -> None:
        """Its call succeeded."""
        entries = (Entry(one.remedy, is_done=True) if _is_same(one.remedy, remedy) else one for one in self.adopted.entries)
        self._keep(replace(self.adopted, entries=tuple(entries)))

    def forget(self, remedy: Remedy) -> None:
        """Its call was refused, or it was taken back."""
        entries = tuple(one for one in self.adopted.entries if not _is_same(one.remedy, remedy))
        self._keep(replace(self.adopted, entries=entries))

    def note_target_file(self, text: str) -> None:
        """The adoption writes the target file."""
        self._keep(replace(self.adopted, target_file=text))

    def _keep(self, adopted: Adopted) -> None:
        self.adopted = adopted
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_name(f"{self.path.name}.new")
        written.write_text(json.dumps({"format": FORMAT, **asdict(adopted)}, indent=1) + "\n", encoding="utf-8")
        written.replace(self.path)


def _is_same(one: Remedy, two: Remedy) -> bool:
    return one.line == two.line


def _parse(found: Any) -> Adopted:  # noqa: ANN401 - JSON is of any type
    if found["format"] != FORMAT:
        raise ValueError(f"format {found['format']}, expected {FORMAT}")
    entries = tuple(Entry(_remedy(one["remedy"]), is_done=one["is_done"]) for one in found["entries"])
    return Adopted(found["rest_api_id"], found["stage_name"], found["deployment_id"], found["target_file"], entries)


def _remedy(found: Any) -> Remedy:  # noqa: ANN401 - as above
    inverse = _remedy(found["inverse"]) if found["inverse"] else None
    return Remedy(**{**found, "inverse": inverse})
