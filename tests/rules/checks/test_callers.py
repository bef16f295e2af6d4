"""Every method and authorizer of an API is identified by what API Gateway presents for it, or may present."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from canary.rules.checks.callers import VERBS, ApiIdentity, Caller, Uncovered, api_identity, find_uncovered
from canary.rules.checks.resource_policy import PolicyAnswer
from canary.rules.targets.target import Stage

ALIAS = "arn:aws:lambda:eu-west-1:123456789012:function:orders-read:canary"
IDENTITY = ApiIdentity("aws", "eu-west-1", "123456789012", "a1b2c3d4e5", "prod")
ALLOWED, DENIED, NOT_CERTAIN = PolicyAnswer.ALLOWED, PolicyAnswer.DENIED, PolicyAnswer.NOT_CERTAIN


def caller(presents):
    return Caller("orders-read", presents)


def a_policy_for(*presented, effect="Allow"):
    """A policy with one statement for each of these source ARNs, which are given from the stage on."""
    statements = [
        {
            "Sid": f"s{number}",
            "Effect": effect,
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Condition": {"ArnLike": {"AWS:SourceArn": IDENTITY.arn(one)}},
        }
        for number, one in enumerate(presented)
    ]
    return json.dumps({"Statement": statements})


def answer(presents, *presented):
    """What a policy for these says to the caller that presents this."""
    uncovered = find_uncovered(a_policy_for(*presented), (caller(presents),), IDENTITY, ALIAS)
    return uncovered[0].answer if uncovered else ALLOWED


@pytest.mark.parametrize(
    ("arn", "identity"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:orders-read:live", IDENTITY),
        (
            "arn:aws-cn:lambda:cn-north-1:111122223333:function:f",
            ApiIdentity("aws-cn", "cn-north-1", "111122223333", "a1b2c3d4e5", "prod"),
        ),
    ],
)
def test_an_api_is_where_its_function_is(arn, identity):
    assert api_identity(arn, Stage("a1b2c3d4e5", "prod", "lambdaAlias")) == identity


def test_a_source_arn_begins_with_the_api():
    assert IDENTITY.arn("prod/GET/orders") == "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/GET/orders"


@pytest.mark.parametrize(
    ("presents", "name", "is_authorizer", "is_pattern_unknown"),
    [
        ("prod/GET/orders", "GET /orders", False, False),
        ("prod/GET/", "GET /", False, False),
        ("prod/GET/orders/{id}", "GET /orders/{id}", False, True),
        ("prod/ANY/orders", "ANY /orders", False, True),
        ("prod/ANY/{proxy+}", "ANY /{proxy+}", False, True),
        ("authorizers/abc123", "authorizer abc123", True, False),
        ("authorizers/GET/x", "GET /x", False, False),
    ],
)
def test_a_caller_is_called_as_people_call_it(presents, name, is_authorizer, is_pattern_unknown):
    found = caller(presents)
    assert (found.name, found.is_authorizer, len(found.possible) > 1) == (name, is_authorizer, is_pattern_unknown)


def test_what_may_be_presented_is_the_template_a_wildcard_or_a_requests_own():
    assert set(caller("prod/GET/orders/{id}/{rest+}").possible) == {
        "prod/GET/orders/{id}/{rest+}",
        "prod/GET/orders/*/*",
        "prod/GET/orders/x/x",
        "prod/GET/orders/some-value/some/value",
    }
    assert {one.split("/")[1] for one in caller("prod/ANY/orders").possible} == {"ANY", "*", *VERBS}


@pytest.mark.parametrize(
    ("presents", "presented", "said"),
    [
        ("prod/GET/orders", "prod/GET/orders", ALLOWED),
        ("prod/GET/orders", "prod/*/*", ALLOWED),
        ("prod/GET/orders", "*/*/*", ALLOWED),
        ("prod/GET/orders", "*", ALLOWED),
        ("prod/GET/orders", "prod/GET/orders/*", DENIED),
        ("prod/GET/orders", "prod/POST/*", DENIED),
        ("prod/GET/orders", "beta/*/*", DENIED),
        ("prod/GET/", "prod/GET/", ALLOWED),
        ("prod/GET/", "prod/*/*", ALLOWED),
        ("prod/GET/", "prod/GET", DENIED),
        ("prod/GET/orders/{id}", "prod/GET/orders/*", ALLOWED),
        ("prod/GET/orders/{id}", "prod/*/*", ALLOWED),
        ("prod/GET/orders/{id}", "prod/GET/orders/{id}", NOT_CERTAIN),
        ("prod/GET/orders/{id}", "prod/GET/orders/?", NOT_CERTAIN),
        ("prod/GET/orders/{id}", "prod/GET/orders/17", DENIED),
        ("prod/GET/orders/{id}", "prod/GET/orders", DENIED),
        ("prod/GET/orders/{id}", "prod/POST/orders/*", DENIED),
        ("prod/GET/{proxy+}", "prod/GET/*", ALLOWED),
        ("prod/GET/{proxy+}", "prod/GET/*/*", NOT_CERTAIN),
        ("prod/GET/{proxy+}", "prod/GET/{proxy+}", NOT_CERTAIN),
        ("prod/ANY/orders", "prod/*/orders", ALLOWED),
        ("prod/ANY/orders", "prod/ANY/orders", NOT_CERTAIN),
        ("prod/ANY/orders", "prod/GET/orders", NOT_CERTAIN),
        ("prod/ANY/orders", "prod/*/other", DENIED),
        ("prod/ANY/orders/{id}", "prod/ANY/orders/{id}", NOT_CERTAIN),
        ("prod/ANY/orders/{id}", "prod/*/orders/*", ALLOWED),
        ("authorizers/abc123", "authorizers/abc123", ALLOWED),
        ("authorizers/abc123", "authorizers/*", ALLOWED),
        ("authorizers/abc123", "prod/*/*", DENIED),
        ("authorizers/abc123", "*/*/*", DENIED),
        ("authorizers/abc123", "*", ALLOWED),
    ],
)
def test_a_caller_is_covered_only_by_what_covers_all_that_it_may_present(presents, presented, said):
    assert answer(presents, presented) is said


@pytest.mark.parametrize(
    ("presented", "said"),
    [
        (("authorizers/*",), ALLOWED),
        (("*",), ALLOWED),
        (("authorizers/abc123",), NOT_CERTAIN),
        (("authorizers/former",), NOT_CERTAIN),
        (("authorizers/??????",), ALLOWED),
        (("authorizers/a*",), NOT_CERTAIN),
        (("authorizers/second",), DENIED),
        (("prod/*/*",), DENIED),
        ((), DENIED),
    ],
)
def test_an_authorizer_of_an_existing_deployment_may_have_any_id_but_anothers(presented, said):
    guessed = Caller("orders-read", "authorizers/abc123", is_id_guessed=True)
    others = (caller("prod/GET/orders"), replace(guessed, presents="authorizers/second"))
    found = {one.caller: one.answer for one in find_uncovered(a_policy_for(*presented), (guessed, *others), IDENTITY, ALIAS)}
    assert found.get(guessed, ALLOWED) is said


def test_statements_may_cover_a_caller_together():
    each = [f"prod/{verb}/orders" for verb in ("ANY", "\\*", *VERBS)]
    assert answer("prod/ANY/orders", *each) is NOT_CERTAIN
    assert answer("prod/ANY/orders", *each, "prod/?/orders") is ALLOWED


def test_a_denial_of_some_requests_is_not_certain_either():
    policy = json.loads(a_policy_for("prod/*/*"))
    policy["Statement"] += json.loads(a_policy_for("prod/DELETE/*", effect="Deny").replace("s0", "no"))["Statement"]
    (found,) = find_uncovered(json.dumps(policy), (caller("prod/ANY/orders"), caller("prod/GET/orders")), IDENTITY, ALIAS)
    assert (found.caller, found.answer, set(found.sids)) == (caller("prod/ANY/orders"), NOT_CERTAIN, {"s0", "no"})


def test_a_permission_of_another_alias_covers_no_caller():
    policy = json.loads(a_policy_for("prod/*/*"))
    policy["Statement"][0]["Resource"] = ALIAS.replace("canary", "live")
    (found,) = find_uncovered(json.dumps(policy), (caller("prod/GET/orders"),), IDENTITY, ALIAS)
    assert found.answer is DENIED


def test_callers_that_are_not_covered_come_in_their_order():
    callers = tuple(caller(f"prod/GET/{name}") for name in ("b", "a", "c"))
    assert find_uncovered(a_policy_for("prod/GET/a"), callers, IDENTITY, ALIAS) == (
        Uncovered(callers[0], DENIED, ()),
        Uncovered(callers[2], DENIED, ()),
    )
    assert tuple(one.caller for one in find_uncovered(None, callers, IDENTITY, ALIAS)) == callers
