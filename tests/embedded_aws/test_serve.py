"""`python -m embedded_aws serve`: an account for other programs, in a process of its own and with nothing of the product."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3

from embedded_aws.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CREDENTIALS = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "eu-west-1"}
LIMIT = 120.0


class Served:
    """The server, with what it printed up to the last command."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "embedded_aws", "serve", "--port", "0", *options]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = list(self._read())
        self.url = re.findall(r"answers at (http://127\.0\.0\.1:\d+)", "\n".join(self.lines))[0]

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, **CREDENTIALS)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; the exit status, and what was printed since the commands."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, output

    def _read(self) -> Iterator[str]:
        assert self.process.stdout
        for line in self.process.stdout:
            yield line.rstrip("\n")
            if line.startswith("curl "):
                return


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    server = Served("--speed", "60")
    try:
        yield server
        assert server.end(signal.SIGTERM) == (0, "ended\n")
    finally:
        server.process.kill()


def test_it_says_at_once_what_it_starts(served: Served) -> None:
    assert served.lines[0] == "# starting an AWS in this process"


def test_it_prints_what_to_type_next(served: Served) -> None:
    commands = [line for line in served.lines if not line.startswith("#")]
    assert commands == [
        f"export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=eu-west-1 AWS_ENDPOINT_URL={served.url}",
        "aws apigateway get-rest-apis",
        f"curl {served.url}/_aws/execute-api/API_ID/STAGE/PATH",
    ]


def test_it_answers_calls_to_an_empty_account(served: Served) -> None:
    assert served.client("dynamodb").list_tables()["TableNames"] == []
    served.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    assert served.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"


@pytest.mark.parametrize("path", ["/restapis", "/restapis/abcdefghij", "/_aws/execute-api/abcdefghij/prod/"])
def test_each_answer_has_one_date(served: Served, path: str) -> None:
    """With two, a client takes the first for local time."""
    scope = "20260105/eu-west-1/apigateway/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=any/{scope}, SignedHeaders=host, Signature=any"}
    answer = urllib3.request("GET", f"{served.url}{path}", headers=signed, timeout=LIMIT)
    (date,) = answer.headers.getlist("Date")
    assert parsedate_to_datetime(date).tzinfo is UTC


def test_the_sdk_for_javascript_finds_no_skew_of_its_clock(served: Served) -> None:
    """It would repeat every refused call, because the clock here is another one than its own."""
    scope = "20260105/eu-west-1/apigateway/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=any/{scope}, SignedHeaders=host, Signature=any"}
    caller = {"User-Agent": "aws-sdk-js/3.972.0 ua/2.1", "X-Amz-Date": "20310203T040506Z"}
    answer = urllib3.request("GET", f"{served.url}/restapis/abcdefghij", headers={**signed, **caller}, timeout=LIMIT)
    assert answer.headers.getlist("Date") == ["Mon, 03 Feb 2031 04:05:06 GMT"]
    other = urllib3.request(
        "GET", f"{served.url}/restapis", headers={**signed, "X-Amz-Date": "20310203T040506Z"}, timeout=LIMIT
    )
    assert parsedate_to_datetime(other.headers["Date"]).year == 2026


def test_a_stage_that_does_not_exist_is_forbidden(served: Served) -> None:
    answer = urllib3.request("GET", f"{served.url}/_aws/execute-api/abcdefghij/prod/", timeout=LIMIT)
    assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


def test_what_is_not_recorded_is_a_501_with_the_question(served: Served) -> None:
    client = served.client("apigateway")
    api = client.create_rest_api(name="empty")
    client.put_method(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", type="MOCK")
    client.create_deployment(restApiId=api["id"], stageName="prod")
    removal = [{"op": "remove", "path": "/canarySettings"}]
    with pytest.raises(client.exceptions.ClientError, match="remove-absent-canary") as refused:
        client.update_stage(restApiId=api["id"], stageName="prod", patchOperations=removal)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_it_ends_cleanly_on_ctrl_c() -> None:
    server = Served()
    try:
        assert server.end(signal.SIGINT) == (0, "ended\n")
    finally:
        server.process.kill()


def test_a_port_in_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert capsys.readouterr().err == f"port {port} is in use; give another one with --port, or 0 for any free port\n"


@pytest.mark.parametrize("port", ["70000", "-1", "65536", "http", ""])
def test_a_port_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert main(["serve", f"--port={port}"]) == 2
    refused = capsys.readouterr().err
    assert refused == f"a port is a number from 0 to 65535, got {port!r}; give another one, or 0 for any free port\n"


@pytest.mark.parametrize("speed", ["0", "-1", "fast"])
def test_a_speed_that_is_not_above_zero_is_refused(capsys: pytest.CaptureFixture[str], speed: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", f"--speed={speed}"])
    assert ended.value.code == 2
    assert "--speed" in capsys.readouterr().err
