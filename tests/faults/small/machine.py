"""The controller's state machine, run from its own definition; it supports only the kinds of states that occur there.

Durations, retries, catches and stops are as in the embedded AWS, which runs the same definition in moto's interpreter. A
function that outlives its Task or its execution runs on, and its result is ignored.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.faults.calls import TaskMode
from embedded_aws.states.expressions import ExpressionError
from tests.faults.small.executions import Execution, Failure, Outcome
from tests.faults.small.expressions import value_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from embedded_aws.faults.calls import Faults, TaskFault
    from tests.faults.small.clock import SmallClock

Json = dict[str, Any]
TASK_TIMEOUT_SECONDS = 70


class Functions(Protocol):
    """The functions that Tasks call."""

    def invoke(self, task: str, event: Json) -> Outcome:
        """Run a function to its end."""


class Machine:
    """One state machine. ``on_end`` is called for every execution that ends, however it ends."""

    def __init__(
        self, definition: Mapping[str, Any], functions: Functions, clock: SmallClock, faults: Faults, rng: random.Random
    ) -> None:
        self.definition = definition
        self.functions = functions
        self.clock = clock
        self.faults = faults
        self.rng = rng
        self.executions: dict[str, Execution] = {}
        self.on_end: Callable[[Execution], None] = lambda _: None

    def start(self, arn: str, given: Any) -> Execution:
        """Start an execution; it enters its first state when the caller is done."""
        execution = self.executions[arn] = Execution(arn, given, self.clock.now())
        flow = _Flow(self, execution, self.definition, {}, _Outside(self, execution))
        self.clock.call_after(0, flow.begin)
        return execution

    def stop(self, arn: str, *, error: str = "", cause: str = "") -> None:
        """StopExecution; an execution that has ended stays as it is."""
        self.end(self.executions[arn], "ABORTED", error=error, cause=cause)

    def end(self, execution: Execution, status: str, *, error: str = "", cause: str = "", output: Any = None) -> None:
        """End an execution."""
        if not execution.is_running:
            return
        execution.status, execution.error, execution.cause, execution.output = status, error, cause, output
        execution.ended = self.clock.now()
        execution.turn += 1
        self.on_end(execution)


class _Around(Protocol):
    """What encloses a flow of states."""

    def succeed(self, output: Any) -> None:
        """The flow has ended successfully."""

    def fail(self, failure: Failure) -> None:
        """The flow has failed."""


class _Outside:
    """The enclosure of the outermost flow: the execution."""

    def __init__(self, machine: Machine, execution: Execution) -> None:
        self._machine = machine
        self._execution = execution

    def succeed(self, output: Any) -> None:
        self._machine.end(self._execution, "SUCCEEDED", output=output)

    def fail(self, failure: Failure) -> None:
        self._machine.end(self._execution, "FAILED", error=failure.error, cause=failure.cause)


class _Branch:
    """The enclosure of a Parallel's branch: the Parallel state."""

    def __init__(self, flow: _Flow, state: Json) -> None:
        self._flow = flow
        self._state = state

    def succeed(self, output: Any) -> None:
        self._flow.leave(self._state, [output], {"result": [output]})

    def fail(self, failure: Failure) -> None:
        self._flow.fail(self._state, failure)


