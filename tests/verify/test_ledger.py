from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from verify.account.ledger import Entry, Header, Ledger, LedgerError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = Header("canary-verify-ab12cd34", "123456789012", "eu-west-1", "http://127.0.0.1:4566")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledgers", HEADER)
    ledger.intend("role", "a")
    ledger.made("role", "a", "arn")
    ledger.intend("rest-api", "b")
    ledger.intend("function", "c")
    ledger.gone(Entry("function", "c"))
    ledger.close()

    again = Ledger.reopen(ledger.path)
    assert again.header == HEADER
    assert again.remaining == [Entry("role", "a", "arn"), Entry("rest-api", "b")]
    again.close()


def test_an_intention_is_on_disk_before_anything_is_made(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, HEADER)
    ledger.intend("role", "a")
    assert '"intended", "kind": "role", "name": "a"' in ledger.path.read_text(encoding="utf-8")
    ledger.close()


def test_a_ledger_of_which_nothing_remains_is_deleted(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, HEADER)
    ledger.intend("role", "a")
    ledger.gone(Entry("role", "a"))
    ledger.close()
    assert not ledger.path.exists()


@pytest.mark.parametrize("cut", range(1, 55, 6))
def test_a_line_that_was_cut_off_says_nothing_and_spoils_nothing(tmp_path: Path, cut: int) -> None:
    ledger = Ledger.create(tmp_path, HEADER)
    ledger.intend("role", "a")
    ledger.intend("rest-api", "b")
    ledger._file.close()
    text = ledger.path.read_text(encoding="utf-8")
    ledger.path.write_text(text[:-cut], encoding="utf-8")

    again = Ledger.reopen(ledger.path)
    assert again.remaining[0] == Entry("role", "a")
    again.gone(Entry("role", "a"))
    again._file.close()
    last = Ledger.reopen(ledger.path)
    assert Entry("role", "a") not in last.remaining
    last.close()


def test_ledgers_are_kept_out_of_git(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "ledgers", HEADER).close()
    assert (tmp_path / "ledgers" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_one_process_at_a_time_has_a_ledger(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, HEADER)
    with pytest.raises(LedgerError, match="is still in progress; stop it first"):
        Ledger.reopen(ledger.path)
    ledger.close()


def test_a_ledger_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        Ledger.reopen(tmp_path / "absent.jsonl")


def test_a_file_that_is_not_a_ledger_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text('{"event": "ru', encoding="utf-8")
    with pytest.raises(LedgerError, match="is not a ledger: its first line names no run"):
        Ledger.reopen(path)
