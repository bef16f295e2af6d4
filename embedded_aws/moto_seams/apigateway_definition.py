"""The operations on an API's definition, each under moto's name for it, answered from the gateway's drafts.

Decides which request makes which change, and the status of its answer: one table row per operation. moto keeps no
definition. Its API object exists only for the stages' tags and for whatever else refers to an API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from embedded_aws.apigateway.definition import (
    authorizers,
    gateway_responses,
    integrations,
    methods,
    models,
    resources,
    validators,
)
from embedded_aws.apigateway.definition.api import check_new, describe_api
from embedded_aws.apigateway.definition.draft import Draft, Json
from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.openapi.exporting import OAS30, SWAGGER, Export, export, parse_extensions, version_of
from embedded_aws.moto_seams.apigateway_request import Answer, Call, Moto, answer
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from embedded_aws.apigateway.stages.control_plane import Gateway
    from embedded_aws.wire.unknowns import Unknowns


@dataclass(frozen=True, slots=True)
class _Edit:
    """A change that shows its result. It gets the draft, a new id if it creates something, parts of the path, and the body.

    ``patches`` is what the service calls the object of a patch list; the list then replaces the body.
    """

    change: Callable[..., tuple[Draft, Json]]
    status: int
    places: tuple[int, ...] = ()
    patches: str | None = None
    makes_id: bool = False


@dataclass(frozen=True, slots=True)
class _Removal:
    """A change that shows nothing; ``refers`` is the field by which methods refer to what is removed."""

    change: Callable[..., Draft]
    places: tuple[int, ...]
    status: int = 204
    refers: str | None = None


_METHOD, _ITS_RESPONSE, _ITS_INTEGRATION_RESPONSE = (1, 3), (1, 3, 5), (1, 3, 6)
_EDITS: Mapping[str, _Edit] = {
    "update_resource": _Edit(resources.update_resource, 200, (1,), patches="Resource"),
    "put_method": _Edit(methods.put_method, 201, _METHOD),
    "update_method": _Edit(methods.update_method, 200, _METHOD, patches="Method"),
    "put_method_response": _Edit(methods.put_response, 201, _ITS_RESPONSE),
    "update_method_response": _Edit(methods.update_response, 200, _ITS_RESPONSE, patches="MethodResponse"),
    "update_integration": _Edit(integrations.update_integration, 200, _METHOD, patches="Integration"),
    "put_integration_response": _Edit(integrations.put_response, 201, _ITS_INTEGRATION_RESPONSE),
    "update_integration_response": _Edit(
        integrations.update_response, 200, _ITS_INTEGRATION_RESPONSE, patches="IntegrationResponse"
    ),
    "create_authorizer": _Edit(authorizers.create_authorizer, 201, makes_id=True),
    "update_authorizer": _Edit(authorizers.update_authorizer, 200, (1,), patches="Authorizer"),
    "create_model": _Edit(models.create_model, 201, makes_id=True),
    "update_model": _Edit(models.update_model, 200, (1,), patches="Model"),
    "create_request_validator": _Edit(validators.create_validator, 201, makes_id=True),
    "update_request_validator": _Edit(validators.update_validator, 200, (1,), patches="RequestValidator"),
    "put_gateway_response": _Edit(gateway_responses.put_gateway_response, 201, (1,)),
    "update_gateway_response": _Edit(gateway_responses.update_gateway_response, 200, (1,), patches="GatewayResponse"),
}
_REMOVALS: Mapping[str, _Removal] = {
    "delete_resource": _Removal(resources.delete_resource, (1,), 202),
    "delete_method": _Removal(methods.delete_method, _METHOD),
    "delete_method_response": _Removal(methods.delete_response, _ITS_RESPONSE),
    "delete_integration": _Removal(integrations.delete_integration, _METHOD),
    "delete_integration_response": _Removal(integrations.delete_response, _ITS_INTEGRATION_RESPONSE),
    "delete_authorizer": _Removal(authorizers.delete_authorizer, (1,), 202, refers="authorizerId"),
    "delete_model": _Removal(models.delete_model, (1,), 202, refers="requestModels"),
    "delete_request_validator": _Removal(validators.delete_validator, (1,), 202, refers="requestValidatorId"),
    "delete_gateway_response": _Removal(gateway_responses.delete_gateway_response, (1,), 202),
}
_SHOWN: Mapping[str, tuple[Callable[..., Json], tuple[int, ...]]] = {
    "get_method": (Draft.method, _METHOD),
    "get_method_response": (methods.response_of, _ITS_RESPONSE),
    "get_integration": (integrations.integration_of, _METHOD),
    "get_integration_response": (integrations.response_of, _ITS_INTEGRATION_RESPONSE),
    "get_authorizer": (authorizers.authorizer_of, (1,)),
    "get_request_validator": (validators.validator_of, (1,)),
    "get_gateway_response": (gateway_responses.show, (1,)),
}
_LISTED: Mapping[str, Callable[[Draft], Iterable[Json]]] = {
    "get_authorizers": lambda draft: draft.authorizers.values(),
    "get_models": lambda draft: sorted(draft.models.values(), key=lambda model: str(model["name"])),
    "get_request_validators": lambda draft: draft.validators.values(),
    "get_gateway_responses": gateway_responses.show_all,
}
_OF_ITS_OWN = (
    "create_resource",
    "create_rest_api",
    "get_export",
    "get_model",
    "get_resource",
    "get_resources",
    "get_rest_api",
    "get_rest_apis",
    "import_rest_api",
    "put_integration",
    "put_rest_api",
    "update_rest_api",
)
NAMES = (*_OF_ITS_OWN, *_EDITS, *_REMOVALS, *_SHOWN, *_LISTED)
"""Every operation that is answered here."""


def definition_actions(gateway: Gateway, unknowns: Unknowns) -> dict[str, Callable[[Call], Answer]]:
    """The function that answers each of these operations."""
    definitions = _Definitions(gateway, unknowns)
    actions: dict[str, Callable[[Call], Answer]] = {name: getattr(definitions, name) for name in _OF_ITS_OWN}
    actions |= {name: definitions.editing(edit) for name, edit in _EDITS.items()}
    actions |= {name: definitions.removing(removal) for name, removal in _REMOVALS.items()}
    actions |= {name: definitions.showing(*shown) for name, shown in _SHOWN.items()}
    return actions | {name: definitions.listing(listed) for name, listed in _LISTED.items()}


class _Definitions:
    """Edits and shows definitions."""

    def __init__(self, gateway: Gateway, unknowns: Unknowns) -> None:
        self._gateway = gateway
        self._drafts = gateway.drafts
        self._unknowns = unknowns

    # By table.

    def editing(self, edit: _Edit) -> Callable[[Call], Answer]:
        def act(call: Call) -> Answer:
            given = call.operations(edit.patches) if edit.patches else call.body
            made = (self._drafts.new_id(),) if edit.makes_id else ()
            places = tuple(call.path[place] for place in edit.places)
            return self._edit(call, edit.status, lambda draft: edit.change(draft, *made, *places, given))

        return act

    def removing(self, removal: _Removal) -> Callable[[Call], Answer]:
        def act(call: Call) -> Answer:
            places = tuple(call.path[place] for place in removal.places)

            def remove(draft: Draft) -> tuple[Draft, None]:
                if removal.refers:
                    _expect_unused(draft, removal.refers, places[0])
                return removal.change(draft, *places), None

            self._drafts.edit(call.rest_api.id, remove)
            return answer(202, {}) if removal.status == 202 else (204, {"status": 204}, "")  # noqa: PLR2004 (HTTP's)

        return act

    def showing(self, show: Callable[..., Json], places: tuple[int, ...]) -> Callable[[Call], Answer]:
        return lambda call: answer(200, show(self._draft(call), *(call.path[place] for place in places)))

    def listing(self, listed: Callable[[Draft], Iterable[Json]]) -> Callable[[Call], Answer]:
        return lambda call: call.page(list(listed(self._draft(call))))

    # The API itself.

    def create_rest_api(self, call: Call) -> Answer:
        if call.parameters.get("mode") == "import":
            return self.import_rest_api(call)
        body = call.body
        check_new(body)
        api_id = _register(call.backend, body["name"])
        return answer(201, describe_api(self._drafts.create(api_id, body), with_tags=False))

    def import_rest_api(self, call: Call) -> Answer:
        document = self._drafts.read(call.raw, call.parameters)
        api_id = _register(call.backend, str(document.info.get("title") or ""))
        try:
            draft = self._drafts.import_new(api_id, document, call.parameters)
        except Exception:
            call.backend.apis.pop(api_id)
            raise
        return answer(201, describe_api(draft, with_tags=False))

    def put_rest_api(self, call: Call) -> Answer:
        document = self._drafts.read(call.raw, call.parameters)
        draft = self._drafts.put(call.rest_api.id, document, call.parameters)
        return answer(200, describe_api(draft, with_tags=True))

    def get_rest_api(self, call: Call) -> Answer:
        return answer(200, describe_api(self._draft(call), with_tags=True))

    def get_rest_apis(self, call: Call) -> Answer:
        return call.page([describe_api(self._drafts[api_id], with_tags=True) for api_id in call.backend.apis])

    def update_rest_api(self, call: Call) -> Answer:
        draft = self._drafts.update_api(call.rest_api.id, call.operations("RestApi"))
        return answer(200, describe_api(draft, with_tags=True))

    def get_export(self, call: Call) -> Answer:
        """The document of what a stage serves: base's deployment, not the present definition."""
        _, stage, _, kind = call.path
        deployment_id = self._gateway.stage(call.rest_api.id, stage).deployment_id
        draft = self._gateway.definition(call.api_id, deployment_id).draft
        if kind not in {SWAGGER, OAS30}:
            raise BadRequestError(f"No API exporter for type '{kind}'")
        if draft is None:
            raise LookupError(f"the deployment {deployment_id} was not made from a draft; make it with CreateDeployment")
        has_unused = self._unknowns.ask("export-unused-parts") == "yes"
        extensions = parse_extensions(call.parameters.get("extensions"))
        has_timeouts = self._unknowns.ask("export-matches-resources") == "exactly"
        place = (kind, extensions, stage, self._drafts.region)
        asked = Export(*place, has_unused_parts=has_unused, has_timeouts=has_timeouts)
        return _download(export(draft, asked), kind, version_of(draft), accepts=call.accepts)

    # Operations that need more than a table row.

    def get_resources(self, call: Call) -> Answer:
        with_methods = call.embeds("methods")
        shown = [resources.show_resource(each, with_methods=with_methods) for each in self._draft(call).resources.values()]
        return call.page(shown)

    def get_resource(self, call: Call) -> Answer:
        resource = self._draft(call).resource(call.path[1])
        return answer(200, resources.show_resource(resource, with_methods=call.embeds("methods")))

    def create_resource(self, call: Call) -> Answer:
        part, made = call.body.get("pathPart") or "", self._drafts.new_id()
        return self._edit(call, 201, lambda draft: resources.create_resource(draft, made, call.path[1], part))

    def put_integration(self, call: Call) -> Answer:
        def put(draft: Draft) -> tuple[Draft, Json]:
            draft.method(call.path[1], call.path[3])
            integrations.check_credentials(call.body, self._drafts.account)
            return integrations.put_integration(draft, call.path[1], call.path[3], call.body)

        return self._edit(call, 201, put)

    def get_model(self, call: Call) -> Answer:
        if call.parameters.get("flatten") == "true":
            raise NotBuiltError("GetModel with flatten is not built; read the models that the schema refers to")
        return answer(200, models.model_of(self._draft(call), call.path[1]))

    # Shared by the operations.

    def _draft(self, call: Call) -> Draft:
        return self._drafts[call.rest_api.id]

    def _edit(self, call: Call, status: int, change: Callable[[Draft], tuple[Draft, Json]]) -> Answer:
        return answer(status, self._drafts.edit(call.rest_api.id, change))


def _register(backend: Moto, name: str) -> str:
    """Create a new API in moto; returns its id."""
    api_id: str = backend.create_rest_api(name, "").id
    return api_id


def _expect_unused(draft: Draft, field: str, name: str) -> None:
    for resource, method in draft.methods():
        if _refers(method.get(field), name):
            where = f"{method['httpMethod']} {resource['path']}"
            raise NotBuiltError(f"no record says whether {name} may be deleted while {where} refers to it; remove that first")


def _refers(value: Any, name: str) -> bool:  # noqa: ANN401 (an id, or a map of names)
    return value == name or (isinstance(value, dict) and name in value.values())


def _download(document: Json, kind: str, version: str, *, accepts: str) -> Answer:
    """A document as GetExport sends it: as a file to download."""
    ending = "yaml" if "yaml" in accepts else "json"
    headers = {
        "status": 200,
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{kind}_{version}.{ending}"',
    }
    text = yaml.safe_dump(document, sort_keys=False) if ending == "yaml" else json.dumps(document, indent=2)
    return 200, headers, text.encode()
