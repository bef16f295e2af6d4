"""The Lambda functions of the embedded AWS: their versions, aliases and policies, and their invocation in this process.

Decides which version an invocation gets: by the alias's routing and, for a while after an update of the alias, by its previous
routing. The control plane reports which functions exist; `lambda_runtime` runs a version.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.awslambda.aliases import LATEST, Alias
from embedded_aws.awslambda.concurrency import Concurrency
from embedded_aws.awslambda.errors import ResourceNotFoundError, TooManyRequestsError
from embedded_aws.awslambda.function_states import FunctionStates
from embedded_aws.awslambda.queued_invocations import QueuedInvocations
from embedded_aws.awslambda.records import LambdaRecords
from embedded_aws.awslambda.resource_policies import ResourcePolicies
from embedded_aws.awslambda.runtime import Invocation, Runtime
from embedded_aws.time.propagation import PROPAGATION_SECONDS, Propagation

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from embedded_aws.awslambda.guest import Guest
    from embedded_aws.awslambda.line_buffer import Logs
    from embedded_aws.awslambda.records import MetricSink
    from embedded_aws.awslambda.version import FunctionVersion
    from embedded_aws.wire.unknowns import Unknowns


class CallAt(Protocol):
    """The clock's function to run something at a time."""

    def __call__(self, due: float, action: Callable[[], None], /, *, name: str) -> object: ...  # noqa: D102


class Guard(Protocol):
    """Limits what code may do while it runs, if it is on."""

    @property
    def is_on(self) -> bool:
        """Whether limits apply."""

    def running(self, version: FunctionVersion) -> AbstractContextManager[None]:
        """A block in which the version's code runs with its role."""

    def lets_log(self, version: FunctionVersion, stream: str) -> bool:
        """Whether the version's role allows Lambda to write its log lines."""


def _at_once(due: float, action: Callable[[], None], *, name: str) -> None:  # noqa: ARG001 - without a clock
    action()


class Function:
    """One function: runtimes by version, aliases as the data plane sees them, policies."""

    def __init__(self) -> None:
        self.runtimes: dict[str, Runtime] = {}
        self.aliases: dict[str, Propagation[Alias]] = {}
        self.policies = ResourcePolicies()
        self.allowed: dict[tuple[str | None, str], bool] = {}


