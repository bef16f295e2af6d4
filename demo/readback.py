"""A rollout as an AWS user sees it from outside: its execution, its records, and the target's present state.

Everything is read through boto3. Nothing comes from the internals of the embedded AWS or from the controller's own code, so
that it can check what `demo.watcher` shows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.rules.rollouts.price import Price, Usage, price
from canary.rules.rollouts.report import FUNCTION_GB, SECONDS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.targets.target import Target
    from embedded_aws.wire.connection import Connect

ENTERED = "StateEntered"
CALLED = "TaskScheduled"


@dataclass(frozen=True, slots=True)
class Look:
    """One look as recorded, with its sort key. ``requests`` and ``bad`` count its new minutes, by arm; ``at`` is epoch."""

    key: str
    at: float
    verdict: str
    reason: str
    step: int
    weight_percent: float
    log_e: float
    log_e_with_history: float
    requests: Mapping[str, int]
    bad: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """The target's present state, as AWS shows it.

    ``canary`` describes the stage's canary, None without one; ``aliases`` maps function:alias to its version.
    """

    deployment_id: str | None
    variables: Mapping[str, str]
    canary: str | None
    aliases: Mapping[str, str]
    holder: str | None
    fencing_token: int


class Readback:
    """Reads what one controller did, through one user's clients."""

    def __init__(self, connect: Connect, table: str) -> None:
        self._connect = connect
        self._table = table

    def looks(self, rollout_id: str, *, after: str | None = None) -> Iterator[Look]:
        """The rollout's looks, oldest first; with ``after``, only those after the look with that key."""
        answer = self._connect("dynamodb").query(
            TableName=self._table,
            KeyConditionExpression="pk = :rollout AND sk BETWEEN :after AND :last",
            ExpressionAttributeValues={
                ":rollout": {"S": f"rollout#{rollout_id}"},
                ":after": {"S": f"{after}~" if after else "look#"},
                ":last": {"S": "look~"},
            },
        )
        return map(_look, answer["Items"])

    def record(self, rollout_id: str) -> dict[str, Any]:
        """The rollout's record; empty if the rollout never took the lock."""
        answer = self._get(f"rollout#{rollout_id}", "rollout")
        record: dict[str, Any] = json.loads(answer["record"]["S"]) if answer else {}
        return record

    def standing(self, target: Target) -> Standing:
        """The stage, the aliases and the lock."""
        lock = self._get(f"target#{target.name}", "lock")
        stage = self._stage(target)
        return Standing(
            deployment_id=stage.get("deploymentId"),
            variables=stage.get("variables", {}),
            canary=_canary(stage.get("canarySettings")),
            aliases=dict(self._aliases(target)),
            holder=lock["rollout_id"]["S"] if "rollout_id" in lock else None,
            fencing_token=int(lock["fencing_token"]["N"]) if lock else 0,
        )

    def events(self, execution_arn: str) -> Sequence[Mapping[str, Any]]:
        """The execution's history."""
        return read_events(self._connect, execution_arn)

    def usage(self, execution_arn: str, rollout_id: str) -> Usage:
        """What the execution used of AWS, according to its history and its record."""
        requested = self.record(rollout_id).get("tally", {}).get("metrics_requested", 0)
        return count_usage(self.events(execution_arn), metrics_requested=requested)

    def cost(self, execution_arn: str, rollout_id: str) -> Price:
        """The price of what the execution used."""
        return price(self.usage(execution_arn, rollout_id))

    def _get(self, pk: str, sk: str) -> dict[str, Any]:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        item: dict[str, Any] = self._connect("dynamodb").get_item(TableName=self._table, Key=key).get("Item", {})
        return item

    def _stage(self, target: Target) -> dict[str, Any]:
        if target.stage is None:
            return {}
        names = {"restApiId": target.stage.rest_api_id, "stageName": target.stage.stage_name}
        stage: dict[str, Any] = self._connect("apigateway").get_stage(**names)
        return stage

    def _aliases(self, target: Target) -> Iterator[tuple[str, str]]:
        for function in target.functions:
            for alias in (function.live, function.canary):
                if alias:
                    found = self._connect("lambda").get_alias(FunctionName=function.name, Name=alias)
                    weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
                    more = "".join(f" and {version} at {weight:g}" for version, weight in weights.items())
                    yield f"{function.name}:{alias}", f"{found['FunctionVersion']}{more}"


def read_events(connect: Connect, execution_arn: str) -> Sequence[Mapping[str, Any]]:
    """The history of any execution."""
    paginator = connect("stepfunctions").get_paginator("get_execution_history")
    pages = paginator.paginate(executionArn=execution_arn, includeExecutionData=False, PaginationConfig={"PageSize": 1000})
    return [event for page in pages for event in page["events"]]


def count_usage(events: Sequence[Mapping[str, Any]], *, metrics_requested: int) -> Usage:
    """The usage of an execution with this history. Each call is assumed to last as long as the controller's calls do."""
    kinds = Counter(event["type"] for event in events)
    calls = kinds[CALLED]
    return Usage(
        transitions=sum(count for kind, count in kinds.items() if kind.endswith(ENTERED)),
        lambda_calls=calls,
        lambda_gb_seconds=calls * FUNCTION_GB * SECONDS_PER_CALL,
        metrics_requested=metrics_requested,
    )


def _look(item: Mapping[str, Any]) -> Look:
    numbers = json.loads(item["numbers"]["S"])
    counts = [counts["errors"] for _, _, counts, *_ in numbers["minutes"] if "errors" in counts]
    canary_requests, canary_bad, base_requests, base_bad = map(sum, zip((0, 0, 0, 0), *counts, strict=True))
    return Look(
        key=item["sk"]["S"],
        at=float(item["sk"]["S"].removeprefix("look#")),
        verdict=item["verdict"]["S"],
        reason=item["reason"]["S"],
        step=numbers["step"],
        weight_percent=numbers["weight_percent"],
        log_e=numbers["log_e"],
        log_e_with_history=numbers["log_e_assisted"],
        requests={"base": base_requests, "canary": canary_requests},
        bad={"base": base_bad, "canary": canary_bad},
    )


def _canary(settings: Mapping[str, Any] | None) -> str | None:
    if settings is None:
        return None
    return f"deployment {settings.get('deploymentId')} at {settings.get('percentTraffic')} %"
