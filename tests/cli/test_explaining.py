"""`canary explain` on rollouts that the controller's own tasks made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from canary.rules.judging.evidence_json import to_json
from canary.rules.reports.document import read_document
from canary.rules.reports.recomputing import verdicts_again
from canary.rules.reports.schema import document_schema
from canary.rules.targets.policy import Progression
from canary_cli.app import run
from canary_cli.connection import Connection, Place
from canary_cli.exits import CommandError
from canary_cli.past import find_rollout, read_recorded, read_serving
from tests.tasks.walk import iso

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tasks.walk import Ground, Walk


@pytest.fixture
def connection(ground: Ground) -> Connection:
    return Connection(Place(endpoint_url=ground.aws.endpoint_url))


def bake(walk: Walk, minutes: int) -> None:
    for _ in range(minutes):
        walk.pause(60)
        walk.look()


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["explain", *arguments])
    out, err = capsys.readouterr()
    return code, out + err


def test_a_rollout_that_bakes_is_told_for_people_and_programs(ground: Ground, capsys: Any):
    walk = ground.walk().shift()
    bake(walk, 5)
    minutes = sum(len(json.loads(look["numbers"]["S"])["minutes"]) for look in walk.looks())
    code, told = explain(capsys, "orders")

    assert code == 0
    assert told.startswith(f"Rollout {walk.rollout_id} of orders: in progress (shifting)\n")
    assert "orders-read goes from version 1 to 2" in told
    assert "Step 1 of 2 begins: the canary gets 25 % of the requests." in told
    assert "errors: bad were" in told
    assert "The evidence of all 5 looks, computed again from the recorded minutes, is what they recorded." in told
    assert explain(capsys, walk.rollout_id) == explain(capsys, walk.execution) == (0, told)

    _, told = explain(capsys, "orders", "--minutes", "--markdown")
    lines = told.splitlines()
    table = lines[next(number for number, line in enumerate(lines) if "| errors (canary, base) |" in line) :]
    assert lines[0] == "# In progress: shifting: orders at 25 %"
    assert "| 5xx |" in told
    assert minutes > 0
    assert len(table) == minutes + 2

    _, told = explain(capsys, "orders", "--minutes", "--json")
    story = json.loads(told)
    assert (story["rollout"], story["target"]) == (walk.rollout_id, "orders")
    assert all(event["happened_at"].endswith("Z") for event in story["events"])
    assert len(story["minutes"]["starts_at"]) == len(story["minutes"]["rows"]) == minutes

    table, client = ground.rig.controller.table, ground.aws.client("dynamodb")
    client.delete_item(TableName=table, Key={"pk": {"S": f"rollout#{walk.rollout_id}"}, "sk": {"S": "history"}})
    code, told = explain(capsys, "orders")
    assert code == 1
    assert "restore it from the table's backup" in told

    client.put_item(TableName=table, Item={**walk.looks()[0], "numbers": {"S": "{}"}})
    code, told = explain(capsys, "orders")
    assert code == 1
    assert "a look of rollout walk-" in told
    assert "cannot be read (KeyError: 'step')" in told


def test_what_was_judged_and_served_is_computed_again_from_the_records(ground: Ground, connection: Connection, capsys: Any):
    walk = ground.walk().shift()
    bake(walk, 4)
    walk.task("ShiftTraffic")
    bake(walk, 5)
    rollout = find_rollout(connection, "orders")
    assert rollout is not None
    looks = read_recorded(connection, rollout).replayed(rollout)

    assert rollout.step.index == 1
    assert len(looks) == 9
    assert all(one.is_as_recorded for one in looks)
    assert to_json(looks[-1].evidence) == rollout.evidence
    assert (looks[-1].rollout.harm, looks[-1].rollout.totals) == (rollout.harm, rollout.totals)
    assert looks[-1].rollout.step.metrics == rollout.step.metrics
    assert rollout.step.metrics

    found = read_serving(connection, "orders", walk.now)
    assert found.base.versions == {"orders-read": "1", "orders-write": "1"}
    assert found.canary.versions == {"orders-read": "2", "orders-write": "2"}
    assert (found.weight_percent, found.rollout) == (50.0, walk.rollout_id)
    assert read_serving(connection, "nothing", walk.now).base is None

    capsys.readouterr()
    assert run(["history", "orders", "--at", iso(walk.now)]) == 0
    assert "  canary  50 %  orders-read version 2" in capsys.readouterr().out
    assert run(["history", "orders", "--at", iso(walk.now), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["canary"]["versions"] == {"orders-read": "2", "orders-write": "2"}


def test_an_ended_rollout_says_how_it_ended(ground: Ground, capsys: Any):
    walk = ground.walk().shift()
    bake(walk, 1)
    walk.pause(60)
    ground.fire()
    walk.look()
    walk.end()
    code, told = explain(capsys, "orders")

    assert code == 0
    assert told.startswith(f"Rollout {walk.rollout_id} of orders: rolled back\n")
    assert "The release is to be rolled back: alarm orders-payment-failures is firing: payments fail" in told
    assert "The release is rolled back: base has all traffic again, and the canary is gone." in told


def test_the_report_is_written_for_people_and_for_programs(ground: Ground, capsys: Any, tmp_path: Path):
    walk = ground.walk().shift()
    bake(walk, 4)
    page, document = tmp_path / "report.html", tmp_path / "report.json"
    code, told = explain(capsys, "orders", "--html", str(page), "--report", str(document))

    assert code == 0
    assert f"the report is in {page}" in told
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    written = json.loads(document.read_text(encoding="utf-8"))
    jsonschema.validate(written, document_schema())
    _, looks = read_document(written)
    assert len(looks) == 4
    assert all(one.is_as_recorded for one in looks)
    assert all(one.is_same for one in verdicts_again(looks))

    code, told = explain(capsys, "orders", "--html", str(tmp_path / "missing" / "report.html"))
    assert code == 2
    assert "No such file or directory" in told


def test_a_rollout_without_a_look_is_told_too(ground: Ground, capsys: Any):
    ground.walk().prepare()
    code, told = explain(capsys, "orders")

    assert code == 0
    assert "No look is recorded." in told


def test_a_target_without_a_rollout_is_no_error(ground: Ground, capsys: Any):
    ground.walk(ground.ship)

    assert explain(capsys, "orders-ship") == (0, "orders-ship has had no rollout yet\n")


@pytest.mark.usefixtures("ground")
def test_an_unknown_rollout_is_a_wrong_use(capsys: Any):
    code, told = explain(capsys, "unknown")

    assert code == 2
    assert "no rollout is recorded for 'unknown'" in told
    assert "canary history TARGET lists the rollouts" in told


@pytest.mark.slow
def test_an_execution_that_only_advanced_a_rollout_is_found_too(ground: Ground, connection: Connection):
    walk = ground.walk(policy=replace(ground.rig.target.policy, progression=Progression.SCHEDULED)).shift()
    bake(walk, 2)
    arn = ground.rig.start(operation="advance")
    ground.rig.finish(arn)

    assert ground.rig.record_of(arn) is None
    with pytest.raises(CommandError, match="no rollout is recorded"):
        find_rollout(connection, arn)
    owned = walk.owned
    ground.rig.records.write(owned, replace(owned.rollout, execution=arn))
    found = find_rollout(connection, arn)
    assert found is not None
    assert found.rollout_id == walk.rollout_id
