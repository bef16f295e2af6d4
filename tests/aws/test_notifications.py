"""Which notifications are sent, and that no rollout depends on them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.notifications import KEPT, LONGEST_CAUSE, Notifications
from canary.rules.messages.kinds import NotificationKind
from canary.rules.reports.links import ReportPlace
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from embedded_aws.faults.calls import Fault, Mode
from tests.builders import NOON, a_rollout

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground

LOGGED = logging.getLogger("test_notifications")


class Logger:
    """Keeps the warnings that it is given."""

    def __init__(self) -> None:
        self.lost: list[dict[str, Any]] = []

    def warning(self, message: str, **more: Any) -> None:
        assert message == "notification lost"
        self.lost.append(more)


class Events:
    """EventBridge with its own answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.entries: list[dict[str, Any]] = []

    def put_events(self, **given: Any) -> dict[str, Any]:
        self.entries += given["Entries"]
        return self.answer


def test_a_notification_says_who_how_far_and_why():
    events, logger = Events({"FailedEntryCount": 0}), Logger()
    rollout = a_rollout(step=StepState(index=1), reason="x" * 5000)
    Notifications(lambda: events, logger).send(NotificationKind.OPERATOR_NEEDED, rollout, commands=("aws lambda update-alias",))

    (entry,) = events.entries
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], entry["DetailType"]) == ("canary", "Operator Needed")
    assert (detail["target"], detail["rollout"], detail["step"], detail["phase"]) == ("orders", "run-1", 2, rollout.phase)
    assert detail["weight_percent"] == float(rollout.plan.policy.steps[1].weight_percent)
    assert (detail["commands"], detail["severity"]) == (["aws lambda update-alias"], "page")
    assert len(detail["reason"]) == LONGEST_CAUSE
    assert logger.lost == []


def test_a_notification_of_a_parked_rollout_says_until_when_and_what_to_do():
    events = Events({"FailedEntryCount": 0})
    parked = a_rollout(phase=Phase.PARKED, step=StepState(index=0), parked_since=NOON, parked_until=NOON + 3600)
    Notifications(lambda: events, Logger()).send(NotificationKind.PARKED, parked)

    detail = json.loads(events.entries[0]["Detail"])
    assert (detail["weight_percent"], detail["parked_until"]) == (10.0, "2026-01-31T13:00:00Z")
    assert '{"operation": "advance", "target": "orders"}' in detail["next_step"]
    assert '{"verb": "abort", "target": "orders"}' in detail["abort"]


def test_a_notification_carries_the_labels():
    events = Events({"FailedEntryCount": 0})
    Notifications(lambda: events, Logger()).send(NotificationKind.STARTED, a_rollout(labels={"commit": "9f3c1e0"}))

    assert json.loads(events.entries[0]["Detail"])["labels"] == {"commit": "9f3c1e0"}


def test_before_the_first_step_there_is_no_weight():
    events = Events({"FailedEntryCount": 0})
    Notifications(lambda: events, Logger()).send(NotificationKind.STARTED, a_rollout())

    detail = json.loads(events.entries[0]["Detail"])
    assert (detail["step"], detail["weight_percent"]) == (0, 0.0)
    assert "commands" not in detail


def test_a_notification_that_the_bus_does_not_take_is_logged():
    logger = Logger()
    events = Events({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]})
    Notifications(lambda: events, logger).send(NotificationKind.ENDED, a_rollout())

    assert logger.lost == [{"rollout": "run-1", "kind": "Rollout Ended", "reason": [{"ErrorCode": "Throttled"}]}]


@pytest.mark.parametrize("mode", [Mode.REFUSED, pytest.param(Mode.THROTTLED, marks=pytest.mark.slow)])
def test_a_rollout_goes_on_without_its_notifications(ground: Ground, mode: Mode):
    ground.aws.faults.add(Fault(None, "events", "PutEvents", mode))
    walk = ground.walk().shift()

    assert (walk.record.phase, ground.percent) == ("shifting", 25.0)


