"""The scratch API: methods that answer by themselves, two that call the function, and two deployments of them.

Decides what each method answers: its arm as the stage variable has it, or the version that was called. Nobody holds an API key,
so the locked method refuses everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.scratch_function import ALIASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.scratch import Scratch

OPEN, LOCKED, THROTTLED, CALLED = "/open", "/locked", "/throttled", "/called"
PATTERN = "/pattern/{id}"
"""Of the method `ANY`."""


def make_api(scratch: Scratch, *, calls_function: bool) -> None:
    """Make it; a method can call the function only if there is one."""
    aws, name = scratch.aws, scratch.prefix

    def make() -> str:
        made = aws.call("apigateway", "create_rest_api", name=name, endpointConfiguration={"types": ["REGIONAL"]})
        return str(made["id"])

    scratch.rest_api_id = scratch.create("rest-api", name, make)
    root = aws.call("apigateway", "get_resources", restApiId=scratch.rest_api_id)["items"][0]["id"]
    for path in (OPEN, LOCKED, THROTTLED):
        _make_mock(scratch, root, path)
    if calls_function:
        _make_calls(scratch, root)
    scratch.first, scratch.second = (scratch.create_deployment(which) for which in ("the first", "the second"))


def _make_method(scratch: Scratch, root: str, path: str, verb: str = "GET") -> dict[str, str]:
    api, parent = {"restApiId": scratch.rest_api_id}, root
    for part in path.strip("/").split("/"):
        parent = scratch.aws.call("apigateway", "create_resource", **api, parentId=parent, pathPart=part)["id"]
    method = {**api, "resourceId": parent, "httpMethod": verb}
    scratch.aws.call("apigateway", "put_method", **method, authorizationType="NONE", apiKeyRequired=path == LOCKED)
    return method


def _make_mock(scratch: Scratch, root: str, path: str) -> None:
    aws, method = scratch.aws, _make_method(scratch, root, path)
    asked, said = '{"statusCode": 200}', '{"arm": "$stageVariables.arm"}'
    aws.call("apigateway", "put_method_response", **method, statusCode="200")
    aws.call("apigateway", "put_integration", **method, type="MOCK", requestTemplates=_json(asked))
    aws.call("apigateway", "put_integration_response", **method, statusCode="200", responseTemplates=_json(said))


def _json(template: str) -> Mapping[str, str]:
    return {"application/json": template}


def _make_calls(scratch: Scratch, root: str) -> None:
    """Two methods that call the alias which the stage variable names, and leave for the API to do so."""
    for path, verb in ((CALLED, "GET"), (PATTERN, "ANY")):
        _make_call(scratch, _make_method(scratch, root, path, verb))
    for alias in ALIASES:
        allow_api(scratch, alias, "*")


def _make_call(scratch: Scratch, method: Mapping[str, str]) -> None:
    aws, place = scratch.aws, scratch.aws.place
    function = place.arn("lambda", f"function:{scratch.function}:${{stageVariables.alias}}")
    uri = f"arn:{place.partition}:apigateway:{place.region}:lambda:path/2015-03-31/functions/{function}/invocations"
    aws.call("apigateway", "put_integration", **method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)


def allow_api(scratch: Scratch, alias: str, presented: str) -> None:
    """The API may invoke the alias on behalf of what ends in ``presented``, which follows its id in the source ARN."""
    scratch.aws.call(
        "lambda",
        "add_permission",
        FunctionName=scratch.function,
        Qualifier=alias,
        StatementId=scratch.prefix,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=scratch.aws.place.arn("execute-api", f"{scratch.rest_api_id}/{presented}"),
    )
