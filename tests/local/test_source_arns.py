"""On whose behalf API Gateway calls a function, as the open questions are answered."""

import pytest

from local.resource_policies import statement
from local.served import Request
from local.source_arns import presented
from local.unknowns import Unknowns
from tests.local.serving_world import ANSWER, World, a_method, an_integration

ONE = Request("api1", "prod", "GET", "/orders/17", 0.0)


def presented_for(http_method: str, path: str, **answers: str) -> str:
    unknowns = Unknowns({slug.replace("_", "-"): answer for slug, answer in answers.items()})
    return presented(a_method(path, http_method), ONE, unknowns.ask)


@pytest.mark.parametrize("answer", ["template", "star", "value"])
def test_a_plain_method_is_presented_as_it_is(answer: str) -> None:
    assert presented_for("GET", "/orders", source_arn_of_path_parameter=answer) == "GET/orders"


@pytest.mark.parametrize(("answer", "verb"), [("own-verb", "GET"), ("star", "*"), ("any", "ANY")])
def test_a_method_any_is_presented_as_the_question_is_answered(answer: str, verb: str) -> None:
    assert presented_for("ANY", "/orders", source_arn_of_any_method=answer) == f"{verb}/orders"


@pytest.mark.parametrize(("answer", "path"), [("template", "/orders/{id}"), ("star", "/orders/*"), ("value", "/orders/17")])
def test_a_path_with_a_parameter_is_presented_as_the_question_is_answered(answer: str, path: str) -> None:
    assert presented_for("GET", "/orders/{id}", source_arn_of_path_parameter=answer) == f"GET{path}"


@pytest.mark.parametrize(("answer", "status"), [("own-verb", 200), ("star", 500), ("any", 500)])
def test_a_permission_is_held_against_what_is_presented(answer: str, status: int) -> None:
    world = World()
    world.put_function("orders", ANSWER)
    world.deploy(a_method(verb="ANY", integration=an_integration("orders")))
    world.unknowns.choose("source-arn-of-any-method", answer)
    body = {
        "StatementId": "a",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:api1/prod/GET/orders",
    }
    world.lambdas.policies("orders").add(None, statement(body, "arn"))
    assert world.request().status == status
