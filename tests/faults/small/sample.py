"""The starting state of the small AWS: the sample as the embedded AWS has it, made once per process.

Everything that no run changes is kept as the answer that the embedded AWS gave to the controller's own call. So none of it
has to be built, or trusted, a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from canary.rules.targets.target import Target
from demo.controller import TABLE, create_controller, register_target
from demo.guest import CONTROLLER
from demo.sample import create_sample, publish_release
from embedded_aws.apigateway.definition.frozen import Definition
from embedded_aws.apigateway.stages.stage import Stage
from embedded_aws.embedded import EmbeddedAws

Json = dict[str, Any]
ApiAnswers = (
    "get_rest_api",
    "get_resources",
    "get_authorizers",
    "get_gateway_responses",
    "get_models",
    "get_request_validators",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample with its next release published, and the controller beside it.

    ``answers`` are API Gateway's, by operation; ``indexes`` are the key attributes of the table's indexes, by name.
    """

    target: Target
    stage: Stage
    definition: Definition
    base: Mapping[str, str]
    release: Mapping[str, str]
    answers: Mapping[str, Json]
    exported: bytes
    configurations: Mapping[tuple[str, str], Json]
    policies: Mapping[tuple[str, str], str]
    filters: tuple[Json, ...]
    alarms: Mapping[str, Json]
    parameters: Mapping[str, str]
    indexes: Mapping[str, str]


@cache
def make_sample() -> Sample:
    """Make the sample without a policy, which each run brings along."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        target = create_sample(aws.client)
        create_controller(aws.client)
        register_target(aws.client, target)
        release = publish_release(aws.client, target, {"NAME": "release"})
        return _Recorder(aws, target, release).sample()


class _Recorder:
    def __init__(self, aws: EmbeddedAws, target: Target, release: Mapping[str, str]) -> None:
        if target.stage is None:
            raise ValueError(f"target {target.name} has no stage; the small AWS is made from a target that has one")
        self._aws = aws
        self._target = target
        self._stage = target.stage
        self._release = release

    def sample(self) -> Sample:
        gateway, stage = (
            self._aws.client("apigateway"),
            self._aws.gateway.stage(self._stage.rest_api_id, self._stage.stage_name),
        )
        cloudwatch = self._aws.client("cloudwatch").describe_alarms()
        filters = self._aws.client("logs").describe_metric_filters(logGroupName=self._target.access_log_group)
        return Sample(
            target=self._target,
            stage=stage,
            definition=self._aws.gateway.definition(self._stage.rest_api_id, stage.deployment_id),
            base={f.name: self._alias(f.name, f.live)["FunctionVersion"] for f in self._target.functions},
            release=self._release,
            answers={name: _bare(self._api_answer(gateway, name)) for name in ApiAnswers},
            exported=self._export(gateway),
            configurations=self._configurations(),
            policies=self._policies(),
            filters=tuple(filters["metricFilters"]),
            alarms={one["AlarmName"]: one for one in cloudwatch["MetricAlarms"]},
            parameters=self._parameters(),
            indexes=self._indexes(),
        )

    def _api_answer(self, gateway: Any, name: str) -> Json:
        more = {"embed": ["methods"]} if name == "get_resources" else {}
        answer: Json = getattr(gateway, name)(restApiId=self._stage.rest_api_id, **more)
        return answer

    def _export(self, gateway: Any) -> bytes:
        names = {"restApiId": self._stage.rest_api_id, "stageName": self._stage.stage_name}
        asked = {"exportType": "oas30", "parameters": {"extensions": "apigateway"}, "accepts": "application/json"}
        body: bytes = gateway.get_export(**names, **asked)["body"].read()
        return body

    def _alias(self, function: str, alias: str) -> Json:
        answer: Json = self._aws.client("lambda").get_alias(FunctionName=function, Name=alias)
        return answer

    def _configurations(self) -> dict[tuple[str, str], Json]:
        client = self._aws.client("lambda")
        return {
            (one.name, version): _bare(client.get_function_configuration(FunctionName=one.name, Qualifier=version))
            for one in self._target.functions
            for version in (self._alias(one.name, one.live)["FunctionVersion"], self._release[one.name])
        }

    def _policies(self) -> dict[tuple[str, str], str]:
        client = self._aws.client("lambda")
        return {
            (one.name, alias): client.get_policy(FunctionName=one.name, Qualifier=alias)["Policy"]
            for one in self._target.functions
            for alias in (one.live, one.canary)
            if alias
        }

    def _parameters(self) -> dict[str, str]:
        pages = self._aws.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/canary", Recursive=True)
        return {one["Name"]: one["Value"] for page in pages for one in page["Parameters"]}

    def _indexes(self) -> dict[str, str]:
        table = self._aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]
        return {one["IndexName"]: one["KeySchema"][0]["AttributeName"] for one in table.get("GlobalSecondaryIndexes", ())}


def _bare(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
