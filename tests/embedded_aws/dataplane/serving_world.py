"""The data plane with its gateway and functions, without moto or HTTP: a clock to set by hand and stores that only collect."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from embedded_aws.apigateway.definition.frozen import Definition, Integration, IntegrationResponse, Method
from embedded_aws.apigateway.stages.control_plane import Gateway
from embedded_aws.awslambda.aliases import Alias
from embedded_aws.awslambda.functions import Lambdas
from embedded_aws.awslambda.resource_policies import statement
from embedded_aws.awslambda.version import FunctionVersion
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.dataplane.dataplane import DataPlane
from embedded_aws.dataplane.served import Request, Served
from embedded_aws.wire.unknowns import Unknowns

START = 1_780_000_020.0 // 60 * 60
GROUP = "/apigw/orders-prod"
FORMAT = (
    '{"id":"$context.requestId","deployment":"$context.deploymentId","isCanary":"$context.isCanaryRequest",'
    '"status":$context.status}'
)
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:{}"
ANSWER = """
def handler(event, context):
    return {"statusCode": 200, "body": context.function_version}
"""

Files = str | Mapping[str, str]


class Logs:
    """Keeps every line."""

    def __init__(self) -> None:
        self.lines: dict[str, list[tuple[float, str]]] = defaultdict(list)

    def ingest(self, group: str, at: float, line: str) -> None:
        self.lines[group].append((at, line))

    def ingest_many(self, group: str, lines: Iterable[tuple[float, str]], *, stream: str = "") -> None:
        del stream
        self.lines[group] += lines

    def texts(self, group: str) -> list[str]:
        return [line for _, line in self.lines[group]]


class MetricSink:
    """Keeps every sample as (namespace, name, dimensions) -> minute -> values."""

    def __init__(self) -> None:
        self.samples: dict[tuple[str, str, tuple[tuple[str, str], ...]], dict[float, list[float]]] = {}

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        at: float,
        values: Sequence[float],
        counts: Sequence[float] | None = None,
    ) -> None:
        repeats = [1.0] * len(values) if counts is None else counts
        spread = [value for value, count in zip(values, repeats, strict=True) for _ in range(int(count))]
        key = (namespace, name, tuple(sorted(dimensions.items())))
        self.samples.setdefault(key, {}).setdefault(at, []).extend(spread)

    def total(self, namespace: str, name: str, **dimensions: str) -> float:
        minutes = self.samples.get((namespace, name, tuple(sorted(dimensions.items()))), {})
        return sum(sum(values) for values in minutes.values())

    def count(self, namespace: str, name: str, **dimensions: str) -> int:
        minutes = self.samples.get((namespace, name, tuple(sorted(dimensions.items()))), {})
        return sum(len(values) for values in minutes.values())


class World:
    """One account with its stages and functions."""

    def __init__(self, seed: int = 1) -> None:
        self.time = START
        rng = random.Random(seed)
        self.unknowns = Unknowns()
        self.logs = Logs()
        self.metrics = MetricSink()
        self.gateway = Gateway(self.now, self.unknowns, rng)
        self.lambdas = Lambdas(now=self.now, rng=rng, logs=self.logs, metrics=self.metrics, unknowns=self.unknowns)
        self.dataplane = DataPlane(
            gateway=self.gateway,
            lambdas=self.lambdas,
            logs=self.logs,
            metrics=self.metrics,
            unknowns=self.unknowns,
            now=self.now,
            rng=rng,
        )

    def now(self) -> float:
        return self.time

    def pass_time(self, seconds: float) -> None:
        """Move the clock as the embedded AWS does: listeners run first, minute by minute."""
        end = self.time + seconds
        while self.time < end:
            until = min(end, (self.time // 60 + 1) * 60)
            self.dataplane.advance(self.time, until)
            self.time = until

    def put_function(self, name: str, *codes: Files, environment: Mapping[str, str] | None = None, **more: Any) -> None:
        """A function whose versions 1, 2, ... have this code; $LATEST is the last."""
        for version, code in [*enumerate(codes, start=1), ("$LATEST", codes[-1])]:
            made = a_version(name, code, version=str(version), environment=environment or {})
            self.lambdas.put_version(replace(made, **more))

    def put_alias(self, function: str, name: str, version: str, weights: Mapping[str, float] | None = None) -> None:
        arn = self.lambdas.arn(function, name)
        self.lambdas.put_alias(function, Alias(arn, name, version, self.lambdas.new_id(), weights=weights or {}))

    def allow(self, function: str, qualifier: str | None, api_id: str = "api1", *, stage: str = "*") -> None:
        source = f"arn:aws:execute-api:eu-west-1:123456789012:{api_id}/{stage}/*/*"
        body = {
            "StatementId": self.lambdas.new_id(),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": source,
        }
        self.lambdas.policies(function).add(qualifier, statement(body, self.lambdas.arn(function, qualifier)))

    def deploy(self, *methods: Method, stage: str | None = "prod", **more: Any) -> str:
        """Deploy an API of these methods; returns the deployment's id."""
        definition = Definition("api1", "orders", methods)
        return self.gateway.create_deployment("api1", definition, {**({"stageName": stage} if stage else {}), **more}).id

    def patch(self, **values: str) -> None:
        """Replace values of the stage; `__` in a name stands for a slash."""
        operations = [
            {"op": "replace", "path": "/" + name.replace("__", "/"), "value": value} for name, value in values.items()
        ]
        self.gateway.update_stage("api1", "prod", operations)

    def log_access(self, log_format: str = FORMAT) -> None:
        arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{GROUP}"
        self.patch(accessLogSettings__destinationArn=arn, accessLogSettings__format=log_format)

    def request(self, method: str = "GET", path: str = "/orders", **more: Any) -> Served:
        return self.dataplane.serve(Request("api1", "prod", method, path, self.time, **more))

    def requests(self, number: int) -> list[Served]:
        return [self.request() for _ in range(number)]


