"""UpdateStage: what each patch operation may do to a stage, and the messages with which AWS refuses the rest.

path                                            replace   remove    copy to it             add
/canarySettings                                 refused   yes, ?    refused                refused
/canarySettings/{deploymentId, percentTraffic,
                 useStageCache}                 yes       refused   refused                refused
/canarySettings/stageVariableOverrides          ?         refused   refused                refused
/canarySettings/stageVariableOverrides/{name}   yes       yes, ?    refused                refused
/deploymentId                                   yes, ?    refused   the canary's           refused
/variables                                      ?         yes       the overrides, merged  refused
/variables/{name}                               yes       yes       refused                refused
/accessLogSettings/{destinationArn, format}     yes       refused   refused                yes
/accessLogSettings                              refused   yes       refused                refused
/{resource}/{method}/{group}/{setting}          yes       refused   refused                refused
/{resource}/{method}                            refused   yes       refused                refused
/description, /tracingEnabled and the like      yes       refused   refused                refused

A question mark marks a question that no record settles, in all or some cases (embedded_aws/wire/unknowns.py). Sources:
docs/aws.md#patch-table. Operations apply to a value in list order, so a refused operation leaves the stage unchanged. The
module is pure: it knows neither where stages are stored nor what serves them.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.stages import canary_patch as canary
from embedded_aws.apigateway.stages import stage_patch as base
from embedded_aws.apigateway.stages.patch_operation import Change, Operation, Surroundings, parse_operations
from embedded_aws.apigateway.stages.stage import Stage
from embedded_aws.wire.unknowns import Unknowns

_METHOD_PATHS = (
    "{0}/metrics/enabled, {0}/logging/dataTrace, {0}/logging/loglevel, {0}/throttling/burstLimit{1}"
    "{0}/throttling/rateLimit{1}{0}/caching/ttlInSeconds, {0}/caching/enabled, {0}/caching/dataEncrypted, "
    "{0}/caching/requireAuthorizationForCacheControl, {0}/caching/unauthorizedCacheControlHeaderStrategy"
)
# AWS's own list: it lacks separators in two places and omits the canary's paths.
REPLACEABLE: Final = (
    "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, "
    "/accessLogSettings/destinationArn, /accessLogSettings/format, "
    + _METHOD_PATHS.format("/{resourcePath}/{httpMethod}", "")
    + ", "
    + _METHOD_PATHS.format("/*/*", " ")
    + ", /variables/{variable_name}, /tracingEnabled]"
)


def apply_patch(
    stage: Stage, operations: Sequence[Mapping[str, Any]], *, deployments: Collection[str], unknowns: Unknowns
) -> Stage:
    """The stage after a client's patch list; if it raises AWS's error, nothing has changed."""
    surroundings = Surroundings(deployments, unknowns)
    parsed = parse_operations(operations)
    _refuse_removal_beside_copy(parsed, unknowns)
    for operation in parsed:
        change, found = _find_change(operation)
        stage = change(stage, replace(operation, found=found), surroundings)
    return stage


def _refuse_removal_beside_copy(operations: Sequence[Operation], unknowns: Unknowns) -> None:
    removes = any(each.op == "remove" and each.path == "/canarySettings" for each in operations)
    copies = any(each.op == "copy" for each in operations)
    if removes and copies and unknowns.ask("remove-canary-beside-copy") == "refused":
        raise BadRequestError("Cannot remove canarySettings in the request that promotes the canary")


def _find_change(operation: Operation) -> tuple[Change, Mapping[str, str]]:
    for pattern, change in _CHANGES[operation.op]:
        if match := re.fullmatch(pattern, operation.path):
            return change, match.groupdict()
    raise AssertionError(f"no row matches {operation.op} {operation.path}; the last row of an operation must match any path")


def _refuse_replacement(_stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    raise BadRequestError(f"Invalid method setting path: {operation.path}. Must be one of: {REPLACEABLE}")


def _refuse_addition(_stage: Stage, operation: Operation, _: Surroundings) -> Stage:
    raise BadRequestError(f"Invalid add operation with path: {operation.path}")


def _refuse_or_ignore(stage: Stage, operation: Operation, surroundings: Surroundings) -> Stage:
    if surroundings.unknowns.ask("move-or-test-operation") == "refused":
        raise BadRequestError(f"Invalid {operation.op} operation with path: {operation.path}")
    return stage


_ANY = r"(?s:.*)"
_ACCESS_LOG: Final[tuple[tuple[str, Change], ...]] = (
    (r"/accessLogSettings/(?P<field>destinationArn|format)", base.set_access_log),
    (r"/accessLogSettings(/.*)?", base.refuse_access_log),
)
# The first row that matches the path decides.
_CHANGES: Final[Mapping[str, tuple[tuple[str, Change], ...]]] = MappingProxyType(
    {
        "replace": (
            (r"/canarySettings/deploymentId", canary.replace_canary_deployment),
            (r"/canarySettings/percentTraffic", canary.replace_canary_percent),
            (r"/canarySettings/useStageCache", canary.replace_canary_cache),
            (r"/canarySettings/stageVariableOverrides", canary.replace_overrides),
            (r"/canarySettings/stageVariableOverrides/(?P<name>[^/]+)", canary.replace_override),
            (r"/canarySettings(/.*)?", _refuse_replacement),
            (r"/deploymentId", base.replace_deployment),
            (r"/variables", base.replace_variables),
            (r"/variables/(?P<name>[^/]+)", base.replace_variable),
            *_ACCESS_LOG,
            (r"/description", base.replace_description),
            (r"/clientCertificateId", base.replace_certificate),
            (r"/documentationVersion", base.replace_documentation),
            (r"/cacheClusterEnabled", base.replace_cache),
            (r"/cacheClusterSize", base.replace_cache_size),
            (r"/tracingEnabled", base.replace_tracing),
            (r"/(?P<method>[^/]+/[^/]+)/(?P<setting>[^/]+/[^/]+)", base.replace_method_setting),
            (_ANY, _refuse_replacement),
        ),
        "remove": (
            (r"/canarySettings", canary.remove_canary),
            (r"/canarySettings/stageVariableOverrides/(?P<name>[^/]+)", canary.remove_override),
            (r"/variables", base.remove_variables),
            (r"/variables/(?P<name>[^/]+)", base.remove_variable),
            (r"/accessLogSettings", base.remove_access_log),
            (_ANY, base.remove_method_settings),
        ),
        "copy": ((_ANY, canary.promote),),
        "add": (*_ACCESS_LOG, (_ANY, _refuse_addition)),
        "move": ((_ANY, _refuse_or_ignore),),
        "test": ((_ANY, _refuse_or_ignore),),
    }
)
