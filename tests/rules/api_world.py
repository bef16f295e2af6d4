"""One API described once and shown in both of AWS's forms: as its resources, and as a stage's export.

The shapes are those of docs/aws.md#definition-shape and docs/aws.md#export-document. Each showing of the resources has new ids,
and everything without an order comes in a different one.
"""

import json
import random
import string
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from canary.rules.definitions.openapi import from_export
from canary.rules.definitions.resources import Answers, from_answers

API_ID = "a1b2c3d4e5"
ACCOUNT, REGION = "123456789012", "eu-west-1"
ALIAS = "${stageVariables.lambdaAlias}"
DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
PREFIX = "x-amazon-apigateway-"
OWN_STATUSES = {"ACCESS_DENIED": "403", "UNAUTHORIZED": "401"}
"""The statuses that GetGatewayResponses shows where none was given, of the types that the tests customise."""


def lambda_uri(function, qualifier=ALIAS, *, region=REGION, account=ACCOUNT, partition="aws", kind="invocations"):
    ending = f":{qualifier}" if qualifier else ""
    date = "2021-11-15" if kind.startswith("response") else "2015-03-31"
    arn = f"arn:{partition}:lambda:{region}:{account}:function:{function}{ending}"
    return f"arn:{partition}:apigateway:{region}:lambda:path/{date}/functions/{arn}/{kind}"


@dataclass(frozen=True)
class Call:
    """An integration; ``responses`` by selection pattern, with status and templates."""

    kind: str = "AWS_PROXY"
    uri: str = lambda_uri("orders-read")
    credentials: str = ""
    timeout: int = 29000
    passthrough: str = "WHEN_NO_MATCH"
    content: str = ""
    cache_keys: tuple[str, ...] = ()
    shares_cache_of: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    responses: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verb:
    """A method; ``auth`` is NONE, AWS_IAM or an authorizer's name."""

    auth: str = "NONE"
    scopes: tuple[str, ...] = ()
    key: bool = False
    validator: str = ""
    operation: str = ""
    query: dict[str, bool] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    responses: dict[str, tuple[tuple[str, ...], dict[str, str]]] = field(default_factory=dict)
    call: Call = Call()


@dataclass(frozen=True)
class Guard:
    """An authorizer."""

    kind: str = "TOKEN"
    uri: str = lambda_uri("orders-auth")
    header: str = "Authorization"
    ttl: int = 300
    pools: tuple[str, ...] = ()
    credentials: str = ""


@dataclass(frozen=True)
class Api:
    """An API; methods by path and HTTP method, everything else by name."""

    verbs: dict[tuple[str, str], Verb]
    guards: dict[str, Guard] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    validators: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    policy: dict[str, Any] | None = None
    binary: tuple[str, ...] = ()
    compresses_from: int | None = None
    key_source: str = "HEADER"
    is_default_disabled: bool = False

    def with_verb(self, path, verb, **changes):
        key = (path, verb)
        return replace(self, verbs={**self.verbs, key: replace(self.verbs.get(key, Verb()), **changes)})


ORDERS = Api(
    {
        ("/orders", "GET"): Verb(),
        ("/orders", "POST"): Verb(call=Call(uri=lambda_uri("orders-write"))),
        ("/orders/{id}", "GET"): Verb(),
    }
)
"""The sample's form."""


def kept(mapping):
    """The same without empty values, which AWS leaves out."""
    return {key: value for key, value in mapping.items() if value not in ("", None, {}, (), [])}


def shuffled(rng, items):
    listed = list(items)
    rng.shuffle(listed)
    return listed


def shuffled_keys(rng, mapping):
    return {key: mapping[key] for key in shuffled(rng, mapping)}


def paths_of(api):
    """Every resource's path, parents included."""
    found = {"/"}
    for path, _ in api.verbs:
        parts = path.strip("/").split("/") if path != "/" else []
        found |= {f"/{'/'.join(parts[: count + 1])}" for count in range(len(parts))}
    return sorted(found)


def schema_of(schema, reference):
    """A schema whose references, written `model:X`, are in one of AWS's two forms."""
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split("model:")[1:]}:
        text = text.replace(f'"model:{name}"', json.dumps(reference.format(name)))
    return json.loads(text)


