"""What deployments do to stages, and stages to deployments, while there is a canary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verify.account.aws import RefusedError
from verify.questions.patch_question import ACCEPTED, REFUSED, PatchQuestion
from verify.scratch.answer import Answer
from verify.scratch.patches import canary
from verify.scratch.stage import BASE_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.scratch.scratch import Scratch

ADDED = {"added": "new"}


class DeleteCanaryDeployment(PatchQuestion):
    """Whether a canary's deployment counts as in use."""

    slug = "delete-canary-deployment"
    how = "create a deployment, use it only for a canary at 10 %, and delete it"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        deployment = scratch.create_deployment("only a canary's")
        with scratch.stage() as stage:
            stage.patch(*canary(deployment, 10, arm="canary"))
            refusal = _try_deletion(scratch, deployment)
            after = stage.canary()
        return Answer(REFUSED, (refusal,)) if refusal else Answer(ACCEPTED, (f"the canary is then {after}",))


def _try_deletion(scratch: Scratch, deployment: str) -> str | None:
    try:
        scratch.aws.call("apigateway", "delete_deployment", restApiId=scratch.rest_api_id, deploymentId=deployment)
    except RefusedError as refusal:
        if not refusal.is_judgement:
            raise
        return str(refusal)
    return None


class StageFieldsOnExistingStage(PatchQuestion):
    """What a deployment's stage fields do to a stage that already has such fields."""

    slug = "stage-fields-on-existing-stage"
    how = "deploy onto a stage that has variables, with another variable, a description and tracing in the call"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            scratch.aws.call(
                "apigateway",
                "create_deployment",
                restApiId=scratch.rest_api_id,
                stageName=stage.name,
                stageDescription="described by a deployment",
                tracingEnabled=True,
                variables=ADDED,
            )
            after = stage.read()
        fields = {name: after.get(name) for name in ("variables", "description", "tracingEnabled")}
        return Answer(_word_of(after), (f"the stage then has {fields}",))


def _word_of(stage: Mapping[str, Any]) -> str:
    words = (("merged", {**BASE_VARIABLES, **ADDED}), ("replaced", ADDED), ("ignored", BASE_VARIABLES))
    return next((word for word, variables in words if stage.get("variables") == variables), "otherwise")


class ListStagesByCanaryDeployment(PatchQuestion):
    """Which stages GetStages counts as users of a deployment."""

    slug = "list-stages-by-canary-deployment"
    how = "list the stages by the id of a deployment that only a canary has"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            stage.patch(*canary(scratch.second, 10, arm="canary"))
            listed = scratch.aws.call("apigateway", "get_stages", restApiId=scratch.rest_api_id, deploymentId=scratch.second)
        names = [each["stageName"] for each in listed.get("item", [])]
        return Answer("included" if stage.name in names else "left-out", (f"listed are {names or 'none'}",))
