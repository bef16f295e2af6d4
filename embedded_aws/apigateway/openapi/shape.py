"""The shape of a document: which of its parts are mappings, lists or texts.

Everything that the import reads has one. AWS's answer to a document of another shape is not recorded
(docs/aws.md#openapi-import). Which parts a document may have is not decided here.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped]  # it has no stubs of its own

Shape = dict[str, Any]

EXTENSION = "x-amazon-apigateway-"
VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY_METHOD = f"{EXTENSION}any-method"

_ANY: Shape = {}
_TEXT: Shape = {"type": ["string", "null"]}
_NAME: Shape = {"type": "string"}
_PLAIN: Shape = {"type": ["string", "number", "boolean", "null"]}
_NUMBER: Shape = {"type": ["integer", "string", "null"], "pattern": r"^\d+$"}


def _mapping(values: Shape = _ANY, **parts: Shape) -> Shape:
    return {"type": "object", "additionalProperties": values, "properties": parts}


def _list(items: Shape) -> Shape:
    return {"type": "array", "items": items}


def _or_null(shape: Shape) -> Shape:
    """A part that may be left empty, as YAML writes it: `responses:`."""
    return {"anyOf": [shape, {"type": "null"}]}


_NAMES = _or_null(_list(_NAME))
_PLAIN_TEXTS = _or_null(_mapping(_PLAIN))
_SCHEMA = _mapping(**{"$ref": _NAME})
_CONTENT = _or_null(_mapping(_mapping(schema=_or_null(_SCHEMA))))
_REQUIREMENTS = _or_null(_list(_mapping(_NAMES)))
_PARAMETER = _mapping(**{"$ref": _NAME, "in": _NAME, "name": _NAME, "schema": _SCHEMA})
_BODY = _mapping(**{"$ref": _NAME, "content": _CONTENT})
_RESPONSE = _mapping(**{"$ref": _NAME, "content": _CONTENT, "headers": _or_null(_mapping()), "schema": _SCHEMA})
_INTEGRATION_RESPONSE = _mapping(
    statusCode=_PLAIN, responseParameters=_PLAIN_TEXTS, responseTemplates=_PLAIN_TEXTS, contentHandling=_TEXT
)
_INTEGRATION = _mapping(
    cacheKeyParameters=_NAMES,
    cacheNamespace=_TEXT,
    connectionId=_TEXT,
    connectionType=_TEXT,
    contentHandling=_TEXT,
    credentials=_TEXT,
    httpMethod=_TEXT,
    passthroughBehavior=_TEXT,
    requestParameters=_PLAIN_TEXTS,
    requestTemplates=_PLAIN_TEXTS,
    responseTransferMode=_TEXT,
    responses=_or_null(_mapping(_or_null(_INTEGRATION_RESPONSE))),
    timeoutInMillis=_NUMBER,
    tlsConfig=_or_null(_mapping(_PLAIN)),
    type=_TEXT,
    uri=_TEXT,
)
_OPERATION = _or_null(
    _mapping(
        **{
            "consumes": _NAMES,
            "operationId": _TEXT,
            "parameters": _list(_PARAMETER),
            "produces": _NAMES,
            "requestBody": _or_null(_BODY),
            "responses": _or_null(_mapping(_or_null(_RESPONSE))),
            "security": _REQUIREMENTS,
            f"{EXTENSION}auth": _mapping(type=_TEXT),
            f"{EXTENSION}integration": _INTEGRATION,
            f"{EXTENSION}request-validator": _TEXT,
        }
    )
)
_PATH = _or_null(_mapping(parameters=_list(_PARAMETER), **dict.fromkeys((*VERBS, ANY_METHOD), _OPERATION)))
_AUTHORIZER = _mapping(
    type=_TEXT,
    providerARNs=_NAMES,
    authorizerUri=_TEXT,
    authorizerCredentials=_TEXT,
    identitySource=_TEXT,
    identityValidationExpression=_TEXT,
    authorizerResultTtlInSeconds=_NUMBER,
)
_SCHEMES = _or_null(_mapping(_mapping(**{f"{EXTENSION}authorizer": _AUTHORIZER, f"{EXTENSION}authtype": _TEXT})))
_SCHEMAS = _or_null(_mapping(_SCHEMA))
_SERVER = _mapping(url=_TEXT, variables=_or_null(_mapping(_or_null(_mapping(default=_PLAIN)))))
_PARAMETERS, _RESPONSES = _or_null(_mapping(_PARAMETER)), _or_null(_mapping(_RESPONSE))
_COMPONENTS = _mapping(
    parameters=_PARAMETERS,
    requestBodies=_or_null(_mapping(_BODY)),
    responses=_RESPONSES,
    schemas=_SCHEMAS,
    securitySchemes=_SCHEMES,
)
_DOCUMENT = _mapping(
    **{
        "basePath": _TEXT,
        "components": _or_null(_COMPONENTS),
        "consumes": _NAMES,
        "definitions": _SCHEMAS,
        "info": _mapping(title=_PLAIN, version=_PLAIN, description=_PLAIN),
        "parameters": _PARAMETERS,
        "paths": _mapping(_PATH),
        "produces": _NAMES,
        "responses": _RESPONSES,
        "security": _REQUIREMENTS,
        "securityDefinitions": _SCHEMES,
        "servers": _or_null(_list(_SERVER)),
        f"{EXTENSION}api-key-source": _TEXT,
        f"{EXTENSION}binary-media-types": _list(_NAME),
        f"{EXTENSION}endpoint-configuration": _or_null(_mapping(vpcEndpointIds=_list(_NAME))),
        f"{EXTENSION}gateway-responses": _or_null(_mapping(_or_null(_INTEGRATION_RESPONSE))),
        f"{EXTENSION}minimum-compression-size": _PLAIN,
        f"{EXTENSION}request-validator": _TEXT,
        f"{EXTENSION}request-validators": _or_null(_mapping(_or_null(_mapping(_PLAIN)))),
    }
)
_DOCUMENT["required"] = ["info", "paths"]
_CHECKED = Draft4Validator(_DOCUMENT)


def has_shape(root: object) -> bool:
    """Whether a whole document has the shape that the import reads."""
    return bool(_CHECKED.is_valid(root))