class EverySecond:
    """A source that requests the orders once per second."""

    def requests(self, start: float, end: float) -> list[Request]:
        return [Request("api1", "prod", "GET", "/orders", at) for at in range(int(start) + 1, int(end) + 1)]


def a_zip(files: Files) -> bytes:
    """A function's zip; a plain text becomes its app.py."""
    return zip_of({"app.py": files} if isinstance(files, str) else files)


def a_version(
    name: str = "orders",
    files: Files = ANSWER,
    *,
    version: str = "1",
    environment: Mapping[str, str] | None = None,
) -> FunctionVersion:
    return FunctionVersion(
        name=name,
        version=version,
        handler="app.handler",
        archive=a_zip(files),
        environment=environment or {},
    )


def an_integration(function: str = "orders:${stageVariables.lambdaAlias}", **more: Any) -> Integration:
    made = Integration(
        kind="AWS_PROXY",
        uri=f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION.format(function)}/invocations",
        http_method="POST",
        timeout_millis=29_000,
        credentials=None,
        passthrough_behavior="WHEN_NO_MATCH",
        request_templates={},
        request_parameters={},
        responses={},
    )
    return replace(made, **more)


def a_mock(template: str, *, status: str = "200", pattern: str = "") -> Integration:
    return an_integration(
        kind="MOCK",
        uri="",
        request_templates={"application/json": f'{{"statusCode": {status}}}'},
        responses={status: IntegrationResponse(status, pattern, {"application/json": template}, {})},
    )


def a_method(path: str = "/orders", verb: str = "GET", integration: Integration | None = None) -> Method:
    return Method(f"id-of-{path}", path, verb, "NONE", api_key_required=False, integration=integration or an_integration())


def an_orders_world(seed: int = 1) -> World:
    """A stage `prod` with one route; its function has two versions, behind `live` and `canary`, both permitted."""
    world = World(seed)
    world.put_function("orders", ANSWER, ANSWER)
    for alias, version in (("live", "1"), ("canary", "2")):
        world.put_alias("orders", alias, version)
        world.allow("orders", alias)
    world.deploy(a_method(), variables={"lambdaAlias": "live"})
    world.log_access()
    world.pass_time(60)
    return world


def start_canary(world: World, percent: str, *, settle: bool = True) -> None:
    world.patch(
        canarySettings__percentTraffic=percent,
        canarySettings__stageVariableOverrides__lambdaAlias="canary",
    )
    if settle:
        world.pass_time(60)
