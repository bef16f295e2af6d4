from __future__ import annotations

import json
import threading
import time
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.embedded import START_TIME, EmbeddedAws
from embedded_aws.faults.calls import StopFault, TaskFault, TaskMode
from embedded_aws.moto_seams import interpreter
from tests.zones import in_zone

ROLE = "arn:aws:iam::123456789012:role/machine"


@pytest.fixture
def aws():
    with EmbeddedAws() as running:
        yield running


def a_function(aws, name, source):
    iam = aws.client("iam")
    if not iam.list_roles()["Roles"]:
        iam.create_role(RoleName="machine", AssumeRolePolicyDocument="{}")
    settings = {"Runtime": "python3.12", "Role": ROLE, "Handler": "app.handler", "Timeout": 900}
    aws.client("lambda").create_function(FunctionName=name, **settings, Code={"ZipFile": zip_of({"app.py": source})})
    return f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"


def a_machine(aws, states, *, name="machine", start=None, **fields):
    definition = {"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": states, **fields}
    made = aws.client("stepfunctions").create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return made["stateMachineArn"]


def a_task(function, *, payload="{% $states.input %}", **fields):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **fields,
    }


def begin(aws, machine, given=None, **fields):
    started = aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(given or {}), **fields)
    return started["executionArn"]


def run(aws, states, given=None, *, limit=86_400, **fields):
    return aws.run_until_ended(begin(aws, a_machine(aws, states, **fields), given), limit=limit)


def output_of(ended):
    assert ended["status"] == "SUCCEEDED", ended
    return json.loads(ended["output"])


def evaluate(aws, expression, given=None):
    """The value of an expression in the Output of a Pass, or the execution's error."""
    ended = run(aws, {"Only": {"Type": "Pass", "Output": expression, "End": True}}, given)
    return json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else ended["error"]


def history(aws, arn):
    return aws.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]


def entered(aws, arn):
    details = (event.get("stateEnteredEventDetails") for event in history(aws, arn))
    return [detail["name"] for detail in details if detail]


def seconds_into(aws, moment):
    return moment.timestamp() - aws.start_time


# Waits.


def test_a_wait_takes_simulated_time_and_no_real_time(aws):
    before = time.perf_counter()
    ended = run(aws, {"Bake": {"Type": "Wait", "Seconds": 7200, "End": True}})
    assert ended["status"] == "SUCCEEDED"
    assert seconds_into(aws, ended["stopDate"]) == 7200
    assert time.perf_counter() - before < 60


def test_a_wait_takes_its_seconds_from_an_expression(aws):
    wait = {"Type": "Wait", "Seconds": "{% $states.input.bake_seconds * 2 %}", "End": True}
    ended = run(aws, {"Bake": wait}, {"bake_seconds": 45})
    assert seconds_into(aws, ended["stopDate"]) == 90


@pytest.mark.parametrize("timestamp", ["2026-01-05T00:10:00Z", "{% $states.input.until %}"])
def test_a_wait_until_a_timestamp_ends_at_it_and_not_before(aws, timestamp):
    aws.clock.run_for(0.5)
    ended = run(aws, {"Hold": {"Type": "Wait", "Timestamp": timestamp, "End": True}}, {"until": "2026-01-05T00:10:00Z"})
    assert seconds_into(aws, ended["stopDate"]) == 600


def test_a_timestamp_is_utc_whatever_the_machine_says(aws):
    with in_zone("America/New_York"):
        ended = run(aws, {"Hold": {"Type": "Wait", "Timestamp": "2026-01-05T00:10:00Z", "End": True}})
    assert seconds_into(aws, ended["stopDate"]) == 600


def test_a_timestamp_that_is_past_ends_at_once(aws):
    ended = run(aws, {"Hold": {"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": True}})
    assert seconds_into(aws, ended["stopDate"]) == 0


def test_states_know_the_simulated_time_they_were_entered_at(aws):
    states = {
        "Bake": {"Type": "Wait", "Seconds": 60, "Next": "Tell"},
        "Tell": {
            "Type": "Pass",
            "Output": {
                "entered": "{% $states.context.State.EnteredTime %}",
                "started": "{% $states.context.Execution.StartTime %}",
            },
            "End": True,
        },
    }
    told = output_of(run(aws, states))
    assert told == {"entered": "2026-01-05T00:01:00.000Z", "started": "2026-01-05T00:00:00.000Z"}


