"""The embedded AWS in the role of an account: time that passes when someone waits, and requests without sockets."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.shortcut import INSIDE
from tests.consoles import a_console, text_of
from verify.account.aws import Aws, Place
from verify.account.connection import ONCE
from verify.account.ledger import Header, Ledger
from verify.account.pace import Pace
from verify.program import Program
from verify.scratch.replies import USER_AGENT, Reply, reply
from verify.scratch.scratch import EMULATED, Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_HOSTED = frozenset(
    {
        "qualified-arn-in-policy",
        "sdk-integration-error-names",
        "shipped-machine",
        "shipped-packages",
        "shipped-proof",
        "shipped-states",
    }
)
"""The questions for accounts only."""
PREFIX = "canary-verify-ab12cd34"
QUICK = Pace(
    request_seconds=0.5,
    rounds=1,
    watch_seconds=40.0,
    steady_seconds=31.0,
    metric_minutes=2,
    minute_requests=6,
    split_requests=1600,
)
TINY = replace(
    QUICK, request_seconds=2.0, watch_seconds=32.0, metric_minutes=1, minute_requests=2, split_requests=600, grace_seconds=5.0
)
"""For tests that care only about what is created and removed."""


class EmbeddedClock:
    """Waiting lets the embedded AWS's time pass."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._clock = aws.clock

    def now(self) -> float:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self._clock.run_for(seconds)


class World:
    """An embedded AWS, and the program on it."""

    def __init__(self, aws: EmbeddedAws, folder: Path, *, pace: Pace = QUICK) -> None:
        self.aws = aws
        self.folder = folder
        self.pace = pace
        self.clock = EmbeddedClock(aws)
        self.console = a_console(width=200, soft_wrap=True)
        self.printed = self.console.file
        self.requests = 0

    def get(self, url: str, connection: str = "") -> Reply:
        """One request, answered by the data plane itself."""
        self.requests += 1
        api, stage, path = url.partition(EMULATED)[2].split("/", 2)
        self.aws.dataplane.catch_up()
        served = self.aws.dataplane.serve(
            Request(api, stage, "GET", f"/{path}", self.clock.now(), headers={"User-Agent": USER_AGENT}, connection=connection)
        )
        return reply(served.status, served.body.encode(), served.request_id)

    def get_kept(self, url: str, number: int) -> list[Reply]:
        """Requests over one connection."""
        connection = f"kept {self.requests}"
        return [self.get(url, connection) for _ in range(number)]

    def program(self, typed: str = "") -> Program:
        return Program(
            self.console,
            pace=self.pace,
            get=self.get,
            get_kept=self.get_kept,
            typed=lambda _: typed,
            reach=lambda *_: self.reach(),
        )

    def reach(self) -> Aws:
        return Aws(_connect, self.clock, Place("aws", self.aws.account, self.aws.region))

    def arguments(self, *more: str) -> list[str]:
        return ["--endpoint-url", self.aws.endpoint_url, "--ledgers", str(self.folder), *more]

    def scratch(self) -> Scratch:
        """A scratch account without parts yet; the test closes its ledger."""
        header = Header(PREFIX, self.aws.account, self.aws.region, self.aws.endpoint_url)
        return Scratch(self.reach(), Ledger.create(self.folder, header), self.get, self.pace, get_kept=self.get_kept)

    @property
    def text(self) -> str:
        return text_of(self.console)

    def left(self) -> list[str]:
        """Everything in the account. It was empty before, so it must be empty again."""
        return sorted(_everything(self.aws))

    def calls(self) -> list[str]:
        return [call.operation for call in self.aws.faults.calls]


@cache
def _connect(service: str) -> Any:
    """A client of the embedded AWS that is open, which tries once."""
    return boto3.Session("any", "any", region_name=EmbeddedAws.region).client(service, endpoint_url=INSIDE, config=ONCE)


def _everything(aws: EmbeddedAws) -> Iterator[str]:
    client = aws.client
    yield from (f"api {api['name']}" for api in client("apigateway").get_rest_apis()["items"])
    yield from (f"function {each['FunctionName']}" for each in client("lambda").list_functions()["Functions"])
    yield from (f"layer {each['LayerName']}" for each in client("lambda").list_layers()["Layers"])
    yield from (f"log group {each['logGroupName']}" for each in client("logs").describe_log_groups()["logGroups"])
    yield from (f"role {each['RoleName']}" for each in client("iam").list_roles()["Roles"])
    yield from (f"policy {each['PolicyName']}" for each in client("iam").list_policies(Scope="Local")["Policies"])
    yield from (f"alarm {each['AlarmName']}" for each in client("cloudwatch").describe_alarms()["MetricAlarms"])
    yield from (f"machine {each['name']}" for each in client("stepfunctions").list_state_machines()["stateMachines"])
    yield from (f"topic {each['TopicArn']}" for each in client("sns").list_topics()["Topics"])
    yield from (f"queue {each}" for each in client("sqs").list_queues().get("QueueUrls", ()))
    yield from (f"rule {each['Name']}" for each in client("events").list_rules()["Rules"])
    stacks: list[dict[str, Any]] = client("cloudformation").list_stacks()["StackSummaries"]
    yield from (f"stack {each['StackName']}" for each in stacks if each["StackStatus"] != "DELETE_COMPLETE")
    if role := client("apigateway").get_account().get("cloudwatchRoleArn"):
        yield f"API Gateway's role {role}"
