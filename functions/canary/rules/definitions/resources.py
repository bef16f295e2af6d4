"""An API's definition from its own resources: the answers of GetResources, GetAuthorizers and so on.

Takes AWS's answers as they are (docs/aws.md#definition-shape) and decides which explicit values equal the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary.rules.definitions.canonical import json_text, policy_text, schema_text
from canary.rules.definitions.definition import (
    DEFAULT_PATTERN,
    DEFAULT_TIMEOUT_MS,
    DEFAULT_TTL_SECONDS,
    Authorizer,
    Definition,
    Endpoint,
    GatewayResponse,
    Integration,
    IntegrationResponse,
    Method,
    MethodResponse,
    Model,
    Texts,
    Validator,
    arrange_methods,
    find_bare_paths,
)
from canary.rules.definitions.inline_models import name_by_content

Answer = Mapping[str, Any]

BY_NO_AUTHORIZER = frozenset({None, "NONE", "AWS_IAM"})
"""Authorization types without an authorizer: an authorizer that the method still names, and its scopes, have no effect."""

DEFAULT_TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}
"""The templates of a gateway response that was given none (docs/aws.md#gateway-responses)."""

OWN_STATUSES = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}
"""By type, the status of a gateway response that was given none; the two defaults have none (docs/aws.md#gateway-responses)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """AWS's answers about one API; ``resources`` with their methods embedded."""

    api: Answer
    resources: Sequence[Answer]
    authorizers: Sequence[Answer] = ()
    gateway_responses: Sequence[Answer] = ()
    models: Sequence[Answer] = ()
    validators: Sequence[Answer] = ()


def from_answers(answers: Answers) -> Definition:
    """The definition of the API that the answers describe."""
    api, paths = answers.api, paths_by_id(answers.resources)
    names = {one["id"]: one["name"] for one in (*answers.authorizers, *answers.validators)}
    methods = arrange_methods(
        (
            _method(resource["path"], verb, method, names)
            for resource in answers.resources
            for verb, method in (resource.get("resourceMethods") or {}).items()
        ),
        paths,
    )
    definition = Definition(
        methods=methods,
        authorizers={one["name"]: _authorizer(one) for one in answers.authorizers},
        gateway_responses={
            one["responseType"]: gateway_response(one["responseType"], one)
            for one in answers.gateway_responses
            if not one.get("defaultResponse")
        },
        models={one["name"]: _model(one) for one in answers.models},
        validators={one["name"]: validator(one) for one in answers.validators},
        policy=policy_text(api.get("policy") or "", str(api["id"])),
        binary_types=tuple(sorted(api.get("binaryMediaTypes") or ())),
        compresses_from=api.get("minimumCompressionSize"),
        api_key_source=api.get("apiKeySource") or "HEADER",
        bare_paths=find_bare_paths(paths.values(), methods),
        endpoint=endpoint_of(api),
    )
    return name_by_content(definition)


def paths_by_id(resources: Sequence[Answer]) -> dict[str, str]:
    """The resources' paths by id."""
    return {resource["id"]: resource["path"] for resource in resources}


def endpoint_of(api: Answer) -> Endpoint:
    """Where an API is reached, from GetRestApi's answer."""
    configured = api.get("endpointConfiguration") or {}
    return Endpoint(
        kinds=tuple(sorted(configured.get("types") or ())),
        vpc_endpoints=tuple(sorted(configured.get("vpcEndpointIds") or ())),
        is_default_disabled=bool(api.get("disableExecuteApiEndpoint")),
    )


def _method(path: str, verb: str, method: Answer, names: Texts) -> Method:
    checker, integration = method.get("requestValidatorId"), method.get("methodIntegration")
    has_authorizer = method.get("authorizationType") not in BY_NO_AUTHORIZER
    authorizer = method.get("authorizerId") if has_authorizer else None
    return Method(
        path=path,
        http_method=verb,
        authorization=method.get("authorizationType") or "NONE",
        authorizer=names.get(authorizer, authorizer) if authorizer else "",
        scopes=tuple(sorted((method.get("authorizationScopes") or ()) if has_authorizer else ())),
        is_api_key_required=bool(method.get("apiKeyRequired")),
        validator=names.get(checker, checker) if checker else "",
        operation=method.get("operationName") or "",
        parameters={
            name: bool(is_required)
            for name, is_required in (method.get("requestParameters") or {}).items()
            if not name.startswith("method.request.path.")
        },
        models=texts(method.get("requestModels")),
        responses={status: _method_response(one) for status, one in (method.get("methodResponses") or {}).items()},
        integration=_integration(integration) if integration else None,
    )


