"""The query's calls: started once, waited for within limits, and stopped however the wait is given up."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from canary.aws.errors import AwsRefusedError, QueryEndedError, QueryTooSlowError
from canary.aws.insights import what_broke
from canary.rules.failures.query import Question
from canary.rules.targets.live import AccessLog
from canary.rules.targets.log_format import LOG_FORMAT
from tests.builders import NOON, a_target

QUESTION = Question(a_target(), NOON + 0.4, NOON + 600.2, {}, AccessLog("/apigw/orders-prod", LOG_FORMAT))
ROW = [{"field": "status", "value": "502"}, {"field": "requests", "value": "3"}, {"field": "said"}]


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "StartQuery")


class Logs:
    """CloudWatch Logs that answers with these statuses, one after another."""

    def __init__(self, *statuses: str, missing: tuple[str, ...] = (), stop: ClientError | None = None) -> None:
        self.statuses = [*statuses]
        self.missing = missing
        self.stop = stop
        self.asked: list[dict[str, Any]] = []
        self.stopped: list[str] = []

    def start_query(self, **asked: Any) -> dict[str, str]:
        self.asked.append(asked)
        for group in self.missing:
            if group in asked["logGroupNames"]:
                raise refused("ResourceNotFoundException", f"Log group '{group}' does not exist for account ID '1'")
        return {"queryId": "q-1"}

    def get_query_results(self, *, queryId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert queryId == "q-1"
        statistics = {"statistics": {"bytesScanned": 2e9, "recordsScanned": 40.0}} if len(self.statuses) == 1 else {}
        return {"status": self.statuses.pop(0), "results": [ROW], **statistics}

    def stop_query(self, *, queryId: str) -> None:  # noqa: N803 - boto3's
        self.stopped.append(queryId)
        if self.stop:
            raise self.stop


def test_one_bounded_query_is_started_and_waited_for():
    logs, waited = Logs("Scheduled", "Running", "Complete"), []
    found = what_broke(logs, QUESTION, wait=waited.append)

    assert [(one.status, one.base) for one in found.failing] == [(502, 3)]
    assert (found.scanned.bytes_scanned, found.scanned.records, found.scanned.dollars) == (2_000_000_000, 40, 0.01)
    assert waited == [1.0, 1.0, 1.0]
    (asked,) = logs.asked
    assert (asked["startTime"], asked["endTime"], asked["limit"]) == (int(NOON), int(NOON) + 601, 1_000)
    assert logs.stopped == []


def test_a_query_that_takes_too_long_is_stopped():
    logs = Logs(*["Running"] * 9)
    with pytest.raises(QueryTooSlowError, match="took longer than 3 s and was stopped"):
        what_broke(logs, QUESTION, wait=lambda _: None, patience_seconds=3)
    assert logs.stopped == ["q-1"]


def test_a_query_is_stopped_when_the_wait_is_interrupted():
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    logs = Logs("Running")
    with pytest.raises(KeyboardInterrupt):
        what_broke(logs, QUESTION, wait=interrupted)
    assert logs.stopped == ["q-1"]


def test_a_stop_that_is_refused_hides_nothing():
    logs = Logs("Running", stop=refused("InvalidParameterException"))
    with pytest.raises(QueryTooSlowError):
        what_broke(logs, QUESTION, wait=lambda _: None, patience_seconds=0)
    assert logs.stopped == ["q-1"]


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout", "Unknown"])
def test_a_query_that_ended_otherwise_is_no_answer(status: str):
    logs = Logs(status)
    with pytest.raises(QueryEndedError, match=f"with the status {status}"):
        what_broke(logs, QUESTION, wait=lambda _: None)
    assert logs.stopped == []


def test_groups_that_do_not_exist_are_left_out_and_named():
    logs = Logs("Complete", missing=("/aws/lambda/orders-write",))
    found = what_broke(logs, QUESTION, wait=lambda _: None)

    assert [asked["logGroupNames"][-1] for asked in logs.asked] == ["/aws/lambda/orders-write", "/aws/lambda/orders-read"]
    assert found.groups == ("/apigw/orders-prod", "/aws/lambda/orders-read")
    assert "/aws/lambda/orders-write does not exist" in found.notes[0]


def test_without_any_group_nothing_is_asked():
    found = what_broke(Logs(missing=QUESTION.groups), QUESTION, wait=lambda _: None)

    assert (found.failing, found.groups, len(found.notes)) == ((), (), 3)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "not authorized to perform: logs:StartQuery"),
        ("ResourceNotFoundException", "Log group '/another' does not exist for account ID '1'"),
        ("ResourceNotFoundException", "something else"),
    ],
)
def test_another_refusal_names_the_groups(code: str, message: str):
    class Refusing(Logs):
        def start_query(self, **_: Any) -> dict[str, str]:
            raise refused(code, message)

    with pytest.raises(AwsRefusedError, match=r"start-query --log-group-names /apigw/orders-prod /aws/lambda/orders-read .*"):
        what_broke(Refusing(), QUESTION, wait=lambda _: None)
