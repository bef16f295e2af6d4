"""The ledger: what a run is about to make, on disk before it is made, until it is gone again.

One line of JSON an event, written through to the disk, so that another process can finish the job after a kill. It knows names
and kinds; how something of a kind is removed is `removal`'s business.
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
    """Whose account, where, and under which prefix."""

    prefix: str
    account: str
    region: str
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of AWS, by a name that nothing else has; ``id`` is what AWS calls it, once that is known."""

    kind: str
    name: str
    id: str | None = None


class Ledger:
    """One run's ledger, locked while it is open: nobody cleans up behind a run that is still going on."""

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
        """The ledger that a run left.

        Raises:
            LedgerError: there is none, its run is still going on, or it is none.

        """
        if not path.exists():
            raise LedgerError(f"there is no ledger {path}; name one that a run left")
        file = _locked(path, "r+")
        text = file.read()
        try:
            header, entries = _replayed(path, text)
        except LedgerError:
            file.close()
            raise
        if not text.endswith("\n"):
            file.write("\n")  # the kill came while a line was written
        return cls(path, file, header, entries)

    def intend(self, kind: str, name: str) -> None:
        """Something is about to be made, or may come by itself from now on."""
        self._entries[kind, name] = Entry(kind, name)
        self._write({"event": "intended", "kind": kind, "name": name})

    def made(self, kind: str, name: str, identifier: str) -> None:
        """It has been made, and AWS calls it so."""
        self._entries[kind, name] = Entry(kind, name, identifier)
        self._write({"event": "made", "kind": kind, "name": name, "id": identifier})

    def gone(self, entry: Entry) -> None:
        """It is not there any more."""
        self._entries.pop((entry.kind, entry.name), None)
        self._write({"event": "gone", "kind": entry.kind, "name": entry.name})

    @property
    def remaining(self) -> list[Entry]:
        """What may be there, in the order in which it was to be made."""
        return list(self._entries.values())

    def close(self) -> None:
        """Let go of the file, which is deleted if nothing remains."""
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
        raise LedgerError(f"the run of {path} is still going on; stop it first, and it cleans up by itself") from None
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
        raise LedgerError(f"{path} is no ledger: its first line names no run; delete it if it was cut off there")
    return header, entries


def _events(text: str) -> Iterator[dict[str, Any]]:
    """Every whole line. One that was cut off was written before its call, which was not made then."""
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
