"""What moto keeps of Lambda functions (code, configuration, versions), with its mistakes corrected.

moto gives a version no revision of its own and publishes without a change. The data plane learns of everything that moto
stores.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from moto.awslambda import models

from embedded_aws.awslambda.aliases import LATEST
from embedded_aws.awslambda.errors import CannotRunError, InvalidParameterValueError, ResourceConflictError
from embedded_aws.awslambda.version import FunctionVersion
from embedded_aws.moto_seams.awslambda_request import Moto, split_name

if TYPE_CHECKING:
    from embedded_aws.awslambda.functions import Lambdas

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


def storage_methods(lambdas: Lambdas) -> dict[str, Any]:
    """Replacements for the methods with which moto stores functions and their versions."""
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


def function_methods(lambdas: Lambdas) -> dict[str, Any]:
    """Replacements for the methods of one function in moto."""
    function = models.LambdaFunction
    get, update, update_code = function.get_configuration, function.update_configuration, function.update_function_code
    get_whole = function.get_code
    make, get_layers = function.__init__, function._get_layers_data  # noqa: SLF001 - a seam

    def init(fn: Moto, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        fn.logging_config = spec.get("LoggingConfig") or {}
        make(fn, account_id, spec, region, version)

    def get_configuration(fn: Moto, on_create: bool = False) -> Moto:  # noqa: FBT001, FBT002 - moto's own signature
        logging = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{fn.function_name}", **fn.logging_config}
        condition = lambdas.states.of(fn.function_name, str(fn.version))
        state = condition.describe() if condition else {}
        return {**get(fn, on_create), "RevisionId": fn.revision_id, "LoggingConfig": logging, **state}

    def get_code(fn: Moto) -> Moto:
        """The whole function. moto treats a reservation of zero as no reservation; this does not."""
        reserved = lambdas.concurrency.reserved(fn.function_name)
        told = {} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": reserved}}
        return {**get_whole(fn), **told}

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
        return invoke_for_service(lambdas, fn.function_name, str(fn.version), body=body, told=response_headers)

    def get_layers_data(fn: Moto, arns: list[str]) -> list[dict[str, Any]]:
        """The layers; those of other accounts cannot be looked up here and are assumed to exist."""
        found = {layer["Arn"]: layer for layer in get_layers(fn, [arn for arn in arns if arn.split(":")[4] == fn.account_id])}
        return [found.get(arn, {"Arn": arn, "CodeSize": 0}) for arn in arns]

    return {
        "__init__": init,
        "_get_layers_data": get_layers_data,
        "get_code": get_code,
        "get_configuration": get_configuration,
        "update_configuration": update_configuration,
        "update_function_code": update_function_code,
        "invoke": invoke,
    }


class _MotoAlias:
    """The part of an alias that moto itself still reads."""

    def __init__(self, function_version: str) -> None:
        self.function_version = function_version


def _tell(lambdas: Lambdas, fn: Moto) -> None:
    """Handle a new or changed version: give it a revision, and pass its code to the data plane."""
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


def invoke_for_service(lambdas: Lambdas, name: str, qualifier: str | None, *, body: Moto, told: Moto) -> str:
    """Invoke for another service of moto, which reads the outcome from the headers that it passes in."""
    event = json.loads(body) if isinstance(body, str | bytes) and body else {}
    try:
        invocation = lambdas.invoke(name, event, qualifier=None if qualifier == LATEST else qualifier)
    except CannotRunError as error:
        told["x-amz-function-error"] = error.code
        return json.dumps(error.body())
    if invocation.function_error:
        told["x-amz-function-error"] = invocation.function_error
    return json.dumps(invocation.payload)
