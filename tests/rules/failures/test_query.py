"""The query for what broke: what it reads, and what it never reads."""

from dataclasses import replace

import pytest

from canary.rules.failures.query import MOST_GROUPS, Question, WhichArm, query_of
from canary.rules.targets.live import AccessLog
from canary.rules.targets.log_format import LOG_FORMAT
from canary.rules.targets.log_variables import Prints, kind_of
from canary.rules.targets.target import Outside, OutsideRoute
from tests.builders import NOON, a_target

GROUP = "/apigw/orders-prod"
LOG = AccessLog(GROUP, LOG_FORMAT)


def a_question(*names, log=LOG, target=None, **changes):
    return Question(target or a_target(*names), NOON, NOON + 600, {}, log, **changes)


def with_format(*changes):
    written = LOG_FORMAT
    for old, new in changes:
        assert old in written
        written = written.replace(old, new)
    return AccessLog(GROUP, written)


def test_one_query_reads_the_access_log_and_the_functions_logs():
    assert a_question().groups == (GROUP, "/aws/lambda/orders-read", "/aws/lambda/orders-write")
    assert query_of(a_question()).count("| stats ") == 2
    assert query_of(a_question()).endswith("| sort requests desc\n| limit 1000")


def test_failing_answers_are_those_of_the_targets_stage():
    first = query_of(a_question()).splitlines()[0]
    assert first.endswith('or (apiId = "a1b2c3d4e5" and stage = "prod" and status >= 400)')
    assert "status >= 500)" in query_of(a_question(only_errors=True))


@pytest.mark.parametrize(("arm", "condition"), [(WhichArm.CANARY, 'isCanary = "true"'), (WhichArm.BASE, 'isCanary != "true"')])
def test_one_arm_alone_can_be_asked_for(arm, condition):
    assert f" and {condition})" in query_of(a_question(arm=arm))
    assert condition not in query_of(a_question())


def test_routes_outside_the_rollout_are_left_out():
    routes = (OutsideRoute("/legacy/*"), OutsideRoute("/orders/{id}", ("GET", "HEAD")))
    text = query_of(a_question(target=a_target(outside=Outside(routes))))
    assert r" and not (resourcePath like /^\/legacy\//) and " in text
    assert 'not (resourcePath = "/orders/{id}" and httpMethod in ["GET", "HEAD"])' in text


def test_only_fields_of_api_gateways_own_texts_and_numbers_are_read_of_an_answer():
    fields = query_of(a_question()).split(" as canary_status")[0].rsplit("fields ", 1)[1]
    answer = next(line for line in query_of(a_question()).splitlines() if "canary_status" in line)
    read = {part.rsplit(", ", 1)[1].split(")")[0] for part in answer.split(" as ")[:-1]}
    assert fields
    assert read == {"status", "isCanary", "httpMethod", "resourcePath"}
    for variable in ("$context.status", "$context.isCanaryRequest", "$context.httpMethod", "$context.resourcePath"):
        assert kind_of(variable) in (Prints.NUMBER, Prints.TEXT)


def test_an_answer_and_its_functions_line_are_joined_by_lambdas_request_id():
    assert a_question().is_joined
    assert "parse functionRequestId /(?<canary_called>" in query_of(a_question())
    assert "coalesce(canary_called, function_request_id, extendedRequestId, requestId, canary_spoken, " in query_of(
        a_question()
    )


def test_fields_may_have_other_names():
    log = with_format(
        ('"functionRequestId":"$context.integration', '"call-id":"$context.integration'),
        ('"requestId":"$context.requestId"', '"rid":"$context.requestId"'),
        ('"httpMethod":', '"verb":'),
    )
    text = query_of(a_question(log=log, target=a_target(outside=Outside((OutsideRoute("/old", ("GET",)),)))))
    assert "parse `call-id` /" in text
    assert "extendedRequestId, requestId, rid, canary_spoken" in text
    assert 'verb in ["GET"]' in text


def test_a_format_without_the_functions_request_is_read_without_the_join():
    log = with_format(('"functionRequestId":"$context.integration.requestId",', ""))
    assert not a_question(log=log).is_joined
    assert "canary_called" not in query_of(a_question(log=log))


@pytest.mark.parametrize("name", ['"resourcePath"', '"httpMethod"'])
def test_a_format_without_routes_still_has_statuses(name):
    log = with_format((f"{name}:", '"ro`ute":'))
    target = a_target(outside=Outside((OutsideRoute("/old"),)))
    text = query_of(a_question(log=log, target=target))
    assert "ro`ute" not in text
    assert "/old" not in text


@pytest.mark.parametrize(
    ("log", "target"),
    [
        (AccessLog(), a_target()),
        (AccessLog(GROUP, "$context.requestId"), a_target()),
        (AccessLog("arn:aws:firehose:eu-west-1:123456789012:deliverystream/x", LOG_FORMAT), a_target()),
        (AccessLog(), a_target(stage=None)),
    ],
)
def test_without_a_readable_access_log_only_the_functions_logs_are_read(log, target):
    question = a_question(log=log, target=target)
    assert question.groups == ("/aws/lambda/orders-read", "/aws/lambda/orders-write")
    assert not question.is_joined
    text = query_of(question)
    assert text.startswith('filter (@log like "/aws/lambda/" and @message like /')
    assert "status" not in text
    assert "apiId" not in text


def test_a_query_reads_at_most_so_many_groups_and_says_which_it_does_not():
    names = [f"f{number}" for number in range(60)]
    assert len(a_question(*names).groups) == MOST_GROUPS
    assert a_question(*names).left_out == tuple(names[49:])
    assert a_question(log=AccessLog(), target=a_target(*names)).left_out == tuple(names[50:])


def test_the_longest_query_is_short_enough():
    routes = tuple(OutsideRoute(f"/{'x' * 40}/{number}", ("GET", "POST")) for number in range(50))
    target = replace(a_target(), outside=Outside(routes))
    assert len(query_of(a_question(target=target))) < 10_000
