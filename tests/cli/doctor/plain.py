"""A plain API, as most are before a controller: no aliases, no variable, no access log, integrations on the functions themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

from demo.sample import create_role
from embedded_aws.awslambda.zips import zip_of

if TYPE_CHECKING:
    from embedded_aws.embedded import EmbeddedAws

CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': context.function_version}\n"
FUNCTIONS = ("plain-read", "plain-write")
ROUTES = {"GET": "plain-read", "POST": "plain-write"}
PLACE = "eu-west-1:123456789012"


@dataclass(frozen=True)
class PlainApi:
    """The API and its stage `live`."""

    aws: EmbeddedAws
    rest_api_id: str

    @property
    def subject(self) -> tuple[str, ...]:
        """How the command names it."""
        return ("--api", self.rest_api_id, "--stage", "live")

    def ask(self) -> list[int]:
        """The statuses of one request to each route."""
        address = f"{self.aws.endpoint_url}/_aws/execute-api/{self.rest_api_id}/live/things"
        return [urllib3.request(verb, address, timeout=10).status for verb in ROUTES]


def create_plain_api(aws: EmbeddedAws, name: str = "Plain things") -> PlainApi:
    """Create it, deployed; requests are answered at once."""
    gateway, functions = aws.client("apigateway"), aws.client("lambda")
    api = gateway.create_rest_api(name=name)
    role = create_role(aws.client, "plain-functions", "lambda.amazonaws.com")
    resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="things")["id"]
    for verb, function in ROUTES.items():
        functions.create_function(
            FunctionName=function,
            Runtime="python3.13",
            Handler="plain.handler",
            Role=role,
            Code={"ZipFile": zip_of({"plain.py": CODE})},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=function)
        functions.add_permission(
            FunctionName=function,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{PLACE}:{api['id']}/*/*/*",
        )
        names = {"restApiId": api["id"], "resourceId": resource, "httpMethod": verb}
        gateway.put_method(**names, authorizationType="NONE")
        uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:{PLACE}:function:{function}/invocations"
        gateway.put_integration(**names, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api["id"], stageName="live")
    return PlainApi(aws, api["id"])
