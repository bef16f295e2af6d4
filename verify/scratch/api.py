"""The scratch API: mock methods, one method that calls the function, and two deployments of them.

It decides what each method answers: its arm, as in the stage variable, or the version that was called. No API key exists, so
the locked method refuses every request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.scratch.function import ALIASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.scratch.scratch import Scratch

OPEN, LOCKED, THROTTLED, CALLED = "/open", "/locked", "/throttled", "/called"


def make_api(scratch: Scratch, *, calls_function: bool) -> None:
    """Create it; a method can call the function only if there is one."""
    aws, name = scratch.aws, scratch.prefix

    def make() -> str:
        made = aws.call("apigateway", "create_rest_api", name=name, endpointConfiguration={"types": ["REGIONAL"]})
        return str(made["id"])

    scratch.rest_api_id = scratch.create("rest-api", name, make)
    root = aws.call("apigateway", "get_resources", restApiId=scratch.rest_api_id)["items"][0]["id"]
    for path in (OPEN, LOCKED, THROTTLED):
        _make_mock(scratch, root, path)
    if calls_function:
        _make_call(scratch, root)
    scratch.first, scratch.second = (scratch.create_deployment(which) for which in ("the first", "the second"))


def _make_method(scratch: Scratch, root: str, path: str) -> dict[str, str]:
    api = {"restApiId": scratch.rest_api_id}
    made = scratch.aws.call("apigateway", "create_resource", **api, parentId=root, pathPart=path.strip("/"))
    method = {**api, "resourceId": made["id"], "httpMethod": "GET"}
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


def _make_call(scratch: Scratch, root: str) -> None:
    """Create a method that calls the alias in the stage variable, and permit the API to call it."""
    _put_call(scratch, _make_method(scratch, root, CALLED), "${stageVariables.alias}")
    for alias in ALIASES:
        scratch.aws.call(
            "lambda",
            "add_permission",
            FunctionName=scratch.function,
            Qualifier=alias,
            StatementId=scratch.prefix,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=scratch.aws.place.arn("execute-api", f"{scratch.rest_api_id}/*"),
        )


def make_open_method(scratch: Scratch, alias: str) -> None:
    """Create a method ANY on ``/items/{id}`` that calls a separate alias, without permission to do so."""
    aws, api = scratch.aws, {"restApiId": scratch.rest_api_id}
    aws.call("lambda", "create_alias", FunctionName=scratch.function, Name=alias, FunctionVersion="1")
    root = next(one["id"] for one in aws.call("apigateway", "get_resources", **api)["items"] if one["path"] == "/")
    items = aws.call("apigateway", "create_resource", **api, parentId=root, pathPart="items")["id"]
    item = aws.call("apigateway", "create_resource", **api, parentId=items, pathPart="{id}")["id"]
    method = {**api, "resourceId": item, "httpMethod": "ANY"}
    aws.call("apigateway", "put_method", **method, authorizationType="NONE")
    _put_call(scratch, method, alias)


def _put_call(scratch: Scratch, method: Mapping[str, str], alias: str) -> None:
    place = scratch.aws.place
    function = place.arn("lambda", f"function:{scratch.function}:{alias}")
    uri = f"arn:{place.partition}:apigateway:{place.region}:lambda:path/2015-03-31/functions/{function}/invocations"
    scratch.aws.call("apigateway", "put_integration", **method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
