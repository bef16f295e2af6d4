"""A call whose failure the access log does not show is known by its integration alone."""

import pytest

from canary.rules.definitions.integrations import calls_of
from canary.rules.definitions.shown_failures import EVERY_ERROR
from tests.rules.api_world import ORDERS, Call, lambda_uri, read, read_export

TYPE = "integration.request.header.X-Amz-Invocation-Type"


def shown(kind="AWS", reader=read, **call):
    api = ORDERS.with_verb("/orders", "GET", call=Call(kind, lambda_uri("orders-read"), **call))
    (found,) = (one for one in calls_of(reader(api)) if one.by == "GET /orders")
    return found.shows_failures


def answering(**statuses_by_pattern):
    return {pattern: (status, {}) for pattern, status in statuses_by_pattern.items()}


def test_a_proxy_shows_every_failure():
    assert shown("AWS_PROXY")


@pytest.mark.parametrize(
    ("responses", "is_shown"),
    [
        ({"default": "200"}, False),
        ({"default": "200", r".*\[404\].*": "404"}, False),
        ({"default": "200", r"[\s\S]*(Process\s?exited\s?before\s?completing\s?request|\[500\])[\s\S]*": "500"}, False),
        ({"default": "200", ".+": "500"}, False),
        ({"default": "200", EVERY_ERROR: "500"}, True),
        ({"default": "200", r"(\n|.)+": "502", r".*\[404\].*": "404"}, True),
        ({"default": "200", EVERY_ERROR: "400"}, False),
        ({"default": "200", EVERY_ERROR: "500", ".*": "400"}, False),
        ({"default": "200", EVERY_ERROR: "500", ".*ignored.*": "200"}, False),
        ({"default": "500", "fine": "404"}, True),
        ({"default": "500", "fine": "200"}, False),
        ({}, True),
        ({".+": "422"}, False),
    ],
)
def test_another_integration_shows_what_its_responses_answer_with_5xx(responses, is_shown):
    assert shown(responses=answering(**responses)) is is_shown


@pytest.mark.parametrize("kind", ["AWS", "AWS_PROXY"])
@pytest.mark.parametrize(
    ("parameters", "is_shown"),
    [
        ({TYPE: "'Event'"}, False),
        ({TYPE.lower(): "'Event'"}, False),
        ({TYPE: "method.request.header.InvocationType"}, False),
        ({TYPE: "'RequestResponse'"}, True),
        ({"integration.request.header.X-Trace": "'Event'"}, True),
    ],
)
def test_a_function_that_may_run_after_the_answer_shows_nothing(kind, parameters, is_shown):
    assert shown(kind, parameters=parameters, responses=answering(**{EVERY_ERROR: "500"})) is is_shown


def test_a_template_may_set_the_invocation_type_too():
    template = """#set($context.requestOverride.header['X-Amz-Invocation-Type'] = "Event")$input.body"""
    assert not shown(templates={"application/json": template})


@pytest.mark.parametrize("responses", [{"default": "200"}, {"default": "200", EVERY_ERROR: "500"}])
def test_both_readers_see_the_same(responses):
    answers = answering(**responses)
    assert shown(responses=answers) is shown(reader=read_export, responses=answers)
