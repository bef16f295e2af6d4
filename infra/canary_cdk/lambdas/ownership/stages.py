"""Stages: created once, on their first deployment; later only their settings and tags change, never deployment or canary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import log_role
from .refusal import TemplateRefusedError, takes_over
from .settings import plan_operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .account import Account

TYPE = "Custom::ControlledStage"


def create(account: Account, properties: dict[str, Any]) -> str:
    """Create the stage, or apply the template's settings to an existing one; returns its name.

    Raises:
        TemplateRefusedError: it exists and may not be taken over, or it could not write its access log.

    """
    client, name = account.gateway, _name(properties)
    log_role.require(client, properties)
    try:
        client.create_stage(**name, deploymentId=properties["DeploymentId"])
    except client.exceptions.ConflictException as error:
        if not takes_over(properties):
            raise TemplateRefusedError(
                f"stage {name['stageName']} of API {name['restApiId']} already exists; set take_over=True to put it under "
                "the controller"
            ) from error
        return update(account, {}, properties)
    try:
        return update(account, {}, properties)
    except Exception:
        client.delete_stage(**name)  # otherwise the next attempt would find it
        raise


def update(account: Account, before: dict[str, Any], after: dict[str, Any]) -> str:
    """Apply what the template changed and the stage does not have yet; returns its name.

    Raises:
        TemplateRefusedError: there is something to apply and the stage has a canary, or base would call another alias.

    """
    client, name = account.gateway, _name(after)
    if before and _name(before) != name:
        return create(account, after)
    live = client.get_stage(**name)
    _require_same_alias(live.get("variables", {}), after, is_new=not before)
    operations = plan_operations(live, before, after)
    if operations and "canarySettings" in live:
        raise TemplateRefusedError(
            f"stage {name['stageName']} of API {name['restApiId']} has a canary, and both arms share its settings; deploy "
            f"{', '.join(one['path'] for one in operations)} again after the rollout has ended, or abort it first"
        )
    if operations:
        client.update_stage(**name, patchOperations=operations)
    _retag(client, after["Arn"], live.get("tags", {}), _tags(before), _tags(after))
    return name["stageName"]


def delete(account: Account, properties: dict[str, Any]) -> None:
    """Delete the stage, unless it existed before the stack; if it is absent, that is success."""
    if takes_over(properties):
        return
    client = account.gateway
    try:
        client.delete_stage(**_name(properties))
    except client.exceptions.NotFoundException:
        return


def _require_same_alias(live: Mapping[str, str], after: dict[str, Any], *, is_new: bool) -> None:
    """Refuse a change of the alias variable: the live deployment reads it, so all requests would go elsewhere at once."""
    variable = after["AliasVariable"]
    wanted, found = after["Variables"][variable], live.get(variable)
    if found != wanted and not (is_new and found is None):
        raise TemplateRefusedError(
            f"the stage variable {variable} names base's alias: it is {found!r} and would become {wanted!r} for every request "
            "at once; keep it, and let a rollout move the alias"
        )


def _name(properties: dict[str, Any]) -> dict[str, str]:
    return {"restApiId": properties["RestApiId"], "stageName": properties["StageName"]}


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}


def _retag(client: Any, arn: str, live: Mapping[str, str], before: dict[str, str], after: dict[str, str]) -> None:  # noqa: ANN401
    if changed := {key: value for key, value in after.items() if live.get(key) != value}:
        client.tag_resource(resourceArn=arn, tags=changed)
    if gone := [key for key in before if key not in after and key in live]:
        client.untag_resource(resourceArn=arn, tagKeys=gone)