# Tasks, retries, errors.


def test_a_task_invokes_its_function_and_gives_its_payload(aws):
    function = a_function(aws, "double", "def handler(event, context): return {'doubled': event['number'] * 2}")
    assert output_of(run(aws, {"Double": a_task(function, End=True)}, {"number": 21})) == {"doubled": 42}


def test_a_task_can_name_an_alias(aws):
    function = a_function(aws, "which", "def handler(event, context): return context.function_version")
    aws.client("lambda").publish_version(FunctionName="which")
    aws.client("lambda").create_alias(FunctionName="which", Name="live", FunctionVersion="1")
    assert output_of(run(aws, {"Ask": a_task(f"{function}:live", End=True)})) == "1"


FAILS_TWICE = """
calls = []
def handler(event, context):
    calls.append(event)
    if len(calls) < 3:
        raise ConnectionError('not yet')
    return len(calls)
"""


def test_retries_back_off_in_simulated_time(aws):
    function = a_function(aws, "flaky", FAILS_TWICE)
    retry = [{"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 4}]
    ended = run(aws, {"Try": a_task(function, Retry=retry, End=True)})
    assert output_of(ended) == 3
    assert seconds_into(aws, ended["stopDate"]) == 10 + 30


def test_jitter_is_drawn_from_the_seed():
    def waited(seed):
        with EmbeddedAws(seed=seed) as aws:
            function = a_function(aws, "flaky", FAILS_TWICE)
            retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "JitterStrategy": "FULL"}]
            ended = run(aws, {"Try": a_task(function, Retry=retry, End=True)})
            return seconds_into(aws, ended["stopDate"])

    assert waited(1) == waited(1)
    assert waited(1) != waited(2)
    assert 0 < waited(1) < 300


def test_an_exception_is_caught_by_its_class_name(aws):
    source = "class LockedError(Exception): pass\ndef handler(event, context): raise LockedError('held')"
    function = a_function(aws, "bad", source)
    message = "{% $parse($states.errorOutput.Cause).errorMessage %}"
    catch = [{"ErrorEquals": ["LockedError"], "Next": "Told", "Output": message}]
    told = run(aws, {"Lock": a_task(function, Catch=catch, End=True), "Told": {"Type": "Succeed"}})
    assert output_of(told) == "held"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def handler(event, context): raise SystemExit(1)", "Lambda.Unknown"),
        ("import time\ndef handler(event, context): time.sleep(1000)", "Lambda.Unknown"),
        ("def handler(event, context): raise KeyError('x')", "KeyError"),
    ],
    ids=["exited", "timed out", "raised"],
)
def test_a_failed_function_has_the_error_name_that_step_functions_gives_it(aws, source, error):
    ended = run(aws, {"Do": a_task(a_function(aws, "bad", source), End=True)})
    assert (ended["status"], ended["error"]) == ("FAILED", error)


def test_a_function_that_does_not_exist_is_an_error_of_the_lambda_service(aws):
    ended = run(aws, {"Do": a_task("arn:aws:lambda:eu-west-1:123456789012:function:gone", End=True)})
    assert ended["error"] == "Lambda.ResourceNotFoundException"


def test_a_refused_invocation_is_retried_as_too_many_requests(aws):
    function = a_function(aws, "fine", "def handler(event, context): return 'done'")
    aws.faults.add(TaskFault("Do", TaskMode.FAILS, times=2, error="Lambda.TooManyRequestsException"))
    retry = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}]
    ended = run(aws, {"Do": a_task(function, Retry=retry, End=True)})
    assert output_of(ended) == "done"
    assert seconds_into(aws, ended["stopDate"]) == 6


def test_a_handler_that_sleeps_takes_the_task_as_long(aws):
    function = a_function(aws, "slow", "import time\ndef handler(event, context): time.sleep(40)")
    ended = run(aws, {"Do": a_task(function, TimeoutSeconds=60, End=True)})
    assert ended["status"] == "SUCCEEDED"
    assert 40 <= seconds_into(aws, ended["stopDate"]) < 41


def test_a_handler_that_outlasts_the_tasks_timeout_is_a_timeout(aws):
    function = a_function(aws, "slow", "import time\ndef handler(event, context): time.sleep(40)")
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    states = {"Do": a_task(function, TimeoutSeconds=30, Catch=catch, End=True), "Late": {"Type": "Succeed"}}
    arn = begin(aws, a_machine(aws, states))
    ended = aws.run_until_ended(arn, limit=100)
    assert ended["status"] == "SUCCEEDED"
    assert seconds_into(aws, ended["stopDate"]) == 30
    aws.clock.run_for(60)
    assert [event["type"] for event in history(aws, arn)][-1] == "ExecutionSucceeded"


