from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from embedded_aws.embedded import START_TIME, EmbeddedAws
from embedded_aws.faults.caller import running
from embedded_aws.faults.calls import ANY_TASK, UNANSWERED_SECONDS, Call, Fault, Killed, Mode, StopFault, TaskFault, TaskMode
from embedded_aws.wire.errors import Refusal, answer


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


def value_of(aws) -> str | None:
    found = aws.client("ssm").get_parameters(Names=["/p"])["Parameters"]
    return found[0]["Value"] if found else None


def put(aws, value: str, **more: object) -> None:
    aws.client("ssm").put_parameter(Name="/p", Value=value, Type="String", **more)


def as_actor(aws, work) -> float:
    """Run this as an actor, which can wait; returns how many simulated seconds it took."""
    began, ended = aws.clock.now(), []

    def act() -> None:
        with running("CleanUp"):
            work()
        ended.append(aws.clock.now() - began)

    aws.clock.spawn(act, name="actor")
    aws.clock.run_until(lambda: bool(ended), limit=300)
    return ended[0]


@pytest.mark.parametrize(("mode", "took_effect"), [(Mode.UNSENT, False), (Mode.LOST, True)])
def test_a_call_without_an_answer_took_effect_or_not_and_its_caller_lives(aws, mode, took_effect):
    aws.faults.add(Fault(ANY_TASK, "ssm", "PutParameter", mode, times=1))

    def work() -> None:
        with pytest.raises(ReadTimeoutError):
            put(aws, "v")

    assert as_actor(aws, work) == UNANSWERED_SECONDS
    assert (value_of(aws) == "v") is took_effect


def test_a_call_made_twice_is_answered_as_the_second_time(aws):
    aws.faults.add(Fault(ANY_TASK, "ssm", "PutParameter", Mode.TWICE, times=1))

    def work() -> None:
        with pytest.raises(ClientError, match="ParameterAlreadyExists"):
            put(aws, "v")

    as_actor(aws, work)
    assert value_of(aws) == "v"


@pytest.mark.parametrize(("mode", "is_early"), [(Mode.STALLED, False), (Mode.SLOW, True)])
def test_a_slow_call_takes_effect_at_its_beginning_or_its_end(aws, mode, is_early):
    aws.faults.add(Fault(ANY_TASK, "ssm", "PutParameter", mode, times=1, seconds=40))
    seen = []
    aws.clock.call_at(aws.clock.now() + 20, lambda: seen.append(value_of(aws)), name="someone looks")

    assert as_actor(aws, lambda: put(aws, "v")) == 40
    assert (seen == ["v"]) is is_early
    assert value_of(aws) == "v"


def test_a_late_call_takes_effect_after_its_caller_gave_up(aws):
    aws.faults.add(Fault(ANY_TASK, "ssm", "PutParameter", Mode.LATE, times=1, seconds=30))

    def work() -> None:
        with pytest.raises(ReadTimeoutError):
            put(aws, "v")

    as_actor(aws, work)
    assert value_of(aws) is None
    aws.clock.run_for(15)
    assert value_of(aws) == "v"


def test_a_late_call_that_is_refused_by_then_has_no_effect(aws):
    aws.faults.add(Fault(ANY_TASK, "ssm", "PutParameter", Mode.LATE, times=1, seconds=30))

    def work() -> None:
        with pytest.raises(ReadTimeoutError):
            put(aws, "v")

    as_actor(aws, work)
    put(aws, "theirs")
    aws.clock.run_for(15)
    assert value_of(aws) == "theirs"


def test_someone_acts_at_the_moment_of_a_call_and_is_no_task(aws):
    act = lambda: put(aws, "theirs")  # noqa: E731 - the act of a fault
    aws.faults.add(Fault(ANY_TASK, "ssm", None, Mode.MADE, times=1, act=act))

    as_actor(aws, lambda: put(aws, "v", Overwrite=True))
    assert value_of(aws) == "v"
    assert [call.task for call in aws.faults.calls if call.operation == "PutParameter"] == [None, "CleanUp"]


def test_a_fault_lets_some_calls_pass_and_lasts_from_its_first_hit_on(aws):
    fault = Fault(ANY_TASK, "ssm", None, Mode.REFUSED, skips=1, lasts=60)
    aws.faults.add(fault)
    ssm = aws.client("ssm")
    ssm.describe_parameters()
    assert not aws.faults.has_hit
    with running("CleanUp"):
        ssm.describe_parameters()
        with pytest.raises(ClientError):
            ssm.describe_parameters()
        aws.clock.run_for(61)
        ssm.describe_parameters()
    assert (fault.hits, aws.faults.has_hit, aws.faults.wrong_until) == (1, True, START_TIME)


def test_a_transaction_that_is_sent_twice_with_its_token_is_made_once(aws):
    dynamodb = aws.client("dynamodb")
    keys = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    dynamodb.create_table(TableName="t", AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], **keys)
    put_once = {"TableName": "t", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(pk)"}
    aws.faults.add(Fault(ANY_TASK, "dynamodb", "TransactWriteItems", Mode.TWICE, times=1))

    as_actor(aws, lambda: dynamodb.transact_write_items(TransactItems=[{"Put": put_once}]))
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[{"Put": put_once}])


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
