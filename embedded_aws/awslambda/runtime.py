"""Lambda's runtime: runs one version's code for one request at a time, in execution environments that stay warm.

Decides what a handler receives, how its return, its error or its death is answered, and how much simulated time it takes
(docs/aws.md#lambda-runtime). It knows versions only. Its callers decide which version a request gets, and who is told the
result.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from embedded_aws.awslambda.context import Context
from embedded_aws.awslambda.outcome import died, marshalled, raised
from embedded_aws.awslambda.user_code import Namespace, Package, find_handler
from embedded_aws.awslambda.user_output import ROUTER
from embedded_aws.awslambda.user_run import CodeError, Run, TimedOutError
from embedded_aws.faults.caller import running
from embedded_aws.faults.calls import Killed

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from embedded_aws.awslambda.guest import Guest, Handler
    from embedded_aws.awslambda.version import FunctionVersion

BASE_DURATION_MS = 1.0


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

    def __call__(self, handler: str, run: Run) -> Handler:
        """The handler, ready to be called with an event and a context."""


class Runtime:
    """One version with its warm environments. Concurrent requests get separate environments."""

    def __init__(
        self, version: FunctionVersion, *, environ: Mapping[str, str], rng: random.Random, guest: Guest | None = None
    ) -> None:
        self.version = version
        self._environ = environ
        self._rng = rng
        self._idle: list[_Environment] = []
        runs_here = guest is not None and guest.runs(version.handler)
        self._load: Load = _GuestHandlers(guest) if guest and runs_here else _UserHandlers(version)

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

    def __init__(self, run: Run, load: Callable[[], Handler]) -> None:
        self.run = run
        self.handler: Handler | None = None
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

    def __call__(self, handler: str, run: Run) -> Handler:
        if not self._runtime.startswith("python"):
            raise CodeError("Runtime.InvalidEntrypoint", f"the embedded AWS runs Python, not {self._runtime}")
        if self._package is None:
            self._package = Package(self._archive)
        return find_handler(Namespace(self._package, run), handler)


class _GuestHandlers:
    """Loads a handler of the guest from this process, once, whatever becomes of the environments."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._loaded: Handler | None = None

    def __call__(self, handler: str, run: Run) -> Handler:
        run.uses_libraries = True
        if self._loaded is None:
            self._loaded = self._guest.load(handler, run.environ)
        loaded, name = self._loaded, run.environ.get(self._guest.name_variable, "")

        def handle(event: Any, context: Any) -> Any:  # noqa: ANN401 - JSON-like
            with running(name):
                return loaded(event, context)

        return handle


def platform_lines(invocation: Invocation, memory_mb: int) -> tuple[str, str, str]:
    """What Lambda itself writes around a request's lines: START, END and REPORT."""
    request, duration = f"RequestId: {invocation.request_id}", invocation.duration_ms
    times = f"Duration: {duration:.2f} ms\tBilled Duration: {math.ceil(duration)} ms"
    memory = f"Memory Size: {memory_mb} MB\tMax Memory Used: {memory_mb // 2} MB"
    start = f"START {request} Version: {invocation.executed_version}"
    return start, f"END {request}", f"REPORT {request}\t{times}\t{memory}"