def as_answers(api, seed=0):
    """The answers of GetRestApi, GetResources and the others, with ids and orders from this seed."""
    rng = random.Random(seed)

    def new_id(length=6):
        return "".join(rng.choices(string.ascii_lowercase + string.digits, k=length))

    ids = {path: new_id() for path in paths_of(api)}
    guards = {name: new_id() for name in api.guards}
    validators = {name: new_id() for name in api.validators}
    resources = []
    for path in shuffled(rng, ids):
        verbs = {verb: _method(api, one, path, ids, guards, validators) for (at, verb), one in api.verbs.items() if at == path}
        parent = path.rpartition("/")[0] or "/"
        place = {} if path == "/" else {"parentId": ids[parent], "pathPart": path.rpartition("/")[2]}
        methods = {"resourceMethods": {verb: {"httpMethod": verb, **one} for verb, one in shuffled_keys(rng, verbs).items()}}
        resources.append({"id": ids[path], "path": path, **place, **(methods if verbs else {})})
    reference = f"https://apigateway.amazonaws.com/restapis/{API_ID}/models/{{}}"
    return Answers(
        api=_settings(api, rng),
        resources=resources,
        authorizers=[{"id": guards[name], "name": name, **_guard(api.guards[name])} for name in shuffled(rng, api.guards)],
        gateway_responses=[
            *_gateway_responses(api),
            {"responseType": "THROTTLED", "statusCode": "429", "defaultResponse": True},
        ],
        models=[
            {
                "id": new_id(),
                "name": name,
                "contentType": "application/json",
                "schema": json.dumps(shuffled_keys(rng, schema_of(api.models[name], reference)), indent=2),
            }
            for name in shuffled(rng, api.models)
        ],
        validators=[
            {"id": validators[name], "name": name, "validateRequestBody": body, "validateRequestParameters": parameters}
            for name, (body, parameters) in api.validators.items()
        ],
    )


