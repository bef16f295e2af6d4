"""AssumeRole with a session policy: what the session may do is what the role and the policy both allow."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from canary.rules.targets.refusals import Refusals, session_policy
from embedded_aws.embedded import EmbeddedAws

ACCOUNT, REGION = "123456789012", "eu-west-1"
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(scope="module", params=[True, False], ids=["enforced", "relaxed"])
def aws(request):
    with EmbeddedAws(enforce_iam=request.param) as running:
        iam = running.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=a_document(trust))
        own = {"Effect": "Allow", "Action": ["lambda:ListFunctions", "sqs:CreateQueue"], "Resource": "*"}
        iam.put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=a_document(own))
        yield running


def a_document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def assume(aws, policy=None):
    """Makes the clients of the role, assumed with the given policy."""
    limits = {} if policy is None else {"Policy": policy}
    given = aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/worker", RoleSessionName="session", **limits)
    keys = given["Credentials"]
    return lambda service: boto3.client(
        service,
        region_name=REGION,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_a_session_without_a_policy_may_do_what_its_role_may(aws):
    assert assume(aws)("lambda").list_functions()["Functions"] == []


def test_a_session_policy_takes_away_what_it_does_not_allow(aws):
    client = assume(aws, a_document({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}))
    with pytest.raises(ClientError, match="because no session policy allows the lambda:ListFunctions action"):
        client("lambda").list_functions()


def test_a_session_policy_denies_more_than_it_allows(aws):
    client = assume(aws, a_document(ALLOW_ALL, {"Effect": "Deny", "Action": "lambda:List*", "Resource": "*"}))
    with pytest.raises(ClientError, match="with an explicit deny in a session policy"):
        client("lambda").list_functions()


def test_a_session_policy_grants_nothing(aws):
    client = assume(aws, a_document(ALLOW_ALL))
    if not aws.permissions.is_on:
        assert client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
        return
    with pytest.raises(ClientError, match="because no identity-based policy allows the lambda:ListEventSourceMappings"):
        client("lambda").list_event_source_mappings()


def test_refusals_begin_and_end_by_themselves_within_one_session(aws):
    begins = aws.clock.now() + 60
    limits = json.loads(session_policy(Refusals(begins, begins + 60)))
    limits["Statement"][1]["Action"] = ["lambda:ListFunctions"]
    client = assume(aws, json.dumps(limits))("lambda")
    client.list_functions()
    aws.clock.run_for(61)
    with pytest.raises(ClientError, match="explicit deny in a session policy"):
        client.list_functions()
    aws.clock.run_for(60)
    client.list_functions()


@pytest.mark.parametrize(
    ("policy", "code"),
    [("{", "MalformedPolicyDocument"), ("[]", "MalformedPolicyDocument"), (" " * 2049, "ValidationError")],
)
def test_a_session_policy_that_is_none_is_refused(aws, policy, code):
    with pytest.raises(ClientError) as refused:
        assume(aws, policy)

    assert refused.value.response["Error"]["Code"] == code
