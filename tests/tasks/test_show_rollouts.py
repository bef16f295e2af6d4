"""ShowRollouts: the widget reads the fleet and one rollout, and changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import Any

import pytest

from canary.tasks import show_rollouts
from canary.tasks.show_rollouts import DESCRIPTION, zone_of
from tests.tasks.walk import Ground, Walk, edit_record

CONTEXT = {"theme": "dark", "timezone": {"label": "NPT", "offsetISO": "+05:45", "offsetInMinutes": 345}}


def call(ground: Ground, event: dict[str, Any]) -> str:
    """The widget's own answer, which is a text."""
    answer = ground.aws.client("lambda").invoke(FunctionName="canary-ShowRollouts", Payload=json.dumps(event))
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    return str(payload)


def show(ground: Ground, **parameters: Any) -> str:
    """The widget's HTML, as a dashboard in Nepal asks for it."""
    return call(ground, {"widgetContext": CONTEXT, **parameters})


def looked(ground: Ground) -> Walk:
    """A rollout in its first step, after a look."""
    walk = ground.walk().shift()
    walk.pause(120)
    walk.look()
    return walk


def test_a_running_rollout_is_shown_with_its_evidence(ground: Ground):
    walk = looked(ground)
    before = walk.owned

    html = show(ground)

    assert "In progress: shifting at 25 %" in html
    assert "<code>canary watch orders</code>" in html
    assert "Evidence against the canary" in html
    assert "UTC+05:45" in html
    assert "--paper:#14181c" in html
    assert walk.owned == before


def test_a_rollout_that_was_not_looked_at_is_shown_without_evidence(ground: Ground):
    ground.walk().begin()

    assert "Nothing was compared yet." in show(ground)


def test_a_target_at_rest_is_listed_and_its_last_rollout_shown_where_asked(ground: Ground):
    assert "no rollout yet" in show(ground)
    walk = looked(ground)
    walk.make_safe("CanaryRejected", "errors rose")
    walk.pause(120)
    while walk.make_safe("CanaryRejected", "errors rose")["answer"] == "WAIT":
        walk.pause(120)

    fleet, shown = show(ground), show(ground, target="orders")

    assert f"at rest; the last rollout was {walk.rollout_id}" in fleet
    assert "Rolled back" not in fleet
    assert "Rolled back" in shown
    assert f"canary explain {walk.rollout_id}" in shown


def test_what_cannot_be_shown_is_said(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    walk = looked(ground)
    assert "No target stock is registered" in show(ground, target="stock")
    monkeypatch.setattr(show_rollouts, "MOST_LOOKS", 0)
    assert f"The evidence of {walk.rollout_id} is not shown here; run canary explain {walk.rollout_id}." in show(ground)
    monkeypatch.setattr(show_rollouts, "MOST_READ", 0)
    unread = show(ground)
    assert "1 rollouts are in progress, and 0 of them are read" in unread
    assert f"rollout {walk.rollout_id} is in progress" in unread


def test_a_record_of_another_version_is_named_and_not_shown(ground: Ground):
    walk = looked(ground)
    edit_record(ground, walk, schema_version={"N": "99"})

    html = show(ground, target="orders")

    assert "99" in html
    assert "In progress" not in html


def test_a_deleted_history_or_record_leaves_the_rest(ground: Ground):
    walk = looked(ground)
    table, keys = ground.aws.client("dynamodb"), {"pk": {"S": f"rollout#{walk.rollout_id}"}}
    table.delete_item(TableName="canary", Key={**keys, "sk": {"S": "history"}})
    assert "is not shown here" in show(ground)
    table.delete_item(TableName="canary", Key={**keys, "sk": {"S": "rollout"}})
    assert f"rollout {walk.rollout_id} holds the target and is not recorded" in show(ground)


def test_a_look_that_cannot_be_read_leaves_the_rest(ground: Ground):
    walk = looked(ground)
    (look,) = walk.looks()
    ground.aws.client("dynamodb").put_item(TableName="canary", Item={**look, "numbers": {"S": "{}"}})
    html = show(ground)

    assert f"The evidence of {walk.rollout_id} is not shown here; run canary explain {walk.rollout_id}." in html
    assert "In progress" in html


def test_it_describes_itself_without_reading_anything(ground: Ground):
    assert call(ground, {"describe": True}) == DESCRIPTION


@pytest.mark.parametrize(("offset", "minutes"), [("+05:45", 345), ("-03:30", -210), ("+00:00", 0), ("", 0), ("CET", 0)])
def test_the_dashboards_zone_is_used_or_utc(offset: str, minutes: int):
    assert zone_of(offset).utcoffset(None) == timedelta(minutes=minutes)
    assert zone_of("") is UTC
