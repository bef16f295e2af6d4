"""Replaces moto's API Gateway: APIs, stages, canaries and deployments come from `apigateway.stages.control_plane`.

moto keeps the rest: domain names, usage plans, API keys, an account's settings, the tags of stages. HOOKS lists every name
of moto that is replaced and ADDITIONS every name that is added. A test uses both to notice when moto moves a name or
gets one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, assert_never

from moto.apigateway import exceptions, models, responses
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from embedded_aws.apigateway.definition.frozen import freeze
from embedded_aws.apigateway.errors import GatewayError
from embedded_aws.apigateway.stages.stage import Stage, describe
from embedded_aws.moto_seams.apigateway_definition import NAMES, definition_actions
from embedded_aws.moto_seams.apigateway_request import Answer, Call, Moto, answer, parse_call, refuse
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.throttles import ThrottledError, Throttles
from embedded_aws.wire.unknowns import NotRecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.apigateway.stages.control_plane import Deployment, Gateway
    from embedded_aws.wire.unknowns import Unknowns

SERVICE = "apigateway"
_RESPONSE = "moto.apigateway.responses.APIGatewayResponse"
_BACKEND = "moto.apigateway.models.APIGatewayBackend"
_STAGES = (
    "create_deployment",
    "create_stage",
    "delete_deployment",
    "delete_stage",
    "get_deployment",
    "get_deployments",
    "get_stage",
    "get_stages",
    "update_deployment",
    "update_stage",
)
_ADDED = (
    "update_deployment",
    "update_gateway_response",
    "update_integration",
    "update_integration_response",
    "update_method",
    "update_method_response",
    "update_model",
    "update_resource",
)
HOOKS = [
    f"{_RESPONSE}.call_action",
    *(f"{_RESPONSE}.{name}" for name in (*_STAGES, *NAMES) if name not in _ADDED),
    *(f"{_BACKEND}.{name}" for name in ("delete_rest_api", "get_rest_api")),
]
ADDITIONS = [f"{_RESPONSE}.{name}" for name in _ADDED]


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def gateway(self) -> Gateway:
        """Stages and deployments."""

    @property
    def throttles(self) -> Throttles:
        """The limits on calls to the control plane."""

    @property
    def unknowns(self) -> Unknowns:
        """The questions that no record settles."""


def install(aws: Aws) -> Callable[[], None]:
    """Make moto's API Gateway answer from `aws`; returns a function that restores moto."""
    calls = _Calls(aws.gateway)
    handlers = {name: getattr(calls, name) for name in _STAGES} | definition_actions(aws.gateway, aws.unknowns)
    actions = {name: _as_action(handle) for name, handle in handlers.items()}
    actions["call_action"] = _call_action(aws.throttles)
    undo = [_replace(responses.APIGatewayResponse, name, action) for name, action in actions.items()]
    undo += [_replace(models.APIGatewayBackend, name, each) for name, each in _backend_methods(aws.gateway).items()]

    def uninstall() -> None:
        for each in undo:
            each()

    return uninstall


def knows_key(api_id: str, stage: str, key: str, *, account: str, region: str) -> bool:
    """Whether an API key is enabled and belongs to a usage plan of the stage; moto keeps both."""
    backend = models.apigateway_backends[account][region]
    wanted = {"apiId": api_id, "stage": stage}
    plans = (plan for plan in backend.usage_plans.values() if any(wanted.items() <= each.items() for each in plan.api_stages))
    keys = (backend.keys[each] for plan in plans for each in backend.usage_plan_keys.get(plan.id, {}))
    return any(each.value == key and each.enabled for each in keys)


def _replace(owner: Moto, name: str, method: Callable[..., Any]) -> Callable[[], None]:
    own = vars(owner).get(name)
    setattr(owner, name, method)
    return lambda: delattr(owner, name) if own is None else setattr(owner, name, own)


