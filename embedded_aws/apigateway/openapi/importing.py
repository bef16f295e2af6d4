"""Applies a document to a draft: ImportRestApi and PutRestApi.

Overwriting keeps only what the document contains. Merging replaces what the document also contains, method by method
(docs/aws.md#openapi-import). A refused document leaves the draft as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.api import KEY_SOURCES, compression_size, expand_policy, policy_text
from embedded_aws.apigateway.definition.gateway_responses import customised
from embedded_aws.apigateway.definition.methods import a_method, check_method
from embedded_aws.apigateway.definition.resources import create_resource
from embedded_aws.apigateway.definition.validators import a_validator
from embedded_aws.apigateway.errors import BadRequestError, ConflictError, GatewayError
from embedded_aws.apigateway.openapi.document import check_known
from embedded_aws.apigateway.openapi.operations import INTEGRATION, VALIDATOR, Operations, integration
from embedded_aws.apigateway.openapi.schemas import Schemas
from embedded_aws.apigateway.openapi.security import Security

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.apigateway.definition.draft import Draft, Json
    from embedded_aws.apigateway.openapi.document import Document
    from embedded_aws.wire.unknowns import Unknowns

PREFIX = "x-amazon-apigateway-"
VALIDATORS = f"{PREFIX}request-validators"
RESPONSES = f"{PREFIX}gateway-responses"
BINARY_TYPES = f"{PREFIX}binary-media-types"
COMPRESSION = f"{PREFIX}minimum-compression-size"
KEY_SOURCE = f"{PREFIX}api-key-source"
POLICY = f"{PREFIX}policy"
ENDPOINT = f"{PREFIX}endpoint-configuration"
SECURITY_POLICY = f"{PREFIX}security-policy"
ACCESS_MODE = f"{PREFIX}endpoint-access-mode"
VERSION = f"{PREFIX}importexport-version"
DOCUMENTATION = f"{PREFIX}documentation"
"""Documentation of the API for its readers; like descriptions, it is not kept."""

_KNOWN = frozenset(
    {
        "swagger",
        "openapi",
        "info",
        "host",
        "basePath",
        "schemes",
        "servers",
        "consumes",
        "produces",
        "paths",
        "definitions",
        "parameters",
        "responses",
        "components",
        "securityDefinitions",
        "security",
        "tags",
        "externalDocs",
        VALIDATOR,
        VALIDATORS,
        RESPONSES,
        BINARY_TYPES,
        COMPRESSION,
        KEY_SOURCE,
        POLICY,
        ENDPOINT,
        SECURITY_POLICY,
        ACCESS_MODE,
        VERSION,
        DOCUMENTATION,
    }
)
_COMPONENTS = ("schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links")
_KEPT = ("endpointConfiguration", "disableExecuteApiEndpoint", "tags")
_PLAIN = ((KEY_SOURCE, "apiKeySource"), (SECURITY_POLICY, "securityPolicy"), (ACCESS_MODE, "endpointAccessMode"))


class Import:
    """The import of one document into one API. ``arn`` is the API's own, for its resource policy."""

    def __init__(
        self, document: Document, draft: Draft, *, overwrites: bool, arn: str, new_id: Callable[[], str], unknowns: Unknowns
    ) -> None:
        check_known(document.root, _KNOWN, "the document")
        check_known(document.root.get("components") or {}, (*_COMPONENTS, "callbacks"), "components")
        self._document = document
        self._before = draft
        self._overwrites = overwrites
        self._arn = arn
        self._new_id = new_id
        self._unknowns = unknowns
        known = () if overwrites else draft.models
        self._schemas = Schemas(document, draft.api_id, known=known, new_id=new_id, unknowns=unknowns)
        self._security = Security(document, self._authorizer_id)
        self._operations = Operations(document, self._schemas)

    def apply(self, base_path: str) -> Draft:
        """The draft after the import; ``base_path`` goes before each of the document's paths."""
        start = self._start()
        draft = replace(
            start,
            settings=self._settings(start.settings),
            authorizers=self._merged(start.authorizers, self._security.authorizers.values()),
            validators=self._merged(start.validators, self._validators()),
            models={**start.models, **self._schemas.models},
            gateway_responses={**start.gateway_responses, **self._gateway_responses()},
        )
        for path, verb, operation, parameters in self._document.operations():
            draft = self._with_operation(draft, f"{base_path}{path}", verb, operation, parameters)
        return expand_policy(draft, self._arn)

    def _start(self) -> Draft:
        """The draft to which the document is applied."""
        if not self._overwrites:
            return self._before
        before = self._before
        root = {key: value for key, value in before.resources[before.root_id].items() if key != "resourceMethods"}
        return replace(
            before,
            settings={name: before.settings[name] for name in _KEPT if name in before.settings}
            | {"apiKeySource": KEY_SOURCES[0]},
            resources={root["id"]: root},
            authorizers={},
            validators={},
            models={},
            gateway_responses={},
        )

    def _settings(self, start: Json) -> Json:
        root, info = self._document.root, self._document.info
        settings = {**start, "name": str(info.get("title") or "")}
        for name in ("description", "version"):
            if info.get(name) not in (None, ""):
                settings[name] = str(info[name])
        if BINARY_TYPES in root:
            settings["binaryMediaTypes"] = list(dict.fromkeys([*start.get("binaryMediaTypes", []), *root[BINARY_TYPES]]))
        if COMPRESSION in root:
            settings["minimumCompressionSize"] = compression_size(root[COMPRESSION])
        if POLICY in root:
            settings["policy"] = policy_text(root[POLICY])
        for extension, name in _PLAIN:
            if extension in root:
                settings[name] = root[extension]
        return self._with_endpoint(settings, root.get(ENDPOINT) or {})

    @staticmethod
    def _with_endpoint(settings: Json, given: Mapping[str, Any]) -> Json:
        """The settings with what the document says about the endpoint; the endpoint's type stays as it is."""
        check_known(given, ("disableExecuteApiEndpoint", "vpcEndpointIds", "types", "ipAddressType"), ENDPOINT)
        if "disableExecuteApiEndpoint" in given:
            settings = {**settings, "disableExecuteApiEndpoint": bool(given["disableExecuteApiEndpoint"])}
        if "vpcEndpointIds" in given:
            configuration = {**settings["endpointConfiguration"], "vpcEndpointIds": list(given["vpcEndpointIds"])}
            settings = {**settings, "endpointConfiguration": configuration}
        return settings

    def _merged(self, start: Mapping[str, Json], made: Any) -> dict[str, Json]:  # noqa: ANN401 (any iterable)
        """Parts by id: the earlier ones, with the document's parts replacing those of the same name."""
        parts = list(made)
        names = {each["name"] for each in parts}
        kept = {key: each for key, each in start.items() if each["name"] not in names}
        return {**kept, **{each["id"]: each for each in parts}}

    def _authorizer_id(self, name: str) -> str:
        return self._id_of(self._before.authorizers, name)

    def _id_of(self, parts: Mapping[str, Json], name: str) -> str:
        """The id of the part with this name: its present id, unless an overwrite creates a new one."""
        if self._overwrites and self._unknowns.ask("overwrite-keeps-ids") == "no":
            return self._new_id()
        return next((each["id"] for each in parts.values() if each["name"] == name), None) or self._new_id()

    def _validators(self) -> list[Json]:
        given = self._document.root.get(VALIDATORS) or {}
        return [a_validator(self._id_of(self._before.validators, name), name, flags or {}) for name, flags in given.items()]

    def _gateway_responses(self) -> dict[str, Json]:
        given = self._document.root.get(RESPONSES) or {}
        return {kind: customised(kind, body or {}) for kind, body in given.items()}

    def _with_operation(self, draft: Draft, path: str, verb: str, operation: Json, parameters: list[Json]) -> Draft:
        """The draft with one operation's method, and the resources above it."""
        draft, resource = self._with_resource(draft, path)
        where = f"{verb} {path}"
        fields = self._operations.method(path, verb, operation, parameters)
        draft = replace(draft, models={**draft.models, **self._schemas.models})
        fields |= self._security.of(operation, where) | self._validator(draft, operation)
        method = a_method(verb, fields)
        if "methodResponses" in fields:
            method["methodResponses"] = fields["methodResponses"]
        check_method(draft, method)
        if INTEGRATION in operation:
            try:
                method["methodIntegration"] = integration(operation[INTEGRATION], resource["id"], where)
            except GatewayError as error:
                raise _failed(f"Unable to put integration on '{verb}' for resource at path '{path}'", error) from error
        return draft.with_method(resource["id"], method)

    def _validator(self, draft: Draft, operation: Json) -> Json:
        name = operation.get(VALIDATOR, self._document.root.get(VALIDATOR))
        if name is None:
            return {}
        found = next((each["id"] for each in draft.validators.values() if each["name"] == name), None)
        if found is None:
            raise BadRequestError(f"Invalid Request Validator identifier specified: {name}")
        return {"requestValidatorId": found}

    def _with_resource(self, draft: Draft, path: str) -> tuple[Draft, Json]:
        """The path's resource; it and its parents are created if necessary."""
        bare = path.rstrip("/") or "/"
        resource = draft.resource_at(bare)
        if resource is not None:
            return draft, resource
        above, _, part = bare.rpartition("/")
        draft, parent = self._with_resource(draft, above or "/")
        try:
            return create_resource(draft, self._resource_id(bare), parent["id"], part)
        except (BadRequestError, ConflictError) as error:
            raise _failed(f"Unable to create resource at path '{bare}'", error) from error

    def _resource_id(self, path: str) -> str:
        before = self._before.resource_at(path)
        if before is None or (self._overwrites and self._unknowns.ask("overwrite-keeps-ids") == "no"):
            return self._new_id()
        return str(before["id"])


def _failed(what: str, error: GatewayError) -> BadRequestError:
    return BadRequestError(f"Errors found during import:\n\t{what}: {error}")
