"""The definition of an API: typed values for everything that a deployment freezes, independent of how they were read.

Two readers build it: `canary.rules.definitions.resources` from the API's own resources, `canary.rules.definitions.openapi`
from a stage's export. Neither keeps AWS's ids, the order of lists or the defaults that AWS fills in, so both give the same
value for the same definition. `canary.aws.definitions` makes the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Texts = Mapping[str, str]

ANY = "ANY"
VERBS = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"})
"""The HTTP methods that a method ANY stands for."""

DEFAULT_TIMEOUT_MS = 29_000
DEFAULT_TTL_SECONDS = 300
DEFAULT_PATTERN = "default"
"""The selection pattern of the integration response that applies if no other one matches."""


class UnreadableDefinitionError(Exception):
    """A definition contains something that no reader understands; the message names the place."""


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """How an integration's answer becomes the method's answer with this status."""

    status: str
    content_handling: str = ""
    parameters: Texts = field(default_factory=dict)
    templates: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Integration:
    """What a method calls; ``uri`` as written, with its `${stageVariables.x}`.

    ``cache_namespace``: the first of the paths that share these cache entries; by default the method's own.
    ``responses``: by selection pattern.
    """

    kind: str
    uri: str = ""
    http_method: str = ""
    credentials: str = ""
    connection_type: str = "INTERNET"
    connection_id: str = ""
    target: str = ""
    content_handling: str = ""
    passthrough: str = "WHEN_NO_MATCH"
    transfer_mode: str = "BUFFERED"
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    trusts_any_certificate: bool = False
    cache_namespace: str = ""
    cache_keys: tuple[str, ...] = ()
    parameters: Texts = field(default_factory=dict)
    templates: Texts = field(default_factory=dict)
    responses: Mapping[str, IntegrationResponse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MethodResponse:
    """What a method may answer with one status: the headers it lets through and a model for each content type."""

    headers: tuple[str, ...] = ()
    models: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one path; ``http_method`` may be ANY. Authorizer and validator are given by name, not by id.

    ``parameters``: those of the query and the headers, each with whether it is required; those of the path are always required.
    """

    path: str
    http_method: str
    authorization: str = "NONE"
    authorizer: str = ""
    scopes: tuple[str, ...] = ()
    is_api_key_required: bool = False
    validator: str = ""
    operation: str = ""
    parameters: Mapping[str, bool] = field(default_factory=dict)
    models: Texts = field(default_factory=dict)
    responses: Mapping[str, MethodResponse] = field(default_factory=dict)
    integration: Integration | None = None

    def __str__(self) -> str:
        return f"{self.http_method} {self.path}"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """An authorizer. ``id`` is AWS's id, if the source shows one; it is not part of the definition."""

    name: str
    kind: str
    uri: str = ""
    credentials: str = ""
    identity_source: str = ""
    validation: str = ""
    ttl_seconds: int = DEFAULT_TTL_SECONDS
    user_pools: tuple[str, ...] = ()
    tokens: str = ""
    id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """A customised answer that API Gateway itself gives."""

    status: str = ""
    parameters: Texts = field(default_factory=dict)
    templates: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """A model; ``schema`` is canonical JSON, in which references name models."""

    content_type: str
    schema: str


@dataclass(frozen=True, slots=True)
class Validator:
    """What a request validator checks."""

    checks_body: bool = False
    checks_parameters: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API is reached, as far as changing it needs a deployment; all stages share it."""

    kinds: tuple[str, ...] = ()
    vpc_endpoints: tuple[str, ...] = ()
    is_default_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole API; ``policy`` is canonical JSON.

    ``bare_paths``: the resources that have no method, neither themselves nor below them.
    """

    methods: tuple[Method, ...] = ()
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    gateway_responses: Mapping[str, GatewayResponse] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    validators: Mapping[str, Validator] = field(default_factory=dict)
    policy: str = ""
    binary_types: tuple[str, ...] = ()
    compresses_from: int | None = None
    api_key_source: str = "HEADER"
    bare_paths: tuple[str, ...] = ()
    endpoint: Endpoint = Endpoint()


def arrange_methods(methods: Iterable[Method], paths: Texts) -> tuple[Method, ...]:
    """The methods ordered by path and HTTP method, with cache namespaces that do not depend on ids.

    AWS's default namespace is the resource's id (docs/aws.md#definition-ids), which an import changes. What matters is which
    methods share a namespace, so it is named after the first of their paths. ``paths``: the known resources' paths by id.
    """
    ordered = sorted(methods, key=lambda method: (method.path, method.http_method))
    keys = [_namespace(method, paths) for method in ordered]
    first: dict[str, str] = {}
    for key, method in zip(keys, ordered, strict=True):
        first.setdefault(key, method.path)
    return tuple(_in_namespace(method, first[key]) for key, method in zip(keys, ordered, strict=True))


def _namespace(method: Method, paths: Texts) -> str:
    written = method.integration.cache_namespace if method.integration else ""
    return paths.get(written, written) or method.path


def _in_namespace(method: Method, namespace: str) -> Method:
    if method.integration is None:
        return method
    return replace(method, integration=replace(method.integration, cache_namespace=namespace))


def find_bare_paths(paths: Iterable[str], methods: Iterable[Method]) -> tuple[str, ...]:
    """The resources' paths, except the root, at and below which there is no method."""
    served = [method.path for method in methods]
    return tuple(
        sorted(
            path
            for path in paths
            if path != "/" and not any(one == path or one.startswith(f"{path.rstrip('/')}/") for one in served)
        )
    )
