"""Replaces moto's Lambda: invocations, versions, aliases and policies are answered by `embedded_aws.awslambda.functions`.

moto keeps the functions' code and configuration. What it does with docker runs in this process. What it gets wrong is
fixed: revisions, a policy for each qualifier, publishing without a change. HOOKS lists every name of moto that is
replaced, so that a test notices when moto moves one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from moto.awslambda import models, responses, urls
from moto.core.responses import BaseResponse

from embedded_aws.awslambda import aliases
from embedded_aws.awslambda.aliases import expect_revision
from embedded_aws.awslambda.errors import LambdaError, RateExceededError
from embedded_aws.moto_seams import awslambda_capacity, awslambda_policies, awslambda_sources
from embedded_aws.moto_seams.awslambda_calls import Calls
from embedded_aws.moto_seams.awslambda_capacity import CapacityCalls
from embedded_aws.moto_seams.awslambda_kept import function_methods, invoke_for_service, storage_methods
from embedded_aws.moto_seams.awslambda_policies import PolicyCalls
from embedded_aws.moto_seams.awslambda_request import Answer, Call, Moto, parse_call, refuse, split_name
from embedded_aws.moto_seams.awslambda_sources import SourceCalls, reading
from embedded_aws.wire.throttles import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.wire.throttles import Throttles

SERVICE = "lambda"
_MODELS, _RESPONSE = "moto.awslambda.models", "moto.awslambda.responses.LambdaResponse"
_ACTIONS = (
    "create_alias",
    "delete_alias",
    "delete_function_event_invoke_config",
    "get_alias",
    "get_function_event_invoke_config",
    "invoke",
    "list_aliases",
    "list_versions_by_function",
    "publish_version",
    "put_function_event_invoke_config",
    "update_alias",
    "update_function_event_invoke_config",
)
_MOTOS_ACTIONS = (*_ACTIONS, *awslambda_capacity.ACTIONS, *awslambda_policies.ACTIONS, *awslambda_sources.ACTIONS)
HOOKS = [
    *(f"{_RESPONSE}.{name}" for name in ("call_action", "_set_configuration_qualifier", *_MOTOS_ACTIONS)),
    *(f"{_MODELS}.LambdaBackend.{name}" for name in ("invoke", "update_function_code", "update_function_configuration")),
    *(f"{_MODELS}.LambdaStorage.{name}" for name in ("_get_function_aliases", "del_function", "publish_version")),
    f"{_MODELS}.LambdaStorage.put_function",
    *(
        f"{_MODELS}.LambdaFunction.{name}"
        for name in ("_get_layers_data", "get_code", "get_configuration", "invoke", "update_configuration")
    ),
    f"{_MODELS}.LambdaFunction.update_function_code",
    "moto.awslambda.urls.url_paths",
    *awslambda_sources.HOOKS,
]
ADDITIONS = [f"{_RESPONSE}.{name}" for name in (*awslambda_capacity.ADDED, *awslambda_policies.ADDED)]


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def lambdas(self) -> Lambdas:
        """The functions, and how they run; also `throttles`, if it has them."""


def install(aws: Aws) -> Callable[[], None]:
    """Make moto's Lambda answer from `aws`; returns a function that restores moto."""
    replacements: list[tuple[Moto, dict[str, Any]]] = [
        (responses.LambdaResponse, _actions(aws.lambdas) | _response_methods(getattr(aws, "throttles", None))),
        (models.LambdaBackend, _backend_methods(aws.lambdas) | reading(aws.lambdas)),
        (models.LambdaStorage, storage_methods(aws.lambdas)),
        (models.LambdaFunction, function_methods(aws.lambdas)),
    ]
    for path in (*awslambda_capacity.PATHS, awslambda_policies.PATH):
        urls.url_paths.setdefault(path, responses.LambdaResponse.dispatch)
    undo = [_replace(owner, name, each) for owner, methods in replacements for name, each in methods.items()]

    def uninstall() -> None:
        for each in undo:
            each()

    return uninstall


