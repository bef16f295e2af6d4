"""Versions, aliases, policies and invocations as a client sees them over HTTP: each answer was recorded from AWS."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.awslambda.lambda_server import LambdaServer, lambda_server, shown

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)
WEIGHT = (
    "1 validation error detected: Value '{{{value}}}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
    "constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
    "Member must have value greater than or equal to 0.0, Member must not be null]"
)
NO_VERSION = (
    "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
    "constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
    "length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]"
)


@pytest.fixture(scope="module")
def server() -> Iterator[LambdaServer]:
    with lambda_server() as aws:
        yield aws


@pytest.fixture
def aws(server: LambdaServer) -> LambdaServer:
    server.reset()
    return server


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    """HTTP status, error code and message of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def weights(**shares: float) -> dict[str, dict[str, float]]:
    return {"AdditionalVersionWeights": {name.removeprefix("v"): share for name, share in shares.items()}}


# moto.


def test_uninstalling_puts_moto_back() -> None:
    from moto.awslambda import models, responses

    owners = (models.LambdaBackend, models.LambdaStorage, models.LambdaFunction, responses.LambdaResponse)
    before = [dict(vars(owner)) for owner in owners]
    with lambda_server():
        assert [dict(vars(owner)) for owner in owners] != before
    assert [dict(vars(owner)) for owner in owners] == before


# Aliases.