class Lambdas:
    """All functions of one account and Region."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        rng: random.Random,
        logs: Logs,
        metrics: MetricSink,
        unknowns: Unknowns,
        account: str = "123456789012",
        region: str = "eu-west-1",
    ) -> None:
        self.now = now
        self.account = account
        self.region = region
        self.environment: dict[str, str] = {}
        self.propagation_seconds = PROPAGATION_SECONDS
        self.before_change: Callable[[], None] = lambda: None
        self.call_at: CallAt = _at_once
        self.guard: Guard | None = None
        self.guest: Guest | None = None
        self.queued = QueuedInvocations(self)
        self.states = FunctionStates(now)
        self.concurrency = Concurrency(now)
        self._rng = rng
        self._unknowns = unknowns
        self.records = LambdaRecords(logs, metrics)
        self._functions: dict[str, Function] = {}

    def arn(self, function: str, qualifier: str | None = None) -> str:
        """The ARN of a function, or of one of its qualifiers."""
        unqualified = f"arn:aws:lambda:{self.region}:{self.account}:function:{function}"
        return f"{unqualified}:{qualifier}" if qualifier else unqualified

    # Called by the control plane.

    def put_version(self, version: FunctionVersion) -> None:
        """Store a published version, or a created or updated ``$LATEST``; environments of its earlier code are dropped."""
        function = self._functions.setdefault(version.name, Function())
        function.runtimes[version.version] = Runtime(version, environ=self._environ(version), rng=self._rng, guest=self.guest)
        self.states.published(version.name, version.version)

    def drop_version(self, name: str, version: str) -> None:
        """Drop one deleted version."""
        function = self._functions[name]
        function.runtimes.pop(version, None)
        function.policies.drop(version)
        self.states.forget(name, version)
        self.concurrency.provisioned.forget(name, version)

    def drop_function(self, name: str) -> None:
        """Drop a deleted function with everything that belongs to it."""
        self._functions.pop(name, None)
        self.queued.forget(name)
        self.states.forget(name)
        self.concurrency.forget(name)

    @property
    def takes_whole_weight(self) -> bool:
        """Whether an alias may route everything to its additional version (docs/aws.md#alias-weight-of-one)."""
        return self._unknowns.ask("alias-weight-of-one") == "accepted"

    def put_alias(self, name: str, alias: Alias) -> None:
        """Store a created or updated alias. A new alias is visible at once; some requests see an update a little later."""
        self.before_change()
        aliases = self._functions[name].aliases
        known = aliases.get(alias.name)
        if known is None:
            aliases[alias.name] = Propagation(alias)
        elif (known.newest.version, known.newest.weights) == (alias.version, alias.weights):
            known.annotate(alias)
        else:
            is_late = self._unknowns.ask("alias-propagation") == "within-30-seconds"
            known.seconds = self.propagation_seconds if is_late else 0.0
            known.change(self.now(), alias)
            self.concurrency.provisioned.moved(name, alias)

    def drop_alias(self, name: str, alias: str) -> None:
        """Drop a deleted alias and its policy."""
        self.before_change()
        function = self._functions[name]
        function.aliases.pop(alias, None)
        function.policies.drop(alias)
        function.allowed.clear()
        self.concurrency.provisioned.forget(name, alias)

    def policies(self, name: str) -> ResourcePolicies:
        """The function's policies, to read or to change; cached conclusions from them are dropped."""
        function = self._functions.get(name)
        if function is None:
            return ResourcePolicies()
        function.allowed.clear()
        return function.policies

    def reset(self) -> None:
        """Drop every function."""
        self._functions.clear()
        self.records.clear()
        self.states.reset()
        self.concurrency.reset()

    # Queries.

    def has(self, name: str, qualifier: str | None = None) -> bool:
        """Whether this function exists and, if a qualifier is given, whether it has this version or alias."""
        function = self._functions.get(name)
        wanted = qualifier or LATEST
        return function is not None and (wanted in function.runtimes or wanted in function.aliases)

    def has_version(self, name: str, version: str) -> bool:
        """Whether the function has this version; ``$LATEST`` counts."""
        function = self._functions.get(name)
        return function is not None and version in function.runtimes

    def version(self, name: str, version: str) -> FunctionVersion:
        """An existing version; ``$LATEST`` counts."""
        return self._functions[name].runtimes[version].version

    def alias(self, name: str, alias: str) -> Alias | None:
        """The alias as the control plane sees it; None if there is none."""
        function = self._functions.get(name)
        known = function.aliases.get(alias) if function else None
        return known.newest if known else None

    def aliases(self, name: str) -> Iterator[Alias]:
        """The function's aliases, sorted by name."""
        aliases = self._functions[name].aliases if name in self._functions else {}
        return (aliases[alias].newest for alias in sorted(aliases))

    def allows_api(self, name: str, qualifier: str | None, source_arn: str) -> bool:
        """Whether API Gateway may invoke the function with this qualifier for a method of a stage."""
        function = self._functions.get(name)
        if function is None:
            return False
        key = (qualifier, source_arn)
        if key not in function.allowed:
            function.allowed[key] = function.policies.allows_api(qualifier, self.arn(name, qualifier), source_arn)
        return function.allowed[key]

    def invoke(self, name: str, event: object, *, qualifier: str | None = None, at: float | None = None) -> Invocation:
        """Invoke as an API client does: event and answer are converted to JSON and back. ``at`` defaults to now."""
        return self.call(name, qualifier, json.loads(json.dumps(event)), self.now() if at is None else at)

    def call(self, name: str, qualifier: str | None, event: Any, at: float) -> Invocation:  # noqa: ANN401 - JSON-like
        """Invoke with a JSON-like event that the caller hands over, so that it needs no copy.

        Raises:
            LambdaError: the function does not exist, or cannot run now.
        """
        function = self._functions.get(name)
        runtime = self._runtime(function, qualifier, at) if function else None
        if runtime is None:
            raise ResourceNotFoundError(f"Function not found: {self.arn(name, qualifier)}")
        is_watched = self.states.conditions or self.concurrency.reservations
        if is_watched:
            self._admit(runtime.version, qualifier, at)
        if self.guard is None or not self.guard.is_on:
            invocation = runtime.handle(event, self.arn(name, qualifier), at, self.new_id())
            self.records.record(runtime.version, qualifier, invocation, at=at)
        else:
            with self.guard.running(runtime.version):
                invocation = runtime.handle(event, self.arn(name, qualifier), at, self.new_id())
            is_logged = self.guard.lets_log(runtime.version, invocation.log_stream)
            self.records.record(runtime.version, qualifier, invocation, at=at, is_logged=is_logged)
        if is_watched:
            self.concurrency.ran(name, invocation.executed_version, at + invocation.duration_ms / 1000)
        return invocation

    def _admit(self, version: FunctionVersion, qualifier: str | None, at: float) -> None:
        self.states.expect_active(version.name, version.version, at)
        try:
            self.concurrency.admit(version.name, version.version, at)
        except TooManyRequestsError:
            self.records.throttle(version.name, qualifier, at=at)
            raise

    def send(self, name: str, event: object, *, qualifier: str | None = None) -> None:
        """Invoke asynchronously: as soon as the clock moves on, and again after an error, according to the function's settings.

        Raises:
            ResourceNotFoundError: the function does not exist, or does not have this qualifier.
        """
        self.queued.send(name, event, qualifier)

    def new_id(self) -> str:
        """An id in AWS's format for requests and revisions: a random UUID."""
        bits = f"{self._rng.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"

    def flush(self, before: float) -> None:
        """Put the metrics of every minute that ended by ``before``."""
        self.records.flush(before)

    def _runtime(self, function: Function, qualifier: str | None, at: float) -> Runtime | None:
        alias = function.aliases.get(qualifier) if qualifier else None
        version = alias.seen(at, self._rng).pick(self._rng) if alias else qualifier or LATEST
        return function.runtimes.get(version)

    def _environ(self, version: FunctionVersion) -> Mapping[str, str]:
        """The variables that Lambda sets; those that the function declares take precedence."""
        return {
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_LAMBDA_FUNCTION_NAME": version.name,
            "AWS_LAMBDA_FUNCTION_VERSION": version.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": version.log_group,
            "LAMBDA_TASK_ROOT": "/var/task",
            "_HANDLER": version.handler,
            **self.environment,
            **version.environment,
        }
