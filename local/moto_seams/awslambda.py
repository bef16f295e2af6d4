"""Where moto's Lambda is replaced: invocations, versions, aliases and policies answer from `local.lambdas`.

moto keeps the functions' code and configuration. What it does with docker runs in this process; what it gets wrong is
mended: revisions, one policy for each qualifier, publishing without a change. Every name of moto's that is replaced
stands in HOOKS, so that a test can tell when moto moves one.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Protocol

from moto.awslambda import models, responses
from moto.core.responses import BaseResponse

from local import aliases
from local.aliases import LATEST, expect_revision
from local.lambda_errors import InvalidParameterValueError, LambdaError, ResourceConflictError
from local.lambda_runtime import FunctionVersion
from local.moto_seams.awslambda_calls import Calls
from local.moto_seams.awslambda_request import Answer, Call, Moto, parse_call, refuse, split_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.lambdas import Lambdas

_MODELS, _RESPONSE = "moto.awslambda.models", "moto.awslambda.responses.LambdaResponse"
_ACTIONS = (
    "add_permission",
    "create_alias",
    "delete_alias",
    "delete_function_event_invoke_config",
    "get_alias",
    "get_function_event_invoke_config",
    "get_policy",
    "invoke",
    "list_aliases",
    "list_versions_by_function",
    "publish_version",
    "put_function_event_invoke_config",
    "remove_permission",
    "update_alias",
    "update_function_event_invoke_config",
)
_FINGERPRINT = (
    "code_sha_256",
    "description",
    "handler",
    "memory_size",
    "role",
    "run_time",
    "timeout",
    "environment_vars",
    "layers",
    "_vpc_config",
    "tracing_config",
    "ephemeral_storage",
    "logging_config",
)
_UPDATED_HERE = {"LoggingConfig": "logging_config", "TracingConfig": "tracing_config"}
HOOKS = [
    *(f"{_RESPONSE}.{name}" for name in ("call_action", "_set_configuration_qualifier", *_ACTIONS)),
    *(f"{_MODELS}.LambdaBackend.{name}" for name in ("invoke", "update_function_code", "update_function_configuration")),
    *(f"{_MODELS}.LambdaStorage.{name}" for name in ("_get_function_aliases", "del_function", "publish_version")),
    f"{_MODELS}.LambdaStorage.put_function",
    *(
        f"{_MODELS}.LambdaFunction.{name}"
        for name in ("_get_layers_data", "get_configuration", "invoke", "update_configuration")
    ),
    f"{_MODELS}.LambdaFunction.update_function_code",
]


class Aws(Protocol):
    """What this seam needs of the embedded AWS."""

    @property
    def lambdas(self) -> Lambdas:
        """The functions, and how they run."""


def install(aws: Aws) -> Callable[[], None]:
    """Let moto's Lambda answer from `aws`; returns what puts moto back as it was."""
    calls = Calls(aws.lambdas)
    replacements: list[tuple[Moto, dict[str, Any]]] = [
        (responses.LambdaResponse, {name: _as_action(getattr(calls, name)) for name in _ACTIONS} | _response_methods()),
        (models.LambdaBackend, _backend_methods(aws.lambdas)),
        (models.LambdaStorage, _storage_methods(aws.lambdas)),
        (models.LambdaFunction, _function_methods(aws.lambdas)),
    ]
    undo = [_replace(owner, name, each) for owner, methods in replacements for name, each in methods.items()]

    def uninstall() -> None:
        for each in undo:
            each()

    return uninstall


def _replace(owner: Moto, name: str, method: object) -> Callable[[], None]:
    own = vars(owner).get(name)
    setattr(owner, name, method)
    return lambda: delattr(owner, name) if own is None else setattr(owner, name, own)


def _as_action(handle: Callable[[Call], Answer]) -> Callable[[Moto], Answer]:
    """A function for moto's response class, which looks its actions up by name among the class's functions."""

    def action(response: Moto) -> Answer:
        return handle(parse_call(response))

    return action


def _response_methods() -> dict[str, Any]:
    original: Callable[..., dict[str, Any]] = responses.LambdaResponse._set_configuration_qualifier  # noqa: SLF001

    def call_action(response: Moto) -> Answer:
        """The way into every action, with the refusals of `local.lambdas` behind it."""
        try:
            answered: Answer = BaseResponse.call_action(response)
        except LambdaError as error:
            status, headers, body = refuse(error)
            return status, *BaseResponse._enrich_response(headers, body)  # noqa: SLF001 - gives it a request id
        return answered

    def set_configuration_qualifier(configuration: dict[str, Any], named: str, qualifier: str | None) -> dict[str, Any]:
        """Show the ARN that was asked for: a function read by an alias has the alias's."""
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
    """What other services of moto's call too."""

    def invoke(backend: Moto, function_name: str, qualifier: Moto, body: Moto, headers: Moto, told: Moto) -> str:  # noqa: ARG001
        name, derived = split_name(function_name)
        return _invoke_for_service(lambdas, name, derived or qualifier, body=body, told=told)

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


