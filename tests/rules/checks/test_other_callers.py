"""Who else an alias's policy lets in: certainly a resource that it names, possibly everyone else."""

from __future__ import annotations

import json

import pytest

from canary.rules.checks.callers import ApiIdentity
from canary.rules.checks.other_callers import find_other_callers, is_only_about
from canary.rules.checks.resource_policy import read_statements

ACCOUNT = "123456789012"
ALIAS = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-read:live"
API = ApiIdentity("aws", "eu-west-1", ACCOUNT, "a1b2c3d4e5", "prod")
OWN = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3d4e5/prod/*"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:new-orders"
BUCKET = "arn:aws:s3:::orders"
LOGS = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/orders:*"
GATEWAY, SNS = "apigateway.amazonaws.com", "sns.amazonaws.com"


def permit(service=SNS, source=None, **changes):
    """A statement as AddPermission writes it."""
    condition = {"Condition": {"ArnLike": {"AWS:SourceArn": source}}} if source else {}
    statement = {"Sid": "s", "Effect": "Allow", "Principal": {"Service": service}, "Action": "lambda:InvokeFunction"}
    return {**statement, **condition, **changes}


def certain(*statements):
    return [one.name for one in find_other_callers(json.dumps({"Statement": statements}), API, ALIAS).certain]


def possible(*statements):
    return [one.name for one in find_other_callers(json.dumps({"Statement": statements}), API, ALIAS).possible]


@pytest.mark.parametrize(
    "source", [OWN, OWN.replace("prod/*", "*"), OWN.replace("prod/*", "beta/GET/x"), OWN.replace(ACCOUNT, "*")]
)
def test_the_rollouts_own_api_is_not_another_caller(source):
    statements = permit(GATEWAY, source), permit(Principal="*", source=source)
    assert certain(*statements) == possible(*statements) == []


@pytest.mark.parametrize(
    ("service", "source"),
    [
        (SNS, TOPIC),
        ("events.amazonaws.com", f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/nightly"),
        ("s3.amazonaws.com", BUCKET),
        ("logs.amazonaws.com", LOGS),
        ("logs.eu-west-1.amazonaws.com", LOGS.removesuffix(":*")),
        ("cognito-idp.amazonaws.com", f"arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/eu-west-1_x"),
        (SNS, TOPIC.replace(ACCOUNT, "999999999999")),
    ],
)
def test_a_service_calls_for_the_resource_that_the_policy_names(service, source):
    assert certain(permit(service, source)) == [source]
    assert possible(permit(service, source)) == []


def test_the_account_may_be_named_beside_the_source():
    condition = {"ArnLike": {"AWS:SourceArn": BUCKET}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}}
    assert certain(permit("s3.amazonaws.com", Condition=condition)) == [BUCKET]


def test_several_sources_are_reported_one_by_one():
    statement = permit(source=[TOPIC, f"{TOPIC}-*"])
    assert certain(statement) == [TOPIC]
    assert possible(statement) == [f"sns.amazonaws.com for {TOPIC}-*"]


def test_each_is_reported_once_with_its_statement():
    found = find_other_callers(json.dumps({"Statement": [permit(source=TOPIC), permit(source=[TOPIC, TOPIC])]}), API, ALIAS)
    assert [(one.name, one.sid) for one in found.certain] == [(TOPIC, "s")]


@pytest.mark.parametrize(
    "changes",
    [
        {"Condition": {"ArnLike": {"AWS:SourceArn": TOPIC}, "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": TOPIC}, "StringEquals": {"AWS:SourceAccount": "999999999999"}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": TOPIC}}, "Action": "lambda:InvokeFunctionUrl"},
        {"Condition": {"ForAnyValue:ArnLike": {"AWS:SourceArn": TOPIC}}},
        {"Condition": {"ArnNotLike": {"AWS:SourceArn": TOPIC}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:*:*:${aws:PrincipalTag/x}"}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": "new-orders"}}},
        {"Condition": "none"},
        {"Condition": {"ArnLike": "none"}},
    ],
)
def test_what_is_not_proved_is_only_possible(changes):
    assert certain(permit(**changes)) == []
    assert len(possible(permit(**changes))) == 1


def test_who_is_denied_does_not_call():
    denial = permit(source=TOPIC, Effect="Deny")
    assert certain(permit(source=TOPIC), denial) == []
    assert possible(permit(source=TOPIC), denial) == [f"sns.amazonaws.com for {TOPIC}"]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (permit(), "sns.amazonaws.com for any source"),
        (permit(GATEWAY), "apigateway.amazonaws.com for any source"),
        (permit(GATEWAY, "arn:aws:execute-api:*:*:*/*"), "apigateway.amazonaws.com for arn:aws:execute-api:*:*:*/*"),
        (
            permit(GATEWAY, OWN.replace("a1b2c3d4e5", "other")),
            f"apigateway.amazonaws.com for {OWN.replace('a1b2c3d4e5', 'other')}",
        ),
        (permit(GATEWAY, OWN.replace("eu-", "us-")), f"apigateway.amazonaws.com for {OWN.replace('eu-', 'us-')}"),
        (permit(GATEWAY, "a1b2c3d4e5/prod"), "apigateway.amazonaws.com for a1b2c3d4e5/prod"),
        (permit(Principal={"AWS": "arn:aws:iam::999999999999:root"}), "arn:aws:iam::999999999999:root"),
        (permit(Principal="*"), "anyone"),
        (permit(Principal=["*"]), "anyone"),
        (permit(Principal={"AWS": "*"}), "anyone"),
        (
            permit(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}),
            "anyone under further conditions",
        ),
        (
            permit(Principal="*", Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
            "a function URL, open to anyone",
        ),
        (
            permit(Principal="*", Condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
            "a function URL, open to anyone",
        ),
        (permit(Principal={"AWS": "1"}, Action="lambda:InvokeFunctionUrl"), "a function URL, open to 1"),
        (permit(Principal={"Federated": "x.com"}), "x.com"),
        (permit(NotPrincipal={"AWS": "1"}), "everyone except its NotPrincipal"),
        (permit(Principal=None), "someone its Principal does not name"),
        (permit("secretsmanager.amazonaws.com", Action="lambda:*"), "secretsmanager.amazonaws.com for any source"),
    ],
)
def test_everyone_else_whom_the_policy_lets_in_is_possible(statement, name):
    assert certain(statement) == []
    assert possible(statement) == [name]


@pytest.mark.parametrize(
    "statement",
    [
        permit(Effect="Deny"),
        permit(Action="lambda:GetFunction"),
        permit(NotAction="lambda:*"),
        permit(Principal={"Service": []}),
    ],
)
def test_a_statement_that_allows_no_call_reports_no_caller(statement):
    statement = {key: value for key, value in statement.items() if key != "Action" or "NotAction" not in statement}
    assert certain(statement) == possible(statement) == []


@pytest.mark.parametrize(
    ("statement", "is_removable"),
    [
        (permit(source=TOPIC), True),
        (permit(source=[TOPIC, f"{TOPIC}-2"]), True),
        (permit(source=TOPIC, Sid="a.b_c-d"), True),
        (permit(source=TOPIC, Sid="a b"), False),
        (permit(source=TOPIC, Sid=""), False),
        (permit(source=[TOPIC, "arn:aws:sns:*"]), False),
        (permit(source=[TOPIC, OWN], Principal={"Service": [SNS, GATEWAY]}), False),
    ],
)
def test_a_statement_can_be_removed_if_only_certain_callers_lose_by_it(statement, is_removable):
    found = find_other_callers(json.dumps({"Statement": [permit(GATEWAY, OWN, Sid="own"), statement]}), API, ALIAS)
    assert {one.is_removable for one in found.certain} == {is_removable}


@pytest.mark.parametrize(
    ("statement", "is_alone"),
    [
        (permit(GATEWAY, OWN, Effect="Deny"), True),
        (permit(Principal="*", source=OWN, Effect="Deny", Action="lambda:*"), True),
        (permit(GATEWAY, [OWN, OWN.replace("prod", "beta")], Effect="Deny"), True),
        (permit(GATEWAY, Effect="Deny"), False),
        (permit(GATEWAY, [OWN, OWN.replace("a1b2c3d4e5", "*")], Effect="Deny"), False),
        (permit(Principal={"Service": [GATEWAY, SNS]}, source=OWN, Effect="Deny"), False),
        (permit(Principal="*", Effect="Deny", Condition={"ArnNotLike": {"aws:SourceArn": OWN}}), False),
        (permit(Principal={}, source=OWN, Effect="Deny"), False),
    ],
)
def test_a_statement_about_this_api_alone_is_known(statement, is_alone):
    (read,) = read_statements(json.dumps({"Statement": [statement]}))
    assert is_only_about(read, API) is is_alone


def test_without_a_policy_no_caller_is_reported():
    assert find_other_callers(None, API, ALIAS) == find_other_callers('{"Statement": []}', API, ALIAS)