def _settings(api, rng):
    settings = {
        "id": API_ID,
        "name": "orders",
        "createdDate": "2026-01-05T00:00:00Z",
        "apiKeySource": api.key_source,
        "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": api.is_default_disabled,
        "binaryMediaTypes": shuffled(rng, api.binary),
        "minimumCompressionSize": api.compresses_from,
    }
    if api.policy:
        whole = json.dumps(api.policy).replace("execute-api:/", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/")
        settings["policy"] = whole.replace('"', '\\"')
    return kept(settings)


def _guard(guard):
    source = f"method.request.header.{guard.header}"
    return kept(
        {
            "type": guard.kind,
            "authType": "custom",
            "authorizerUri": guard.uri,
            "authorizerCredentials": guard.credentials,
            "identitySource": source,
            "authorizerResultTtlInSeconds": guard.ttl,
            "providerARNs": list(guard.pools),
        }
    )


def _gateway_responses(api):
    for kind, written in api.answers.items():
        templates = written.get("templates") or {"application/json": DEFAULT_TEMPLATE}
        yield {
            "responseType": kind,
            "defaultResponse": False,
            "responseParameters": written.get("parameters", {}),
            "responseTemplates": templates,
            **kept({"statusCode": written.get("status") or OWN_STATUSES.get(kind)}),
        }


def authorization_of(api, verb):
    """The authorization type, and the authorizer's name if there is one."""
    if verb.auth in {"NONE", "AWS_IAM"}:
        return verb.auth, ""
    kind = api.guards[verb.auth].kind
    return ("CUSTOM" if kind in {"TOKEN", "REQUEST"} else kind), verb.auth


def _method(api, verb, path, ids, guards, validators):
    authorization, guard = authorization_of(api, verb)
    in_path = {f"method.request.path.{part[1:-1].rstrip('+')}": True for part in path.split("/") if part.startswith("{")}
    return {
        "apiKeyRequired": verb.key,
        "authorizationType": authorization,
        **kept(
            {
                "authorizerId": guards.get(guard),
                "authorizationScopes": list(verb.scopes),
                "requestValidatorId": validators.get(verb.validator),
                "operationName": verb.operation,
                "requestParameters": {f"method.request.querystring.{name}": need for name, need in verb.query.items()}
                | in_path,
                "requestModels": verb.models,
                "methodResponses": {
                    status: {
                        "statusCode": status,
                        **kept({"responseParameters": {f"method.response.header.{name}": False for name in headers}}),
                        **kept({"responseModels": models}),
                    }
                    for status, (headers, models) in verb.responses.items()
                },
            }
        ),
        "methodIntegration": _integration(verb.call, path, ids),
    }


def _integration(call, path, ids):
    is_mock = call.kind == "MOCK"
    responses = {
        status: {
            "statusCode": status,
            **kept({"selectionPattern": pattern if pattern != "default" else "", "responseTemplates": given}),
        }
        for pattern, (status, given) in call.responses.items()
    }
    return {
        "type": call.kind,
        "timeoutInMillis": call.timeout,
        "cacheNamespace": ids[call.shares_cache_of or path],
        "cacheKeyParameters": list(call.cache_keys),
        "passthroughBehavior": call.passthrough,
        **({} if is_mock else {"httpMethod": "POST", "uri": call.uri}),
        **kept(
            {
                "credentials": call.credentials,
                "contentHandling": call.content,
                "requestParameters": call.parameters,
                "requestTemplates": call.templates,
                "integrationResponses": responses,
            }
        ),
    }


def as_export(api, seed=0):
    """The answer of GetExport for `oas30` with AWS's extensions, as a document."""
    rng = random.Random(seed)
    ids = {path: f"ns{number:04}" for number, path in enumerate(paths_of(api))}
    paths = {}
    for (path, verb), one in api.verbs.items():
        key = f"{PREFIX}any-method" if verb == "ANY" else verb.lower()
        paths.setdefault(path, {})[key] = _operation(one, path, ids)
    schemas = {name: schema_of(schema, "#/components/schemas/{}") for name, schema in api.models.items()}
    for schema in schemas.values():
        schema.pop("$schema", None)
    schemes = {name: _scheme(guard) for name, guard in api.guards.items()}
    if any(verb.auth == "AWS_IAM" for verb in api.verbs.values()):
        schemes["sigv4"] = {"type": "apiKey", "name": "Authorization", "in": "header", f"{PREFIX}authtype": "awsSigv4"}
    if any(verb.key for verb in api.verbs.values()):
        schemes["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    flags = ("validateRequestBody", "validateRequestParameters")
    return {
        "openapi": "3.0.1",
        "info": {"title": "orders", "version": "2026-01-05T00:00:00Z"},
        "servers": [{"url": f"https://{API_ID}.execute-api.{REGION}.amazonaws.com/{{basePath}}"}],
        "paths": shuffled_keys(rng, paths),
        "components": kept({"schemas": shuffled_keys(rng, schemas), "securitySchemes": schemes}),
        **kept(
            {
                f"{PREFIX}policy": api.policy,
                f"{PREFIX}gateway-responses": {kind: _shown(written) for kind, written in api.answers.items()},
                f"{PREFIX}binary-media-types": shuffled(rng, api.binary),
                f"{PREFIX}minimum-compression-size": api.compresses_from,
                f"{PREFIX}api-key-source": "" if api.key_source == "HEADER" else api.key_source,
                f"{PREFIX}request-validators": {
                    name: dict(zip(flags, checks, strict=True)) for name, checks in api.validators.items()
                },
            }
        ),
    }


def _shown(written):
    return kept(
        {
            "statusCode": int(written["status"]) if "status" in written else None,
            "responseParameters": written.get("parameters"),
            "responseTemplates": written.get("templates"),
        }
    )


def _scheme(guard):
    is_pool = guard.kind == "COGNITO_USER_POOLS"
    source = f"method.request.header.{guard.header}" if guard.kind == "REQUEST" else ""
    return {
        "type": "apiKey",
        "name": guard.header,
        "in": "header",
        f"{PREFIX}authtype": guard.kind.lower() if is_pool else "custom",
        f"{PREFIX}authorizer": kept(
            {
                "type": guard.kind.lower(),
                "authorizerUri": guard.uri,
                "authorizerCredentials": guard.credentials,
                "identitySource": source,
                "authorizerResultTtlInSeconds": "" if guard.ttl == 300 else guard.ttl,
                "providerARNs": list(guard.pools),
            }
        ),
    }


def _operation(verb, path, ids):
    security = [{"api_key": []}] if verb.key else []
    if verb.auth != "NONE":
        security.append({"sigv4" if verb.auth == "AWS_IAM" else verb.auth: list(verb.scopes)})
    in_path = [
        {"name": part[1:-1].rstrip("+"), "in": "path", "required": True, "schema": {"type": "string"}}
        for part in path.split("/")
        if part.startswith("{")
    ]
    query = [
        {"name": name, "in": "query", "schema": {"type": "string"}, **({"required": True} if need else {})}
        for name, need in verb.query.items()
    ]
    return {
        "responses": {
            status: {
                "description": f"{status} response",
                "content": _content(models),
                **kept({"headers": {name: {"schema": {"type": "string"}} for name in headers}}),
            }
            for status, (headers, models) in verb.responses.items()
        },
        f"{PREFIX}integration": _shown_integration(verb.call, path, ids),
        **kept(
            {
                "security": security,
                "operationId": verb.operation,
                "parameters": [*in_path, *query],
                "requestBody": {"content": _content(verb.models), "required": True} if verb.models else {},
                f"{PREFIX}request-validator": verb.validator,
            }
        ),
    }


def _content(models):
    return {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}} for kind, name in models.items()}


