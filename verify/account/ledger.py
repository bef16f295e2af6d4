"""The ledger: every resource of a run, on disk from before it is created until it is removed.

Each event is one line of JSON, flushed to the disk, so that another process can finish the removal after a kill. The ledger
knows names and kinds; `removal` knows how to remove each kind.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

SUFFIX = ".jsonl"


class LedgerError(Exception):
    """A ledger cannot be used."""


@dataclass(frozen=True, slots=True)
class Header:
    """The account, the place and the prefix of a run."""

    prefix: str
    account: str
    region: str
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One AWS resource, by a unique name; ``id`` is AWS's own id, once that is known."""

    kind: str
    name: str
    id: str | None = None


class Ledger:
    """One run's ledger. It is locked while it is open, so nobody can clean up during the run."""

    def __init__(self, path: Path, file: IO[str], header: Header, entries: dict[tuple[str, str], Entry]) -> None:
        self.path = path
        self.header = header
        self._file = file
        self._entries = entries

    @classmethod
    def create(cls, folder: Path, header: Header) -> Ledger:
        """A new ledger, named after the prefix."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        path = folder / f"{header.prefix}{SUFFIX}"
        ledger = cls(path, _locked(path, "x+"), header, {})
        ledger._write({"event": "run", **asdict(header)})
        return ledger

    @classmethod
    def reopen(cls, path: Path) -> Ledger:
        """The ledger that a run left behind.

        Raises:
            LedgerError: it does not exist, its run is still in progress, or it is not a ledger.
        """
        if not path.exists():
            raise LedgerError(f"there is no ledger {path}; name one that a run left behind")
        file = _locked(path, "r+")
        text = file.read()
        try:
            header, entries = _replayed(path, text)
        except LedgerError:
            file.close()
            raise
        if not text.endswith("\n"):
            file.write("\n")  # the process was killed while it wrote a line
        return cls(path, file, header, entries)

    def intend(self, kind: str, name: str) -> None:
        """Something is about to be created, or may appear by itself from now on."""
        self._entries[kind, name] = Entry(kind, name)
        self._write({"event": "intended", "kind": kind, "name": name})

    def made(self, kind: str, name: str, identifier: str) -> None:
        """It has been created with this AWS id."""
        self._entries[kind, name] = Entry(kind, name, identifier)
        self._write({"event": "made", "kind": kind, "name": name, "id": identifier})

    def gone(self, entry: Entry) -> None:
        """It does not exist any more."""
        self._entries.pop((entry.kind, entry.name), None)
        self._write({"event": "gone", "kind": entry.kind, "name": entry.name})

    @property
    def remaining(self) -> list[Entry]:
        """What may exist, in the order in which it was to be created."""
        return list(self._entries.values())

    def close(self) -> None:
        """Close the file; delete it if nothing remains."""
        if not self._entries:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _write(self, event: dict[str, Any]) -> None:
        self._file.write(json.dumps(event) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _locked(path: Path, mode: str) -> IO[str]:
    file = path.open(mode, encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise LedgerError(f"the run of {path} is still in progress; stop it first, and it cleans up by itself") from None
    return file


def _replayed(path: Path, text: str) -> tuple[Header, dict[tuple[str, str], Entry]]:
    header: Header | None = None
    entries: dict[tuple[str, str], Entry] = {}
    for event in _events(text):
        kind = event.pop("event")
        if kind == "run":
            header = Header(**event)
        elif kind == "gone":
            entries.pop((event["kind"], event["name"]), None)
        else:
            entries[event["kind"], event["name"]] = Entry(**event)
    if header is None:
        raise LedgerError(f"{path} is not a ledger: its first line names no run; delete it if it was cut off there")
    return header, entries


def _events(text: str) -> Iterator[dict[str, Any]]:
    """Every complete line. A line that was cut off comes before its call, so that call was never made."""
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