class _Flow:
    """The states of one level, with the variables that they see."""

    def __init__(
        self, machine: Machine, execution: Execution, definition: Mapping[str, Any], outer: Mapping[str, Any], around: _Around
    ) -> None:
        self._machine = machine
        self._execution = execution
        self._states: Mapping[str, Json] = definition["States"]
        self._start: str = definition["StartAt"]
        self._outer = outer
        self._own: Json = {}
        self._around = around
        self._entered = ""

    def begin(self) -> None:
        """Enter the first state."""
        self._enter(self._start)

    def leave(self, state: Json, output: Any, seen: Json) -> None:
        """Leave a state that has done its work: assign, and go to the next one."""
        try:
            output = value_of(state["Output"], self._variables(seen)) if "Output" in state else output
            self._assign(state, seen)
        except ExpressionError as error:
            self.fail(state, Failure("States.QueryEvaluationError", str(error)))
            return
        if state.get("End") or state["Type"] == "Succeed":
            self._around.succeed(output)
        else:
            self._enter(state["Next"])

    def fail(self, state: Json, failure: Failure) -> None:
        """Leave a state that has failed: go to its Catch, or fail the flow."""
        caught = next((one for one in state.get("Catch", ()) if _matches(one["ErrorEquals"], failure.error)), None)
        if caught is None:
            self._around.fail(failure)
            return
        self._assign(caught, {"errorOutput": failure.output()})
        self._enter(caught["Next"])

    def _enter(self, name: str) -> None:
        execution, state = self._execution, self._states[name]
        if not execution.is_running:
            return
        execution.states.append(name)
        if self._machine.faults.stops_at(name):
            self._machine.stop(execution.arn)
            return
        self._entered = iso_milliseconds(self._machine.clock.now())
        try:
            self._run(name, state)
        except ExpressionError as error:
            self.fail(state, Failure("States.QueryEvaluationError", str(error)))

    def _run(self, name: str, state: Json) -> None:
        match state["Type"]:
            case "Pass":
                self.leave(state, {}, {})
            case "Choice":
                met = (one["Next"] for one in state["Choices"] if value_of(one["Condition"], self._variables({})) is True)
                self._enter(next(met, state["Default"]))
            case "Wait":
                seconds = value_of(state["Seconds"], self._variables({}))
                self._machine.clock.call_after(seconds, self._guarded(lambda: self.leave(state, {}, {})))
            case "Task":
                _Task(self, self._machine, self._execution, name, state).attempt(
                    value_of(state["Arguments"], self._variables({}))
                )
            case "Parallel":
                (branch,) = state["Branches"]
                _Flow(self._machine, self._execution, branch, {**self._outer, **self._own}, _Branch(self, state)).begin()
            case "Succeed":
                self.leave(state, {}, {})
            case "Fail":
                texts = value_of([state["Error"], state["Cause"]], self._variables({}))
                self._around.fail(Failure(*texts))
            case kind:
                raise NotImplementedError(f"the small AWS has no {kind} state, which {name} is; build it in {__name__}")

    def _guarded(self, action: Callable[[], None]) -> Callable[[], None]:
        """The action, which does nothing if the execution has ended by then."""
        return lambda: action() if self._execution.is_running else None

    def _assign(self, owner: Json, seen: Json) -> None:
        if "Assign" in owner:
            self._own.update(value_of(owner["Assign"], self._variables(seen)))

    def _variables(self, seen: Json) -> Json:
        execution = self._execution
        context = {
            "Execution": {
                "Name": execution.name,
                "Id": execution.arn,
                "Input": execution.given,
                "StartTime": iso_milliseconds(execution.started),
            },
            "State": {"EnteredTime": self._entered},
        }
        return {**self._outer, **self._own, "states": {"context": context, **seen}}


class _Task:
    """One Task state with its retries, from its entry to its end."""

    def __init__(self, flow: _Flow, machine: Machine, execution: Execution, name: str, state: Json) -> None:
        self._flow = flow
        self._machine = machine
        self._execution = execution
        self._name = name
        self._state = state
        self._retried: dict[int, int] = {}

    def attempt(self, arguments: Json) -> None:
        self._execution.turn += 1
        turn = self._execution.turn
        self._machine.clock.call_after(
            TASK_TIMEOUT_SECONDS, lambda: self._end(turn, arguments, Failure("States.Timeout", "the Task timed out"), None)
        )
        if fault := self._machine.faults.on_task(self._name):
            self._suffer(fault, turn, arguments)
            return
        outcome = self._machine.functions.invoke(self._name, arguments["Payload"])
        self._end(turn, arguments, outcome.failure(), outcome.payload)

    def _suffer(self, fault: TaskFault, turn: int, arguments: Json) -> None:
        if fault.runs_after is not None:
            run = self._machine.functions.invoke
            self._machine.clock.call_after(fault.runs_after, lambda: _ignore(run(self._name, arguments["Payload"])))
        match fault.mode:
            case TaskMode.FAILS:
                cause = json.dumps({"errorMessage": fault.message, "errorType": fault.error})
                self._end(turn, arguments, Failure(fault.error, cause), None)
            case TaskMode.STOPPED:
                self._machine.stop(self._execution.arn)
            case TaskMode.TIMES_OUT:
                return

    def _end(self, turn: int, arguments: Json, failure: Failure | None, payload: Any) -> None:
        """End the attempt, by the function's answer or by the Task's timeout; whichever comes second is ignored."""
        if self._execution.turn != turn or not self._execution.is_running:
            return
        self._execution.turn += 1
        if failure is None:
            self._flow.leave(self._state, payload, {"result": {"Payload": payload}})
        elif (seconds := self._retry_seconds(failure)) is not None:
            self._machine.clock.call_after(seconds, lambda: self._again(arguments))
        else:
            self._flow.fail(self._state, failure)

    def _again(self, arguments: Json) -> None:
        if self._execution.is_running:
            self.attempt(arguments)

    def _retry_seconds(self, failure: Failure) -> float | None:
        for n, retrier in enumerate(self._state.get("Retry", ())):
            if _matches(retrier["ErrorEquals"], failure.error):
                times = self._retried[n] = self._retried.get(n, 0) + 1
                if times > retrier.get("MaxAttempts", 3):
                    return None
                seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** (times - 1)
                longest = min(seconds, retrier.get("MaxDelaySeconds", seconds))
                is_full = retrier.get("JitterStrategy") == "FULL"
                return self._machine.rng.uniform(0, longest) if is_full else float(longest)
        return None


def _ignore(_: object) -> None:
    """Ignore the answer of a function that outlived its Task."""


def _matches(names: list[str], error: str) -> bool:
    if error in names or "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and error != "States.Timeout"


def iso_milliseconds(moment: float) -> str:
    """An epoch second in the form in which Step Functions writes the time of an entry."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