def _actions(lambdas: Lambdas) -> dict[str, Any]:
    owners: tuple[tuple[object, tuple[str, ...]], ...] = (
        (Calls(lambdas), _ACTIONS),
        (CapacityCalls(lambdas), (*awslambda_capacity.ACTIONS, *awslambda_capacity.ADDED)),
        (PolicyCalls(lambdas), (*awslambda_policies.ACTIONS, *awslambda_policies.ADDED)),
        (SourceCalls(lambdas), awslambda_sources.ACTIONS),
    )
    return {name: _as_action(getattr(owner, name)) for owner, names in owners for name in names}


def _replace(owner: Moto, name: str, method: object) -> Callable[[], None]:
    own = vars(owner).get(name)
    setattr(owner, name, method)
    return lambda: delattr(owner, name) if own is None else setattr(owner, name, own)


def _as_action(handle: Callable[[Call], Answer]) -> Callable[[Moto], Answer]:
    """A function for moto's response class, which looks up its actions by name among the class's functions."""

    def action(response: Moto) -> Answer:
        return handle(parse_call(response))

    return action


def _response_methods(throttles: Throttles | None) -> dict[str, Any]:
    original: Callable[..., dict[str, Any]] = responses.LambdaResponse._set_configuration_qualifier  # noqa: SLF001

    def call_action(response: Moto) -> Answer:
        """The entry to every action: throttles come before it, and `awslambda.functions` answers its refusals."""
        try:
            if throttles is not None and throttles.is_on(SERVICE):
                throttles.admit(SERVICE, response._get_action() or "")  # noqa: SLF001 - moto has no other name for it
            answered: Answer = BaseResponse.call_action(response)
        except (LambdaError, ThrottledError) as error:
            status, headers, body = refuse(error if isinstance(error, LambdaError) else RateExceededError())
            return status, *BaseResponse._enrich_response(headers, body)  # noqa: SLF001 - gives it a request id
        return answered

    def set_configuration_qualifier(configuration: dict[str, Any], named: str, qualifier: str | None) -> dict[str, Any]:
        """Show the ARN that was asked for: a function read by an alias shows the alias's ARN."""
        shown = original(configuration, named, qualifier)
        name, derived = split_name(named)
        asked = derived or qualifier
        if asked and aliases.is_alias_name(asked):
            shown["FunctionArn"] = f"{shown['FunctionArn'].partition(f':function:{name}')[0]}:function:{name}:{asked}"
        return shown

    return {
        "call_action": call_action,
        "_set_configuration_qualifier": staticmethod(set_configuration_qualifier),
    }


def _backend_methods(lambdas: Lambdas) -> dict[str, Any]:
    """The backend methods that moto's other services also call."""

    def invoke(
        backend: Moto,  # noqa: ARG001 - this and the other are moto's
        function_name: str,
        qualifier: Moto,
        body: Moto,
        headers: Moto,  # noqa: ARG001
        response_headers: Moto,
    ) -> str:
        name, derived = split_name(function_name)
        return invoke_for_service(lambdas, name, derived or qualifier, body=body, told=response_headers)

    def update_function_code(backend: Moto, function_name: str, qualifier: Moto, body: Moto) -> Moto:
        fn = backend.get_function(function_name, qualifier)
        expect_revision(body.get("RevisionId"), fn.revision_id)
        fn.update_function_code(body)
        return (backend.publish_version(function_name) if body.get("Publish") else fn).get_configuration()

    def update_function_configuration(backend: Moto, function_name: str, qualifier: Moto, body: Moto) -> Moto:
        fn = backend.get_function(function_name, qualifier)
        expect_revision(body.get("RevisionId"), fn.revision_id)
        return fn.update_configuration(body)

    return {
        "invoke": invoke,
        "update_function_code": update_function_code,
        "update_function_configuration": update_function_configuration,
    }
