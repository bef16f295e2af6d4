"""Reads API definitions from AWS: from the API's resources, from a stage's export, and from a deployment.

Each reading is complete or an error; nothing is written. `canary.rules` knows what the answers mean.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import GONE, code_of, refusals
from canary.rules.definitions.definition import UnreadableDefinitionError
from canary.rules.definitions.fingerprint import find_fingerprint
from canary.rules.definitions.openapi import from_export
from canary.rules.definitions.resources import Answers, from_answers, paths_by_id
from canary.rules.definitions.routes import routes_of_summary
from canary.rules.releases.readings import Definitions, Deployed
from canary.rules.releases.release import PRESENT, UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.definitions.definition import Definition
    from canary.rules.definitions.resources import Answer
    from canary.rules.targets.target import Stage

PAGE = 500
"""The most items that API Gateway returns on one page (docs/aws.md#paging)."""

EXTENSIONS = {"extensions": "apigateway"}
EXPORT_TYPE = "oas30"


class DefinitionReader:
    """Reads the definitions of one API at one moment; an answer that two readings need is requested only once."""

    def __init__(self, client: Any, rest_api_id: str) -> None:  # noqa: ANN401 - botocore makes its clients at run time
        self._client = client
        self._api_id = rest_api_id
        self._paths: dict[str, str] = {}
        self._api: Answer | None = None
        self._authorizer_answers: list[Answer] | None = None

    @property
    def api(self) -> Answer:
        """GetRestApi's answer.

        Raises:
            AwsRefusedError: it cannot be read.

        """
        if self._api is None:
            with refusals(f"aws apigateway get-rest-api --rest-api-id {self._api_id}"):
                answer: Answer = self._client.get_rest_api(restApiId=self._api_id)
            self._api = answer
        return self._api

    @property
    def _authorizers(self) -> list[Answer]:
        if self._authorizer_answers is None:
            self._authorizer_answers = self._all("get_authorizers")
        return self._authorizer_answers

    def read_present(self) -> Definition:
        """The API's current definition, from its resources.

        Raises:
            AwsRefusedError: a part of it cannot be read.

        """
        resources = self._all("get_resources", embed=["methods"])
        self._paths = paths_by_id(resources)
        return from_answers(
            Answers(
                api=self.api,
                resources=resources,
                authorizers=self._authorizers,
                gateway_responses=self._all("get_gateway_responses"),
                models=self._all("get_models"),
                validators=self._all("get_request_validators"),
            )
        )

    def read_stage(self, stage_name: str) -> Definition:
        """The definition that a stage's base serves, from its export.

        Raises:
            AwsRefusedError: the stage cannot be read.
            UnreadableDefinitionError: the definition cannot be exported, or the export is incomplete.

        """
        command = (
            f"aws apigateway get-export --rest-api-id {self._api_id} --stage-name {stage_name} --export-type {EXPORT_TYPE}"
        )
        with refusals(command):
            try:
                answer = self._client.get_export(
                    restApiId=self._api_id,
                    stageName=stage_name,
                    exportType=EXPORT_TYPE,
                    parameters=EXTENSIONS,
                    accepts="application/json",
                )
            except ClientError as error:
                if code_of(error) != "BadRequestException":
                    raise
                raise UnreadableDefinitionError(f"`{command}`: {error.response['Error']['Message']}") from error
            document = _document(answer["body"].read())
        return self._with_authorizer_ids(from_export(document, self.api, self._paths))

    def _with_authorizer_ids(self, definition: Definition) -> Definition:
        """Adds the authorizers' present ids: an export has only names, but Lambda permissions use ids.

        The deployment may have others (docs/aws.md#export-document, docs/aws.md#overwrite-keeps-ids).
        """
        if not any(one.uri for one in definition.authorizers.values()):
            return definition
        ids = {one["name"]: str(one["id"]) for one in self._authorizers}
        known = {name: replace(one, id=ids.get(name, "")) for name, one in definition.authorizers.items()}
        return replace(definition, authorizers=known)

    def read_deployment(self, deployment_id: str) -> Deployed | None:
        """A deployment's routes, and the fingerprint in its description, if any; None if the deployment does not exist.

        Raises:
            AwsRefusedError: it cannot be read.

        """
        with refusals(f"aws apigateway get-deployment --rest-api-id {self._api_id} --deployment-id {deployment_id}"):
            try:
                answer = self._client.get_deployment(restApiId=self._api_id, deploymentId=deployment_id, embed=["apisummary"])
            except ClientError as error:
                if code_of(error) in GONE:
                    return None
                raise
        routes = routes_of_summary(answer.get("apiSummary") or {})
        return Deployed(deployment_id, routes=routes, recorded=find_fingerprint(answer.get("description")))

    def _all(self, operation: str, **more: Any) -> list[Answer]:  # noqa: ANN401
        with refusals(f"aws apigateway {operation.replace('_', '-')} --rest-api-id {self._api_id}"):
            pages = self._client.get_paginator(operation).paginate(
                restApiId=self._api_id, PaginationConfig={"PageSize": PAGE}, **more
            )
            return [item for page in pages for item in page.get("items", ())]


def read_definitions(
    reader: DefinitionReader, stage: Stage, wanted: str | None, serving: Mapping[str, str], promoted: Mapping[str, str]
) -> Definitions:
    """Everything from which a release's definition can be determined.

    ``wanted``: the release's deployment. ``serving``: by stage, the deployment that its base serves.
    ``promoted``: by deployment, the fingerprint in the records.

    Raises:
        AwsRefusedError: AWS refused to be read.

    """
    base_id = serving[stage.stage_name]
    present = reader.read_present() if wanted in {None, PRESENT} else None
    base = _read_served(reader, base_id, stage.stage_name)
    named = _read_named(reader, str(wanted), serving) if names_another(wanted, base_id) else None
    if present is None and any(one and one.definition is None for one in (base, named)):
        present = reader.read_present()
    return Definitions(replace(base, recorded=promoted.get(base_id) or base.recorded), present, named)


def names_another(wanted: str | None, base_id: str) -> bool:
    """Whether the release names a deployment by its id, and base does not serve that one."""
    return wanted not in {None, PRESENT, UNCHANGED, base_id}


def _read_served(reader: DefinitionReader, deployment_id: str, stage_name: str) -> Deployed:
    """What a stage serves; if the definition cannot be exported, the routes come from the deployment."""
    try:
        return Deployed(deployment_id, reader.read_stage(stage_name))
    except UnreadableDefinitionError as error:
        known = reader.read_deployment(deployment_id) or Deployed(deployment_id)
        return replace(known, unreadable=str(error))


def _read_named(reader: DefinitionReader, wanted: str, serving: Mapping[str, str]) -> Deployed | None:
    """A deployment that a release names, with the definition from a stage that serves it, if there is one."""
    known = reader.read_deployment(wanted)
    stage_name = next((name for name, deployment_id in serving.items() if deployment_id == wanted), None)
    if known is None or stage_name is None:
        return known
    try:
        return replace(known, definition=reader.read_stage(stage_name))
    except UnreadableDefinitionError as error:
        return replace(known, unreadable=str(error))


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise UnreadableDefinitionError(f"the export is not valid JSON: {error}") from error
    return document if isinstance(document, dict) else {}
