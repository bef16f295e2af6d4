"""The scratch account: the resources that questions use, with one random prefix, in the ledger before they are created.

Stages, deployments, methods, versions, aliases and permissions belong to the API and the function and are removed with them, so
they have no entries of their own. `parts` knows how the parts are created.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar, cast

from canary.rules.targets.access_log import LOG_FORMAT
from verify.account.aws import RefusedError
from verify.scratch.answer import UnansweredError
from verify.scratch.replies import break_off, get_kept
from verify.scratch.stage import BASE_VARIABLES, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from verify.account.aws import Aws
    from verify.account.ledger import Ledger
    from verify.account.pace import Pace
    from verify.scratch.replies import BreakOff, Get, GetKept, Reply

Measured = TypeVar("Measured")

EMULATED = "/_aws/execute-api/"
"""The path under which an emulator serves the invoke URLs, which have their own host names on AWS."""


class Scratch:
    """The resources of one run in an account. ``parts`` has created what the questions need."""

    def __init__(
        self,
        aws: Aws,
        ledger: Ledger,
        get: Get,
        pace: Pace,
        *,
        break_off: BreakOff = break_off,
        get_kept: GetKept = get_kept,
    ) -> None:
        self.aws = aws
        self.ledger = ledger
        self.pace = pace
        self.prefix = ledger.header.prefix
        self.rest_api_id = ""
        self.first = ""
        """The deployment of a new stage's base."""
        self.second = ""
        """Another deployment of the same API."""
        self._get = get
        self._break_off = break_off
        self._get_kept = get_kept
        self.stage_names: list[str] = []
        self._numbers = count(1)
        self._measured: dict[object, object] = {}
        self._failed: dict[object, Exception] = {}

    @property
    def is_account(self) -> bool:
        """Whether AWS itself is asked, and not an emulator."""
        return self.ledger.header.endpoint_url is None

    @property
    def function(self) -> str:
        """The function's name. Its alias live has version 1, its alias canary version 2."""
        return f"{self.prefix}-function"

    def log_group(self, purpose: str) -> str:
        """The name of an access-log group."""
        return f"{self.prefix}/{purpose}"

    def create(self, kind: str, name: str, make: Callable[[], str]) -> str:
        """Create a resource that is removed separately, after writing it into the ledger. ``make`` returns AWS's id for it."""
        self.ledger.intend(kind, name)
        made = make()
        self.ledger.made(kind, name, made)
        return made

    def create_role(self, purpose: str, service: str, policy: Mapping[str, Any] | None = None) -> str:
        """Create a role that the service may assume, with one inline policy or none; return its ARN."""
        name = f"{self.prefix}-{purpose}"
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}

        def make() -> str:
            role = self.aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=document(trust))
            if policy is not None:
                self.aws.call(
                    "iam",
                    "put_role_policy",
                    RoleName=name,
                    PolicyName=name,
                    PolicyDocument=document({"Effect": "Allow", **policy}),
                )
            return str(role["Role"]["Arn"])

        return self.create("role" if policy is None else "role-with-policy", name, make)

    def create_log_group(self, name: str) -> None:
        """Create a log group, whose lines are kept for one day in case everything else fails."""

        def make() -> str:
            self.aws.call("logs", "create_log_group", logGroupName=name)
            self.aws.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=1)
            return name

        self.create("log-group", name, make)

    @contextmanager
    def stage(self, *, log: str | None = None, log_format: str = LOG_FORMAT) -> Iterator[Stage]:
        """A separate stage for a question, with its base on the first deployment; ``log`` is its access-log group."""
        stage = self._create_stage()
        try:
            if log:
                arn = self.aws.place.arn("logs", f"log-group:{log}")
                self._write_log(stage, arn, log_format)
            yield stage
        finally:
            with suppress(RefusedError):  # the API's removal removes it too
                stage.delete()

    def recall(self, measure: Callable[[Scratch], Measured]) -> Measured:
        """A measurement, made for the question that asks first; a failed measurement is not repeated."""
        if measure in self._failed:
            raise self._failed[measure]
        if measure not in self._measured:
            try:
                self._measured[measure] = measure(self)
            except (UnansweredError, RefusedError) as error:
                self._failed[measure] = error
                raise
        return cast("Measured", self._measured[measure])

    def get(self, stage: Stage, path: str) -> Reply:
        """Send one request."""
        return self._get(f"{stage.address}{path}")

    def get_kept(self, stage: Stage, path: str, number: int) -> list[Reply]:
        """Send a number of requests over one connection, or as many as the other side accepts."""
        return self._get_kept(f"{stage.address}{path}", number)

    def break_off(self, stage: Stage, path: str) -> None:
        """Send one request without waiting for its answer."""
        self._break_off(f"{stage.address}{path}")

    def create_deployment(self, description: str) -> str:
        """Create a detached deployment of the current API; return its id."""
        made = self.aws.call("apigateway", "create_deployment", restApiId=self.rest_api_id, description=description)
        return str(made["id"])

    def address(self, stage_name: str) -> str:
        """A stage's invoke URL."""
        if endpoint := self.ledger.header.endpoint_url:
            return f"{endpoint}{EMULATED}{self.rest_api_id}/{stage_name}"
        place = self.aws.place
        return f"https://{self.rest_api_id}.execute-api.{place.region}.{place.domain}/{stage_name}"

    def _create_stage(self) -> Stage:
        name = f"stage{next(self._numbers)}"
        self.stage_names.append(name)
        self.aws.call(
            "apigateway",
            "create_stage",
            restApiId=self.rest_api_id,
            stageName=name,
            deploymentId=self.first,
            variables=BASE_VARIABLES,
        )
        return Stage(self.aws, self.rest_api_id, name, self.address(name))

    def _write_log(self, stage: Stage, arn: str, log_format: str) -> None:
        """Make the stage write its access log. API Gateway's role may be new and not yet known everywhere."""
        settings = {"destinationArn": arn, "format": log_format}
        operations = [
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()
        ]
        self.aws.call_once_believed(
            "apigateway",
            "update_stage",
            code="BadRequestException",
            restApiId=stage.rest_api_id,
            stageName=stage.name,
            patchOperations=operations,
        )


def document(statement: Mapping[str, Any]) -> str:
    """A policy with one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
