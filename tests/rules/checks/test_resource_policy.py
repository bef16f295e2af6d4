"""A policy's answer to one call: allowed, denied or uncertain, with the statements behind it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.checks.resource_policy import Decision, PolicyAnswer, decide, read_statements, service_call

ACCOUNT = "123456789012"
SOURCE = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3d4e5/prod/GET/orders"
ALIAS = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-read:live"
CALL = service_call("apigateway.amazonaws.com", SOURCE, ACCOUNT, ALIAS)
GATEWAY = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "lambda:InvokeFunction"}
ALLOWED, DENIED, NOT_CERTAIN = PolicyAnswer.ALLOWED, PolicyAnswer.DENIED, PolicyAnswer.NOT_CERTAIN
UNSURE = {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}
NEVER = {"StringEquals": {"aws:SourceAccount": "999999999999"}}


def text(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def said(*statements):
    return decide(read_statements(text(*statements)), CALL).answer


def without(element, **more):
    return {**{key: value for key, value in GATEWAY.items() if key != element}, **more}


def under(condition, **more):
    return {**GATEWAY, "Condition": condition, **more}


@pytest.mark.parametrize(
    ("principal", "answer"),
    [
        ({"Service": "apigateway.amazonaws.com"}, ALLOWED),
        ({"Service": ["s3.amazonaws.com", "apigateway.amazonaws.com"]}, ALLOWED),
        ({"Service": "*"}, NOT_CERTAIN),
        ({"AWS": "*"}, ALLOWED),
        ({"AWS": ["arn:aws:iam::123456789012:root", "*"]}, ALLOWED),
        ({"*": "*"}, NOT_CERTAIN),
        ("*", ALLOWED),
        (["*"], ALLOWED),
        ("apigateway.amazonaws.com", ALLOWED),
        ({"AWS": "123456789012", "Service": "apigateway.amazonaws.com"}, ALLOWED),
        ({"AWS": "apigateway.amazonaws.com"}, DENIED),
        ({"Service": "s3.amazonaws.com"}, DENIED),
        ({"AWS": "arn:aws:iam::123456789012:root"}, DENIED),
        ({"Federated": "*"}, DENIED),
        ({"CanonicalUser": "79a59df900b949e5"}, DENIED),
        ({}, DENIED),
        ([], DENIED),
        ("123456789012", DENIED),
        ({"Service": None}, NOT_CERTAIN),
        ({"Tag": "x"}, NOT_CERTAIN),
        (None, NOT_CERTAIN),
        (7, NOT_CERTAIN),
    ],
)
def test_a_principal_may_be_written_in_many_ways(principal, answer):
    assert said({**GATEWAY, "Principal": principal}) is answer


@pytest.mark.parametrize(
    ("principal", "answer"),
    [
        ({"Service": "s3.amazonaws.com"}, ALLOWED),
        ({"AWS": "arn:aws:iam::123456789012:root"}, ALLOWED),
        ({"Service": ["apigateway.amazonaws.com"]}, DENIED),
        ("*", DENIED),
        ({"Tag": "x"}, NOT_CERTAIN),
    ],
)
def test_everyone_but_a_principal_may_be_let_in(principal, answer):
    assert said(without("Principal", NotPrincipal=principal)) is answer


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("lambda:InvokeFunction", ALLOWED),
        ("LAMBDA:invokefunction", ALLOWED),
        ("lambda:*", ALLOWED),
        ("lambda:Invoke*", ALLOWED),
        ("lambda:InvokeFunctio?", ALLOWED),
        ("*", ALLOWED),
        (["lambda:GetFunction", "lambda:InvokeFunction"], ALLOWED),
        ("lambda:InvokeFunctionUrl", DENIED),
        ("lambda:GetFunction", DENIED),
        ([], DENIED),
        (None, NOT_CERTAIN),
    ],
)
def test_an_action_may_have_wildcards(action, answer):
    assert said({**GATEWAY, "Action": action}) is answer


@pytest.mark.parametrize(("action", "answer"), [("lambda:Get*", ALLOWED), ("lambda:*", DENIED), ({}, NOT_CERTAIN)])
def test_all_actions_but_one_may_be_meant(action, answer):
    assert said(without("Action", NotAction=action)) is answer


@pytest.mark.parametrize(
    ("resource", "answer"),
    [
        (ALIAS, ALLOWED),
        (f"{ALIAS.removesuffix('live')}*", ALLOWED),
        ("*", ALLOWED),
        ([ALIAS.replace("live", "canary"), ALIAS], ALLOWED),
        (ALIAS.replace("live", "canary"), DENIED),
        (ALIAS.removesuffix(":live"), DENIED),
        ("arn:aws:lambda:${aws:RequestedRegion}:*:*", NOT_CERTAIN),
        (None, NOT_CERTAIN),
    ],
)
def test_a_statement_may_be_on_another_resource(resource, answer):
    assert said({**GATEWAY, "Resource": resource}) is answer
    opposite = {ALLOWED: DENIED, DENIED: ALLOWED, NOT_CERTAIN: NOT_CERTAIN}
    assert said({**GATEWAY, "NotResource": resource}) is opposite[answer]


@pytest.mark.parametrize("element", ["Principal", "Action", "Effect"])
def test_a_statement_that_lacks_an_element_is_not_certain(element):
    assert said(without(element)) is NOT_CERTAIN


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3d4e5/*"}}, ALLOWED),
        ({"StringLike": {"aws:SourceArn": "arn:*:a1b2c3d4e5/*"}}, ALLOWED),
        ({"ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:us-east-1:{ACCOUNT}:a1b2c3d4e5/*"}}, DENIED),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, ALLOWED),
        (NEVER, DENIED),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, DENIED),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}}, ALLOWED),
        ({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}, DENIED),
        ({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}, DENIED),
        ({"StringEquals": {"lambda:EventSourceToken": "token"}}, DENIED),
        ({"Bool": {"aws:SecureTransport": "true"}}, ALLOWED),
        ({"StringEquals": {"aws:PrincipalServiceName": "apigateway.amazonaws.com"}}, ALLOWED),
        ({"StringEquals": {"aws:SourceOrgID": "o-abcdefghij"}}, NOT_CERTAIN),
        (UNSURE, NOT_CERTAIN),
        (None, NOT_CERTAIN),
    ],
)
def test_a_condition_limits_what_is_allowed(condition, answer):
    assert said(under(condition)) is answer


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        ((), DENIED),
        ((under(NEVER), GATEWAY), ALLOWED),
        ((under(UNSURE), GATEWAY), ALLOWED),
        ((under(UNSURE), under(NEVER)), NOT_CERTAIN),
        ((GATEWAY, {**GATEWAY, "Effect": "Deny"}), DENIED),
        ((GATEWAY, under(NEVER, Effect="Deny")), ALLOWED),
        ((GATEWAY, under(UNSURE, Effect="Deny")), NOT_CERTAIN),
        ((under(UNSURE), {**GATEWAY, "Effect": "Deny"}), DENIED),
        ((under(NEVER), under(UNSURE, Effect="Deny")), DENIED),
        ((under(UNSURE, Effect="Perhaps"),), NOT_CERTAIN),
        ((GATEWAY, {**GATEWAY, "Effect": "Perhaps"}), NOT_CERTAIN),
        ((under(NEVER, Effect="Perhaps"),), DENIED),
    ],
)
def test_one_statement_that_denies_wins_over_all_that_allow(statements, answer):
    assert said(*statements) is answer


def test_a_decision_names_the_statements_that_it_rests_on():
    sound, denial, odd = {"Sid": "a", **GATEWAY}, {"Sid": "b", **GATEWAY, "Effect": "Deny"}, {"Sid": "c", **under(UNSURE)}
    decisions = [
        ((sound, odd), Decision(ALLOWED, ("a",))),
        ((sound, denial), Decision(DENIED, ("b",))),
        ((odd, under(NEVER)), Decision(NOT_CERTAIN, ("c",))),
        ((under(NEVER),), Decision(DENIED)),
        ((under(UNSURE), under(UNSURE)), Decision(NOT_CERTAIN, ("number 1", "number 2"))),
    ]
    for given_statements, decision in decisions:
        assert decide(read_statements(text(*given_statements)), CALL) == decision


def test_a_single_statement_needs_no_list():
    assert decide(read_statements(json.dumps({"Statement": GATEWAY})), CALL).answer is ALLOWED


def test_without_a_policy_no_caller_is_let_in():
    assert read_statements(None) == ()
    assert decide((), CALL) == Decision(DENIED)


@pytest.mark.parametrize("policy", ["", "{", "[]", "null", "5", "{}", '{"Statement": null}', '{"Statement": ["x"]}'])
def test_what_is_no_policy_is_not_certain(policy):
    assert decide(read_statements(policy), CALL).answer is NOT_CERTAIN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["*", "Allow", SOURCE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = st.sampled_from([*GATEWAY, "NotPrincipal", "NotAction", "Resource", "NotResource", "Condition", "Sid"])


@given(st.dictionaries(ELEMENTS, JSON))
def test_any_json_is_answered(statement):
    assert said(statement) in PolicyAnswer
    assert said(GATEWAY, {**statement, "Effect": "Allow"}) is ALLOWED