def test_real_time_spent_in_a_handler_is_no_timeout(aws):
    function = a_function(aws, "busy", "def handler(event, context): return sum(range(3_000_000))")
    assert run(aws, {"Do": a_task(function, TimeoutSeconds=1, End=True)})["status"] == "SUCCEEDED"


def test_a_failing_output_is_caught_by_the_tasks_own_catch_and_assigns_nothing(aws):
    function = a_function(aws, "fine", "def handler(event, context): return {}")
    states = {
        "Begin": {"Type": "Pass", "Assign": {"mark": "before"}, "Next": "Do"},
        "Do": a_task(
            function,
            Assign={"mark": "after"},
            Output="{% $states.result.Payload.missing %}",
            Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Told"}],
            End=True,
        ),
        "Told": {"Type": "Pass", "Output": "{% $mark %}", "End": True},
    }
    assert output_of(run(aws, states)) == "before"


# Parallel, Choice, Fail.


def guarded(states, start, *, catch="States.ALL"):
    return {
        "Rollout": {
            "Type": "Parallel",
            "Branches": [{"StartAt": start, "States": states}],
            "Catch": [{"ErrorEquals": [catch], "Next": "MakeSafe", "Output": "{% $states.errorOutput %}"}],
            "End": True,
        },
        "MakeSafe": {"Type": "Succeed"},
    }


def test_a_fail_in_a_parallel_is_caught_outside_with_its_error_and_cause(aws):
    fail = {"Type": "Fail", "Error": "{% 'Bad' & 'Verdict' %}", "Cause": "{% $states.input.reason %}"}
    caught = output_of(run(aws, guarded({"Bad": fail}, "Bad"), {"reason": 'it said "no"'}))
    assert caught == {"Error": "BadVerdict", "Cause": 'it said "no"'}


def waits(*lengths):
    names = {f"W{seconds}": {"Type": "Wait", "Seconds": seconds, "End": True} for seconds in lengths}
    return [{"StartAt": name, "States": {name: wait}} for name, wait in names.items()]


def test_a_parallel_waits_in_simulated_time(aws):
    branches = waits(30, 90, 60)
    ended = run(aws, {"All": {"Type": "Parallel", "Branches": branches, "End": True}})
    assert ended["status"] == "SUCCEEDED"
    assert seconds_into(aws, ended["stopDate"]) == 90


def test_a_failing_branch_ends_the_other_branches_at_once(aws):
    failing = {"Short": {"Type": "Wait", "Seconds": 5, "Next": "No"}, "No": {"Type": "Fail", "Error": "No"}}
    branches = [*waits(10_000), {"StartAt": "Short", "States": failing}]
    ended = run(aws, {"All": {"Type": "Parallel", "Branches": branches, "End": True}})
    assert (ended["status"], ended["error"]) == ("FAILED", "No")
    assert seconds_into(aws, ended["stopDate"]) == 5


def test_a_map_waits_in_simulated_time(aws):
    wait = {"Type": "Wait", "Seconds": "{% $states.input %}", "End": True}
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "W", "States": {"W": wait}}
    each = {"Type": "Map", "Items": [10, 20, 30], "ItemProcessor": processor, "MaxConcurrency": 1, "End": True}
    ended = run(aws, {"Each": each})
    assert output_of(ended) == [10, 20, 30]
    assert seconds_into(aws, ended["stopDate"]) == 60


def test_a_choice_without_a_match_is_an_error_that_a_catch_around_it_sees(aws):
    rules = [{"Condition": "{% false %}", "Next": "Done"}]
    choice = {"Which": {"Type": "Choice", "Choices": rules}, "Done": {"Type": "Succeed"}}
    caught = output_of(run(aws, guarded(choice, "Which")))
    assert caught["Error"] == "States.NoChoiceMatched"


def test_an_undefined_condition_is_caught_around_the_choice(aws):
    rules = [{"Condition": "{% $states.input.gone %}", "Next": "Done"}]
    choice = {"Which": {"Type": "Choice", "Choices": rules, "Default": "Done"}, "Done": {"Type": "Succeed"}}
    caught = output_of(run(aws, guarded(choice, "Which")))
    assert caught["Error"] == "States.QueryEvaluationError"
    assert "returned nothing (undefined)" in caught["Cause"]


