from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.embedded import START_TIME, EmbeddedAws
from local.faults import Call, Fault, Killed, Mode, StopFault, TaskFault, TaskMode
from local.running_task import running
from local.wire import Refusal, answer


@pytest.fixture
def aws():
    with EmbeddedAws() as running_aws:
        yield running_aws


CALLS = {
    "apigateway": lambda client: client.get_rest_apis(),
    "cloudwatch": lambda client: client.describe_alarms(),
    "dynamodb": lambda client: client.list_tables(),
    "events": lambda client: client.list_rules(),
    "lambda": lambda client: client.list_functions(),
    "logs": lambda client: client.describe_log_groups(),
    "ssm": lambda client: client.describe_parameters(),
    "stepfunctions": lambda client: client.list_state_machines(),
    "sts": lambda client: client.get_caller_identity(),
}


@pytest.mark.parametrize("service", CALLS)
def test_a_refused_call_is_access_denied_in_the_services_own_shape(aws, service):
    aws.faults.add(Fault(None, service, None, Mode.REFUSED))
    with pytest.raises(ClientError, match="is not authorized to perform") as refused:
        CALLS[service](aws.client(service))
    error = refused.value.response
    assert error["Error"]["Code"].startswith("AccessDenied")
    assert error["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}


@pytest.mark.parametrize("service", CALLS)
def test_a_throttled_call_is_one_that_the_sdk_tries_again(aws, service):
    aws.faults.add(Fault(None, service, None, Mode.THROTTLED, times=1))
    answered = []

    def work():
        import boto3

        client = boto3.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 3}))
        answered.append(CALLS[service](client))

    aws.clock.spawn(work, name="caller")
    aws.clock.run_until(lambda: bool(answered), limit=60)
    assert len([call for call in aws.faults.calls if call.service == service]) == 2


def test_the_sdks_pauses_are_simulated_for_an_actor(aws):
    aws.faults.add(Fault(None, "ssm", None, Mode.THROTTLED, until=START_TIME + 1))
    done = []

    def work():
        import boto3

        client = boto3.client("ssm", config=Config(retries={"mode": "standard", "total_max_attempts": 50}))
        client.describe_parameters()
        done.append(aws.clock.now() - START_TIME)

    aws.clock.spawn(work, name="caller")
    aws.clock.run_until(lambda: bool(done), limit=600)
    assert done[0] >= 1


def test_a_fault_hits_only_the_task_it_names(aws):
    aws.faults.add(Fault("ShiftTraffic", "dynamodb", "ListTables", Mode.REFUSED))
    dynamodb = aws.client("dynamodb")
    dynamodb.list_tables()
    with running("CleanUp"):
        dynamodb.list_tables()
    with running("ShiftTraffic"):
        dynamodb.describe_limits()
        with pytest.raises(ClientError):
            dynamodb.list_tables()
    assert aws.faults.calls_of("ShiftTraffic") == [
        Call("ShiftTraffic", "dynamodb", "DescribeLimits"),
        Call("ShiftTraffic", "dynamodb", "ListTables"),
    ]


def test_every_call_is_recorded_with_the_task_that_made_it(aws):
    with running("MakeSafe"):
        aws.client("dynamodb").list_tables()
    aws.client("lambda").list_functions()
    assert list(aws.faults.calls) == [Call("MakeSafe", "dynamodb", "ListTables"), Call(None, "lambda", "ListFunctions")]


def test_a_fault_holds_for_its_time(aws):
    aws.faults.add(Fault(None, "ssm", None, Mode.REFUSED, from_=START_TIME + 60, until=START_TIME + 660))
    ssm = aws.client("ssm")
    ssm.describe_parameters()
    aws.clock.run_for(60)
    with pytest.raises(ClientError):
        ssm.describe_parameters()
    aws.clock.run_for(600)
    ssm.describe_parameters()


def test_a_fault_holds_for_its_number_of_times(aws):
    fault = Fault(None, "ssm", "DescribeParameters", Mode.REFUSED, times=2)
    aws.faults.add(fault)
    for _ in range(2):
        with pytest.raises(ClientError):
            aws.client("ssm").describe_parameters()
    aws.client("ssm").describe_parameters()
    assert fault.hits == 2


@pytest.mark.parametrize(("mode", "took_effect"), [(Mode.KILLED_BEFORE, False), (Mode.KILLED_AFTER, True)])
def test_a_killed_call_took_effect_or_not(aws, mode, took_effect):
    aws.faults.add(Fault(None, "ssm", "PutParameter", mode, times=1))
    ssm = aws.client("ssm")
    with pytest.raises(Killed):
        ssm.put_parameter(Name="/p", Value="v", Type="String")
    assert bool(ssm.describe_parameters()["Parameters"]) is took_effect


def test_no_except_of_the_killed_code_sees_its_death(aws):
    aws.faults.add(Fault(None, "ssm", None, Mode.KILLED_BEFORE))
    seen = []

    def handler():
        try:
            aws.client("ssm").describe_parameters()
        except Exception as error:  # noqa: BLE001 - what the test is about
            seen.append(error)

    with pytest.raises(Killed):
        handler()
    assert seen == []


def test_cleared_faults_and_calls_are_forgotten(aws):
    aws.faults.add(Fault(None, None, None, Mode.REFUSED))
    aws.faults.add(TaskFault("A", TaskMode.FAILS))
    aws.faults.add(StopFault("B"))
    aws.faults.clear()
    aws.client("ssm").describe_parameters()
    assert aws.faults.on_task("A") is None
    assert not aws.faults.stops_at("B")
    assert len(aws.faults.calls) == 1


def test_a_task_fault_that_is_spent_lets_the_task_run(aws):
    aws.faults.add(TaskFault("A", TaskMode.FAILS, times=1))
    assert aws.faults.on_task("B") is None
    assert aws.faults.on_task("A") is not None
    assert aws.faults.on_task("A") is None


def test_a_task_fault_without_a_number_hits_always(aws):
    aws.faults.add(TaskFault("A", TaskMode.FAILS))
    assert all(aws.faults.on_task("A") for _ in range(5))


def test_an_execution_is_stopped_on_the_visit_that_was_asked_for(aws):
    aws.faults.add(StopFault("A", visit=2))
    assert [aws.faults.stops_at(state) for state in "ABAA"] == [False, False, True, False]


def test_a_refusal_in_xml_escapes_what_it_says():
    given = answer(Refusal("Code", 403, "a < b"), {"content-type": "application/x-www-form-urlencoded"})
    assert b"<Code>Code</Code><Message>a &lt; b</Message>" in given.body