def _shown_integration(call, path, ids):
    shared = ids[call.shares_cache_of or path]
    return {
        "type": call.kind.lower(),
        "passthroughBehavior": call.passthrough.lower(),
        **({} if call.kind == "MOCK" else {"httpMethod": "POST", "uri": call.uri}),
        **kept(
            {
                "credentials": call.credentials,
                "contentHandling": call.content,
                "timeoutInMillis": "" if call.timeout == 29000 else call.timeout,
                "cacheNamespace": shared if call.cache_keys else "",
                "cacheKeyParameters": list(call.cache_keys),
                "requestParameters": call.parameters,
                "requestTemplates": call.templates,
                "responses": {
                    pattern: {"statusCode": status, **kept({"responseTemplates": given})}
                    for pattern, (status, given) in call.responses.items()
                },
            }
        ),
    }


def read(api, seed=0):
    """The picture from the API's resources."""
    return from_answers(as_answers(api, seed))


def read_export(api, seed=0):
    """The picture from a stage's export."""
    return from_export(as_export(api, seed), as_answers(api).api)


NAMES = st.sampled_from(["Order", "Orders", "Problem"])
WORDS = st.text(string.ascii_letters + " ${}\"'\n", max_size=20)
PATHS = st.sampled_from(["/", "/orders", "/orders/{id}", "/orders/{id}/lines", "/search", "/{proxy+}"])
MODELS = {
    "Order": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["id", "amount"]},
    "Orders": {"type": "array", "items": {"$ref": "model:Order"}, "maxItems": 10.0},
    "Problem": {"type": ["object", "null"], "properties": {"code": {"enum": ["b", "a"]}}},
}
GUARDS = {
    "token": Guard(),
    "request": Guard("REQUEST", header="X-Auth", ttl=0, credentials=f"arn:aws:iam::{ACCOUNT}:role/authorizer"),
    "pool": Guard("COGNITO_USER_POOLS", uri="", pools=(f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/x",)),
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": ["execute-api:/*"]},
        {
            "Effect": "Deny",
            "Principal": {"AWS": ACCOUNT},
            "Action": "execute-api:Invoke",
            "Resource": "execute-api:/prod/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}

content_models = st.dictionaries(st.sampled_from(["application/json", "application/hal+json"]), NAMES, max_size=2)
calls = st.builds(
    Call,
    kind=st.sampled_from(["AWS_PROXY", "AWS", "MOCK", "HTTP"]),
    uri=st.sampled_from([lambda_uri("orders-read"), lambda_uri("orders-write"), "https://example.com/{id}"]),
    timeout=st.sampled_from([29000, 5000]),
    passthrough=st.sampled_from(["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]),
    content=st.sampled_from(["", "CONVERT_TO_TEXT"]),
    templates=st.dictionaries(st.sampled_from(["application/json", "text/xml"]), WORDS.filter(bool), max_size=2),
    parameters=st.dictionaries(st.sampled_from(["integration.request.header.A"]), st.just("'a'"), max_size=1),
    responses=st.sampled_from([{}, {"default": ("200", {})}, {"default": ("200", {"a/b": "x"}), "5\\d{2}": ("500", {})}]),
)
verbs = st.builds(
    Verb,
    auth=st.sampled_from(["NONE", "AWS_IAM", *GUARDS]),
    key=st.booleans(),
    validator=st.sampled_from(["", "all", "body"]),
    operation=st.sampled_from(["", "getOrder"]),
    query=st.dictionaries(st.sampled_from(["page", "size"]), st.booleans(), max_size=2),
    models=content_models,
    responses=st.dictionaries(
        st.sampled_from(["200", "404"]), st.tuples(st.sampled_from([(), ("Location",)]), content_models), max_size=2
    ),
    call=calls,
)
apis = st.builds(
    Api,
    verbs=st.dictionaries(st.tuples(PATHS, st.sampled_from(["GET", "POST", "ANY"])), verbs, min_size=1, max_size=5),
    guards=st.just(GUARDS),
    answers=st.sampled_from(
        [
            {},
            {"DEFAULT_4XX": {"parameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}}},
            {"ACCESS_DENIED": {"status": "404", "templates": {"application/json": "{}"}}},
            {"UNAUTHORIZED": {"parameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}}},
        ]
    ),
    models=st.just(MODELS),
    validators=st.just({"all": (True, True), "body": (True, False)}),
    policy=st.sampled_from([None, POLICY]),
    binary=st.sampled_from([(), ("image/png", "*/*")]),
    compresses_from=st.sampled_from([None, 0, 1024]),
    key_source=st.sampled_from(["HEADER", "AUTHORIZER"]),
    is_default_disabled=st.booleans(),
)
"""APIs with everything that both forms can express."""