def test_states_all_does_not_catch_a_runtime_error(aws):
    states = guarded({"Pick": {"Type": "Pass", "InputPath": "$.gone", "End": True}}, "Pick")
    del states["Rollout"]["Catch"][0]["Output"]
    ended = run(aws, states, QueryLanguage="JSONPath")
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


# JSONata.


@pytest.mark.parametrize("text", ['say "hi"', "it's", "back\\slash", "line\nbreak", "{% no %}", "ünïcödé", "$states.input"])
def test_strings_pass_through_expressions_unharmed(aws, text):
    states = {
        "Keep": {"Type": "Pass", "Assign": {"kept": "{% $states.input.text %}"}, "Next": "Show"},
        "Show": {"Type": "Pass", "Output": {"kept": "{% $kept %}", "direct": "{% $states.input.text & '!' %}"}, "End": True},
    }
    assert output_of(run(aws, states, {"text": text})) == {"kept": text, "direct": f"{text}!"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{% $states.input.gone %}", "States.QueryEvaluationError"),
        ("{% $never_assigned %}", "States.QueryEvaluationError"),
        ("{% $states.errorOutput %}", "States.QueryEvaluationError"),
        ("{% $states.input.nothing %}", None),
        ("{% $now() %}", "2026-01-05T00:00:00.000Z"),
    ],
)
def test_an_expression_has_its_value_or_is_a_query_evaluation_error(aws, expression, value):
    assert evaluate(aws, expression, {"nothing": None}) == value


def test_assigned_variables_are_seen_from_the_next_state_on(aws):
    states = {
        "First": {"Type": "Pass", "Assign": {"step": 1, "text": "a"}, "Next": "Second"},
        "Second": {
            "Type": "Pass",
            "Assign": {"step": "{% $step + 1 %}", "seen": "{% $step %}"},
            "Output": "{% $step %}",
            "Next": "Third",
        },
        "Third": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $seen %}", "{% $step %}", "{% $text %}"], "End": True},
    }
    assert output_of(run(aws, states)) == [1, 1, 2, "a"]


def test_a_branch_reads_outer_variables_and_keeps_its_own_to_itself(aws):
    branch = {
        "Inner": {"Type": "Pass", "Assign": {"inner": "{% $outer & '+' %}"}, "Next": "Show"},
        "Show": {"Type": "Pass", "Output": "{% $inner %}", "End": True},
    }
    states = {
        "Begin": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [{"StartAt": "Inner", "States": branch}], "Next": "After"},
        "After": {"Type": "Pass", "Output": ["{% $states.input[0] %}", "{% $exists($inner) %}"], "End": True},
    }
    assert output_of(run(aws, states)) == ["o+", False]


def test_a_failing_expression_is_once_in_the_history(aws):
    function = a_function(aws, "fine", "def handler(event, context): return {}")
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Told"}]
    states = {"Do": a_task(function, payload="{% $states.input.gone %}", Catch=catch, End=True), "Told": {"Type": "Succeed"}}
    arn = begin(aws, a_machine(aws, states))
    aws.run_until_ended(arn, limit=10)
    failed = [event for event in history(aws, arn) if event["type"] == "EvaluationFailed"]
    assert len(failed) == 1
    assert failed[0]["evaluationFailedEventDetails"]["state"] == "Do"


# Stopping.


@pytest.mark.parametrize("nested", [False, True], ids=["top level", "in a parallel"])
def test_stopping_wakes_a_wait_at_once(aws, nested):
    wait = {"Bake": {"Type": "Wait", "Seconds": 3600, "End": True}}
    before = set(threading.enumerate())
    arn = begin(aws, a_machine(aws, guarded(wait, "Bake") if nested else wait))
    aws.clock.run_for(100)
    assert set(threading.enumerate()) - before
    sfn = aws.client("stepfunctions")
    sfn.stop_execution(executionArn=arn, error="TakenOver", cause="a test")
    described = sfn.describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "TakenOver", "a test")
    assert seconds_into(aws, described["stopDate"]) == 100
    aws.clock.run_for(1)
    assert set(threading.enumerate()) <= before
    aws.clock.run_for(10_000)
    assert sfn.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert [event["type"] for event in history(aws, arn)][-2:] == ["WaitStateEntered", "ExecutionAborted"]
    assert "MakeSafe" not in entered(aws, arn)


