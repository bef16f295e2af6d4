"""Permissions of an API to call an alias: one statement in the alias's policy, with an id that names its stack.

A permission that leaves the template stays while a stage serves a deployment that calls the function: without it, each of
these requests would end in a 500 (docs/aws.md#alias-permission).
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from .callers import CallerFinder

if TYPE_CHECKING:
    from .account import Account

LOGGER = logging.getLogger()
TYPE = "Custom::ControlledPermission"


def create(account: Account, properties: dict[str, Any]) -> str:
    """Add the statement, unless this stack has added it before; returns the permission's id."""
    function, alias = split_arn(properties["FunctionName"])
    statement = statement_id(account.stack_id, properties["SourceArn"])
    client = account.functions
    try:
        client.add_permission(
            FunctionName=function,
            Qualifier=alias,
            StatementId=statement,
            **{name: properties[name] for name in ("Action", "Principal", "SourceArn")},
        )
    except client.exceptions.ResourceConflictException:
        LOGGER.info("%s already has the statement %s", properties["FunctionName"], statement)
    return permission_id(properties["FunctionName"], statement)


def update(account: Account, _before: dict[str, Any], after: dict[str, Any]) -> str:
    """For another alias or API, it is another permission."""
    return create(account, after)


def delete(account: Account, properties: dict[str, Any]) -> None:
    """Remove the statement, unless another stack has the function or a stage still needs it; if absent, that is success."""
    if properties.get("Stays") == "true":
        LOGGER.info("the permission of %s stays: the function is another stack's", properties["FunctionName"])
        return
    function, alias = split_arn(properties["FunctionName"])
    if reason := CallerFinder(account).find(function, [alias]):
        LOGGER.info("the permission of %s stays: %s", properties["FunctionName"], reason)
        return
    remove(account, function, alias, statement_id(account.stack_id, properties["SourceArn"]))


def remove(account: Account, function: str, alias: str, statement: str) -> None:
    """Remove one statement from an alias's policy; if it is absent, that is success."""
    client = account.functions
    try:
        client.remove_permission(FunctionName=function, Qualifier=alias, StatementId=statement)
    except client.exceptions.ResourceNotFoundException:
        return


def statement_id(stack_id: str, source_arn: str) -> str:
    """The statement's id, by which a stack recognises its own statements."""
    return f"canary-{hashlib.sha256(f'{stack_id} {source_arn}'.encode()).hexdigest()[:24]}"


def permission_id(alias_arn: str, statement: str) -> str:
    """The physical id of a permission."""
    return f"{alias_arn}/{statement}"


def split_arn(alias_arn: str) -> tuple[str, str]:
    """The function and the alias that an alias's ARN names."""
    function, alias = alias_arn.split(":")[-2:]
    return function, alias
