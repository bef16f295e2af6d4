"""moto's server with only the API Gateway seam of the embedded AWS, for the tests of the control plane."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.backends import get_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from embedded_aws.apigateway.stages.control_plane import Gateway, Moment
from embedded_aws.moto_seams import apigateway as seam
from embedded_aws.wire.throttles import Throttles
from embedded_aws.wire.unknowns import Unknowns

START = 1_750_000_000.0
ACCOUNT = "123456789012"


class GatewayServer:
    """What the seam needs from the embedded AWS, a clock that stands still, and a client over HTTP."""

    def __init__(self, port: int) -> None:
        self.time = START
        self.pause = 0.0  # real seconds: how long to leave other threads the word
        self.unknowns = Unknowns()
        self.gateway = Gateway(self.now, self.unknowns, random.Random(7))
        self.throttles = Throttles(self.now)
        self.changes: list[tuple[str, str, Moment]] = []
        self.gateway.settings_changed(lambda *change: self.changes.append(change))
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.client = self.client_of("apigateway")

    def client_of(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name="eu-west-1",
            endpoint_url=self.endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def now(self) -> float:
        time.sleep(self.pause)
        return self.time

    def reset(self) -> None:
        self.time, self.pause = START, 0.0
        self.unknowns.reset()
        self.throttles.reset()
        self.gateway.reset()
        self.changes.clear()
        for service in ("apigateway", "cloudformation"):
            for regions in get_backend(service).values():
                for backend in regions.values():
                    backend.reset()

    def create_api(self, template: dict[str, object] | None = None) -> str:
        """An API with one mock method on its root; returns its id."""
        api = self.client.create_rest_api(name="orders")
        method = {"restApiId": api["id"], "resourceId": self.root_of(api["id"]), "httpMethod": "GET"}
        self.client.put_method(**method, authorizationType="NONE")
        self.client.put_method_response(**method, statusCode="200")
        self.client.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        self.put_answer(api["id"], template or {"message": "first"})
        return api["id"]

    def put_answer(self, api_id: str, template: dict[str, object]) -> None:
        self.client.put_integration_response(
            restApiId=api_id,
            resourceId=self.root_of(api_id),
            httpMethod="GET",
            statusCode="200",
            selectionPattern="",
            responseTemplates={"application/json": json.dumps(template)},
        )

    def root_of(self, api_id: str) -> str:
        items = self.client.get_resources(restApiId=api_id)["items"]
        return next(item["id"] for item in items if item["path"] == "/")


@contextmanager
def gateway_server() -> Iterator[GatewayServer]:
    """The server for the length of a with block."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    aws = GatewayServer(server.get_host_and_port()[1])
    uninstall = seam.install(aws)
    try:
        yield aws
    finally:
        uninstall()
        aws.client.close()
        aws.reset()
        server.stop()
