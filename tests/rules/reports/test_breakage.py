"""What broke, from the logs' answer: which rollouts are asked about, and which routes the report names."""

from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.failures.broken import Answered, broken_of
from canary.rules.failures.query import NO_LOG, Question, WhichArm, query_of
from canary.rules.messages.channels import messages_of
from canary.rules.messages.kinds import NotificationKind
from canary.rules.reports import sentences
from canary.rules.reports.breakage import COUNTED, INCOMPLETE, NOTHING, breakage_note, broken_routes, is_worth_asking
from canary.rules.reports.breakage import question_about as question_of
from canary.rules.reports.evidence_report import BrokenRoute
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Tally
from embedded_aws.logs.insights.commands import parse_query
from embedded_aws.wire.unknowns import Unknowns
from tests.builders import NOON, STAGE, a_rollout, a_target
from tests.rules.failures.recorded import read as read_recorded
from tests.rules.failures.recorded import rows_of
from tests.rules.failures.test_broken import LOG, a_line, an_answer, an_error, told
from tests.rules.messages.told import with_report
from tests.rules.reports.past import BAD, a_report

TALLY = Tally(canary_requests=100, base_requests=900)
BACK = a_rollout(phase=Phase.ROLLED_BACK, tally=TALLY, ended_at=NOON + 300)


@pytest.mark.parametrize(
    ("rollout", "is_asked"),
    [
        (BACK, True),
        (replace(BACK, tally=Tally()), False),
        (replace(BACK, phase=Phase.PROMOTED), False),
        (replace(BACK, phase=Phase.PARKED), False),
    ],
)
def test_only_a_release_that_had_requests_and_was_taken_back_is_asked_about(rollout, is_asked):
    assert is_worth_asking(rollout) is is_asked


def test_the_logs_are_asked_about_the_time_of_the_rollout():
    question = question_of(BACK, NO_LOG)
    assert (question.begins_at, question.ends_at) == (BACK.started_at, NOON + 360)
    assert {*question.versions} == {*WhichArm}
    unended = question_of(replace(BACK, ended_at=None), NO_LOG)
    assert unended.ends_at == BACK.started_at + 60


def test_a_route_is_named_with_what_its_function_said():
    found = told(an_answer(requests=40, **an_error()), an_answer("false", 2, sample="other"), a_line(3, log="/aws/lambda/x"))
    assert broken_routes(found, BACK)[0] == BrokenRoute("GET /orders/{id} 502", 40, 2, "orders-read 2", "KeyError: 'id'")
    assert breakage_note(found, BACK) == COUNTED


def test_what_base_answers_as_often_is_no_breakage():
    found = told(an_answer("true", 2, 404), an_answer("false", 30, 404))
    assert broken_routes(found, BACK) == ()
    assert breakage_note(found, BACK) == NOTHING


def test_a_route_without_a_known_function_has_none():
    (one,) = broken_routes(told(an_answer(requests=4)), BACK)
    assert (one.function, one.error) == ("", "")


def test_errors_that_only_a_functions_log_knows_are_counted_as_lines():
    found = told(a_line(3))
    assert broken_routes(found, BACK) == (BrokenRoute("lines in the log", 3, 0, "orders-read 2", "KeyError: 'id'"),)
    base = replace(found, logged=tuple(replace(one, arm=WhichArm.BASE, version=None) for one in found.logged))
    assert broken_routes(base, BACK) == ()


def test_an_answer_that_was_cut_or_does_not_cover_all_says_so():
    found = replace(told(an_answer(requests=4)), is_cut=True, notes=("the access log has another format",))
    assert breakage_note(found, BACK) == f"{COUNTED} the access log has another format {INCOMPLETE}"


def test_the_report_and_the_message_say_what_the_logs_answered():
    """The query runs on the lines that the sample's logs held after ninety requests."""
    recorded = read_recorded()
    target = a_target(stage=replace(STAGE, rest_api_id=recorded["rest_api_id"]))
    versions = {
        arm: dict.fromkeys(("orders-read", "orders-write"), version) for arm, version in zip(WhichArm, "21", strict=True)
    }
    question = Question(target, NOON, NOON + 600, versions, LOG)
    rows, _ = parse_query(query_of(question), Unknowns()).run([*rows_of(recorded, question.groups)])
    answer = tuple({cell["field"]: cell["value"] for cell in row if "value" in cell} for row in rows)
    found = broken_of(question, Answered(answer, 0, 0, ()), Decimal(0))
    broken = broken_routes(found, replace(BACK, tally=Tally(canary_requests=40, base_requests=50)))

    said = "DatabaseError: the database does not answer"
    assert broken == (
        BrokenRoute("GET /orders/{id} 503", 10, 0, "orders-read 2", said),
        BrokenRoute("POST /orders 503", 10, 0, "orders-write 2", said),
        BrokenRoute("GET /orders 503", 5, 0, "orders-read 2", said),
        BrokenRoute("POST /orders 402", 1, 0, "orders-write 2", ""),
    )
    listed = "GET /orders/{id} 503: 10, POST /orders 503: 10, GET /orders 503: 5 and 1 more"
    assert sentences.broke(a_report(past=BAD, broken=broken)) == f"{listed}. orders-read 2: {said}."
    mail = messages_of(with_report(NotificationKind.ENDED, BAD, broken=broken))["email"]
    assert f"GET /orders/{{id}} 503 -> orders-read 2: {said} (10 of 26)" in mail.splitlines()
