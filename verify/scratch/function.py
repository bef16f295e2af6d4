"""The scratch function: two versions that return their number, behind two aliases.

As an authorizer it allows every request. Its role has no permissions, so it writes no logs, and its log group stays empty or
absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.awslambda.zips import zip_of
from verify.account.aws import RefusedError

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch

STATE_POLL_SECONDS = 2.0
STATE_LIMIT_SECONDS = 120.0
ALIASES = ("live", "canary")

_CODE = """import json


def handler(event, context):
    if event.get("type") == "REQUEST":
        statement = {{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}}
        policy = {{"Version": "2012-10-17", "Statement": [statement]}}
        return {{"principalId": "anyone", "policyDocument": policy, "context": {{"version": context.function_version}}}}
    return {{"statusCode": 200, "body": json.dumps({{"version": context.function_version, "code": {number}}})}}
"""


def make_function(scratch: Scratch) -> None:
    """Create it, with its role and the group that its lines would go to."""
    name, aws = scratch.function, scratch.aws
    role = scratch.create_role("function", "lambda.amazonaws.com")
    scratch.create_log_group(f"/aws/lambda/{name}")
    scratch.create("function", name, lambda: _create_function(scratch, role))
    for number, alias in enumerate(ALIASES, start=1):
        if number > 1:
            aws.call("lambda", "update_function_code", FunctionName=name, ZipFile=_archive(number))
            await_function(scratch, scratch.function)
        version = aws.call("lambda", "publish_version", FunctionName=name)["Version"]
        aws.call("lambda", "create_alias", FunctionName=name, Name=alias, FunctionVersion=version)


def _create_function(scratch: Scratch, role: str) -> str:
    made = scratch.aws.call_once_believed(
        "lambda",
        "create_function",
        code="InvalidParameterValueException",
        FunctionName=scratch.function,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": _archive(1)},
        MemorySize=128,
        Timeout=5,
    )
    await_function(scratch, scratch.function)
    return str(made["FunctionArn"])


def await_function(scratch: Scratch, name: str) -> None:
    """Wait until Lambda has created or changed a function.

    Raises:
        RefusedError: it has not finished within `STATE_LIMIT_SECONDS`.
    """
    aws, end = scratch.aws, scratch.aws.clock.now() + STATE_LIMIT_SECONDS
    while True:
        found = aws.call("lambda", "get_function_configuration", FunctionName=name)
        state = {found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")}
        if state == {"Active", "Successful"}:
            return
        if aws.clock.now() >= end:
            raise RefusedError(
                "Timeout", f"the function is still {' and '.join(sorted(state))} after {STATE_LIMIT_SECONDS:g} s"
            )
        aws.clock.sleep(STATE_POLL_SECONDS)


def _archive(number: int) -> bytes:
    return zip_of({"index.py": _CODE.format(number=number)})
