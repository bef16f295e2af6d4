"""moto's server with only the Lambda seam of the embedded AWS, for the tests of the control plane."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.backends import get_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from embedded_aws.awslambda.functions import Lambdas
from embedded_aws.moto_seams import awslambda as seam
from embedded_aws.wire.unknowns import Unknowns
from tests.embedded_aws.dataplane.serving_world import START, Logs, MetricSink, a_zip

ROLE = "arn:aws:iam::123456789012:role/orders"
VERSION_HANDLER = "def handler(event, context):\n    return [{answer!r}, context.function_version, event]"


class LambdaServer:
    """What the seam needs from the embedded AWS, a clock that stands still, and clients over HTTP."""

    def __init__(self, port: int) -> None:
        self.time = START
        self._endpoint_url = f"http://127.0.0.1:{port}"
        self.lambdas = Lambdas(
            now=lambda: self.time, rng=random.Random(7), logs=Logs(), metrics=MetricSink(), unknowns=Unknowns()
        )
        self.client = self._boto3("lambda")
        self._iam = self._boto3("iam")

    def reset(self) -> None:
        self.time = START
        self.lambdas.reset()
        for service in ("lambda", "iam"):
            for regions in get_backend(service).values():
                for backend in regions.values():
                    backend.reset()
        self._iam.create_role(RoleName="orders", AssumeRolePolicyDocument="{}")

    def close(self) -> None:
        self.client.close()
        self._iam.close()

    def create(self, answer: object = 1, name: str = "orders", **more: Any) -> dict[str, Any]:
        code = {"ZipFile": a_zip(VERSION_HANDLER.format(answer=answer))}
        settings = {"Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler", "Code": code, **more}
        created: dict[str, Any] = self.client.create_function(FunctionName=name, **settings)
        return created

    def update(self, answer: object, name: str = "orders", **more: Any) -> dict[str, Any]:
        code = a_zip(VERSION_HANDLER.format(answer=answer))
        updated: dict[str, Any] = self.client.update_function_code(FunctionName=name, ZipFile=code, **more)
        return updated

    def create_versions(self, number: int) -> None:
        """The function with this many versions, each of which answers with its number."""
        self.create(1, Publish=True)
        for version in range(2, number + 1):
            self.update(version, Publish=True)

    def create_alias(self, name: str = "live", version: str = "1", **more: Any) -> dict[str, Any]:
        created: dict[str, Any] = self.client.create_alias(FunctionName="orders", Name=name, FunctionVersion=version, **more)
        return created

    def _boto3(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name="eu-west-1",
            endpoint_url=self._endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )


def shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what boto3 adds."""
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@contextmanager
def lambda_server() -> Iterator[LambdaServer]:
    """The server for the length of a with block."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    aws = LambdaServer(server.get_host_and_port()[1])
    uninstall = seam.install(aws)
    try:
        yield aws
    finally:
        uninstall()
        aws.close()
        server.stop()
