"""Whether requests can still reach a function, because some stage serves a deployment that calls it.

A deployment calls the functions it was made with, whatever the template says now. Only a stage's export shows the deployment
that the stage's base serves, and nothing shows a canary's (docs/aws.md#export-document). So while a stage has a canary, every
function that its API may call counts as called.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .account import Account

API_TYPE = "AWS::ApiGateway::RestApi"
API_ARN = re.compile(r"arn:[^:]+:execute-api:[^:]*:[^:]*:([a-z0-9]+)")
NAMED_BY_VARIABLE = r"\$\{"


class Served(NamedTuple):
    """What one stage serves: base's definition as text; None, with the reason, if that is unknown or incomplete."""

    stage: str
    definition: str | None
    reason: str = ""


class CallerFinder:
    """Reads each API once."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[str, list[Served]] = {}

    def find(self, function: str, aliases: Iterable[str]) -> str:
        """Why the function counts as called; empty if no stage serves a deployment that calls it.

        The APIs of the stack count, and those that the policies of these aliases let in.
        """
        own = self._account.physical_ids(API_TYPE)
        for api_id in sorted(own):
            if reason := self._reason(api_id, function):
                return reason
        for api_id in sorted(self._allowed(function, aliases) - own):
            if reason := self._reason(api_id, function):
                return reason
        return ""

    def _reason(self, api_id: str, function: str) -> str:
        names_it = re.compile(rf":function:(?:{re.escape(function)}(?![\w-])|{NAMED_BY_VARIABLE})")
        for served in self._served(api_id):
            if served.definition is None:
                return f"stage {served.stage} of API {api_id} {served.reason}"
            if names_it.search(served.definition):
                return f"stage {served.stage} of API {api_id} serves a deployment that calls it"
        return ""

    def _served(self, api_id: str) -> list[Served]:
        if api_id not in self._known:
            self._known[api_id] = list(self._read(api_id))
        return self._known[api_id]

    def _read(self, api_id: str) -> Iterator[Served]:
        gateway = self._account.gateway
        try:
            stages = gateway.get_stages(restApiId=api_id)["item"]
        except gateway.exceptions.NotFoundException:
            return  # the API is gone, or it is an HTTP API, whose deployments the controller does not manage
        for stage in stages:
            name = stage["stageName"]
            yield Served(name, None, "has a canary") if "canarySettings" in stage else self._export(api_id, name)

    def _export(self, api_id: str, stage: str) -> Served:
        gateway = self._account.gateway
        try:
            answer = gateway.get_export(
                restApiId=api_id, stageName=stage, exportType="oas30", parameters={"extensions": "apigateway"}
            )
        except gateway.exceptions.BadRequestException as error:
            return Served(stage, None, f"serves a deployment that cannot be read: {error.response['Error']['Message']}")
        return Served(stage, answer["body"].read().decode())

    def _allowed(self, function: str, aliases: Iterable[str]) -> set[str]:
        """The ids of the APIs that the policies of the aliases name."""
        return {api_id for alias in aliases for one in statements_of(self._account, function, alias) for api_id in _apis(one)}


def statements_of(account: Account, function: str, alias: str) -> list[dict[str, Any]]:
    """The statements of an alias's policy; none if it has no policy or does not exist."""
    client = account.functions
    try:
        policy = json.loads(client.get_policy(FunctionName=function, Qualifier=alias)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return []
    return list(policy["Statement"])


def _apis(statement: dict[str, Any]) -> list[str]:
    return API_ARN.findall(json.dumps(statement.get("Condition", {})))
