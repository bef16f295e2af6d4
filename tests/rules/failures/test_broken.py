"""What the rows of the query say: arms side by side, samples, and error lines that stand alone."""

from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.failures.broken import Answered, FailedRequest, Failing, LoggedError, Scanned, broken_of
from canary.rules.failures.query import MOST_ROWS, Question, WhichArm
from canary.rules.targets.live import AccessLog
from canary.rules.targets.log_format import LOG_FORMAT
from tests.builders import NEW, NOON, OLD, a_target

READ, WRITE = "/aws/lambda/orders-read", "/aws/lambda/orders-write"
LOG = AccessLog("/apigw/orders-prod", LOG_FORMAT)
VERSIONS = {WhichArm.CANARY: NEW, WhichArm.BASE: OLD}
ID, OTHER = "1042f3da-1d32-a8bc-d148-aec9d8d77324", "00c6ef9f-7a03-074d-5a32-f5b57fd7c699"


def a_question(target=None, log=LOG, versions=VERSIONS, **changes):
    return Question(target or a_target(), NOON, NOON + 600, versions, log, **changes)


def an_answer(arm="true", requests=1, status=502, route="/orders/{id}", method="GET", **more):
    row = {"status": status, "arm": arm, "method": method, "route": route, "requests": requests, "lines": 2 * requests}
    return {name: str(value) for name, value in {**row, "sample": ID, **more}.items() if value is not None}


def an_error(log=READ, version="2", said="KeyError: 'id'", **more):
    return {"logger": f"123456789012:{log}", "version": version, "said": said, **more}


def a_line(lines=1, sample="2026/01/05/[2]ab [ERROR] KeyError", **more):
    return {**an_error(**more), "requests": "1", "lines": str(lines), "sample": sample}


def told(*rows, question=None, **answered):
    given = {"bytes_scanned": 0, "records": 0, **answered}
    return broken_of(question or a_question(), Answered(rows, **given), Decimal("0.005"))


def test_a_route_that_broke_is_told_beside_base_with_the_functions_versions_and_its_error():
    found = told(an_answer(requests=40, **an_error()), an_answer("false", 2, sample=OTHER))
    assert found.failing == (Failing("GET /orders/{id}", 502, "orders-read", 40, 2, "2", "1"),)
    assert found.samples[0] == FailedRequest(WhichArm.CANARY, "GET /orders/{id}", 502, "orders-read", "2", ID, "KeyError: 'id'")
    assert found.samples[1] == FailedRequest(WhichArm.BASE, "GET /orders/{id}", 502, "orders-read", "1", OTHER, None)
    assert found.logged == ()
    assert (found.notes, found.is_cut) == ((), False)


def test_what_failed_in_the_canary_most_comes_first():
    rows = [
        an_answer("-", 90, 503),
        an_answer("true", 3, 503, "/b"),
        an_answer("true", 5, 500, "/a"),
        an_answer("-", 1, 404, "/c"),
    ]
    assert [(one.route, one.status, one.canary, one.base) for one in told(*rows).failing] == [
        ("GET /a", 500, 5, 0),
        ("GET /b", 503, 3, 0),
        ("GET /orders/{id}", 503, 0, 90),
        ("GET /c", 404, 0, 1),
    ]


def test_requests_with_other_errors_count_together_and_give_samples_of_their_own():
    rows = [an_answer(requests=3, **an_error()), an_answer(requests=7, **an_error(said="TypeError: x")), an_answer(requests=9)]
    found = told(*rows)
    assert [one.canary for one in found.failing] == [19]
    assert [one.error for one in found.samples] == ["TypeError: x", "KeyError: 'id'", None]


def test_there_are_at_most_five_samples_and_none_twice():
    rows = [an_answer(status=500 + number % 6, **an_error()) for number in range(12)]
    assert len(told(*rows).samples) == 5
    assert len(told(*[an_answer(sample=one, **an_error()) for one in (ID, OTHER)]).samples) == 1


@pytest.mark.parametrize("rows", [(), (an_answer(**an_error(WRITE)),)])
def test_who_answered_is_unknown_where_no_log_tells_it(rows):
    (found,) = [one for one in told(*rows, an_answer()).failing if one.function is None or not rows] or [None]
    if rows:
        assert found is None
    else:
        assert (found.function, found.canary_version, found.base_version) == (None, None, None)


def test_two_functions_on_one_route_leave_the_others_unknown():
    found = told(an_answer(**an_error()), an_answer(**an_error(WRITE, "6")), an_answer("-"))
    assert {one.function for one in found.failing} == {"orders-read", "orders-write", None}


def test_the_only_function_answers_every_route():
    question = a_question(
        a_target("orders-read"), versions={WhichArm.CANARY: {"orders-read": "2"}, WhichArm.BASE: {"orders-read": "1"}}
    )
    (found,) = told(an_answer(), question=question).failing
    assert (found.function, found.canary_version, found.base_version) == ("orders-read", "2", "1")


def test_a_version_that_logged_counts_before_the_one_that_is_recorded():
    (found,) = told(an_answer(**an_error(version="1")), an_answer(**an_error(version="2"))).failing
    assert found.canary_version == "1, 2"


