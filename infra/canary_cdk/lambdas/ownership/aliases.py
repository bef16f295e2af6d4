"""Aliases: created once, and never moved from here.

A new alias starts at the version of the alias that it follows, so that both aliases of a target start at the same version. An
alias that follows none starts at the function's newest published version. An alias that leaves the template stays while a stage
serves a deployment that calls its function.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .callers import CallerFinder
from .refusal import TemplateRefusedError, takes_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .account import Account

LOGGER = logging.getLogger()
TYPE = "Custom::ControlledAlias"


def create(account: Account, properties: dict[str, Any]) -> str:
    """Create the alias, or adopt the one that this stack left behind; returns its ARN.

    Raises:
        TemplateRefusedError: it exists and may not be taken over, or the function has no version.

    """
    client, name = account.functions, _name(properties)
    try:
        answer = client.create_alias(
            **name, FunctionVersion=_first_version(client, properties), Description=_made_by(account.stack_id)
        )
    except client.exceptions.ResourceConflictException as error:
        found = client.get_alias(**name)
        if takes_over(properties) or is_made_by(account.stack_id, found):
            return str(found["AliasArn"])
        raise TemplateRefusedError(
            f"alias {name['Name']} of {name['FunctionName']} already exists; set take_over=True to put it under the controller"
        ) from error
    return str(answer["AliasArn"])


def update(account: Account, before: dict[str, Any], after: dict[str, Any]) -> str:
    """With another function or name it is another alias; nothing else of an alias can change.

    Raises:
        TemplateRefusedError: as for create.

    """
    if _name(before) != _name(after):
        return create(account, after)
    return str(account.functions.get_alias(**_name(after))["AliasArn"])


def delete(account: Account, properties: dict[str, Any]) -> None:
    """Delete the alias, unless it existed before the stack or a stage still needs it; if it is absent, that is success."""
    if takes_over(properties):
        return
    client, name = account.functions, _name(properties)
    if reason := CallerFinder(account).find(name["FunctionName"], [name["Name"]]):
        LOGGER.info("alias %s of %s stays: %s", name["Name"], name["FunctionName"], reason)
        return
    try:
        client.delete_alias(**name)
    except client.exceptions.ResourceNotFoundException:
        return


def is_made_by(stack_id: str, alias: Mapping[str, Any]) -> bool:
    """Whether an alias, as Lambda describes it, was created for this stack."""
    return bool(alias.get("Description") == _made_by(stack_id))


def _made_by(stack_id: str) -> str:
    """The description that marks a stack's alias: an alias has no tags, and no rollout changes its description."""
    return f"Made by {stack_id}"


def _name(properties: dict[str, Any]) -> dict[str, str]:
    return {"FunctionName": properties["FunctionName"], "Name": properties["Name"]}


def _first_version(client: Any, properties: dict[str, Any]) -> str:  # noqa: ANN401
    function = properties["FunctionName"]
    if followed := properties.get("Follows"):
        return str(client.get_alias(FunctionName=function, Name=followed)["FunctionVersion"])
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    numbers = [int(one["Version"]) for page in pages for one in page["Versions"] if one["Version"] != "$LATEST"]
    if not numbers:
        raise TemplateRefusedError(f"function {function} has no published version; publish one")
    return str(max(numbers))
