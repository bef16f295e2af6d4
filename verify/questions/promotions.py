"""What UpdateStage does at the end of a canary: promotion, removal, and a change of base's deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.questions.patch_question import ACCEPTED, REFUSED, PatchQuestion, agreed
from verify.scratch.answer import Answer
from verify.scratch.patches import (
    CANARY,
    CANARY_DEPLOYMENT,
    DEPLOYMENT,
    OVERRIDES,
    VARIABLES,
    canary,
    copy,
    remove,
    replace,
)

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch


class ReplaceDeploymentUnderCanary(PatchQuestion):
    """Do what CloudFormation does when a template brings a new deployment."""

    slug = "replace-deployment-under-canary"
    how = "attach a canary at 10 %, replace /deploymentId with another deployment, and read the stage"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            stage.patch(*canary(scratch.second, 10, arm="canary"))
            third = scratch.create_deployment("a third")
            refusal = stage.try_patch(replace(DEPLOYMENT, third))
            after = stage.read()
        if refusal:
            return Answer(REFUSED, (refusal,))
        has_moved = after["deploymentId"] == third
        is_attached = after.get("canarySettings", {}).get("deploymentId") == scratch.second
        told = f"base {'moved to it' if has_moved else 'stayed'}; the canary {'stayed' if is_attached else 'changed'}"
        return Answer(ACCEPTED if has_moved else "accepted-without-effect", (told,))


class RemoveAbsentCanary(PatchQuestion):
    """Roll back a stage that has nothing to roll back."""

    slug = "remove-absent-canary"
    how = "remove /canarySettings from a stage that never had a canary"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            refusal = stage.try_patch(remove(CANARY))
        return Answer(REFUSED, (refusal,)) if refusal else Answer(ACCEPTED)


class RemoveCanaryBesideCopy(PatchQuestion):
    """Promote in one call."""

    slug = "remove-canary-beside-copy"
    how = "send the documented promotion, two copies, with remove /canarySettings as the last operation of the same list"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            stage.patch(*canary(scratch.second, 10, arm="canary"))
            copies = copy(OVERRIDES, VARIABLES), copy(CANARY_DEPLOYMENT, DEPLOYMENT)
            refusal = stage.try_patch(*copies, remove(CANARY))
            after = stage.read()
        if refusal:
            return Answer(REFUSED, (refusal,))
        is_promoted = after["deploymentId"] == scratch.second and after.get("variables", {}).get("arm") == "canary"
        is_gone = "canarySettings" not in after
        base, gone = "has" if is_promoted else "has not", "gone" if is_gone else "not gone"
        told = f"base {base} the canary's settings; the canary is {gone}"
        return Answer(ACCEPTED if is_promoted and is_gone else "accepted-in-part", (told,))


class RemoveAbsentOverride(PatchQuestion):
    """Remove an override twice."""

    slug = "remove-absent-override"
    how = "remove an override that a canary does not have, and one from a stage without a canary"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        operation = remove(f"{OVERRIDES}/absent")
        with scratch.stage() as stage:
            without = stage.try_patch(operation)
            left = stage.canary()
            stage.patch(*canary(scratch.second, 10, arm="canary"))
            beside = stage.try_patch(operation)
        evidence = (
            f"without a canary: {without or f'{ACCEPTED}, and then the canary is {left}'}",
            f"beside another override: {beside or ACCEPTED}",
        )
        return Answer(agreed(REFUSED if each else ACCEPTED for each in (without, beside)), evidence)
