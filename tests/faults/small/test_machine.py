"""The small machine over definitions of its own; the controller's is run in `tests/faults`."""

from __future__ import annotations

import random

import pytest

from embedded_aws.faults.calls import Faults, StopFault, TaskFault, TaskMode
from tests.faults.small.clock import SmallClock
from tests.faults.small.executions import Outcome
from tests.faults.small.machine import Machine

ARN = "arn:aws:states:eu-west-1:123456789012:execution:m:one"
RETRY = [{"ErrorEquals": ["Again", "States.Timeout"], "IntervalSeconds": 5, "MaxAttempts": 2, "BackoffRate": 2}]


class Functions:
    """Answers in turn; an outcome may take its time."""

    def __init__(self, clock: SmallClock, *outcomes: Outcome, seconds: float = 0.0) -> None:
        self.seen: list[tuple[str, object, float]] = []
        self._clock = clock
        self._outcomes = list(outcomes)
        self._seconds = seconds

    def invoke(self, task: str, event: dict) -> Outcome:
        self.seen.append((task, event, self._clock.now()))
        self._clock.sleep(self._seconds)
        return self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]


def a_task(**more) -> dict:
    payload = {"FunctionName": "f", "Payload": {"given": "{% $states.context.Execution.Input %}"}}
    return {"Type": "Task", "Arguments": payload, "Assign": {"said": "{% $states.result.Payload.said %}"}, **more}


def run(states: dict, *outcomes: Outcome, seconds: float = 0.0, fault=None, limit: float = 1000.0):
    clock = SmallClock(0.0)
    faults = Faults(clock.now)
    if fault:
        faults.add(fault)
    functions = Functions(clock, *(outcomes or (Outcome({"said": "yes"}),)), seconds=seconds)
    machine = Machine({"StartAt": next(iter(states)), "States": states}, functions, clock, faults, random.Random(1))
    execution = machine.start(ARN, {"x": 1})
    clock.run_while(lambda: execution.is_running, limit=limit)
    return execution, functions, clock


DONE = {"Type": "Succeed", "Output": "{% $said %}"}


def test_a_task_is_asked_and_its_answer_kept():
    execution, functions, _ = run({"T": a_task(Next="Done"), "Done": DONE})
    assert (execution.status, execution.output, execution.states) == ("SUCCEEDED", "yes", ["T", "Done"])
    assert functions.seen == [("T", {"given": {"x": 1}}, 0.0)]


def test_a_choice_takes_what_holds_and_a_wait_its_time():
    states = {
        "T": a_task(Next="W"),
        "W": {"Type": "Wait", "Seconds": 30, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $said = 'yes' %}", "Next": "Done"}], "Default": "No"},
        "Done": DONE,
        "No": {"Type": "Fail", "Error": "No", "Cause": "{% 'it said ' & $said %}"},
    }
    execution, _, clock = run(states)
    assert (execution.states[-1], clock.now()) == ("Done", 30)
    execution, _, _ = run(states, Outcome({"said": "no"}))
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "No", "it said no")


def test_a_failure_is_tried_again_and_then_caught():
    caught = {"ErrorEquals": ["States.ALL"], "Assign": {"said": "{% $states.errorOutput.Error %}"}, "Next": "Done"}
    states = {"T": a_task(Next="Done", Retry=RETRY, Catch=[caught]), "Done": DONE}
    execution, functions, _ = run(states, Outcome({}, "Again"))
    assert [at for *_, at in functions.seen] == [0, 5, 15]
    assert execution.output == "Again"
    execution, functions, _ = run(states, Outcome({}, "Runtime.ExitError"))
    assert (len(functions.seen), execution.output) == (1, "Lambda.Unknown")


def test_what_nothing_catches_fails_the_execution():
    execution, _, _ = run({"T": a_task(Next="Done", Retry=RETRY), "Done": DONE}, Outcome({"errorMessage": "no"}, "Other"))
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "Other", '{"errorMessage": "no"}')


def test_a_parallel_gives_its_branchs_output_and_catches_its_failure():
    inner = {"StartAt": "T", "States": {"T": a_task(Output="{% $states.result.Payload %}", End=True)}}
    caught = {"ErrorEquals": ["Other"], "Assign": {"said": "caught"}, "Next": "Done"}
    parallel = {"Type": "Parallel", "Branches": [inner], "Assign": {"said": "{% $states.result[0].said %}"}, "Next": "Done"}
    states = {"P": {**parallel, "Catch": [caught]}, "Done": DONE}
    assert run(states)[0].output == "yes"
    assert run(states, Outcome({}, "Other"))[0].output == "caught"


def test_a_function_that_outlives_its_task_is_not_heard():
    states = {"T": a_task(Next="Done", Retry=RETRY), "Done": DONE}
    execution, functions, _ = run(states, Outcome({"said": "late"}), Outcome({"said": "yes"}), seconds=75)
    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")
    assert len(functions.seen) == 3


@pytest.mark.parametrize(
    ("fault", "status", "runs"),
    [
        (TaskFault("T", TaskMode.FAILS, times=1, error="Again"), "SUCCEEDED", 1),
        (TaskFault("T", TaskMode.TIMES_OUT, times=1, runs_after=40), "SUCCEEDED", 2),
        (TaskFault("T", TaskMode.STOPPED, runs_after=20), "ABORTED", 0),
        (StopFault("Done"), "ABORTED", 1),
    ],
)
def test_a_fault_hits_a_task_or_a_state(fault, status, runs):
    execution, functions, _ = run({"T": a_task(Next="Done", Retry=RETRY), "Done": DONE}, fault=fault)
    assert (execution.status, len(functions.seen)) == (status, runs)


def test_an_expression_without_a_value_fails_its_state():
    execution, _, _ = run({"T": a_task(Next="Done"), "Done": DONE}, Outcome({}))
    assert execution.error == "States.QueryEvaluationError"
    wrong = {"W": {"Type": "Wait", "Seconds": "{% $missing %}", "Next": "Done"}, "Done": DONE}
    assert run(wrong)[0].error == "States.QueryEvaluationError"


def test_a_kind_of_state_that_is_not_built_says_so():
    with pytest.raises(NotImplementedError, match="no Map state"):
        run({"M": {"Type": "Map"}})
