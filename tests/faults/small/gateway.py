"""A small version of API Gateway: stages and deployments as in the embedded AWS, the definition from the sample's answers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.errors import GatewayError
from embedded_aws.apigateway.stages.control_plane import Gateway
from embedded_aws.apigateway.stages.stage import describe
from tests.faults.small.refusals import refuse

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from embedded_aws.apigateway.stages.control_plane import Deployment
    from embedded_aws.apigateway.stages.stage import Stage
    from embedded_aws.wire.unknowns import Unknowns
    from tests.faults.small.sample import Sample

Json = dict[str, Any]


class SmallGateway:
    """The sample's API. ``definition_edits``: how many methods someone has removed from its present definition."""

    def __init__(self, sample: Sample, now: Callable[[], float], unknowns: Unknowns, rng: random.Random) -> None:
        if sample.target.stage is None:
            raise ValueError(f"target {sample.target.name} has no stage")
        self._sample = sample
        self._api = sample.target.stage.rest_api_id
        self.definition_edits = 0
        self.gateway = Gateway(now, unknowns, rng)
        first = self.gateway.create_deployment(self._api, sample.definition, {"description": "the first deployment"})
        body = {"stageName": sample.stage.name, "deploymentId": first.id, "variables": dict(sample.stage.variables)}
        self.gateway.create_stage(self._api, body)
        log = sample.stage.access_log
        settings = {"destinationArn": log.destination_arn, "format": log.format} if log else {}
        patches = [{"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()]
        self.gateway.update_stage(self._api, sample.stage.name, patches)

    @property
    def stage(self) -> Stage | None:
        """The target's stage; None once it is deleted."""
        return next((one for one in self.gateway.stages(self._api) if one.name == self._sample.stage.name), None)

    def answer(self, operation: str, asked: Json) -> Json:
        """Answer any of API Gateway's operations that are built here."""
        try:
            method: Callable[[Json], Json] = getattr(self, f"_{operation}")
        except AttributeError:
            raise NotImplementedError(f"the small AWS has no apigateway.{operation}; build it in {__name__}") from None
        try:
            return method(asked)
        except GatewayError as error:
            raise refuse(operation, error.code, str(error), status=error.status) from error

    def _GetStage(self, asked: Json) -> Json:  # noqa: N802 - AWS's name
        return describe(self.gateway.stage(self._api, asked["stageName"]))

    def _GetStages(self, _: Json) -> Json:  # noqa: N802
        return {"item": [describe(one) for one in self.gateway.stages(self._api)]}

    def _UpdateStage(self, asked: Json) -> Json:  # noqa: N802
        return describe(self.gateway.update_stage(self._api, asked["stageName"], asked["patchOperations"]))

    def _DeleteStage(self, asked: Json) -> Json:  # noqa: N802
        self.gateway.delete_stage(self._api, asked["stageName"])
        return {}

    def _CreateDeployment(self, asked: Json) -> Json:  # noqa: N802
        return _shown(self.gateway.create_deployment(self._api, self._sample.definition, asked))

    def _GetDeployment(self, asked: Json) -> Json:  # noqa: N802
        found = self.gateway.deployment(self._api, asked["deploymentId"])
        return _shown(found) | {"apiSummary": found.definition.summary()}

    def _GetDeployments(self, _: Json) -> Json:  # noqa: N802
        return {"items": [_shown(one) for one in self.gateway.deployments(self._api)]}

    def _DeleteDeployment(self, asked: Json) -> Json:  # noqa: N802
        self.gateway.delete_deployment(self._api, asked["deploymentId"])
        return {}

    def _DeleteMethod(self, _: Json) -> Json:  # noqa: N802
        self.definition_edits += 1
        return {}

    def _GetRestApi(self, _: Json) -> Json:  # noqa: N802
        return dict(self._sample.answers["get_rest_api"])

    def _GetResources(self, _: Json) -> Json:  # noqa: N802
        items = [dict(one) for one in self._sample.answers["get_resources"]["items"]]
        with_methods = [one for one in items if one.get("resourceMethods")]
        for one in with_methods[: self.definition_edits]:
            one["resourceMethods"] = {}
        return {"items": items}

    def _GetAuthorizers(self, _: Json) -> Json:  # noqa: N802
        return dict(self._sample.answers["get_authorizers"])

    def _GetGatewayResponses(self, _: Json) -> Json:  # noqa: N802
        return dict(self._sample.answers["get_gateway_responses"])

    def _GetModels(self, _: Json) -> Json:  # noqa: N802
        return dict(self._sample.answers["get_models"])

    def _GetRequestValidators(self, _: Json) -> Json:  # noqa: N802
        return dict(self._sample.answers["get_request_validators"])

    def _GetExport(self, _: Json) -> Json:  # noqa: N802
        return {"body": io.BytesIO(self._sample.exported)}


def _shown(deployment: Deployment) -> Json:
    shown: Json = {"id": deployment.id, "createdDate": deployment.created}
    return shown | ({"description": deployment.description} if deployment.description else {})
