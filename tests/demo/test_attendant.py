"""What the attendant of one's own account reads again at each look, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import demo.own_account
from demo.accounts import Account, OwnAccount
from demo.own_account import Attendant, open_own_account
from demo.sample import create_ship_sample

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TARGET = "{name: orders-ship, functions: [{name: orders-ship, live: live}]}"


def test_a_registered_file_is_not_parsed_again_and_targets_are_listed_only_for_their_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[object] = []
    parse = demo.own_account.parse_target

    def counted(raw: object) -> Any:
        parsed.append(raw)
        return parse(raw)

    def refused(_: Attendant) -> list[str]:
        raise AssertionError("the targets are listed, and there is no history to give them")

    monkeypatch.setattr(demo.own_account, "parse_target", counted)
    monkeypatch.setattr(Attendant, "_names", refused)
    file, told = tmp_path / "ship.yaml", list[str]()
    file.write_text(TARGET, encoding="utf-8")
    own = OwnAccount(Account.CONTROLLER, tmp_path, per_minute=60, history_hours=0)
    with open_own_account(own, port=0, speed=None, tell=told.append) as aws:
        create_ship_sample(aws.client)
        aws.clock.run_for(300)
    assert told == [f"{file}: target orders-ship is registered; see canary doctor orders-ship"]
    assert len(parsed) == 1
