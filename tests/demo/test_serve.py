import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
import urllib3

from demo.__main__ import main

ROOT = Path(__file__).parents[2]
CREDENTIALS = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "eu-west-1"}
LIMIT = 300.0
CALLS = 200


class Served:
    """`python -m demo serve` in a separate process, with its output."""

    def __init__(self, process, text):
        self.process = process
        self.text = text
        self.url = re.search(r"answers at (http://127\.0\.0\.1:\d+)", text)[1]
        self.machine = re.search(r"--state-machine-arn (\S+)", text)[1]
        self.invoke_url = re.search(r"^curl (\S+)$", text, re.MULTILINE)[1]

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, **CREDENTIALS)


def start(*options):
    """`python -m demo serve` on a free port, in a separate process."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")])}
    command = [sys.executable, "-m", "demo", "serve", "--port", "0", *options]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process, number):
    """Stop it; returns its exit status, and what it printed last."""
    try:
        os.kill(process.pid, number)
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    return process.returncode, output.splitlines()


@pytest.fixture(scope="module")
def served():
    with start("--speed", "240", "--requests-per-minute", "120") as process:
        yield Served(process, "".join(lines_up_to(process.stdout, "curl ")))
        assert end(process, signal.SIGTERM) == (0, ["ended"])


def lines_up_to(lines, start_of_last):
    for line in lines:
        yield line
        if line.startswith(start_of_last):
            return


def wait_for(found):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.2)
    pytest.fail("it did not come to pass in time")


def test_a_rollout_runs_while_clients_watch_it_over_http(served):
    functions = served.client("stepfunctions")
    asked = {"target": "orders", "policy": "cautious"}  # at this speed a minute of this machine's, enough for the slowest
    execution = functions.start_execution(stateMachineArn=served.machine, input=json.dumps(asked))["executionArn"]
    rest_api_id, stage_name = served.invoke_url.split("/")[5:7]

    def canary():
        stage = served.client("apigateway").get_stage(restApiId=rest_api_id, stageName=stage_name)
        return stage.get("canarySettings")

    assert wait_for(canary)["stageVariableOverrides"] == {"lambdaAlias": "canary"}
    lock = served.client("dynamodb").get_item(TableName="canary", Key={"pk": {"S": "target#orders"}, "sk": {"S": "lock"}})
    assert lock["Item"]["held_by"]["S"] == execution
    alias = served.client("lambda").get_alias(FunctionName="orders-read", Name="canary")
    assert alias["FunctionVersion"] == "2"

    answers = [urllib3.request("GET", served.invoke_url, timeout=30) for _ in range(5)]
    assert {answer.status for answer in answers} <= {200, 503}
    assert b'"id": "17"' in answers[0].data or answers[0].status == 503

    functions.stop_execution(executionArn=execution, error="Test", cause="seen enough")
    assert functions.describe_execution(executionArn=execution)["status"] == "ABORTED"
    events = functions.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"]
    assert events[0]["type"] == "ExecutionAborted"
    wait_for(lambda: canary() is None)


def test_requests_to_the_invoke_url_count_in_logs_and_metrics(served):
    for _ in range(CALLS):
        urllib3.request("GET", served.invoke_url, headers={"User-Agent": "a newcomer"}, timeout=30)
    logs = served.client("logs").filter_log_events(
        logGroupName="/apigw/orders-prod", filterPattern='{ $.resourcePath = "/orders/{id}" }'
    )
    line = json.loads(logs["events"][-1]["message"])
    assert line["status"] in {200, 404, 503}

    def requests():
        metric = {"Namespace": "Canary/orders", "MetricName": "BaseRequests"}
        answer = served.client("cloudwatch").get_metric_data(
            StartTime=0,
            EndTime=4_000_000_000,
            MetricDataQueries=[{"Id": "base", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        )
        return answer["MetricDataResults"][0]["Values"]

    assert wait_for(requests)
    alarms = served.client("cloudwatch").describe_alarms(AlarmNamePrefix="canary-orders")
    assert "canary-orders-errors" in {alarm["AlarmName"] for alarm in alarms["MetricAlarms"]}


def test_a_deployment_onto_a_stage_is_made_over_http(served):
    client = served.client("apigateway")
    rest_api_id, stage_name = served.invoke_url.split("/")[5:7]
    wait_for(lambda: "canarySettings" not in client.get_stage(restApiId=rest_api_id, stageName=stage_name))
    made = client.create_deployment(restApiId=rest_api_id, description="by hand")["id"]
    assert made in {one["id"] for one in client.get_deployments(restApiId=rest_api_id)["items"]}


def test_it_says_at_once_what_it_starts(served):
    assert served.text.splitlines()[0].startswith("# starting an AWS in this process")


def test_it_prints_commands_that_name_everything(served):
    commands = [line for line in served.text.splitlines() if not line.startswith("#")]
    assert commands[0] == "export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=eu-west-1"
    assert commands[1] == f'export AWS_ENDPOINT_URL={served.url} PATH="$PWD/.venv/bin:$PATH"'
    assert [command.split()[:3] for command in commands[2:5]] == [
        ["canary", "start", "orders"],
        ["canary", "start", "orders"],
        ["canary", "status", "orders"],
    ]
    assert all(command.startswith(f"aws --endpoint-url {served.url} ") for command in commands[5:-1])
    verbs = {" ".join(command.split()[3:5]) for command in commands[5:-1]}
    assert verbs >= {
        "stepfunctions list-executions",
        "apigateway get-stage",
        "cloudwatch get-metric-data",
        "cloudwatch describe-alarms",
        "lambda get-alias",
        "dynamodb get-item",
    }


@pytest.mark.slow
@pytest.mark.parametrize("account", ["controller", "sample"])
def test_an_api_of_ones_own_gets_requests_as_soon_as_it_has_a_stage(account, tmp_path):
    with start("--speed", "240", "--targets", str(tmp_path), "--account", account) as process:
        url = re.search(r"answers at (http://127\.0\.0\.1:\d+)", "".join(lines_up_to(process.stdout, "# the embedded AWS")))[1]
        client = boto3.client("apigateway", endpoint_url=url, **CREDENTIALS)
        api = client.create_rest_api(name="ping")
        place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
        client.put_method(**place, authorizationType="NONE")
        client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        client.create_deployment(restApiId=api["id"], stageName="prod")
        begun = f"# 600 requests per minute to ping ({api['id']}), stage prod, by its definition: GET /\n"
        assert begun in list(lines_up_to(process.stdout, begun))
        assert end(process, signal.SIGTERM)[0] == 0


@pytest.mark.slow
def test_it_ends_cleanly_on_ctrl_c():
    with start() as process:
        assert list(lines_up_to(process.stdout, "curl "))
        assert end(process, signal.SIGINT) == (0, ["ended"])


def test_a_port_in_use_is_reported(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert capsys.readouterr().err == f"port {port} is in use; give another one with --port, or 0 for any free port\n"


@pytest.mark.parametrize("port", ["70000", "-1", "65536", "http", "", "9" * 5000, "٣"])
def test_an_impossible_port_is_reported(capsys, port):
    assert main(["serve", f"--port={port}"]) == 2
    told = capsys.readouterr().err
    assert told == f"a port is a number from 0 to 65535, got {port!r}; give another one, or 0 for any free port\n"


def test_a_port_that_this_user_may_not_have_is_reported(capsys, monkeypatch):
    def refuse(_socket, _address):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("embedded_aws.port.socket.socket.bind", refuse)
    assert main(["serve", "--port", "80"]) == 2
    assert capsys.readouterr().err == "this user may not listen on port 80; give one above 1023 with --port, or 0\n"
