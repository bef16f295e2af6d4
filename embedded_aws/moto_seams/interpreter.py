"""moto's interpreter of the Amazon States Language, run on the virtual clock and fixed where it differs from AWS.

moto runs an execution in threads, waits with events and sleeps with `time`. Here the threads are actors and the events are
signals of the clock, so that waits, backoff and timeouts pass in simulated time. The control flow stays moto's.
Fixed: absolute Waits, the names of errors and what States.ALL matches, and `State.EnteredTime`. A parsed definition is
cached. Expressions belong to the seam `jsonata`.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.utils import TMP_THREADS

from embedded_aws.moto_seams.hooks import replace, wrap
from embedded_aws.time.actors import Actor, Signal

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from embedded_aws.faults.calls import Faults
    from embedded_aws.time.clock import Clock

_ASL = "moto.stepfunctions.parser.asl"
_COMMON = f"{_ASL}.component.common"
_STATE = f"{_ASL}.component.state"
_EXEC = f"{_STATE}.exec"

_TERMINAL = {"States.Runtime", "States.DataLimitExceeded"}  # docs/aws.md#states-all


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def clock(self) -> Clock:
        """The simulated time."""

    @property
    def rng(self) -> random.Random:
        """The source of the jitter of retries."""

    @property
    def faults(self) -> Faults:
        """The states at which executions are stopped."""

    def stop_execution(self, arn: str) -> None:
        """Stop an execution, as StopExecution does."""


def install(aws: Aws) -> None:
    """Put the interpreter on the clock of ``aws``."""
    actors = SimpleNamespace(
        Thread=lambda *args, **options: _ActorThread(aws.clock, *args, **options),
        Event=aws.clock.signal,
        Lock=threading.Lock,
        RLock=threading.RLock,
        Condition=threading.Condition,
    )
    for name in _THREADING:
        replace(name, actors)
    replace(_THREAD, actors.Thread)
    replace(_EVENT, actors.Event)
    replace(_PROGRAM_THREADING, SimpleNamespace(**{**vars(actors), "Event": lambda: _ProgramEvent(aws.clock)}))
    for name in _TIME:
        replace(name, SimpleNamespace(sleep=lambda seconds: _back_off(aws.clock, seconds), time=time.time))
    for name in _ERROR_NAMES:
        replace(name, _error_name)
    replace(_JITTER, aws.rng)
    replace(_PARSE, staticmethod(_parse_once))
    for name, replacement in _METHODS.items():
        wrap(name, aws, replacement)


class _ActorThread:
    """The part of `threading.Thread` that moto uses, as an actor of the clock."""

    native_id = None

    def __init__(
        self,
        clock: Clock,
        target: Callable[..., None],
        args: tuple[Any, ...] = (),
        name: str = "interpreter",
        *,
        daemon: bool = True,
    ) -> None:
        self._clock = clock
        self._work = lambda: target(*args)
        self._name = name if len(name) < 40 and daemon else "interpreter"  # noqa: PLR2004 - moto puts whole machines in names
        self._actor: Actor | None = None

    def start(self) -> None:
        TMP_THREADS.clear()  # moto keeps every thread it ever started
        self._actor = self._clock.spawn(self._work, name=self._name)

    def join(self, timeout: float | None = None) -> None:
        if self._actor:
            self._actor.finished.wait(timeout)

    def is_alive(self) -> bool:
        return self._actor is not None and not self._actor.finished.is_set()


class _ProgramEvent(Signal):
    """Set when a program ends for any reason. moto clears it at once, so a thread that waits later would miss it."""

    def clear(self) -> None:
        """Do nothing: a program ends only once."""


_retrying = threading.local()


def _retry(original: Callable[..., None], _aws: Aws, retrier: Any, env: Any) -> None:  # noqa: ANN401 - moto's, untyped
    _retrying.env = env
    original(retrier, env)


def _back_off(clock: Clock, seconds: float) -> None:
    env = getattr(_retrying, "env", None)
    clock.sleep(seconds, wake=env.program_state_event if env else None)


def _wait(_original: object, aws: Aws, _wait: object, env: Any, wait_seconds: float) -> None:  # noqa: ANN401 - moto's
    aws.clock.sleep(max(0.0, wait_seconds), wake=env.program_state_event)


def _seconds_to_timestamp(_original: object, aws: Aws, wait: Any, env: Any) -> float:  # noqa: ANN401 - moto's
    """Seconds until an absolute Wait ends. moto takes local time for UTC and wakes up to a second early."""
    wait.string.eval(env=env)
    text = env.stack.pop()
    moment = wait._from_timestamp_string(text)  # noqa: SLF001 - a seam
    if moment is None:
        raise FailureEventException(wait._create_failure_event(env, text))  # noqa: SLF001 - a seam
    return float(moment.replace(tzinfo=UTC).timestamp()) - aws.clock.now()


def _enter(original: Callable[..., None], aws: Aws, state: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    """Enter a state at the present time; a fault may stop the execution here."""
    context = env.states.context_object.context_object_data
    context["State"]["EnteredTime"] = iso_milliseconds(aws.clock.now())
    if aws.faults.stops_at(state.name):
        aws.stop_execution(context["Execution"]["Id"])
    original(state, env)


def _error_name(error_name: str | None) -> Any:  # noqa: ANN401 - moto's
    """The name of an error that comes out of a branch; moto takes every such name for a user's own."""
    if error_name and error_name.startswith("States."):
        return StatesErrorName.from_name(error_name)
    return CustomErrorName(error_name)


