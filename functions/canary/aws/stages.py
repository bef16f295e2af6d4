"""API Gateway stages and deployments: read, changed in single patch lists, read back (docs/aws.md#patch-table)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from shlex import quote
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.errors import StateChangedError
from canary.rules.targets.live import AccessLog, Intent, LiveCanary, LiveStage, is_intact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canary.rules.targets.target import Stage

PatchOperation = dict[str, str]


class Stages:
    """One stage of one API. `before_write` runs right before each write and may prevent it."""

    def __init__(self, client: Any, stage: Stage, before_write: Callable[[], None]) -> None:  # noqa: ANN401
        self._client = client
        self._stage = stage
        self._before_write = before_write
        self._names = {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}

    def read(self) -> LiveStage:
        """The stage as it is.

        Raises:
            AwsRefusedError: it cannot be read.

        """
        return live_stage_of(self.describe())

    def describe(self) -> dict[str, Any]:
        """GetStage's own answer.

        Raises:
            AwsRefusedError: it cannot be read.

        """
        with refusals(self._command("get-stage")):
            answer: dict[str, Any] = self._client.get_stage(**self._names)
        return answer

    def shift(self, intent: Intent, percent: Decimal) -> None:
        """Give the canary `percent` of requests: the first time in one list that attaches it, then only the percentage.

        Raises:
            StateChangedError: the stage has a canary that differs from the one that this rollout attached.
            AwsRefusedError: AWS refused.

        """
        canary = self.read().canary
        if canary is None:
            self._patch(list(attach_operations(intent, percent)))
        elif not is_intact(canary, intent):
            raise StateChangedError(
                f"the stage has a canary of deployment {canary.deployment_id} at {canary.percent} % with overrides "
                f"{dict(canary.overrides)} that this rollout did not attach; find out who attached it"
            )
        elif canary.percent != percent:
            self._patch([_replace("/canarySettings/percentTraffic", str(percent))])
        self._read_back(intent, percent)

    def remove_canary(self) -> None:
        """Remove the canary settings; success if there are none.

        Raises:
            AwsRefusedError: AWS refused.

        """
        if self.read().canary:
            self._patch([{"op": "remove", "path": "/canarySettings"}])

    def flip(self, intent: Intent) -> None:
        """Give base the canary's deployment and variables and leave the canary at 0 %, in one list.

        AWS refuses to remove a variable that is not there, so only those that are there are removed.

        Raises:
            AwsRefusedError: AWS refused.

        """
        there = self.read().variables if intent.removed_variables else {}
        left = tuple(name for name in intent.removed_variables if name in there)
        self._patch(flip_operations(replace(intent, removed_variables=left)))

    def find_deployment(self, mark: str) -> str | None:
        """The id of the deployment whose description is `mark`, if there is one.

        Raises:
            AwsRefusedError: the deployments cannot be listed.

        """
        command = f"aws apigateway get-deployments --rest-api-id {self._stage.rest_api_id}"
        with refusals(command):
            pages = self._client.get_paginator("get_deployments").paginate(restApiId=self._stage.rest_api_id)
            found = [item["id"] for page in pages for item in page["items"] if item.get("description") == mark]
        return found[0] if found else None

    def make_deployment(self, mark: str) -> str:
        """A detached deployment of the API's current definition with the description `mark`; an existing one is reused.

        Raises:
            AwsRefusedError: AWS refused.

        """
        if found := self.find_deployment(mark):
            return found
        self._before_write()
        with refusals(f"aws apigateway create-deployment --rest-api-id {self._stage.rest_api_id} --description '{mark}'"):
            answer = self._client.create_deployment(restApiId=self._stage.rest_api_id, description=mark)
        return str(answer["id"])

    def command(self, operations: list[PatchOperation]) -> str:
        """The AWS CLI command that sends the same patch list by hand."""
        return f"{self._command('update-stage')} --patch-operations {_written_out(operations)}"

    def _command(self, verb: str) -> str:
        return f"aws apigateway {verb} --rest-api-id {self._stage.rest_api_id} --stage-name {self._stage.stage_name}"

    def _patch(self, operations: list[PatchOperation]) -> None:
        self._before_write()
        with refusals(self.command(operations)):
            self._client.update_stage(**self._names, patchOperations=operations)

    def _read_back(self, intent: Intent, percent: Decimal) -> None:
        canary = self.read().canary
        if canary is None or not is_intact(canary, intent) or canary.percent != percent:
            raise StateChangedError(f"the canary was set to {percent} %, but the stage reads back {canary}")


def attach_operations(intent: Intent, percent: Decimal) -> Iterator[PatchOperation]:
    """The single list that attaches a canary: deployment, overrides, percentage, cache off (docs/aws.md#shared-cache)."""
    yield _replace("/canarySettings/deploymentId", str(intent.deployment_id))
    for name, value in intent.overrides.items():
        yield _replace(f"/canarySettings/stageVariableOverrides/{name}", value)
    yield _replace("/canarySettings/percentTraffic", str(percent))
    yield _replace("/canarySettings/useStageCache", "false")


def flip_operations(intent: Intent) -> list[PatchOperation]:
    """The single list that promotes. It never sets the alias variable, which must keep telling base from canary."""
    return [
        *(_replace(f"/variables/{name}", value) for name, value in intent.promoted_variables.items()),
        *({"op": "remove", "path": f"/variables/{name}"} for name in intent.removed_variables),
        {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
        _replace("/canarySettings/percentTraffic", "0.0"),
    ]


def live_stage_of(answer: dict[str, Any]) -> LiveStage:
    """A stage from GetStage's answer, which omits keys without a value (docs/aws.md#stage-shape)."""
    settings = answer.get("canarySettings")
    canary = settings and LiveCanary(
        deployment_id=settings["deploymentId"],
        percent=Decimal(str(settings["percentTraffic"])),
        overrides=settings.get("stageVariableOverrides", {}),
    )
    log = answer.get("accessLogSettings", {})
    access_log = AccessLog(group_of(log.get("destinationArn")), log.get("format"))
    return LiveStage(answer["deploymentId"], answer.get("variables", {}), canary, access_log)


def group_of(destination_arn: str | None) -> str | None:
    """The log group that an access log's destination names; other destinations are returned unchanged."""
    if destination_arn is None or ":log-group:" not in destination_arn:
        return destination_arn
    return destination_arn.split(":log-group:")[1].removesuffix(":*")


def _replace(path: str, value: str) -> PatchOperation:
    return {"op": "replace", "path": path, "value": value}


def _written_out(operations: list[PatchOperation]) -> str:
    """The operations in the CLI's shorthand, or as JSON if a value has characters that shorthand or a shell would interpret."""
    if all(re.fullmatch(r"[\w./-]*", text) for one in operations for text in one.values()):
        return " ".join(",".join(f"{key}={value}" for key, value in one.items()) for one in operations)
    return quote(json.dumps(operations))