def _method_response(response: Answer) -> MethodResponse:
    return MethodResponse(tuple(sorted(response.get("responseParameters") or ())), texts(response.get("responseModels")))


def _integration(integration: Answer) -> Integration:
    responses = (integration.get("integrationResponses") or {}).values()
    return integration_from(integration, {one.get("selectionPattern") or DEFAULT_PATTERN: one for one in responses})


def integration_from(written: Answer, responses: Mapping[str, Answer]) -> Integration:
    """An integration as an answer or an export writes it; ``responses`` by selection pattern."""
    kind = str(written["type"]).upper()
    is_mock = kind == "MOCK"
    return Integration(
        kind=kind,
        uri="" if is_mock else written.get("uri") or "",
        http_method="" if is_mock else str(written.get("httpMethod") or "").upper(),
        credentials=written.get("credentials") or "",
        connection_type=written.get("connectionType") or "INTERNET",
        connection_id=written.get("connectionId") or "",
        target=written.get("integrationTarget") or "",
        content_handling=written.get("contentHandling") or "",
        passthrough=str(written.get("passthroughBehavior") or "WHEN_NO_MATCH").upper(),
        transfer_mode=written.get("responseTransferMode") or "BUFFERED",
        timeout_ms=int(written.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS),
        trusts_any_certificate=bool((written.get("tlsConfig") or {}).get("insecureSkipVerification")),
        cache_namespace=written.get("cacheNamespace") or "",
        cache_keys=tuple(sorted(written.get("cacheKeyParameters") or ())),
        parameters=texts(written.get("requestParameters")),
        templates=texts(written.get("requestTemplates")),
        responses={pattern: _integration_response(one) for pattern, one in responses.items()},
    )


def _integration_response(response: Answer) -> IntegrationResponse:
    return IntegrationResponse(
        status=str(response.get("statusCode") or ""),
        content_handling=response.get("contentHandling") or "",
        parameters=texts(response.get("responseParameters")),
        templates=texts(response.get("responseTemplates")),
    )


def _authorizer(answer: Answer) -> Authorizer:
    return authorizer_from(answer["name"], answer, answer.get("identitySource") or "")


def authorizer_from(name: str, written: Answer, identity_source: str) -> Authorizer:
    """An authorizer as an answer or an export writes it; its `authType` has no effect."""
    ttl = written.get("authorizerResultTtlInSeconds")
    tokens = written.get("jwtConfiguration")
    return Authorizer(
        name=name,
        kind=str(written["type"]).upper(),
        uri=written.get("authorizerUri") or "",
        credentials=written.get("authorizerCredentials") or "",
        identity_source=",".join(part.strip() for part in identity_source.split(",")),
        validation=written.get("identityValidationExpression") or "",
        ttl_seconds=DEFAULT_TTL_SECONDS if ttl is None else int(ttl),
        user_pools=tuple(sorted(written.get("providerARNs") or ())),
        tokens=json_text(tokens) if tokens else "",
        id=str(written.get("id") or ""),
    )


def gateway_response(kind: str, written: Answer) -> GatewayResponse:
    """A customised gateway response of this type, as an answer or an export writes it.

    The status and the template that it would have anyway count as not given: the API's answers have them, an export may not.
    """
    status, templates = str(written.get("statusCode") or ""), texts(written.get("responseTemplates"))
    return GatewayResponse(
        status="" if status == OWN_STATUSES.get(kind) else status,
        parameters=texts(written.get("responseParameters")),
        templates={} if templates == DEFAULT_TEMPLATES else templates,
    )


def _model(answer: Answer) -> Model:
    return Model(answer.get("contentType") or "application/json", schema_text(answer.get("schema") or ""))


def validator(written: Answer) -> Validator:
    """A request validator as an answer or an export writes it."""
    return Validator(bool(written.get("validateRequestBody")), bool(written.get("validateRequestParameters")))


def texts(written: Mapping[str, Any] | None) -> dict[str, str]:
    """A map of texts; missing values become empty texts."""
    return {key: "" if value is None else str(value) for key, value in (written or {}).items()}
