"""Lambda proxy integration: turns a request into a function's event, and the function's answer into a response.

Decides the event's shape, which answers are malformed (docs/aws.md#lambda-proxy) and how a failure is answered
(docs/aws.md#integration-failures). It invokes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.dataplane.access_log import clf_time, user_agent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedded_aws.apigateway.definition.frozen import Method
    from embedded_aws.apigateway.stages.settings import Arm, StageSettings
    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.dataplane.served import Authorized, Served

INTERNAL_ERROR = "Internal server error"
LAMBDA_MS = 3
INTERNAL, BAD_ANSWER, TOO_LATE = 500, 502, 504
FUNCTION_ERROR = "Lambda execution failed with status 200 due to customer function error"
MALFORMED = "Execution failed due to configuration error: Malformed Lambda proxy response"
_FIELDS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies"})
_NOT_FORWARDED = frozenset({"content-length", "connection"})
_JSON_ONLY = (("Content-Type", "application/json"),)
_NO_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)


class MalformedError(Exception):
    """The function's answer is not a proxy response."""


class Event:
    """The events of one method; the parts that all its requests share are computed once."""

    def __init__(self, method: Method, settings: StageSettings, arm: Arm, *, account: str, region: str) -> None:
        api_id, stage = settings.api_id, settings.stage_name
        host = f"{api_id}.execute-api.{region}.amazonaws.com"
        self._api = f"arn:aws:execute-api:{region}:{account}:{api_id}"
        self.variables = arm.variables
        self._resource = method.path
        self._headers = {"Host": host, "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
        self._identity = dict.fromkeys(_NO_IDENTITY)
        self._context = {
            "accountId": account,
            "apiId": api_id,
            "deploymentId": arm.deployment_id,
            "domainName": host,
            "domainPrefix": api_id,
            "protocol": "HTTP/1.1",
            "resourceId": method.resource_id,
            "resourcePath": method.path,
            "stage": stage,
        }

    def of(self, served: Served) -> dict[str, Any]:
        """The event of one request. The function may change every part of it."""
        request = served.request
        headers = {**self._headers, "X-Forwarded-For": request.source_ip, **_forwarded(request.headers)}
        return {
            "resource": self._resource,
            "path": request.path,
            "httpMethod": request.method,
            "headers": headers,
            "multiValueHeaders": {name: [text] for name, text in headers.items()},
            "queryStringParameters": dict(request.query) or None,
            "multiValueQueryStringParameters": _grouped(request.query) if request.query else None,
            "pathParameters": dict(served.parameters) or None,
            "stageVariables": dict(self.variables) or None,
            "requestContext": {
                **self._context,
                "extendedRequestId": served.extended_request_id,
                "httpMethod": request.method,
                "identity": {**self._identity, "sourceIp": request.source_ip, "userAgent": user_agent(served)},
                "path": f"/{request.stage}{request.path}",
                "requestId": served.request_id,
                "requestTime": clf_time(int(request.at)),
                "requestTimeEpoch": int(request.at * 1000),
            },
            "body": request.body,
            "isBase64Encoded": request.is_base64,
        }

    def of_guarded(self, served: Served, authorized: Authorized) -> dict[str, Any]:
        """The event of a request that an authorizer admitted, with the authorizer's output."""
        event = self.of(served)
        told = {"principalId": authorized.principal_id, "integrationLatency": authorized.latency}
        event["requestContext"]["authorizer"] = {**authorized.context, **told}
        return event

    def of_authorizer(self, served: Served) -> dict[str, Any]:
        """The event of a REQUEST authorizer's function: the request without its body, and without nulls."""
        event = self.of(served)
        del event["body"], event["isBase64Encoded"]
        return {"type": "REQUEST", "methodArn": self._arn_of(served), **{key: value or {} for key, value in event.items()}}

    def of_token(self, served: Served, token: str) -> dict[str, Any]:
        """The event of a TOKEN authorizer's function."""
        return {"type": "TOKEN", "methodArn": self._arn_of(served), "authorizationToken": token}

    def _arn_of(self, served: Served) -> str:
        request = served.request
        return f"{self._api}/{request.stage}/{request.method}{request.path}"


def fail(served: Served, status: int, why: str) -> None:
    """Answer that the integration failed; only the log says why."""
    served.answer_error(status, INTERNAL_ERROR, "INTEGRATION_FAILURE")
    served.integration_error = why


def refuse_by_lambda(served: Served, status: int) -> None:
    """Answer that Lambda refused to run the function with this status (docs/aws.md#integration-failures)."""
    fail(served, INTERNAL, f"Lambda invocation failed with status: {status}")
    served.integration_status = status
    served.integration_latency = LAMBDA_MS


def answer_with(served: Served, invocation: Invocation, timeout_millis: int) -> None:
    """Turn the function's result into the response."""
    served.invocation = invocation
    served.integration_latency = LAMBDA_MS + round(invocation.duration_ms)
    if served.integration_latency > timeout_millis:
        served.integration_latency = timeout_millis
        served.answer_error(TOO_LATE, "Endpoint request timed out", "INTEGRATION_TIMEOUT")
        return
    served.integration_status = 200
    if invocation.function_error:
        served.answer_error(BAD_ANSWER, INTERNAL_ERROR, "DEFAULT_5XX")
        served.integration_error = f"{FUNCTION_ERROR}: {invocation.payload['errorMessage']}"
        return
    try:
        _read_answer(served, invocation.payload)
    except MalformedError:
        served.answer_error(BAD_ANSWER, INTERNAL_ERROR, "DEFAULT_5XX")
        served.integration_error = MALFORMED


def _read_answer(served: Served, payload: object) -> None:
    """Copy a function's answer into the response.

    No field is mandatory and no other field is allowed; a status may be a number written as text.

    Raises:
        MalformedError: the answer is not a proxy response; the response is unchanged.

    """
    if not isinstance(payload, dict) or not _FIELDS.issuperset(payload):
        raise MalformedError
    body = payload.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedError
    status = _status(payload.get("statusCode", 200))
    served.headers = _headers(payload.get("headers") or {}, payload.get("multiValueHeaders") or {})
    served.status = served.function_status = status
    served.body = body or ""
    served.is_base64 = bool(payload.get("isBase64Encoded"))


def _forwarded(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in headers.items() if name.lower() not in _NOT_FORWARDED}


def _grouped(query: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, text in query:
        grouped.setdefault(name, []).append(text)
    return grouped


def _status(value: object) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise MalformedError


def _headers(single: object, multiple: object) -> Sequence[tuple[str, str]]:
    if not multiple and isinstance(single, dict):
        if not single:
            return _JSON_ONLY
        if "Content-Type" in single and all(isinstance(value, str) for value in single.values()):
            return tuple(single.items())
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise MalformedError
    if not all(isinstance(values, list) for values in multiple.values()):
        raise MalformedError
    spelled = {name.lower(): name for name in multiple}
    pairs = [(name, _text(value)) for name, values in multiple.items() for value in values]
    pairs += [(spelled.get(name.lower(), name), _text(value)) for name, value in single.items()]
    return pairs if any(name.lower() == "content-type" for name, _ in pairs) else [*pairs, *_JSON_ONLY]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedError
