"""Lambda's runtime: runs one version's code for one request at a time, in execution environments that stay warm.

Decides what a handler receives, how its return, its error or its death is answered, and how much simulated time it takes
(docs/aws.md#lambda-runtime). It knows versions only. Its callers decide which version a request gets, and who is told the
result.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from local.faults import Killed
from local.lambda_context import Context
from local.lambda_outcome import died, marshalled, raised
from local.running_task import running
from local.user_code import Namespace, Package, find_handler
from local.user_output import ROUTER
from local.user_run import CodeError, Run, TimedOutError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

CONTROLLER_PREFIX = "canary.tasks."
BASE_DURATION_MS = 1.0


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """Code and configuration of one version; every update replaces ``$LATEST`` by a new value.

    ``role`` is an ARN. ``own_log_group`` is empty if the function uses Lambda's default log group.
    """

    name: str
    version: str
    handler: str
    archive: bytes
    environment: Mapping[str, str]
    runtime: str = "python3.13"
    timeout_seconds: float = 3.0
    memory_mb: int = 128
    role: str = ""
    own_log_group: str = ""
    is_traced: bool = False

    @property
    def log_group(self) -> str:
        """The log group that receives its lines."""
        return self.own_log_group or f"/aws/lambda/{self.name}"


class Invocation(NamedTuple):
    """The result of one request. ``payload`` is JSON-like; ``function_error`` is None or ``Unhandled``."""

    payload: Any
    function_error: str | None
    duration_ms: float
    log_lines: Sequence[str]
    executed_version: str
    request_id: str
    log_stream: str


class Load(Protocol):
    """Loads the handler that a ``Handler`` setting names, for one environment."""

    def __call__(self, handler: str, run: Run) -> Callable[[Any, Any], Any]:
        """The handler, ready to be called with an event and a context."""


class Runtime:
    """One version with its warm environments. Concurrent requests get separate environments."""

    def __init__(self, version: FunctionVersion, *, environ: Mapping[str, str], rng: random.Random) -> None:
        self.version = version
        self._environ = environ
        self._rng = rng
        self._idle: list[_Environment] = []
        is_controllers = version.handler.startswith(CONTROLLER_PREFIX)
        self._load: Load = _ControllerTask() if is_controllers else _UserHandlers(version)

    def handle(self, event: Any, invoked_function_arn: str, at: float, request_id: str) -> Invocation:  # noqa: ANN401
        """Run the handler on ``event`` at the simulated epoch second ``at``."""
        try:
            environment = self._idle.pop()
        except IndexError:
            environment = self._start(at)
        run = environment.run
        run.begin(at, request_id)
        payload, error = environment.handle(event, Context(self.version, run, invoked_function_arn))
        if environment.handler is not None:
            self._idle.append(environment)
        duration = BASE_DURATION_MS + run.slept * 1000
        return Invocation(payload, error, duration, run.end_lines(), self.version.version, request_id, run.log_stream)

    def _start(self, at: float) -> _Environment:
        stream = f"{time.strftime('%Y/%m/%d', time.gmtime(at))}/[{self.version.version}]{self._rng.getrandbits(128):032x}"
        environ = {**self._environ, "AWS_LAMBDA_LOG_STREAM_NAME": stream}
        run = Run(environ, timeout=self.version.timeout_seconds, seed=self._rng.getrandbits(64), log_stream=stream)
        return _Environment(run, lambda: self._load(self.version.handler, run))


class _Environment:
    """One execution environment: the loaded handler and its current run. It is dead if ``handler`` is None."""

    def __init__(self, run: Run, load: Callable[[], Callable[[Any, Any], Any]]) -> None:
        self.run = run
        self.handler: Callable[[Any, Any], Any] | None = None
        self._load = load

    def handle(self, event: Any, context: Context) -> tuple[Any, str | None]:  # noqa: ANN401 - JSON-like
        """The handler's answer and None, or Lambda's error object and ``Unhandled``."""
        try:
            if self.handler is None:
                with ROUTER.capturing(self.run.write):
                    self.handler = self._load()
                self.run.slept = 0.0
            if self.run.uses_libraries:
                with ROUTER.capturing(self.run.write):
                    return marshalled(self.handler(event, context)), None
            return marshalled(self.handler(event, context)), None
        except Exception as error:  # noqa: BLE001 - whatever user code raises is the answer
            return raised(error, self.run), "Unhandled"
        except (Killed, SystemExit, TimedOutError) as death:
            self.handler = None
            return died(death, self.run), "Unhandled"


class _UserHandlers:
    """Loads a user's handler from its zip; all environments of the version share the compiled code."""

    def __init__(self, version: FunctionVersion) -> None:
        self._runtime = version.runtime
        self._archive = version.archive
        self._package: Package | None = None

    def __call__(self, handler: str, run: Run) -> Callable[[Any, Any], Any]:
        if not self._runtime.startswith("python"):
            raise CodeError("Runtime.InvalidEntrypoint", f"the embedded AWS runs Python, not {self._runtime}")
        if self._package is None:
            self._package = Package(self._archive)
        return find_handler(Namespace(self._package, run), handler)


class _ControllerTask:
    """A task of this project, loaded from the working tree, with the function's environment instead of the process's.

    It is bound once and survives its environments, because it holds AWS clients, which are slow to create.
    """

    def __init__(self) -> None:
        self._bound: Callable[[Any, Any], Any] | None = None

    def __call__(self, handler: str, run: Run) -> Callable[[Any, Any], Any]:
        run.uses_libraries = True
        if self._bound is None:
            module, _, attribute = handler.rpartition(".")
            self._bound = getattr(importlib.import_module(module), attribute).bind(run.environ)
        bound, task = self._bound, run.environ.get("CANARY_TASK", "")

        def handle(event: Any, context: Any) -> Any:  # noqa: ANN401 - JSON-like
            with running(task):
                return bound(event, context)

        return handle


def platform_lines(invocation: Invocation, memory_mb: int) -> tuple[str, str, str]:
    """What Lambda itself writes around a request's lines: START, END and REPORT."""
    request, duration = f"RequestId: {invocation.request_id}", invocation.duration_ms
    times = f"Duration: {duration:.2f} ms\tBilled Duration: {math.ceil(duration)} ms"
    memory = f"Memory Size: {memory_mb} MB\tMax Memory Used: {memory_mb // 2} MB"
    start = f"START {request} Version: {invocation.executed_version}"
    return start, f"END {request}", f"REPORT {request}\t{times}\t{memory}"
