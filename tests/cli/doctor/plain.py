"""A plain API, as most are before a controller: no aliases, no variable, no access log.

Its integrations call the functions themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import urllib3

from demo.sample import create_role
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.embedded import EmbeddedAws

CODE = """
def handler(event, context):
    return {"statusCode": 200, "body": context.function_version}

def allow(event, context):
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    return {"principalId": "kim", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""
ROUTES = {"GET": "read", "POST": "write"}
AUTHORIZER = "allow"
REGION, ACCOUNT = "eu-west-1", "123456789012"


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
        return [urllib3.request(verb, address, headers={"Authorization": "x"}, timeout=10).status for verb in ROUTES]


def create_plain_api(
    aws: EmbeddedAws, name: str = "Plain things", *, is_small: bool = False, prefix: str = "plain"
) -> PlainApi:
    """Create it, deployed; requests are answered at once. A small one has one route, without an authorizer.

    ``prefix``: of its functions' names.
    """
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name=name)
    role = create_role(aws.client, f"{prefix}-functions", "lambda.amazonaws.com")
    resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="things")["id"]
    routes = dict([*ROUTES.items()][:1]) if is_small else ROUTES
    for function in (*routes.values(), *(() if is_small else (AUTHORIZER,))):
        _create_function(aws, f"{prefix}-{function}", role, api["id"])
    guarded = {"authorizationType": "NONE"} if is_small else _create_authorizer(aws, api["id"], f"{prefix}-{AUTHORIZER}")
    for verb, function in routes.items():
        names = {"restApiId": api["id"], "resourceId": resource, "httpMethod": verb}
        gateway.put_method(**names, **guarded)
        gateway.put_integration(**names, type="AWS_PROXY", integrationHttpMethod="POST", uri=_uri(f"{prefix}-{function}"))
    gateway.create_deployment(restApiId=api["id"], stageName="live")
    return PlainApi(aws, api["id"])


def _create_authorizer(aws: EmbeddedAws, rest_api_id: str, function: str) -> dict[str, str]:
    """The arguments of a method that has it."""
    made = aws.client("apigateway").create_authorizer(
        restApiId=rest_api_id,
        name="allow",
        type="TOKEN",
        authorizerUri=_uri(function),
        identitySource="method.request.header.Authorization",
    )
    return {"authorizationType": "CUSTOM", "authorizerId": made["id"]}


def _create_function(aws: EmbeddedAws, name: str, role: str, rest_api_id: str) -> None:
    client = aws.client("lambda")
    handler = "allow" if name.endswith(AUTHORIZER) else "handler"
    code = {"ZipFile": zip_of({"plain.py": CODE})}
    client.create_function(FunctionName=name, Runtime="python3.13", Handler=f"plain.{handler}", Role=role, Code=code)
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    for who in ("*/*/*", "authorizers/*"):
        client.add_permission(
            FunctionName=name,
            StatementId=f"api-{who.partition('/')[0].replace('*', 'all')}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{rest_api_id}/{who}",
        )


def _uri(function: str) -> str:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
