from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from embedded_aws.embedded import START_TIME, EmbeddedAws, EmbeddedAwsError
from embedded_aws.moto_seams import seams
from embedded_aws.shortcut import INSIDE
from tests.zones import in_zone

CREDENTIALS = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-west-1"}


@pytest.fixture
def aws():
    with EmbeddedAws() as running:
        yield running


def outside_client(aws, service):
    """A client that uses sockets: its endpoint is spelled in a way that the shortcut does not know."""
    return boto3.client(service, endpoint_url=aws.endpoint_url.replace("127.0.0.1", "localhost"), **CREDENTIALS)


def test_a_client_of_this_process_reaches_it_without_sockets(aws, monkeypatch):
    monkeypatch.setattr("urllib3.connectionpool.HTTPConnectionPool.urlopen", None)
    aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    assert aws.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"


def test_any_client_made_in_this_process_is_kept_from_the_real_aws(aws):
    aws.client("dynamodb")
    assert boto3.client("dynamodb").meta.endpoint_url == aws.endpoint_url
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []


def test_a_client_made_before_it_was_opened_reaches_it():
    client = boto3.client("ssm", endpoint_url=INSIDE, **CREDENTIALS)
    with EmbeddedAws() as aws:
        aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
        assert client.get_parameter(Name="/p")["Parameter"]["Value"] == "v"
    with pytest.raises(Exception, match=r"Could not connect|Failed to parse"):
        client.get_parameter(Name="/p")


def test_times_from_the_api_are_utc_whatever_the_machine_says(aws):
    with in_zone("Asia/Tokyo"):
        aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
        changed = aws.client("ssm").get_parameter(Name="/p")["Parameter"]["LastModifiedDate"]
        assert changed.isoformat() == "2026-01-05T00:00:00+00:00"


def test_a_client_over_http_sees_the_same_account(aws):
    aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    assert outside_client(aws, "ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        outside_client(aws, "ssm").get_parameter(Name="/q")


def test_a_client_in_another_process_reaches_it(aws):
    aws.client("ssm").put_parameter(Name="/p", Value="from here", Type="String")
    code = "import boto3; print(boto3.client('ssm').get_parameter(Name='/p')['Parameter']['Value'])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "from here\n"


def test_bytes_come_through_the_shortcut_unharmed(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    body = random.Random(1).randbytes(100_000)
    s3.put_object(Bucket="bucket", Key="k / ü", Body=body)
    assert s3.get_object(Bucket="bucket", Key="k / ü")["Body"].read() == body


def test_moto_stamps_simulated_times(aws):
    aws.clock.run_for(90)
    aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    changed = aws.client("ssm").get_parameter(Name="/p")["Parameter"]["LastModifiedDate"]
    assert changed.timestamp() == START_TIME + 90


def test_time_is_the_processes_own_again_afterwards():
    with EmbeddedAws(start_time=1_000_000_000.0):
        assert time.time() == 1_000_000_000.0
        assert datetime.now(UTC).year == 2001
    assert datetime.now(UTC).year > 2001


def test_nothing_of_one_account_is_in_the_next():
    with EmbeddedAws() as aws:
        aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
        aws.client("dynamodb").create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        aws.logs.ingest("g", aws.clock.now(), "line")
        definition = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}})
        machine = aws.client("stepfunctions").create_state_machine(
            name="m", definition=definition, roleArn="arn:aws:iam::123456789012:role/r"
        )
        aws.client("stepfunctions").start_execution(stateMachineArn=machine["stateMachineArn"])
        aws.clock.run_for(1)
    with EmbeddedAws() as aws:
        assert aws.client("ssm").describe_parameters()["Parameters"] == []
        assert aws.client("dynamodb").list_tables()["TableNames"] == []
        assert aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
        assert aws.clock.now() == START_TIME


def test_closing_leaves_no_thread_no_patch_and_no_variable():
    hooks = [(seam.__name__, hook) for seam in seams() for hook in seam.HOOKS]
    with EmbeddedAws():
        pass
    before, threads = (held(hooks), dict(os.environ)), set(threading.enumerate())
    with EmbeddedAws() as aws:
        assert held(hooks) != before[0]
        client = outside_client(aws, "ssm")  # kept, and so is its connection
        client.describe_parameters()
        aws.clock.spawn(lambda: aws.clock.sleep(1e6), name="sleeper")
        aws.clock.run_for(1)
    assert (held(hooks), dict(os.environ)) == before
    assert set(threading.enumerate()) <= threads
    client.close()


def held(hooks):
    from embedded_aws.moto_seams.hooks import find

    return [vars(owner).get(name) for owner, name in (find(hook) for _, hook in hooks)]