def _matches_error(original: Callable[..., None], _aws: Aws, decl: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    """Whether ErrorEquals matches; States.ALL does not match the two errors that always end an execution."""
    is_wildcard = any(name.error_name == "States.ALL" for name in decl.error_names)
    if is_wildcard and getattr(env.stack[-1], "error_name", None) in _TERMINAL:
        env.stack.pop()
        env.stack.append(False)
    else:
        original(decl, env)


def _choose(original: Callable[..., None], _aws: Aws, choice: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    """Evaluate a Choice. If no rule matches, raise the error that AWS has for it, which a Catch around it sees."""
    try:
        original(choice, env)
    except RuntimeError as error:
        name = StatesErrorName(typ=StatesErrorNameType.StatesNoChoiceMatched)
        cause = f"no rule of the Choice {choice.name} matches, and it has no Default"
        details = api.ExecutionFailedEventDetails(error=name.error_name, cause=cause)
        kind = api.HistoryEventType.ExecutionFailed
        event = FailureEvent(env, name, kind, EventDetails(executionFailedEventDetails=details))
        raise FailureEventException(failure_event=event) from error


def _eval_program(original: Callable[..., None], _aws: Aws, program: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    """Run a machine or a branch, unless its execution was stopped before it started."""
    if env.program_state() is None or env.is_running():
        original(program, env)


def _set_error(original: Callable[..., None], _aws: Aws, env: Any, error: Any) -> None:  # noqa: ANN401 - moto's
    """End a program with a failure, unless it was stopped already and fails because of that."""
    if not isinstance(env.program_state(), ProgramStopped | ProgramTimedOut):
        original(env, error)


def _say_nothing(*_args: object, **_options: object) -> None:
    """Replaces log lines that each render the whole machine."""


_parse = AmazonStateLanguageParser.parse  # moto's own function, before anything is replaced
_kept_parse = lru_cache(maxsize=64)(_parse)


def _parse_once(definition: str) -> Any:  # noqa: ANN401 - moto's
    """Parse a definition once per process. A distributed Map keeps state in its parsed form, so that is not cached."""
    return _parse(definition) if "DISTRIBUTED" in definition else _kept_parse(definition)


def iso_milliseconds(moment: float) -> str:
    """An epoch second in the form in which Step Functions writes times."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_THREADING = [
    f"{_ASL}.component.program.program.threading",
    f"{_EXEC}.execute_state.threading",
    f"{_EXEC}.state_map.iteration.inline_iteration_component.threading",
    f"{_EXEC}.state_map.iteration.itemprocessor.map_run_record.threading",
    f"{_EXEC}.state_map.iteration.job.threading",
    f"{_EXEC}.state_parallel.branch_worker.threading",
    f"{_EXEC}.state_parallel.branches_decl.threading",
    f"{_EXEC}.state_task.service.state_task_service_callback.threading",
]
_THREAD = f"{_EXEC}.execute_state.Thread"
_EVENT = f"{_ASL}.eval.callback.callback.Event"
_PROGRAM_THREADING = f"{_ASL}.eval.environment.threading"
_TIME = [f"{_COMMON}.retry.retrier_decl.time", f"{_EXEC}.state_task.service.state_task_service_callback.time"]
_ERROR_NAMES = [
    f"{_EXEC}.state_map.iteration.iteration_worker.CustomErrorName",
    f"{_EXEC}.state_parallel.branches_decl.CustomErrorName",
]
_JITTER = f"{_COMMON}.retry.jitter_strategy_decl.random"
_PARSE = f"{_ASL}.parse.asl_parser.AmazonStateLanguageParser.parse"
_METHODS: dict[str, Callable[..., Any]] = {
    f"{_ASL}.component.eval_component.EvalComponent._log_exception": _say_nothing,
    f"{_ASL}.component.eval_component.EvalComponent._log_failure_event_exception": _say_nothing,
    f"{_ASL}.component.program.program.Program.eval": _eval_program,
    f"{_ASL}.eval.environment.Environment.set_error": _set_error,
    f"{_COMMON}.error_name.error_equals_decl.ErrorEqualsDecl._eval_body": _matches_error,
    f"{_COMMON}.retry.retrier_decl.RetrierDecl._eval_body": _retry,
    f"{_STATE}.choice.state_choice.StateChoice._eval_state": _choose,
    f"{_STATE}.state.CommonStateField._eval_state_input": _enter,
    f"{_STATE}.wait.wait_function.timestamp.Timestamp._get_wait_seconds": _seconds_to_timestamp,
    f"{_STATE}.wait.wait_function.wait_function.WaitFunction._wait_interval": _wait,
}
HOOKS = [*_THREADING, _THREAD, _EVENT, _PROGRAM_THREADING, *_TIME, *_ERROR_NAMES, _JITTER, _PARSE, *_METHODS]
