"""What an exception means for whoever ran the command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore import exceptions as aws
from botocore.exceptions import ClientError

from canary.aws.errors import AwsRefusedError, OwnershipLostError, RecordSchemaError, RecordsRefusedError, UnknownTargetError
from canary_cli.app import run
from canary_cli.exits import CommandError, ExitCode, worst_of
from canary_cli.faults import describe
from tests.aws.stubs import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

ODD = {"Code": "503", "Message": "Service Unavailable"}


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (refusal("ExpiredToken"), "Credentials", ExitCode.CANNOT_TELL),
        (refusal("UnrecognizedClientException"), "Credentials", ExitCode.CANNOT_TELL),
        (refusal("AccessDeniedException"), "Denied", ExitCode.CANNOT_TELL),
        (refusal("ThrottlingException"), "Busy", ExitCode.CANNOT_TELL),
        (ClientError({"Error": ODD, "ResponseMetadata": {"HTTPStatusCode": 503}}, "X"), "Busy", ExitCode.CANNOT_TELL),
        (RecordsRefusedError("DynamoDB left items unread"), "Busy", ExitCode.CANNOT_TELL),
        (refusal("ValidationException"), "ValidationException", ExitCode.FAILED),
        (aws.NoCredentialsError(), "Credentials", ExitCode.CANNOT_TELL),
        (aws.UnauthorizedSSOTokenError(), "Credentials", ExitCode.CANNOT_TELL),
        (aws.EndpointConnectionError(endpoint_url="http://x"), "Network", ExitCode.CANNOT_TELL),
        (aws.ConnectTimeoutError(endpoint_url="http://x"), "Network", ExitCode.CANNOT_TELL),
        (aws.ReadTimeoutError(endpoint_url="http://x"), "Network", ExitCode.CANNOT_TELL),
        (aws.ProfileNotFound(profile="x"), "ProfileNotFound", ExitCode.USAGE),
        (aws.NoRegionError(), "NoRegionError", ExitCode.USAGE),
        (aws.DataNotFoundError(data_path="x"), "DataNotFoundError", ExitCode.FAILED),
        (UnknownTargetError("no target x"), "UnknownTarget", ExitCode.USAGE),
        (RecordSchemaError("another schema"), "OtherSchema", ExitCode.FAILED),
        (OwnershipLostError("taken over"), "OwnershipLost", ExitCode.FAILED),
        (ZeroDivisionError("a bug"), "Crash", ExitCode.FAILED),
        (CommandError("Mine", "wrong", "do it right", ExitCode.REFUSED), "Mine", ExitCode.REFUSED),
    ],
)
def test_an_error_has_a_code_an_exit_code_and_what_to_do(error: Exception, code: str, exit_code: ExitCode):
    told = describe(error)

    assert (told.code, told.exit_code) == (code, exit_code)
    assert told.message
    assert told.fix


def test_a_refusal_behind_an_error_of_the_controller_is_found():
    error = AwsRefusedError("AWS refused `aws x`")
    error.__cause__ = refusal("ExpiredToken")

    assert (describe(error).code, describe(error).message) == ("Credentials", "AWS refused `aws x`")


@pytest.mark.parametrize(
    ("operation", "message", "wanted"),
    [
        (
            "Query",
            "is not authorized to perform: dynamodb:Query on arn:aws:dynamodb:eu-west-1:1:table/x",
            "canary-reader-eu-west-1",
        ),
        ("GetStage", "no", "canary-reader-<Region>"),
        (
            "StartExecution",
            "AWS refused `aws stepfunctions start-execution --region us-gov-west-1`",
            "canary-starter-us-gov-west-1",
        ),
        ("Invoke", "aws lambda invoke --region eu-west-1 --function-name canary-OperateRollout", "canary-operator-eu-west-1"),
        (
            "Invoke",
            "aws lambda invoke --region eu-west-1 --function-name canary-AuthorizeRollout",
            "canary-authorizer-eu-west-1",
        ),
    ],
)
def test_a_denial_names_what_to_ask_for(operation: str, message: str, wanted: str):
    error = AwsRefusedError(message)
    error.__cause__ = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

    assert wanted in describe(error).fix


def test_the_worst_exit_code_of_several_rollouts_counts():
    assert worst_of([]) is ExitCode.DONE
    assert worst_of([ExitCode.DONE, ExitCode.REFUSED, ExitCode.ROLLED_BACK]) is ExitCode.ROLLED_BACK
    assert worst_of([ExitCode.NEEDS_OPERATOR, ExitCode.ROLLED_BACK]) is ExitCode.NEEDS_OPERATOR
    assert worst_of([ExitCode.DETACHED, ExitCode.DONE]) is ExitCode.DETACHED
    assert {code.value for code in ExitCode} == {0, 1, 2, 3, 4, 5, 6, 7, 130}


KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
CLOSED = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("environ", "options", "exit_code", "code"),
    [
        ({}, ["--region", "eu-west-1"], 7, "Credentials"),
        (KEYS, ["--region", "eu-west-1", "--endpoint-url", CLOSED], 7, "Network"),
        (KEYS | {"AWS_ENDPOINT_URL": CLOSED}, ["--region", "eu-west-1"], 7, "Network"),
        (KEYS, ["--profile", "nobody"], 2, "ProfileNotFound"),
        (KEYS, [], 2, "NoRegionError"),
        (KEYS | {"AWS_DEFAULT_REGION": ""}, [], 2, "BadEndpoint"),
        (KEYS, ["--region", "eu-west-1", "--endpoint-url", "127.0.0.1"], 2, "BadEndpoint"),
        (KEYS, ["--region", "Frankfurt am Main"], 2, "BadEndpoint"),
    ],
)
def test_without_a_connection_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environ: Mapping[str, str],
    options: list[str],
    exit_code: int,
    code: str,
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ended = run(["status", *options, "--json"])
    out, err = capsys.readouterr()

    assert (ended, json.loads(err)["code"], out) == (exit_code, code, "")