@pytest.mark.parametrize(
    ("route", "method", "shown"), [("-", "GET", "no route"), (None, None, "no route"), ("/a", None, "? /a")]
)
def test_a_request_without_a_route_is_told_too(route, method, shown):
    (found,) = told(an_answer(route=route, method=method)).failing
    assert found.route == shown


def test_only_one_arm_is_told_if_only_one_is_asked_for():
    rows = [an_answer(), an_answer("-"), a_line(said="A"), a_line(said="B", version="1")]
    canary, base = (told(*rows, question=a_question(arm=arm)) for arm in WhichArm)
    assert ([one.canary for one in canary.failing], [one.base for one in canary.failing]) == ([1], [0])
    assert ([one.canary for one in base.failing], [one.base for one in base.failing]) == ([0], [1])
    assert ([one.error for one in canary.logged], [one.error for one in base.logged]) == (["A"], ["B"])


def test_error_lines_without_a_request_are_counted_by_version():
    rows = [a_line(3), a_line(4), a_line(9, version="1"), a_line(1, sample=ID, said="late")]
    assert told(*rows).logged == (
        LoggedError(WhichArm.CANARY, "orders-read", "2", 7, None, "KeyError: 'id'"),
        LoggedError(WhichArm.CANARY, "orders-read", "2", 1, ID, "late"),
        LoggedError(WhichArm.BASE, "orders-read", "1", 9, None, "KeyError: 'id'"),
    )


def test_what_the_runtime_repeats_of_a_handlers_own_line_is_not_told_twice():
    repeated = a_line(8, said="[ERROR] KeyError: 'id'\nTraceback")
    assert told(an_answer(**an_error()), repeated).logged == ()
    assert len(told(an_answer(**an_error(version="1")), repeated).logged) == 1
    assert len(told(an_answer(**an_error(said="TypeError")), repeated).logged) == 1


@pytest.mark.parametrize(
    ("version", "versions", "arm"),
    [
        ("2", VERSIONS, WhichArm.CANARY),
        ("1", VERSIONS, WhichArm.BASE),
        ("9", VERSIONS, WhichArm.BASE),
        ("2", {WhichArm.CANARY: NEW, WhichArm.BASE: NEW}, WhichArm.BASE),
        ("2", {}, WhichArm.BASE),
        (None, VERSIONS, WhichArm.BASE),
    ],
)
def test_an_error_line_is_the_canarys_if_only_the_release_has_its_version(version, versions, arm):
    row = {name: value for name, value in a_line(version=version).items() if value is not None}
    (found,) = told(row, question=a_question(versions=versions)).logged
    assert found.arm is arm


def test_a_row_that_says_nothing_is_no_error():
    assert told({"requests": "3", "lines": "3"}, a_line(said=" ")).logged == ()


def test_texts_from_logs_are_made_harmless():
    hostile = an_answer(
        route="/a\x1b[2J", method="GET\n", sample="no id\x1b", **an_error(said="boom\x07 /x?k=secret", version="2\x00")
    )
    found = told(hostile)
    assert found.failing[0].route == "GET /a"
    assert (found.samples[0].error, found.samples[0].request_id) == ("boom? /x?...", None)
    assert found.samples[0].version == "2?"


def test_numbers_are_read_with_decimals_and_nothing_else():
    (found,) = told(an_answer(requests="4.0", status="502.0")).failing
    assert (found.status, found.canary) == (502, 4)
    assert told(an_answer(requests="many")).failing[0].canary == 0
    assert told(an_answer(status="-")).failing == ()


def test_the_price_is_that_of_the_bytes_that_were_scanned():
    found = told(bytes_scanned=2_000_000_000, records=7)
    assert found.scanned == Scanned(2_000_000_000, 7, 0.01)


def test_an_answer_that_was_cut_says_so():
    assert told(*[an_answer()] * MOST_ROWS).is_cut
    assert told(*[an_answer(route=f"/{number}") for number in range(21)]).is_cut
    assert len(told(*[a_line(said=f"E{number}") for number in range(9)]).logged) == 5


def noted(question, **answered):
    return " ".join(told(question=question, **answered).notes)


@pytest.mark.parametrize(
    ("question", "note"),
    [
        (a_question(a_target(stage=None), AccessLog()), "the target has no stage, so there are no routes"),
        (a_question(log=AccessLog()), "the stage writes no access log"),
        (a_question(log=AccessLog("/apigw/x", "{}")), "the access-log format has neither $context.requestId nor"),
        (a_question(log=AccessLog("arn:aws:firehose:x", LOG_FORMAT)), "the access log goes to arn:aws:firehose:x"),
        (
            a_question(
                log=replace(LOG, format=LOG_FORMAT.replace('"functionRequestId":"$context.integration.requestId",', ""))
            ),
            'add "functionRequestId":"$context.integration.requestId" to its format',
        ),
        (a_question(a_target(*(f"f{number}" for number in range(50)))), "not read: f49"),
    ],
)
def test_what_the_answer_does_not_cover_is_said_with_what_to_do(question, note):
    assert note in noted(question)


def test_missing_groups_are_named_and_not_listed_as_read():
    found = told(missing=(READ, LOG.group))
    assert found.groups == (WRITE,)
    assert f"log group {READ} does not exist: the function has logged nothing yet" in found.notes[0]
    assert f"log group {LOG.group} does not exist, although the stage writes its access log there" in found.notes[1]