def test_stopping_ends_a_retrys_backoff(aws):
    function = a_function(aws, "bad", "def handler(event, context): raise OSError('x')")
    retry = [{"ErrorEquals": ["OSError"], "IntervalSeconds": 1000, "MaxAttempts": 3}]
    before = set(threading.enumerate())
    arn = begin(aws, a_machine(aws, {"Try": a_task(function, Retry=retry, End=True)}))
    aws.clock.run_for(10)
    assert set(threading.enumerate()) - before
    aws.client("stepfunctions").stop_execution(executionArn=arn)
    aws.clock.run_for(1)
    assert set(threading.enumerate()) <= before
    assert [event["type"] for event in history(aws, arn)][-2:] == ["TaskFailed", "ExecutionAborted"]


def test_stopping_an_execution_that_has_not_begun_yet_keeps_it_from_beginning(aws):
    arn = begin(aws, a_machine(aws, {"Only": {"Type": "Succeed"}}))
    aws.client("stepfunctions").stop_execution(executionArn=arn)
    aws.clock.run_for(1)
    assert [event["type"] for event in history(aws, arn)] == ["ExecutionStarted", "ExecutionAborted"]


def test_stopping_what_has_ended_changes_nothing(aws):
    arn = begin(aws, a_machine(aws, {"Only": {"Type": "Succeed"}}))
    ended = aws.run_until_ended(arn, limit=1)
    aws.clock.run_for(60)
    stopped = aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert stopped["stopDate"] == ended["stopDate"]
    assert aws.client("stepfunctions").describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_a_fault_stops_the_execution_as_it_enters_a_state(aws):
    states = {
        "First": {"Type": "Pass", "Next": "Second"},
        "Second": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.again %}", "Next": "First"}],
            "Default": "Third",
        },
        "Third": {"Type": "Succeed"},
    }
    aws.faults.add(StopFault("Second", visit=3))
    arn = begin(aws, a_machine(aws, states), {"again": True})
    ended = aws.run_until_ended(arn, limit=10)
    assert ended["status"] == "ABORTED"
    assert entered(aws, arn) == ["First", "Second"] * 3


def test_a_task_stopped_while_it_runs_can_still_write_late(aws):
    function = a_function(aws, "writer", "import time\ndef handler(event, context): print('wrote at', int(time.time()))")
    aws.faults.add(TaskFault("Do", TaskMode.STOPPED, runs_after=20))
    arn = begin(aws, a_machine(aws, {"Do": a_task(function, End=True)}))
    ended = aws.run_until_ended(arn, limit=10)
    assert (ended["status"], seconds_into(aws, ended["stopDate"])) == ("ABORTED", 0)
    aws.clock.run_for(60)
    lines = [event["message"] for event in aws.logs.filter_log_events({"logGroupName": "/aws/lambda/writer"})["events"]]
    assert f"wrote at {int(START_TIME) + 20}" in lines
    assert [event["type"] for event in history(aws, arn)][-1] == "ExecutionAborted"


def test_a_fault_times_a_task_out(aws):
    function = a_function(aws, "fine", "def handler(event, context): return 'done'")
    aws.faults.add(TaskFault("Do", TaskMode.TIMES_OUT, times=1))
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 5, "MaxAttempts": 1}]
    ended = run(aws, {"Do": a_task(function, TimeoutSeconds=60, Retry=retry, End=True)})
    assert output_of(ended) == "done"
    assert seconds_into(aws, ended["stopDate"]) == 65


def test_the_top_level_timeout_ends_an_execution_in_simulated_time(aws):
    states = guarded({"Bake": {"Type": "Wait", "Seconds": 9000, "End": True}}, "Bake")
    arn = begin(aws, a_machine(aws, states, TimeoutSeconds=600))
    ended = aws.run_until_ended(arn, limit=1000)
    assert ended["status"] == "TIMED_OUT"
    assert seconds_into(aws, ended["stopDate"]) == 600
    assert [event["type"] for event in history(aws, arn)][-1] == "ExecutionTimedOut"
    listed = aws.client("stepfunctions").list_executions(stateMachineArn=ended["stateMachineArn"])["executions"]
    assert listed[0]["stopDate"] == ended["stopDate"]


