"""What of the records expires, and when: in an open rollout nothing, in an ended one everything but what base serves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import RecordsRefusedError
from canary.aws.record_items import LookItem
from canary.aws.records import Records
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.retention import DAY_SECONDS, expiry_of_details
from tests.aws.stubs import Changed, refusal
from tests.builders import NOON, a_rollout

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground

DAYS = 100
LOOK = LookItem("run-1", "12.000", "HOLD", "wait", {"log_e": 0.5})


class Table:
    """The table without anything, and what in it expires."""

    def __init__(self, ground: Ground) -> None:
        self.client, self.name = ground.aws.client("dynamodb"), ground.rig.controller.table
        for item in self._items():
            self.client.delete_item(TableName=self.name, Key={"pk": item["pk"], "sk": item["sk"]})
        self.records = Records(self.client, self.name, DAYS)

    def _items(self) -> list[dict[str, Any]]:
        return list(self.client.scan(TableName=self.name, ConsistentRead=True)["Items"])

    def expiries(self) -> dict[tuple[str, str], int | None]:
        """By key, when each item expires."""
        return {
            (item["pk"]["S"], item["sk"]["S"]): int(item["expires_at"]["N"]) if "expires_at" in item else None
            for item in self._items()
        }

    def promote(self, rollout_id: str, *, at: float, fencing_token: int) -> None:
        owned = self.records.take(a_rollout(rollout_id=rollout_id), fencing_token=fencing_token)
        self.records.finish(owned, replace(owned.rollout, phase=Phase.PROMOTED, ended_at=at))


@pytest.fixture
def table(ground: Ground) -> Table:
    return Table(ground)


def test_neither_lock_nor_record_of_an_open_rollout_expires(table: Table):
    owned = table.records.take(a_rollout(), fencing_token=0)
    table.records.write(owned, owned.rollout, look=LOOK, history={"errors": [1]})
    found = table.expiries()

    assert found["target#orders", "lock"] is None
    assert found["rollout#run-1", "rollout"] is None
    details = expiry_of_details(owned.rollout, DAYS)
    assert found["rollout#run-1", "look#12.000"] == found["rollout#run-1", "history"] == details


def test_the_record_of_a_rolled_back_rollout_expires_and_nothing_of_its_target_does(table: Table):
    owned = table.records.take(a_rollout(), fencing_token=0)
    ended = table.records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK, ended_at=NOON))
    when = {("rollout#run-1", "rollout"): NOON + DAYS * DAY_SECONDS}
    kept = {("target#orders", "lock"): None, ("target#orders", "taken_back"): None}

    assert table.expiries() == {**when, **kept}
    table.records.mark_told(ended.rollout)
    assert table.expiries() == {**when, **kept}


def test_a_rollout_that_is_taken_up_again_expires_no_more(table: Table):
    owned = table.records.take(a_rollout(), fencing_token=0)
    ended = table.records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK, ended_at=NOON))
    table.records.retake(ended.lock, replace(ended.rollout, phase=Phase.ROLLING_BACK), "sweeper")

    assert table.expiries()["rollout#run-1", "rollout"] is None


def test_a_promoted_rollout_expires_only_after_the_next_one_was_promoted(table: Table):
    table.promote("run-1", at=NOON, fencing_token=0)
    assert table.expiries()["rollout#run-1", "rollout"] is None

    table.promote("run-2", at=NOON + 500, fencing_token=2)
    found = table.expiries()
    assert found["rollout#run-1", "rollout"] == NOON + 500 + DAYS * DAY_SECONDS
    assert found["rollout#run-2", "rollout"] is None
    assert table.records.find("run-1").rollout.phase is Phase.PROMOTED
    assert table.records.read_lock("orders").promoted_rollout_id == "run-2"


def test_a_rollback_leaves_what_base_serves(table: Table):
    table.promote("run-1", at=NOON, fencing_token=0)
    owned = table.records.take(a_rollout(rollout_id="run-2"), fencing_token=2)
    table.records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK, ended_at=NOON))

    assert table.expiries()["rollout#run-1", "rollout"] is None
    assert table.records.read_lock("orders").promoted_rollout_id == "run-1"


def test_a_promoted_rollout_that_ends_again_stays(table: Table):
    owned = table.records.take(a_rollout(), fencing_token=0)
    ended = table.records.finish(owned, replace(owned.rollout, phase=Phase.PROMOTED, ended_at=NOON))
    again = table.records.retake(ended.lock, ended.rollout, "sweeper")
    table.records.finish(again, again.rollout)

    assert table.expiries()["rollout#run-1", "rollout"] is None


def test_a_superseded_record_that_is_gone_is_not_missed(table: Table):
    table.promote("run-1", at=NOON, fencing_token=0)
    table.client.delete_item(TableName=table.name, Key={"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}})
    table.promote("run-2", at=NOON, fencing_token=2)

    assert ("rollout#run-1", "rollout") not in table.expiries()


class Refusing:
    """DynamoDB, which refuses the writes after the first `allowed` ones, `times` times."""

    def __init__(self, table: Table, *, allowed: int, times: int) -> None:
        self._left = ["write"] * allowed + ["refuse"] * times
        self._client = table.client
        self.changed = Changed(table.client, transact_write_items=self._write)

    def _write(self, **given: Any) -> Any:
        if self._left and self._left.pop(0) == "refuse":
            raise refusal("ThrottlingException")
        return self._client.transact_write_items(**given)


def promote_second(table: Table, records: Records) -> None:
    owned = table.records.take(a_rollout(rollout_id="run-2"), fencing_token=2)
    records.finish(owned, replace(owned.rollout, phase=Phase.PROMOTED, ended_at=NOON))


def test_an_ending_does_not_depend_on_what_it_lets_expire_and_a_failure_is_reported(table: Table):
    table.promote("run-1", at=NOON, fencing_token=0)
    kept: list[tuple[str, str]] = []
    dynamodb = Refusing(table, allowed=1, times=2).changed
    records = Records(dynamodb, table.name, DAYS, on_kept=lambda one, error: kept.append((one, str(error))))
    promote_second(table, records)

    assert table.records.read_lock("orders").promoted_rollout_id == "run-2"
    assert table.expiries()["rollout#run-1", "rollout"] is None
    [(rollout_id, reason)] = kept
    assert (rollout_id, "ThrottlingException" in reason) == ("run-1", True)


def test_what_fails_once_is_tried_again(table: Table):
    table.promote("run-1", at=NOON, fencing_token=0)
    promote_second(table, Records(Refusing(table, allowed=1, times=1).changed, table.name, DAYS))

    assert table.expiries()["rollout#run-1", "rollout"] == NOON + DAYS * DAY_SECONDS


def test_a_failure_that_nobody_hears_of_is_an_error(table: Table):
    table.promote("run-1", at=NOON, fencing_token=0)
    with pytest.raises(RecordsRefusedError):
        promote_second(table, Records(Refusing(table, allowed=1, times=2).changed, table.name, DAYS))


def test_the_functions_log_and_count_a_record_that_stays(
    table: Table, tools: Tools, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    table.promote("run-1", at=NOON, fencing_token=0)
    refusing = Refusing(table, allowed=1, times=2).changed
    records = Records(refusing, table.name, DAYS, on_kept=tools.records._report_kept)
    promote_second(table, records)

    assert "record will not expire" in caplog.messages
    assert '"RecordKept":[1.0]' in capsys.readouterr().out
