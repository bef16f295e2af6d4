"""A target as the page gets it: one moment of status and looks, evidence in words, and starts without a record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from canary_cli.dashboard.attempts import Attempt, Attempts
from canary_cli.dashboard.cards import card_of
from tests.aws.stubs import Scripted

ROLLOUT = {
    "rollout_id": "r1",
    "execution": "arn:aws:states:eu-west-1:1:execution:canary-rollout:r1-advance",
    "log_e": 4.6051702,
    "log_bar": None,
    "metrics": [{"metric": "errors", "log_e": 0.0, "log_bar": 5.8}],
}
LOOKS = [{"looked_at": f"2026-01-05T00:0{minute}:01Z", "log_e": 0.0} for minute in (1, 2, 3)]
STATUS = {"rollout": ROLLOUT, "last_rollout": None}
REST = {"rollout": None, "last_rollout": ROLLOUT}


def test_evidence_is_told_beside_its_logarithm():
    card = card_of("orders", STATUS, LOOKS, None, None)
    rollout = card["status"]["rollout"]
    assert [look["e"] for look in card["looks"]] == ["1", "1", "1"]
    assert (rollout["e"], rollout["bar"]) == ("100", None)
    assert (rollout["metrics"][0]["e"], rollout["metrics"][0]["bar"]) == ("1", "330")


def test_what_is_wrong_with_a_target_is_told_without_a_status():
    card = card_of("orders", None, (), None, {"message": "m", "fix": "f", "code": "c"})
    assert (card["status"], card["problem"]["message"]) == (None, "m")


@pytest.mark.parametrize(
    ("status", "name", "state", "is_told"),
    [
        (REST, "r2", "FAILED", True),
        (REST, "r2", "RUNNING", True),
        (None, "r2", "RUNNING", True),
        ({"rollout": None, "last_rollout": None}, "r1", "FAILED", True),
        (REST, "r2", "SUCCEEDED", False),
        (REST, "r1", "FAILED", False),
        (REST, "r1-advance", "FAILED", False),
        (STATUS, "r2", "FAILED", False),
    ],
)
def test_a_start_is_told_while_nothing_is_recorded_of_it(status: Any, name: str, state: str, *, is_told: bool):
    attempt = Attempt(name, "orders", state, "Refused", "a route is lost", ended_at=1_767_571_200.4)
    told = card_of("orders", status, (), attempt, None)["attempt"]
    assert bool(told) is is_told
    if told:
        assert (told["cause"], told["ended_at"]) == ("a route is lost", "2026-01-05T00:00:00Z")


def listed(*states: tuple[str, str, int]) -> dict[str, Any]:
    return {
        "executions": [
            {"executionArn": f"arn:x:{name}", "status": state, "startDate": datetime(2026, 1, 5, 0, minute, tzinfo=UTC)}
            for name, state, minute in states
        ]
    }


def test_the_newest_execution_of_each_target_is_found_and_asked_for_once():
    failed = {
        "status": "FAILED",
        "input": '{"target": "orders"}',
        "error": "Refused",
        "cause": "lost",
        "stopDate": datetime.now(UTC),
    }
    client = Scripted(
        list_executions=[
            listed(("old", "SUCCEEDED", 1), ("new", "RUNNING", 3), ("odd", "SUCCEEDED", 2), ("none", "SUCCEEDED", 0)),
            listed(("new", "FAILED", 3), ("old", "SUCCEEDED", 1)),
        ],
        describe_execution=[
            {"status": "RUNNING", "input": '{"target": "orders"}'},
            {"status": "SUCCEEDED", "input": "[1]"},
            {"status": "SUCCEEDED", "input": '{"target": "orders"}'},
            {"status": "SUCCEEDED", "input": "{"},
            failed,
        ],
    )
    attempts = Attempts()
    assert attempts.read(client, "machine") == {"orders": Attempt("new", "orders", "RUNNING")}
    found = attempts.read(client, "machine")["orders"]
    assert (found.status, found.error, found.cause) == ("FAILED", "Refused", "lost")
    assert [operation for operation, _ in client.calls].count("describe_execution") == 5