# The service.


def test_two_executions_share_the_clock(aws):
    machine = a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "End": True}})
    slow, fast = begin(aws, machine, {"seconds": 500}), begin(aws, machine, {"seconds": 200})
    sfn = aws.client("stepfunctions")
    aws.run_until_ended(fast, limit=1000)
    assert sfn.describe_execution(executionArn=slow)["status"] == "RUNNING"
    aws.run_until_ended(slow, limit=1000)
    assert aws.clock.now() == START_TIME + 500


def test_equal_runs_have_equal_histories():
    def recorded():
        with EmbeddedAws(seed=3) as aws:
            function = a_function(aws, "flaky", FAILS_TWICE)
            retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 9, "JitterStrategy": "FULL"}]
            branches = [
                {"StartAt": "A", "States": {"A": a_task(function, Retry=retry, End=True)}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": "{% $uuid() & $random() %}", "End": True}}},
                {"StartAt": "C", "States": {"C": a_task(function, Retry=retry, End=True)}},
            ]
            machine = a_machine(aws, {"All": {"Type": "Parallel", "Branches": branches, "End": True}})
            arns = [begin(aws, machine), begin(aws, machine)]
            return [aws.run_until_ended(arn, limit=1000)["output"] for arn in arns], [history(aws, arn) for arn in arns]

    assert recorded() == recorded()


def test_the_same_name_and_input_while_running_is_the_same_execution(aws):
    machine = a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": 100, "End": True}})
    first = begin(aws, machine, {"a": 1}, name="release-7")
    assert begin(aws, machine, {"a": 1}, name="release-7") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        begin(aws, machine, {"a": 2}, name="release-7")
    aws.run_until_ended(first, limit=200)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        begin(aws, machine, {"a": 1}, name="release-7")


def test_an_execution_without_a_name_gets_one(aws):
    machine = a_machine(aws, {"Only": {"Type": "Succeed"}})
    first, second = begin(aws, machine), begin(aws, machine)
    assert first != second
    assert len(first.rsplit(":", 1)[1]) == 36


@pytest.mark.parametrize("name", ["two words", "a:b", "a" * 81, "what?"])
def test_a_name_that_step_functions_does_not_take_is_refused(aws, name):
    machine = a_machine(aws, {"Only": {"Type": "Succeed"}})
    with pytest.raises(ClientError, match=r"InvalidName|ValidationException"):
        begin(aws, machine, name=name)


@pytest.mark.parametrize("given", ["", "{", "{'target': 1}", "9" * 5000])
def test_an_input_that_is_no_json_is_refused_as_one(aws, given):
    machine = a_machine(aws, {"Only": {"Type": "Succeed"}})
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)


def test_what_is_too_long_for_a_task_ends_it_with_an_error_that_only_its_name_catches(aws):
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Other"}]
    named = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught"}, *catch]
    payload = {"input": "{% $states.context.Execution.Input %}"}
    ends = {"Caught": {"Type": "Succeed"}, "Other": {"Type": "Succeed"}}
    ended = [
        run(
            aws,
            {"Long": a_task("none", payload=payload, Next="Other", Catch=catchers), **ends},
            {"x": "y" * 262_136},
            name=f"machine-{len(catchers)}",
        )
        for catchers in (named, catch)
    ]

    assert [(one["status"], one.get("error")) for one in ended] == [
        ("SUCCEEDED", None),
        ("FAILED", "States.DataLimitExceeded"),
    ]


def test_an_unknown_execution_does_not_exist(aws):
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        aws.client("stepfunctions").describe_execution(executionArn="arn:aws:states:eu-west-1:123456789012:execution:m:x")


def test_a_history_comes_in_pages_from_either_end(aws):
    machine = a_machine(aws, {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Pass", "End": True}})
    arn = begin(aws, machine)
    aws.run_until_ended(arn, limit=1)
    sfn = aws.client("stepfunctions")
    whole = sfn.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in whole] == [1, 2, 3, 4, 5, 6]
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 4})
    assert [event for page in pages for event in page["events"]] == whole
    last = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
    assert last == whole[-1:]


def test_executions_are_listed_by_status(aws):
    machine = a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "End": True}})
    short, long = begin(aws, machine, {"seconds": 1}), begin(aws, machine, {"seconds": 1000})
    aws.run_until_ended(short, limit=10)
    sfn = aws.client("stepfunctions")

    def listed(status):
        executions = sfn.list_executions(stateMachineArn=machine, statusFilter=status)["executions"]
        return [each["executionArn"] for each in executions]

    assert listed("RUNNING") == [long]
    assert listed("SUCCEEDED") == [short]


