"""The handler: it takes one event of CloudFormation and always answers at the address that the event names.

Decides what counts as created, so that nothing is deleted that this function did not create. Knows CloudFormation's events, not
the kinds of resources.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from . import aliases, leftovers, permissions, stages
from .account import Account

LOGGER = logging.getLogger()
LOGGER.setLevel(logging.INFO)

NOT_MADE = "not-made"
"""The id of what could not be created. CloudFormation asks to delete it anyway, although it may be someone else's."""

ANSWER_SECONDS = 10
LONGEST_REASON = 1_000

DENIED = frozenset({"AccessDeniedException", "AccessDenied"})
TRIES, PAUSE_SECONDS = 6, 5
"""A permission that the same deploy has just granted may not have spread everywhere yet."""


class ResourceKind(Protocol):
    """A kind of resource. Properties are the template's; an id is what Ref returns."""

    def create(self, account: Account, properties: dict[str, Any]) -> str:
        """Create it, or take it over; returns its id."""

    def update(self, account: Account, before: dict[str, Any], after: dict[str, Any]) -> str:
        """Change it to these properties; returns its id, a new one if it was replaced."""

    def delete(self, account: Account, properties: dict[str, Any]) -> None:
        """Delete it; if it is absent, that is success."""


KINDS: dict[str, ResourceKind] = {
    aliases.TYPE: aliases,
    leftovers.TYPE: leftovers,
    permissions.TYPE: permissions,
    stages.TYPE: stages,
}
"""The kinds by CloudFormation type."""


def handler(event: dict[str, Any], _context: object) -> None:
    """The entry point for Lambda."""
    LOGGER.info("%s of %s %s", event["RequestType"], event["ResourceType"], event["LogicalResourceId"])
    physical_id, reason = event.get("PhysicalResourceId", NOT_MADE), ""
    try:
        physical_id = _do_patiently(event, physical_id)
    except Exception as error:  # the boundary: without an answer the stack waits for an hour
        LOGGER.exception("failed")
        reason = f"{error}"[:LONGEST_REASON]
    _answer(event, physical_id, reason)


def _do_patiently(event: dict[str, Any], physical_id: str) -> str:
    for _ in range(TRIES - 1):
        try:
            return _do(event, physical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED:
                raise
            time.sleep(PAUSE_SECONDS)
    return _do(event, physical_id)


def _do(event: dict[str, Any], physical_id: str) -> str:
    kind, account = KINDS[event["ResourceType"]], Account(boto3.client, event["StackId"])
    properties = event["ResourceProperties"]
    match event["RequestType"]:
        case "Create":
            return kind.create(account, properties)
        case "Update":
            return kind.update(account, event["OldResourceProperties"], properties)
        case "Delete":
            if physical_id != NOT_MADE:
                kind.delete(account, properties)
            return physical_id
        case other:
            raise ValueError(f"CloudFormation asks for {other}, which is not Create, Update or Delete")


def _answer(event: dict[str, Any], physical_id: str, reason: str) -> None:
    body = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason,
        "PhysicalResourceId": physical_id,
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own
        event["ResponseURL"], json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310 - as above
        LOGGER.info("answered %s %s", body["Status"], reason)
