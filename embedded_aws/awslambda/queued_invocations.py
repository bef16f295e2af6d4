"""Asynchronous invocations: an event is tried, retried after an error, and sent to a destination when its function gives up.

Decides how often and for how long, by the settings of the qualifier that the event was sent to. An event that a function
cannot take waits, for seconds at first and for minutes later (docs/aws.md#asynchronous-invocations). `deliveries` handles
exhausted events; `lambdas` runs the functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from embedded_aws.awslambda.aliases import LATEST
from embedded_aws.awslambda.errors import CannotRunError, ResourceNotFoundError, SwitchedOffError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.awslambda.version import FunctionVersion

RETRY_AFTER_SECONDS = (60.0, 120.0)
LONGEST_WAIT_SECONDS = 300.0
"""The waits between attempts at a function that cannot run: the first is one second, and each is twice the one before."""


class Functions(Protocol):
    """The functions to invoke, and the clock on which it happens."""

    @property
    def now(self) -> Callable[[], float]:
        """The time in epoch seconds."""

    @property
    def call_at(self) -> Callable[..., object]:
        """Schedules a named action at a time."""

    def arn(self, function: str, qualifier: str | None = None) -> str:
        """The ARN of a function, or of one qualifier of it."""

    def has(self, name: str, qualifier: str | None = None) -> bool:
        """Whether the function exists, and has this qualifier."""

    def version(self, name: str, version: str) -> FunctionVersion:
        """An existing version."""

    def invoke(self, name: str, event: object, *, qualifier: str | None = None) -> Invocation:
        """Invoke a function now."""

    def new_id(self) -> str:
        """A new request id."""


@dataclass(frozen=True, slots=True)
class AsyncSettings:
    """How events for one qualifier are treated: how often and for how long they are retried, and where failed ones go."""

    retries: int = 2
    age_seconds: float = 21_600
    on_failure: str | None = None


class Exhausted(NamedTuple):
    """An event that is given up, and its destination; ``invocation`` is the last failed one, None if there was none."""

    version: FunctionVersion
    function_arn: str
    event: object
    request_id: str
    condition: str
    invocation: Invocation | None
    destination: str

    def record(self) -> dict[str, Any]:
        """The record that the destination gets (docs/aws.md#lambda-destinations)."""
        context = {"requestId": self.request_id, "functionArn": self.function_arn, "condition": self.condition}
        told: dict[str, Any] = {"version": "1.0", "requestContext": context, "requestPayload": self.event}
        if self.invocation is None:
            return told
        return {
            **told,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": self.invocation.executed_version,
                "functionError": self.invocation.function_error,
            },
            "responsePayload": self.invocation.payload,
        }


class QueuedInvocations:
    """The events of one account and Region that wait for their functions. ``on_exhausted`` gets those given up."""

    def __init__(self, functions: Functions) -> None:
        self.settings: dict[tuple[str, str], AsyncSettings] = {}
        self.on_exhausted: Callable[[Exhausted], None] = lambda _: None
        self._functions = functions

    def send(self, name: str, event: object, qualifier: str | None) -> None:
        """Invoke a function as soon as the clock moves on.

        Raises:
            ResourceNotFoundError: the function does not exist, or has no such qualifier.

        """
        if not self._functions.has(name, qualifier):
            raise ResourceNotFoundError(f"Function not found: {self._functions.arn(name, qualifier)}")
        settings = self.settings.get((name, qualifier or LATEST), AsyncSettings())
        sent = _Sent(self._functions, name, qualifier, event, settings, self.on_exhausted)
        self._functions.call_at(self._functions.now(), sent.attempt, name=f"invoke {name}")

    def forget(self, name: str) -> None:
        """Drop the settings of a deleted function."""
        self.settings = {key: settings for key, settings in self.settings.items() if key[0] != name}


class _Sent:
    """One event on its way to its function."""

    def __init__(
        self,
        functions: Functions,
        name: str,
        qualifier: str | None,
        event: object,
        settings: AsyncSettings,
        on_exhausted: Callable[[Exhausted], None],
    ) -> None:
        self._functions = functions
        self._name = name
        self._qualifier = qualifier
        self._event = event
        self._settings = settings
        self._on_exhausted = on_exhausted
        self._oldest = functions.now() + settings.age_seconds
        self._waits = iter(RETRY_AFTER_SECONDS[: settings.retries])
        self._wait = 1.0

    def attempt(self) -> None:
        """Invoke the function, if it still exists."""
        if not self._functions.has(self._name, self._qualifier):
            return
        try:
            invocation = self._functions.invoke(self._name, self._event, qualifier=self._qualifier)
        except SwitchedOffError:
            self._give_up("ZeroReservedConcurrency")
        except CannotRunError:
            self._await_room()
        else:
            if invocation.function_error:
                self._retry(next(self._waits, None), invocation)

    def _await_room(self) -> None:
        wait, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT_SECONDS)
        if not self._again_in(wait):
            self._give_up("EventAgeExceeded")

    def _retry(self, wait: float | None, invocation: Invocation) -> None:
        if wait is None or not self._again_in(wait):
            self._give_up("RetriesExhausted", invocation)

    def _again_in(self, wait: float) -> bool:
        """Schedule another attempt in ``wait`` seconds, unless the event is too old by then."""
        due = self._functions.now() + wait
        if due > self._oldest:
            return False
        self._functions.call_at(due, self.attempt, name=f"retry {self._name}")
        return True

    def _give_up(self, condition: str, invocation: Invocation | None = None) -> None:
        if self._settings.on_failure is None:
            return
        version = self._functions.version(self._name, invocation.executed_version if invocation else LATEST)
        arn = self._functions.arn(self._name, self._qualifier or LATEST)
        request_id = invocation.request_id if invocation else self._functions.new_id()
        self._on_exhausted(Exhausted(version, arn, self._event, request_id, condition, invocation, self._settings.on_failure))