def test_an_end_that_was_told_is_marked(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    walk.end()

    assert walk.record.is_end_told
    assert walk.rollout_id not in tools.records.list_unfinished().untold


@pytest.mark.parametrize("operation", ["PutEvents", "TransactWriteItems"])
def test_an_end_that_was_not_told_or_not_marked_is_the_sweepers(ground: Ground, tools: Tools, operation: str):
    walk = ground.walk().begin()
    ended = tools.records.finish(walk.owned, replace(walk.record, phase=Phase.ROLLED_BACK, ended_at=walk.now))
    ground.aws.faults.add(Fault(None, None, operation, Mode.REFUSED))

    assert tools.notifications.report_end(ended.rollout, tools.records) is (operation == "TransactWriteItems")
    ground.aws.faults.clear()
    assert walk.rollout_id in tools.records.list_unfinished().untold
    assert not walk.record.is_end_told


def test_a_wait_is_reported_when_it_begins_and_when_it_is_over():
    events = Events({"FailedEntryCount": 0})
    notifications = Notifications(lambda: events, Logger())
    baking, waiting = a_rollout(), a_rollout(waiting_since=NOON)
    notifications.report_wait(baking, waiting, "too few requests")
    notifications.report_wait(waiting, waiting, "too few requests")
    notifications.report_wait(waiting, baking, "enough")
    notifications.report_wait(baking, baking, "enough")

    told = [(entry["DetailType"], json.loads(entry["Detail"])) for entry in events.entries]
    assert [(kind, detail["reason"]) for kind, detail in told] == [
        ("Rollout Waiting", "too few requests"),
        ("Rollout Wait Over", "enough"),
    ]
    assert {detail["waiting_since"] for _, detail in told} == {"2026-01-31T12:00:00+00:00"}


def test_a_rollout_that_ends_while_it_waits_waits_no_longer():
    events = Events({"FailedEntryCount": 0})
    Notifications(lambda: events, Logger()).report_end(a_rollout(waiting_since=NOON, reason="aborted"), Marked())

    assert [entry["DetailType"] for entry in events.entries] == ["Rollout Wait Over", "Rollout Ended"]


def test_a_promotion_is_reported_at_the_flip_with_the_end_of_its_wait():
    events = Events({"FailedEntryCount": 0})
    notifications = Notifications(lambda: events, Logger())
    assert notifications.report_promotion(a_rollout(waiting_since=NOON))
    assert notifications.report_promotion(a_rollout())
    assert [entry["DetailType"] for entry in events.entries] == ["Rollout Wait Over", "Rollout Promoted", "Rollout Promoted"]


def test_what_was_reported_is_not_reported_again():
    events = Events({"FailedEntryCount": 0})
    assert Notifications(lambda: events, Logger()).report_end(a_rollout(is_end_told=True), Marked())
    assert events.entries == []


class Marked:
    """Records that accept every mark."""

    def mark_told(self, _: object) -> None:
        """Taken."""


@pytest.mark.parametrize(("kind", "has_link"), [(kind, kind in KEPT) for kind in NotificationKind])
def test_what_ends_or_parks_a_rollout_links_to_its_report(kind: NotificationKind, *, has_link: bool):
    events = Events({"FailedEntryCount": 0})
    place = ReportPlace("reports", "eu-west-1", "https://reports.example.org")
    Notifications(lambda: events, Logger(), place).send(kind, a_rollout())
    link = json.loads(events.entries[0]["Detail"]).get("report")
    assert link == ("https://reports.example.org/orders/run-1.html" if has_link else None)


def test_a_watch_that_has_nothing_to_report_is_reported_as_over():
    events = Events({"FailedEntryCount": 0})
    watch = PromotionWatch(NOON, NOON + 900, end=WatchEnd.OVER, ended_at=NOON + 900, is_told=True)
    Notifications(lambda: events, Logger()).report_end(a_rollout(phase=Phase.PROMOTED, watch=watch), Marked())
    assert [entry["DetailType"] for entry in events.entries] == ["Rollout Watch Over"]
