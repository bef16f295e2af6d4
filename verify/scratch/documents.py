"""OpenAPI documents that are imported into the scratch API, and what its stages export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verify.scratch.patches import DEPLOYMENT, replace

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch

Json = dict[str, Any]

JSON_TYPE = "application/json"
INTEGRATION = "x-amazon-apigateway-integration"


def mock(said: str) -> Json:
    """An integration that answers 200 with the content of a template."""
    responses = {"default": {"statusCode": "200", "responseTemplates": {JSON_TYPE: said}}}
    return {"type": "mock", "requestTemplates": {JSON_TYPE: '{"statusCode": 200}'}, "responses": responses}


def merge(scratch: Scratch, path: str, method: Json, **more: Json) -> None:
    """Add ``GET`` of a path to the API, and whatever else is in ``more``."""
    put(scratch, "merge", {"openapi": "3.0.1", "info": {"title": scratch.prefix}, "paths": {path: {"get": method}}, **more})


def put(scratch: Scratch, mode: str, document: Json) -> None:
    """Import a document into the API."""
    body = json.dumps(document).encode()
    scratch.aws.call("apigateway", "put_rest_api", restApiId=scratch.rest_api_id, mode=mode, body=body)


def exported(scratch: Scratch, deployment: str) -> Json:
    """The export of a stage with this deployment."""
    with scratch.stage() as stage:
        stage.patch(replace(DEPLOYMENT, deployment))
        answered = scratch.aws.call(
            "apigateway",
            "get_export",
            restApiId=scratch.rest_api_id,
            stageName=stage.name,
            exportType="oas30",
            parameters={"extensions": "apigateway"},
            accepts=JSON_TYPE,
        )
    document: Json = json.loads(answered["body"].read())
    return document


def function_uri(scratch: Scratch, qualifier: str) -> str:
    """The URI by which API Gateway calls the scratch function."""
    place = scratch.aws.place
    function = place.arn("lambda", f"function:{scratch.function}:{qualifier}")
    return f"arn:{place.partition}:apigateway:{place.region}:lambda:path/2015-03-31/functions/{function}/invocations"
