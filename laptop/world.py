"""A definition's API on the embedded AWS, created with ordinary AWS calls: functions, API, stage with access log, target.

It decides the names, and what the target compares; how things are created is the demo's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.edge.target import require_target
from canary.rules.targets.access_log import find_long_pattern
from demo.sample import allow_api, create_function, create_role, create_stage, let_log
from embedded_aws.wire.connection import Place
from laptop.definitions.operations import Called
from laptop.document import VARIABLE, document_of
from laptop.functions import HANDLER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.wire.connection import Connect
    from laptop.definitions.operations import Definition
    from laptop.functions import Function

STAGE = "prod"
LIVE, CANARY = "live", "canary"


def create_world(
    connect: Connect, name: str, definition: Definition, functions: Sequence[Function], *, policy: str
) -> dict[str, Any]:
    """Create the API ``name`` with its functions' first releases, deployed; returns its target as a target file has it."""
    place = Place.find(connect)
    outside = [one for one in definition.operations if not one.is_inside]
    document = document_of(name, functions, outside, place)
    rest_api_id = str(connect("apigateway").import_rest_api(body=json.dumps(document).encode())["id"])
    raw = target_of(name, rest_api_id, functions, definition, policy=policy)
    target = require_target(raw)
    role = create_role(connect, f"{name}-functions", "lambda.amazonaws.com")
    let_log(connect, place, f"{name}-functions", "*")
    for function, registered in zip(functions, target.functions, strict=True):
        create_function(connect, registered, role, function.archive({}), HANDLER)
    if target.stage is None or target.access_log_group is None:
        raise ValueError(f"the target {name} has no stage, and target_of gives it one")
    for registered in target.functions:
        allow_api(connect, place, registered, target.stage, name)
    create_stage(connect, place, target.stage, target.access_log_group)
    return raw


def target_of(
    name: str, rest_api_id: str, functions: Sequence[Function], definition: Definition, *, policy: str
) -> dict[str, Any]:
    """The target as its file has it. It names the routes outside if CloudWatch Logs takes the filters that leave them out."""
    raw: dict[str, Any] = {
        "name": name,
        "stage": {"rest_api_id": rest_api_id, "stage_name": STAGE, "alias_variable": VARIABLE},
        "functions": [{"name": one.name, "live": LIVE, "canary": CANARY} for one in functions],
        "access_log_group": f"/apigw/{name}-{STAGE}",
        "policy": policy,
        "metrics": {"errors": "5xx", "slow": ["p50", "p90", "p99"]},
    }
    by_path: dict[str, list[str]] = {}
    for one in definition.operations:
        if one.called is Called.OUTSIDE:
            by_path.setdefault(one.resource, []).append(one.method)
    outside = [{"path": path, "methods": methods} for path, methods in by_path.items()]
    whole = {**raw, "outside": outside}
    return whole if outside and find_long_pattern(require_target(whole)) is None else raw