def test_a_machine_that_does_not_parse_is_refused(aws):
    with pytest.raises(ClientError, match="InvalidDefinition"):
        a_machine(aws, {"Only": {"Type": "Nap"}})


def test_a_running_execution_keeps_the_definition_it_started_with(aws):
    machine = a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": 100, "Next": "Old"}, "Old": {"Type": "Succeed"}})
    arn = begin(aws, machine)
    aws.clock.run_for(1)
    updated = {"StartAt": "New", "States": {"New": {"Type": "Succeed"}}}
    aws.client("stepfunctions").update_state_machine(stateMachineArn=machine, definition=json.dumps(updated))
    aws.run_until_ended(arn, limit=200)
    assert entered(aws, arn) == ["Bake", "Old"]


def test_an_execution_outlives_its_deleted_machine_quietly(aws):
    machine = a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": 10, "End": True}})
    begin(aws, machine)
    aws.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    aws.clock.run_for(60)


def test_a_large_machine_costs_its_parse_once(aws):
    names = [f"State{number}" for number in range(30)]
    states = {name: {"Type": "Pass", "Output": "{% $states.input %}", "Next": next_} for name, next_ in pairwise(names)}
    before = interpreter._kept_parse.cache_info().misses
    machine = a_machine(aws, {**states, names[-1]: {"Type": "Succeed"}})
    for _ in range(5):
        aws.run_until_ended(begin(aws, machine), limit=1)
    assert interpreter._kept_parse.cache_info().misses == before + 1


@pytest.fixture
def published(aws, monkeypatch):
    events, publish = [], aws.events.publish
    monkeypatch.setattr(aws.events, "publish", lambda event: (events.append(event), publish(event)))
    return events


def test_every_change_of_status_is_an_event(aws, published):
    tell = {"Type": "Pass", "Output": {"ok": True}, "End": True}
    machine = a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": 10, "Next": "Tell"}, "Tell": tell})
    arn = begin(aws, machine, {"a": 1}, name="x")
    aws.run_until_ended(arn, limit=20)
    assert [event["detail"]["status"] for event in published] == ["RUNNING", "SUCCEEDED"]
    last = published[-1]
    assert (last["source"], last["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert last["time"] == "2026-01-05T00:00:10Z"
    assert last["resources"] == [arn]
    wanted = {
        "executionArn": arn,
        "stateMachineArn": machine,
        "name": "x",
        "startDate": 1_767_571_200_000,
        "stopDate": 1_767_571_210_000,
        "input": '{"a": 1}',
        "output": '{"ok":true}',
        "error": None,
        "cause": None,
    }
    assert wanted.items() <= last["detail"].items()


@pytest.mark.parametrize(
    ("states", "fields", "status"),
    [
        ({"No": {"Type": "Fail", "Error": "E", "Cause": "C"}}, {}, "FAILED"),
        ({"Bake": {"Type": "Wait", "Seconds": 99, "End": True}}, {"TimeoutSeconds": 5}, "TIMED_OUT"),
    ],
)
def test_an_end_that_is_no_success_is_an_event_too(aws, published, states, fields, status):
    run(aws, states, **fields)
    assert [event["detail"]["status"] for event in published] == ["RUNNING", status]


def test_an_abort_is_an_event_with_its_error_and_cause(aws, published):
    arn = begin(aws, a_machine(aws, {"Bake": {"Type": "Wait", "Seconds": 99, "End": True}}))
    aws.clock.run_for(5)
    aws.client("stepfunctions").stop_execution(executionArn=arn, error="E", cause="C")
    aws.clock.run_for(5)
    assert [event["detail"]["status"] for event in published] == ["RUNNING", "ABORTED"]
    assert (published[-1]["detail"]["error"], published[-1]["detail"]["cause"]) == ("E", "C")


def test_an_events_input_is_left_out_when_it_is_too_large(aws, published):
    run(aws, {"Only": {"Type": "Pass", "Output": "{% 'x' %}", "End": True}}, {"large": "x" * 255_000})
    assert [event["detail"]["input"] for event in published] == [None, None]
    assert published[-1]["detail"]["inputDetails"] == {"included": False}