def _storage_methods(lambdas: Lambdas) -> dict[str, Any]:
    put, delete = models.LambdaStorage.put_function, models.LambdaStorage.del_function

    def put_function(storage: Moto, fn: Moto) -> None:
        put(storage, fn)
        fn.next_version, fn.published = 1, None
        _tell(lambdas, fn)

    def publish_version(storage: Moto, name_or_arn: str, description: str = "") -> Moto:
        latest = storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        versions = storage._functions[latest.function_name]["versions"]  # noqa: SLF001 - moto has no other way in
        if latest.published and latest.published[0] == _fingerprint(latest) and latest.published[1] in versions:
            return latest.published[1]
        version = copy.copy(latest)
        version.set_version(latest.next_version)
        version.description = description or latest.description
        versions.append(version)
        storage._arns[version.function_arn] = version  # noqa: SLF001 - as above
        latest.next_version += 1
        latest.published = (_fingerprint(latest), version)
        latest.revision_id = lambdas.new_id()
        _tell(lambdas, version)
        return version

    def del_function(storage: Moto, name_or_arn: str, qualifier: str | None = None) -> None:
        name, derived = split_name(name_or_arn)
        version = derived or qualifier
        if version is None:
            delete(storage, name)
            lambdas.drop_function(name)
        elif lambdas.has_version(name, version):
            _check_deletable(lambdas, name, version)
            delete(storage, name, version)
            lambdas.drop_version(name, version)

    def get_function_aliases(_: Moto, function_name: str) -> dict[str, Moto]:
        name, _ = split_name(function_name)
        return {alias.name: _MotoAlias(alias.version) for alias in lambdas.aliases(name)}

    return {
        "put_function": put_function,
        "publish_version": publish_version,
        "del_function": del_function,
        "_get_function_aliases": get_function_aliases,
    }


def _function_methods(lambdas: Lambdas) -> dict[str, Any]:
    function = models.LambdaFunction
    get, update, update_code = function.get_configuration, function.update_configuration, function.update_function_code
    make, get_layers = function.__init__, function._get_layers_data  # noqa: SLF001 - a seam

    def init(fn: Moto, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        fn.logging_config = spec.get("LoggingConfig") or {}
        make(fn, account_id, spec, region, version)

    def get_configuration(fn: Moto, on_create: bool = False) -> Moto:  # noqa: FBT001, FBT002 - moto's own signature
        logging = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{fn.function_name}", **fn.logging_config}
        return {**get(fn, on_create), "RevisionId": fn.revision_id, "LoggingConfig": logging}

    def update_configuration(fn: Moto, config_updates: Moto) -> Moto:
        for name, attribute in _UPDATED_HERE.items():
            setattr(fn, attribute, config_updates.get(name, getattr(fn, attribute)))
        update(fn, config_updates)
        _tell(lambdas, fn)
        return fn.get_configuration()

    def update_function_code(fn: Moto, updated_spec: Moto) -> Moto:
        update_code(fn, updated_spec)
        if not updated_spec.get("DryRun"):
            _tell(lambdas, fn)
        return fn.get_configuration()

    def invoke(fn: Moto, body: str, request_headers: Moto, response_headers: Moto) -> str:  # noqa: ARG001 - moto's
        return _invoke_for_service(lambdas, fn.function_name, str(fn.version), body=body, told=response_headers)

    def get_layers_data(fn: Moto, arns: list[str]) -> list[dict[str, Any]]:
        """Layers; those of other accounts, whom nobody can ask here, are taken to exist."""
        found = {layer["Arn"]: layer for layer in get_layers(fn, [arn for arn in arns if arn.split(":")[4] == fn.account_id])}
        return [found.get(arn, {"Arn": arn, "CodeSize": 0}) for arn in arns]

    return {
        "__init__": init,
        "_get_layers_data": get_layers_data,
        "get_configuration": get_configuration,
        "update_configuration": update_configuration,
        "update_function_code": update_function_code,
        "invoke": invoke,
    }


class _MotoAlias:
    """As much of an alias as moto itself still reads."""

    def __init__(self, function_version: str) -> None:
        self.function_version = function_version


def _tell(lambdas: Lambdas, fn: Moto) -> None:
    """A function's version is new or has changed: give it a revision, and the data plane its code."""
    fn.revision_id = lambdas.new_id()
    lambdas.put_version(
        FunctionVersion(
            name=fn.function_name,
            version=str(fn.version),
            handler=fn.handler or "",
            archive=getattr(fn, "code_bytes", b""),
            environment=dict(fn.environment_vars or {}),
            runtime=fn.run_time or "",
            timeout_seconds=float(fn.timeout),
            memory_mb=int(fn.memory_size),
            role=fn.role,
            own_log_group=fn.logging_config.get("LogGroup", ""),
            is_traced=fn.tracing_config.get("Mode") == "Active",
        )
    )


def _fingerprint(fn: Moto) -> str:
    return repr([getattr(fn, name, None) for name in _FINGERPRINT])


def _check_deletable(lambdas: Lambdas, name: str, version: str) -> None:
    if version == LATEST:
        raise InvalidParameterValueError("$LATEST version cannot be deleted without deleting the function.")
    holding = [alias.name for alias in lambdas.aliases(name) if version == alias.version or version in alias.weights]
    if holding:
        raise ResourceConflictError(
            f"Unable to delete version because the following aliases reference it: [{', '.join(holding)}]"
        )


def _invoke_for_service(lambdas: Lambdas, name: str, qualifier: str | None, *, body: Moto, told: Moto) -> str:
    """An invocation by another service of moto's, which reads the outcome from the headers it hands in."""
    event = json.loads(body) if isinstance(body, str | bytes) and body else {}
    invocation = lambdas.invoke(name, event, qualifier=None if qualifier == LATEST else qualifier)
    if invocation.function_error:
        told["x-amz-function-error"] = invocation.function_error
    return json.dumps(invocation.payload)