def test_an_alias_is_shown_as_aws_shows_it(aws: LambdaServer) -> None:
    aws.create_versions(2)
    created = aws.create_alias(Description="for customers", RoutingConfig=weights(v2=0.2))
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert shown(created) == {
        "AliasArn": f"{ARN}:live",
        "Description": "for customers",
        "FunctionVersion": "1",
        "Name": "live",
        "RevisionId": created["RevisionId"],
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.2}},
    }
    read = aws.client.get_alias(FunctionName="orders", Name="live")
    assert read["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert shown(read) == shown(created)


def test_what_an_alias_does_not_have_is_left_out(aws: LambdaServer) -> None:
    aws.create_versions(1)
    created = aws.create_alias(RoutingConfig=weights())
    assert set(shown(created)) == {"AliasArn", "Description", "FunctionVersion", "Name", "RevisionId"}
    assert created["Description"] == ""


def test_an_alias_may_point_at_latest(aws: LambdaServer) -> None:
    aws.create()
    assert aws.create_alias(version="$LATEST")["FunctionVersion"] == "$LATEST"


def test_a_name_may_hold_digits_but_not_only_digits(aws: LambdaServer) -> None:
    aws.create_versions(1)
    assert aws.create_alias("2024-01-02")["Name"] == "2024-01-02"
    assert refusal(aws.create_alias, name="2024") == (
        400,
        "ValidationException",
        (
            "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        ),
    )


@pytest.mark.parametrize(
    ("version", "routing", "expected"),
    [
        (
            "1",
            weights(v1=0.8, v2=0.2),
            (400, "InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ),
        ("1", weights(v2=2), (400, "ValidationException", WEIGHT.format(value="2=2.0"))),
        ("1", weights(v2=-1), (400, "ValidationException", WEIGHT.format(value="2=-1.0"))),
        (
            "1",
            weights(v1=0.5),
            (
                400,
                "InvalidParameterValueException",
                "Invalid function version 1. Function version 1 is already included in routing configuration.",
            ),
        ),
        ("10", weights(v2=0.5), (404, "ResourceNotFoundException", f"Function not found: {ARN}:10")),
        ("1", weights(v10=0.5), (404, "ResourceNotFoundException", f"Function not found: {ARN}:10")),
        (
            "$LATEST",
            weights(v1=0.5),
            (
                400,
                "InvalidParameterValueException",
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ),
        ),
        ("1", {"AdditionalVersionWeights": {"$LATEST": 0.5}}, (400, "ValidationException", NO_VERSION)),
    ],
)
def test_a_routing_that_aws_refuses_is_refused(
    aws: LambdaServer, version: str, routing: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    aws.create_versions(2)
    aws.create_alias()
    arguments = {"FunctionName": "orders", "FunctionVersion": version, "RoutingConfig": routing}
    assert refusal(aws.client.create_alias, Name="custom", **arguments) == expected
    assert refusal(aws.client.update_alias, Name="live", **arguments) == expected
    assert [alias["Name"] for alias in aws.client.list_aliases(FunctionName="orders")["Aliases"]] == ["live"]


def test_an_alias_of_a_function_that_is_not_there_is_refused(aws: LambdaServer) -> None:
    arguments = {"FunctionName": "nothing", "Name": "live", "FunctionVersion": "1"}
    missing = "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:nothing:1"
    assert refusal(aws.client.create_alias, **arguments) == (404, "ResourceNotFoundException", missing)


def test_a_second_alias_of_one_name_is_refused(aws: LambdaServer) -> None:
    aws.create_versions(1)
    aws.create_alias()
    assert refusal(aws.create_alias) == (409, "ResourceConflictException", f"Alias already exists: {ARN}:live")


def test_an_alias_that_is_not_there_cannot_be_read_or_updated_but_deleted(aws: LambdaServer) -> None:
    aws.create_versions(1)
    call = {"FunctionName": "orders", "Name": "non-existent"}
    code = "ResourceNotFoundException"
    assert refusal(aws.client.get_alias, **call) == (404, code, f"Cannot find alias arn: {ARN}:non-existent")
    assert refusal(aws.client.update_alias, **call) == (404, code, f"Alias not found: {ARN}:non-existent")
    assert aws.client.delete_alias(**call)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_leaving_the_routing_out_keeps_it_and_an_empty_map_clears_it(aws: LambdaServer) -> None:
    aws.create_versions(3)
    aws.create_alias(RoutingConfig=weights(v2=0.2))
    kept = aws.client.update_alias(FunctionName="orders", Name="live", FunctionVersion="3")
    assert (kept["FunctionVersion"], kept["RoutingConfig"]) == ("3", weights(v2=0.2))
    cleared = aws.client.update_alias(FunctionName="orders", Name="live", RoutingConfig=weights())
    assert "RoutingConfig" not in cleared
    assert cleared["FunctionVersion"] == "3"


def test_an_update_that_would_weigh_the_aliass_own_version_is_refused(aws: LambdaServer) -> None:
    aws.create_versions(2)
    aws.create_alias(RoutingConfig=weights(v2=0.2))
    call = {"FunctionName": "orders", "Name": "live", "FunctionVersion": "2"}
    assert refusal(aws.client.update_alias, **call)[1] == "InvalidParameterValueException"
    promoted = aws.client.update_alias(**call, RoutingConfig=weights())
    assert (promoted["FunctionVersion"], promoted.get("RoutingConfig")) == ("2", None)


def test_weight_one_sends_everything_to_the_additional_version(aws: LambdaServer) -> None:
    aws.create_versions(2)
    aws.create_alias(RoutingConfig=weights(v2=1.0))
    answers = {invoke(aws, Qualifier="live")["ExecutedVersion"] for _ in range(20)}
    assert answers == {"2"}


def test_a_revision_is_an_optimistic_lock(aws: LambdaServer) -> None:
    aws.create_versions(2)
    first = aws.create_alias()["RevisionId"]
    call = {"FunctionName": "orders", "Name": "live", "RevisionId": first}
    second = aws.client.update_alias(**call, FunctionVersion="2")["RevisionId"]
    assert second != first
    assert refusal(aws.client.update_alias, **call, FunctionVersion="1") == (412, "PreconditionFailedException", STALE)
    assert aws.client.get_alias(FunctionName="orders", Name="live")["FunctionVersion"] == "2"
    unchanged = aws.client.update_alias(FunctionName="orders", Name="live", RevisionId=second)
    assert unchanged["RevisionId"] not in (first, second)


def test_aliases_are_listed_by_name_and_by_version(aws: LambdaServer) -> None:
    aws.create_versions(2)
    for name, version in (("live", "1"), ("canary", "2"), ("blue", "1")):
        aws.create_alias(name, version)
    listed = aws.client.list_aliases(FunctionName="orders")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["blue", "canary", "live"]
    by_version = aws.client.list_aliases(FunctionName="orders", FunctionVersion="1")["Aliases"]
    assert [alias["Name"] for alias in by_version] == ["blue", "live"]
    aws.client.delete_alias(FunctionName="orders", Name="blue")
    assert len(aws.client.list_aliases(FunctionName="orders")["Aliases"]) == 2


# Versions.


def test_publishing_without_a_change_gives_the_same_version(aws: LambdaServer) -> None:
    aws.create(1)
    first = aws.client.publish_version(FunctionName="orders")
    again = aws.client.publish_version(FunctionName="orders", Description="another")
    assert (first["Version"], shown(again)) == ("1", shown(first))
    aws.update(1)
    assert aws.client.publish_version(FunctionName="orders")["Version"] == "1"
    aws.update(2)
    assert aws.client.publish_version(FunctionName="orders")["Version"] == "2"
    assert aws.client.publish_version(FunctionName="orders")["Version"] == "2"
    aws.client.update_function_configuration(FunctionName="orders", Environment={"Variables": {"A": "1"}})
    assert aws.client.publish_version(FunctionName="orders")["Version"] == "3"


def test_publishing_on_create_and_on_update_gives_versions(aws: LambdaServer) -> None:
    assert aws.create(1, Publish=True)["Version"] == "1"
    assert aws.client.publish_version(FunctionName="orders")["Version"] == "1"
    assert aws.update(2, Publish=True)["Version"] == "2"


def test_a_version_does_not_change_with_the_function(aws: LambdaServer) -> None:
    aws.create("old", Environment={"Variables": {"A": "1"}})
    before = aws.client.publish_version(FunctionName="orders", Description="first")
    aws.update("new")
    aws.client.update_function_configuration(FunctionName="orders", Environment={"Variables": {"A": "2"}}, Timeout=9)
    after = aws.client.get_function_configuration(FunctionName="orders", Qualifier="1")
    assert shown(after) == shown(before)
    assert invoke(aws, Qualifier="1")["Payload"][0] == "old"
    assert invoke(aws)["Payload"][0] == "new"


def test_a_versions_number_is_never_given_again(aws: LambdaServer) -> None:
    aws.create_versions(2)
    aws.client.delete_function(FunctionName="orders", Qualifier="2")
    aws.update(3)
    assert aws.client.publish_version(FunctionName="orders")["Version"] == "3"
    listed = aws.client.list_versions_by_function(FunctionName="orders")["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "3"]
    assert [version["FunctionArn"] for version in listed] == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:3"]


def test_versions_of_a_function_that_is_not_there_cannot_be_listed(aws: LambdaServer) -> None:
    expected = (404, "ResourceNotFoundException", f"Function not found: {ARN}")
    assert refusal(aws.client.list_versions_by_function, FunctionName="orders") == expected


def test_publishing_is_guarded_by_revision_and_code_hash(aws: LambdaServer) -> None:
    created = aws.create(1)
    updated = aws.update(2)
    call = {"FunctionName": "orders"}
    stale = refusal(aws.client.publish_version, **call, RevisionId=created["RevisionId"])
    assert stale == (412, "PreconditionFailedException", STALE)
    code, message = refusal(aws.client.publish_version, **call, CodeSha256=created["CodeSha256"])[1:]
    assert code == "InvalidParameterValueException"
    assert message.startswith(f"CodeSHA256 ({created['CodeSha256']}) is different from current CodeSHA256 in $LATEST")
    guards = {"RevisionId": updated["RevisionId"], "CodeSha256": updated["CodeSha256"]}
    assert aws.client.publish_version(**call, **guards)["Version"] == "1"


def test_an_update_is_guarded_by_the_functions_revision(aws: LambdaServer) -> None:
    revision = aws.create(1)["RevisionId"]
    assert aws.update(2, RevisionId=revision)["RevisionId"] != revision
    with pytest.raises(ClientError, match="PreconditionFailedException"):
        aws.update(3, RevisionId=revision)
    call = {"FunctionName": "orders", "Timeout": 9, "RevisionId": revision}
    assert refusal(aws.client.update_function_configuration, **call) == (412, "PreconditionFailedException", STALE)


def test_a_function_is_shown_by_the_arn_it_was_asked_for(aws: LambdaServer) -> None:
    aws.create_versions(2)
    aws.create_alias("live", "1")

    def read(name: str, **more: str) -> tuple[str, str]:
        found = aws.client.get_function_configuration(FunctionName=name, **more)
        return found["FunctionArn"], found["Version"]

    assert read("orders") == (ARN, "$LATEST")
    assert read("orders", Qualifier="$LATEST") == (f"{ARN}:$LATEST", "$LATEST")
    assert read("orders", Qualifier="2") == (f"{ARN}:2", "2")
    assert read("orders", Qualifier="live") == (f"{ARN}:live", "1")
    assert read(f"{ARN}:live") == (f"{ARN}:live", "1")
    assert read("orders:live") == (f"{ARN}:live", "1")


@pytest.mark.parametrize("qualifier", ["1221", "aliasdoesnotexist"])
def test_a_qualifier_that_is_not_there_is_refused(aws: LambdaServer, qualifier: str) -> None:
    aws.create()
    expected = (404, "ResourceNotFoundException", f"Function not found: {ARN}:{qualifier}")
    call = {"FunctionName": "orders", "Qualifier": qualifier}
    assert refusal(aws.client.get_function_configuration, **call) == expected
    assert refusal(aws.client.get_function, **call) == expected
    assert refusal(aws.client.invoke, **call) == expected


def test_a_version_that_an_alias_refers_to_cannot_be_deleted(aws: LambdaServer) -> None:
    aws.create_versions(3)
    aws.create_alias("live", "1", RoutingConfig=weights(v2=0.1))
    for version in ("1", "2"):
        assert refusal(aws.client.delete_function, FunctionName="orders", Qualifier=version) == (
            409,
            "ResourceConflictException",
            "Unable to delete version because the following aliases reference it: [live]",
        )
    for version in ("3", "99"):
        answer = aws.client.delete_function(FunctionName="orders", Qualifier=version)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(aws.client.delete_function, FunctionName="orders", Qualifier="$LATEST")[2] == (
        "$LATEST version cannot be deleted without deleting the function."
    )


def test_a_deleted_function_takes_its_aliases_with_it(aws: LambdaServer) -> None:
    aws.create_versions(1)
    aws.create_alias()
    aws.client.delete_function(FunctionName="orders")
    aws.create_versions(1)
    assert aws.client.list_aliases(FunctionName="orders")["Aliases"] == []


# Policies.

S3 = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::bucket"}


def allow(aws: LambdaServer, statement_id: str, **more: str) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client.add_permission(**{"FunctionName": "orders", "StatementId": statement_id, **S3, **more})
    return answer


def policy(aws: LambdaServer, **more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws.client.get_policy(FunctionName="orders", **more)["Policy"])
    return found


def test_each_qualifier_has_a_policy_of_its_own(aws: LambdaServer) -> None:
    aws.create_versions(1)
    aws.create_alias("live")
    for qualifier in ({}, {"Qualifier": "1"}, {"Qualifier": "live"}):
        answer = allow(aws, "s3", **qualifier)
        resource = ":".join([ARN, *qualifier.values()])
        statement = {
            "Sid": "s3",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": resource,
            "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}},
        }
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
        assert json.loads(answer["Statement"]) == statement
        assert policy(aws, **qualifier) == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}


def test_a_new_version_has_no_policy(aws: LambdaServer) -> None:
    aws.create(1)
    allow(aws, "s3")
    aws.client.publish_version(FunctionName="orders")
    expected = (404, "ResourceNotFoundException", "The resource you requested does not exist.")
    assert refusal(aws.client.get_policy, FunctionName="orders", Qualifier="1") == expected
    assert refusal(aws.client.get_policy, FunctionName="nothing") == expected


def test_a_permission_renews_the_revision_that_guards_it(aws: LambdaServer) -> None:
    aws.create_versions(1)
    first = aws.create_alias()["RevisionId"]
    allow(aws, "one", Qualifier="live", RevisionId=first)
    second = aws.client.get_policy(FunctionName="orders", Qualifier="live")["RevisionId"]
    assert aws.client.get_alias(FunctionName="orders", Name="live")["RevisionId"] == second != first
    with pytest.raises(ClientError) as caught:
        allow(aws, "two", Qualifier="live", RevisionId=first)
    assert caught.value.response["Error"]["Message"] == (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetPolicy API to retrieve the latest Revision Id"
    )
    call = {"FunctionName": "orders", "StatementId": "one", "Qualifier": "live"}
    assert refusal(aws.client.remove_permission, **call, RevisionId=first) == (412, "PreconditionFailedException", STALE)
    assert aws.client.remove_permission(**call, RevisionId=second)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_permission_is_removed_from_its_own_qualifier(aws: LambdaServer) -> None:
    aws.create_versions(1)
    aws.create_alias()
    for statement_id in ("one", "two"):
        allow(aws, statement_id, Qualifier="live")
        allow(aws, statement_id)
    aws.client.remove_permission(FunctionName="orders", StatementId="one", Qualifier="live")
    assert [statement["Sid"] for statement in policy(aws, Qualifier="live")["Statement"]] == ["two"]
    assert [statement["Sid"] for statement in policy(aws)["Statement"]] == ["one", "two"]
    aws.client.remove_permission(FunctionName="orders", StatementId="two", Qualifier="live")
    assert refusal(aws.client.get_policy, FunctionName="orders", Qualifier="live")[0] == 404


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"StatementId": "example.com"},
            (
                400,
                "ValidationException",
                (
                    "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: "
                    "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"
                ),
            ),
        ),
        (
            {"FunctionName": "orders:live", "Qualifier": "other"},
            (
                400,
                "InvalidParameterValueException",
                "The derived qualifier from the function name does not match the specified qualifier.",
            ),
        ),
        (
            {"Qualifier": "$LATEST"},
            (400, "InvalidParameterValueException", "We currently do not support adding policies for $LATEST."),
        ),
        (
            {"Principal": "invalid.nonaws.com"},
            (
                400,
                "InvalidParameterValueException",
                "The provided principal was invalid. Please check the principal and try again.",
            ),
        ),
        (
            {"FunctionName": "nothing"},
            (
                404,
                "ResourceNotFoundException",
                "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:nothing",
            ),
        ),
        (
            {"Qualifier": "alias-doesnotexist"},
            (404, "ResourceNotFoundException", f"Cannot find alias arn: {ARN}:alias-doesnotexist"),
        ),
        ({"Qualifier": "42"}, (404, "ResourceNotFoundException", f"Function not found: {ARN}:42")),
        (
            {"StatementId": "taken"},
            (
                409,
                "ResourceConflictException",
                (
                    "The statement id (taken) provided already exists. "
                    "Please provide a new statement id, or remove the existing statement."
                ),
            ),
        ),
    ],
)
def test_a_permission_that_aws_refuses_is_refused(
    aws: LambdaServer, change: dict[str, str], expected: tuple[int, str, str]
) -> None:
    aws.create_versions(1)
    allow(aws, "taken")
    call = {"FunctionName": "orders", "StatementId": "s3", **S3, **change}
    assert refusal(aws.client.add_permission, **call) == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"FunctionName": "orders", "StatementId": "s3"}, "No policy is associated with the given resource."),
        (
            {"FunctionName": "nothing", "StatementId": "s3"},
            "No policy found for: arn:aws:lambda:eu-west-1:123456789012:function:nothing",
        ),
        (
            {"FunctionName": "orders", "StatementId": "s3", "Qualifier": "alias-doesnotexist"},
            f"Cannot find alias arn: {ARN}:alias-doesnotexist",
        ),
        (
            {"FunctionName": "orders", "StatementId": "s3", "Qualifier": "1"},
            "Statement s3 is not found in resource policy.",
        ),
    ],
)
def test_what_is_not_there_cannot_be_removed(aws: LambdaServer, call: dict[str, str], message: str) -> None:
    aws.create_versions(1)
    allow(aws, "other", Qualifier="1")
    assert refusal(aws.client.remove_permission, **call) == (404, "ResourceNotFoundException", message)


