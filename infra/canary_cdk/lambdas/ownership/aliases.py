"""Aliases: made once, and never moved from here.

A new one begins where the alias that it follows is, so that both of a target begin at one version; one that follows none
begins at the function's newest published version.
"""

from __future__ import annotations

from typing import Any

from .refusal import RefusedError, takes_over


def create(client: Any, properties: dict[str, Any]) -> str:  # noqa: ANN401 - boto3 makes its clients at run time
    """Make the alias; its ARN.

    Raises:
        RefusedError: it exists and is not to be taken over, or the function has no version.

    """
    name = _name(properties)
    try:
        answer = client.create_alias(**name, FunctionVersion=_first_version(client, properties))
    except client.exceptions.ResourceConflictException as error:
        if takes_over(properties):
            return str(client.get_alias(**name)["AliasArn"])
        raise RefusedError(
            f"alias {name['Name']} of {name['FunctionName']} exists already; say take_over=True to put it under the controller"
        ) from error
    return str(answer["AliasArn"])


def update(client: Any, before: dict[str, Any], after: dict[str, Any]) -> str:  # noqa: ANN401
    """The alias of another function or name is another alias; nothing else of one can change.

    Raises:
        RefusedError: as for create.

    """
    if _name(before) != _name(after):
        return create(client, after)
    return str(client.get_alias(**_name(after))["AliasArn"])


def delete(client: Any, properties: dict[str, Any]) -> None:  # noqa: ANN401
    """Take the alias away, unless it was there before the stack; absent is success."""
    if takes_over(properties):
        return
    try:
        client.delete_alias(**_name(properties))
    except client.exceptions.ResourceNotFoundException:
        return


def _name(properties: dict[str, Any]) -> dict[str, str]:
    return {"FunctionName": properties["FunctionName"], "Name": properties["Name"]}


def _first_version(client: Any, properties: dict[str, Any]) -> str:  # noqa: ANN401
    function = properties["FunctionName"]
    if followed := properties.get("Follows"):
        return str(client.get_alias(FunctionName=function, Name=followed)["FunctionVersion"])
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    numbers = [int(one["Version"]) for page in pages for one in page["Versions"] if one["Version"] != "$LATEST"]
    if not numbers:
        raise RefusedError(f"function {function} has no published version; publish one")
    return str(max(numbers))
