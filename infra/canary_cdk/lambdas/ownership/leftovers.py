"""Leftovers of functions that left the template: they stay while a deployment calls them, and are removed afterwards.

A function that leaves the template or is replaced in it stays in the account with its role, its aliases and their
permissions, because base may still call it. This resource is the first that a deploy updates and the last that is deleted with
the stack. Each time, it removes what has the stack's tag, is no longer in the stack, and is not called by any deployment that a
stage serves. What cannot be removed yet waits for the next time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from . import permissions
from .account import STACK_TAG
from .aliases import TYPE as ALIAS_TYPE
from .aliases import is_made_by
from .callers import CallerFinder, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .account import Account

LOGGER = logging.getLogger()
TYPE = "Custom::ControlledLeftovers"
PHYSICAL_ID = "leftovers"
FUNCTION_TYPE, ROLE_TYPE = "AWS::Lambda::Function", "AWS::IAM::Role"


def create(_account: Account, _properties: dict[str, Any]) -> str:
    """Do nothing: a new stack has left nothing behind. Returns the resource's id."""
    return PHYSICAL_ID


def update(account: Account, _before: dict[str, Any], _after: dict[str, Any]) -> str:
    """Remove what is no longer called; returns the resource's id."""
    _sweep(account, functions=account.physical_ids(FUNCTION_TYPE), roles=account.physical_ids(ROLE_TYPE))
    return PHYSICAL_ID


def delete(account: Account, _properties: dict[str, Any]) -> None:
    """Remove everything that the stack ever had and that is no longer called.

    The stack's functions depend on this resource, so by now the stack has already given up all of them, and its stages.
    """
    _sweep(account, functions=frozenset(), roles=frozenset())


def _sweep(account: Account, *, functions: frozenset[str], roles: frozenset[str]) -> None:
    """Remove what has the stack's tag and no deployment calls, except these functions and roles, which the stack still has."""
    callers, used, free = CallerFinder(account), set(roles), set()
    for function in account.tagged_functions():
        if reason := callers.find(function, (one["Name"] for one in _aliases_of(account, function))):
            LOGGER.info("%s stays: %s", function, reason)
            used.add(_role_of(account, function))
        elif function in functions:
            _sweep_aliases(account, function)
        else:
            free.add(_role_of(account, function))
            _remove_function(account, function)
    for role in sorted(free - used):
        _remove_role(account, role)


def _aliases_of(account: Account, function: str) -> Iterator[dict[str, Any]]:
    """A function's aliases; requested when the first one is needed."""
    pages = account.functions.get_paginator("list_aliases").paginate(FunctionName=function)
    return (one for page in pages for one in page["Aliases"])


def _sweep_aliases(account: Account, function: str) -> None:
    """Remove, from a function that stays, the aliases and permissions that this stack created and no longer has."""
    in_stack = account.physical_ids(ALIAS_TYPE)
    for alias in _aliases_of(account, function):
        if is_made_by(account.stack_id, alias) and alias["AliasArn"] not in in_stack:
            account.functions.delete_alias(FunctionName=function, Name=alias["Name"])
            LOGGER.info("removed alias %s", alias["AliasArn"])
        else:
            _sweep_permissions(account, function, alias)


def _sweep_permissions(account: Account, function: str, alias: Mapping[str, Any]) -> None:
    in_stack = account.physical_ids(permissions.TYPE)
    for statement in statements_of(account, function, alias["Name"]):
        source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
        sid = permissions.statement_id(account.stack_id, source)
        if statement.get("Sid") == sid and permissions.permission_id(alias["AliasArn"], sid) not in in_stack:
            permissions.remove(account, function, alias["Name"], sid)
            LOGGER.info("removed the permission of %s to call %s", source, alias["AliasArn"])


def _remove_function(account: Account, function: str) -> None:
    """Remove the function with its versions, aliases and permissions."""
    account.functions.delete_function(FunctionName=function)
    LOGGER.info("removed function %s", function)


def _role_of(account: Account, function: str) -> str:
    return str(account.functions.get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2])


def _is_tagged(account: Account, role: str) -> bool:
    """Whether the role exists and has this stack's tag."""
    client = account.roles
    try:
        tags = client.list_role_tags(RoleName=role)["Tags"]
    except client.exceptions.NoSuchEntityException:
        return False
    return {"Key": STACK_TAG, "Value": account.stack_id} in tags


def _remove_role(account: Account, role: str) -> None:
    """Remove the role of removed functions, if it is this stack's; Lambda needs it as long as they exist."""
    if not _is_tagged(account, role):
        return
    client = account.roles
    for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
        client.delete_role_policy(RoleName=role, PolicyName=name)
    for policy in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    client.delete_role(RoleName=role)
    LOGGER.info("removed role %s", role)