# Invocations.


def invoke(aws: LambdaServer, payload: str = '{"a": 1}', **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client.invoke(FunctionName="orders", Payload=payload, **more)
    return {**answer, "Payload": json.loads(answer["Payload"].read() or "null")}


def test_an_invocation_is_answered_by_the_version_and_says_which(aws: LambdaServer) -> None:
    aws.create_versions(2)
    aws.create_alias("live", "1", RoutingConfig=weights(v2=0.5))
    answer = invoke(aws, Qualifier="2")
    assert (answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"]) == (200, "2", [2, "2", {"a": 1}])
    assert invoke(aws)["ExecutedVersion"] == "$LATEST"
    shares = Counter(invoke(aws, Qualifier="live")["ExecutedVersion"] for _ in range(60))
    assert set(shares) == {"1", "2"}


def test_a_functions_error_is_an_answer_with_a_mark(aws: LambdaServer) -> None:
    aws.create(1, Handler="app.missing")
    answer = invoke(aws)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert answer["Payload"]["errorType"] == "Runtime.HandlerNotFound"


def test_the_tail_of_the_log_comes_with_the_answer_if_asked_for(aws: LambdaServer) -> None:
    aws.create(1)
    assert "LogResult" not in invoke(aws)
    log = base64.b64decode(invoke(aws, LogType="Tail")["LogResult"]).decode()
    assert log.startswith("START RequestId: ")
    assert "Version: $LATEST" in log


def test_other_kinds_of_invocation_have_their_own_status(aws: LambdaServer) -> None:
    aws.create(1)
    assert invoke(aws, InvocationType="DryRun")["StatusCode"] == 204
    assert invoke(aws, InvocationType="Event")["StatusCode"] == 202


def test_an_event_that_is_no_json_is_refused(aws: LambdaServer) -> None:
    aws.create(1)
    status, code, message = refusal(aws.client.invoke, FunctionName="orders", Payload="{")
    assert (status, code) == (400, "InvalidRequestContentException")
    assert message.startswith("Could not parse request body into json: ")