def test_closing_twice_is_harmless():
    aws = EmbeddedAws()
    with aws:
        aws.close()
    aws.close()


def test_there_is_one_at_a_time(aws):
    with pytest.raises(EmbeddedAwsError, match="already open in this process"), EmbeddedAws():
        pass
    aws.client("ssm").describe_parameters()


def test_a_port_can_be_chosen_and_is_free_again_afterwards():
    port = a_port_that_nobody_is_given()
    for _ in range(2):
        with EmbeddedAws(port=port) as again:
            assert again.endpoint_url == f"http://127.0.0.1:{port}"


def a_port_that_nobody_is_given():
    """A free port below those that the system assigns, which another test may get at any moment."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no port is free")


def test_an_error_while_it_opens_gives_everything_back():
    environ = dict(os.environ)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"in use.*{port}"), EmbeddedAws(port=port):
            pass
    assert dict(os.environ) == environ
    assert datetime.now(UTC).timestamp() > START_TIME + 86_400
    with EmbeddedAws():
        pass


def test_opening_takes_less_than_a_tenth_of_a_second():
    with EmbeddedAws():
        pass
    times = []
    for _ in range(5):
        before = time.perf_counter()
        with EmbeddedAws():
            times.append(time.perf_counter() - before)
    assert min(times) < 0.1


def test_equal_seeds_give_equal_ids():
    def ids(seed):
        with EmbeddedAws(seed=seed) as aws:
            api = aws.client("apigateway").create_rest_api(name="orders")["id"]
            return api, aws.rng.random(), aws.client("sts").get_caller_identity()["UserId"]

    assert ids(1) == ids(1)
    assert ids(1)[:2] != ids(2)[:2]


def test_time_stands_still_while_a_request_from_outside_is_answered():
    with EmbeddedAws(speed=50_000.0) as aws:
        aws.clock.start()
        client = outside_client(aws, "ssm")
        times = []
        for number in range(5):
            client.put_parameter(Name=f"/p{number}", Value="v", Type="String")
            times.append(client.get_parameter(Name=f"/p{number}")["Parameter"]["LastModifiedDate"])
            time.sleep(0.01)
        aws.clock.stop()
        assert times == sorted(times)
        assert (times[-1] - times[0]).total_seconds() > 100
        assert aws.client("ssm").describe_parameters()["Parameters"]


def test_an_unrecorded_answer_is_a_501(aws):
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name="orders")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="prod")
    operations = [{"op": "remove", "path": "/canarySettings"}]
    with pytest.raises(ClientError, match="not recorded \\(remove-absent-canary\\)") as gap:
        gateway.update_stage(restApiId=api, stageName="prod", patchOperations=operations)
    assert gap.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    with aws.unknowns.answering("remove-absent-canary", "accepted"):
        gateway.update_stage(restApiId=api, stageName="prod", patchOperations=operations)


@pytest.mark.parametrize("way", ["inside", "outside"])
def test_what_is_not_built_is_answered_501(aws, way):
    client = aws.client("stepfunctions") if way == "inside" else outside_client(aws, "stepfunctions")
    arn = "arn:aws:states:eu-west-1:123456789012:execution:m:x"
    with pytest.raises(ClientError, match="the embedded AWS does not do this") as gap:
        client.redrive_execution(executionArn=arn)
    assert gap.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_stage_answers_at_its_invoke_url(aws):
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name="orders")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    templates = {"application/json": '{"hello": "there"}'}
    gateway.put_integration_response(**method, statusCode="200", responseTemplates=templates)
    gateway.create_deployment(restApiId=api, stageName="prod")
    http = urllib3.PoolManager()
    answered = http.request("GET", f"{aws.endpoint_url}/_aws/execute-api/{api}/prod/")
    assert (answered.status, answered.json()) == (200, {"hello": "there"})
    assert http.request("GET", f"{aws.endpoint_url}/_aws/execute-api/{api}/prod/missing").status == 403


def test_requests_that_are_not_for_it_are_left_alone(aws):
    client = boto3.client("ssm", endpoint_url="http://127.0.0.1:9", **CREDENTIALS)
    with pytest.raises(Exception, match="Could not connect"):
        client.describe_parameters()
    assert not aws.faults.calls


def test_the_service_throttles_when_it_is_switched_on(aws):
    sfn = aws.client("stepfunctions")
    definition = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/r"
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    aws.throttles.turn_on("states")
    client = boto3.client("stepfunctions", config=boto3.session.Config(retries={"total_max_attempts": 1}))
    for _ in range(5):
        client.list_executions(stateMachineArn=machine)
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.list_executions(stateMachineArn=machine)