class _Calls:
    """The operations on stages and deployments, each under moto's name for it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def create_stage(self, call: Call) -> Answer:
        stage = self._gateway.create_stage(call.rest_api.id, call.body)
        _mirror(call.rest_api, stage.name, tags=call.body.get("tags"))
        return answer(201, _show_stage(call.rest_api, stage))

    def get_stage(self, call: Call) -> Answer:
        stage = self._gateway.stage(call.rest_api.id, call.path[1])
        return answer(200, _show_stage(call.rest_api, stage))

    def get_stages(self, call: Call) -> Answer:
        wanted = call.query.get("deploymentId", [None])[0]
        stages = self._gateway.stages(call.rest_api.id, deployment_id=wanted)
        return answer(200, {"item": [_show_stage(call.rest_api, stage) for stage in stages]})

    def update_stage(self, call: Call) -> Answer:
        stage = self._gateway.update_stage(call.rest_api.id, call.path[1], call.stage_operations)
        return answer(200, _show_stage(call.rest_api, stage))

    def delete_stage(self, call: Call) -> Answer:
        self._gateway.delete_stage(call.rest_api.id, call.path[1])
        call.rest_api.stages.pop(call.path[1], None)
        return answer(202, {})

    def create_deployment(self, call: Call) -> Answer:
        return answer(201, _show_deployment(_deploy(self._gateway, call.rest_api, call.body)))

    def get_deployment(self, call: Call) -> Answer:
        deployment = self._gateway.deployment(call.rest_api.id, call.path[1])
        summary = {"apiSummary": deployment.definition.summary()} if call.embeds("apisummary") else {}
        return answer(200, _show_deployment(deployment) | summary)

    def get_deployments(self, call: Call) -> Answer:
        return call.page([_show_deployment(each) for each in self._gateway.deployments(call.rest_api.id)])

    def update_deployment(self, call: Call) -> Answer:
        deployment = self._gateway.update_deployment(call.rest_api.id, call.path[1], call.stage_operations)
        return answer(200, _show_deployment(deployment))

    def delete_deployment(self, call: Call) -> Answer:
        self._gateway.delete_deployment(call.rest_api.id, call.path[1])
        return answer(202, {})


def _as_action(handle: Callable[[Call], Answer]) -> Callable[[Moto], Answer]:
    """A function for moto's response class, which looks up its actions by name among the class's functions."""

    def action(response: Moto) -> Answer:
        return handle(parse_call(response))

    return action


def _call_action(throttles: Throttles) -> Callable[[Moto], Answer]:
    """The entry to every action: throttles come before it, and `apigateway.stages.control_plane` answers its refusals."""

    def call_action(response: Moto) -> Answer:
        try:
            if throttles.is_on(SERVICE):
                throttles.admit(SERVICE, response._get_action() or "")  # noqa: SLF001 (moto has no other name for it)
            answered: Answer = BaseResponse.call_action(response)
        except (ThrottledError, NotRecorded, NotBuiltError, GatewayError) as error:
            status, headers, body = _refuse(error)
            return status, *BaseResponse._enrich_response(headers, body)  # noqa: SLF001 (gives it a request id)
        return answered

    return call_action


def _refuse(error: ThrottledError | NotRecorded | NotBuiltError | GatewayError) -> Answer:
    match error:
        case ThrottledError():
            return refuse(429, "TooManyRequestsException", "Too Many Requests", retry_after=error.retry_after_seconds)
        case NotRecorded():
            return refuse(501, "NotRecorded", str(error))
        case NotBuiltError():
            return refuse(501, "NotBuilt", f"the embedded AWS does not do this: {error}")
        case GatewayError():
            return refuse(error.status, error.code, str(error))
        case _:
            assert_never(error)


def _backend_methods(gateway: Gateway) -> dict[str, Callable[..., Any]]:
    """The backend methods that moto's own code also calls."""

    def get_rest_api(backend: Moto, function_id: str) -> Moto:
        if function_id in backend.apis:
            return backend.apis[function_id]
        error = exceptions.RestAPINotFound()
        message = f"Invalid API identifier specified {backend.account_id}:{function_id}"
        JsonRESTError.__init__(error, "NotFoundException", message)
        raise error

    def delete_rest_api(backend: Moto, function_id: str) -> Moto:
        rest_api = backend.get_rest_api(function_id)
        gateway.forget_api(function_id)
        return backend.apis.pop(rest_api.id)

    return {"get_rest_api": get_rest_api, "delete_rest_api": delete_rest_api}


def _deploy(gateway: Gateway, rest_api: Moto, body: Mapping[str, Any]) -> Deployment:
    definition = freeze(gateway.drafts[rest_api.id])
    deployment = gateway.create_deployment(rest_api.id, definition, body)
    if name := body.get("stageName"):
        _mirror(rest_api, name)
    return deployment


def _mirror(rest_api: Moto, name: str, *, tags: Mapping[str, str] | None = None) -> None:
    """Keep a stage in moto beside ours: tags and web ACLs are kept on it, and base path mappings look for it."""
    if name not in rest_api.stages:
        rest_api.stages[name] = models.Stage(name=name, tags=dict(tags or {}))


def _show_stage(rest_api: Moto, stage: Stage) -> dict[str, Any]:
    mirror = rest_api.stages[stage.name]
    extras = {"tags": mirror.tags, "webAclArn": mirror.web_acl_arn}
    return describe(stage) | {key: value for key, value in extras.items() if value}


def _show_deployment(deployment: Deployment) -> dict[str, Any]:
    shown = {"id": deployment.id, "createdDate": deployment.created}
    return shown | ({"description": deployment.description} if deployment.description else {})
