"""Asynchronous invocations: an event is tried, tried again after an error, and handed on when its function gives up.

Decides how often and for how long, by the settings of the qualifier that it was sent to. Who takes what is given up is
told (`deliveries`); how a function runs is `lambdas`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from local.aliases import LATEST
from local.lambda_errors import ResourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.lambda_runtime import FunctionVersion, Invocation

RETRY_AFTER_SECONDS = (60.0, 120.0)


class Functions(Protocol):
    """The functions that are invoked, and the clock that it happens on."""

    @property
    def now(self) -> Callable[[], float]:
        """The time in epoch seconds."""

    @property
    def call_at(self) -> Callable[..., object]:
        """Has something done at a time, under a name."""

    def arn(self, function: str, qualifier: str | None = None) -> str:
        """The ARN of a function, or of one qualifier of it."""

    def has(self, name: str, qualifier: str | None = None) -> bool:
        """Whether there is such a function with such a qualifier."""

    def version(self, name: str, version: str) -> FunctionVersion:
        """A version that there is."""

    def invoke(self, name: str, event: object, *, qualifier: str | None = None) -> Invocation:
        """Invoke a function now."""


@dataclass(frozen=True, slots=True)
class AsyncSettings:
    """How events for one qualifier are treated: how often and how long they are tried again, who gets those that fail."""

    retries: int = 2
    age_seconds: float = 21_600
    on_failure: str | None = None


class Exhausted(NamedTuple):
    """An event that a function failed on for the last time, and where it goes."""

    version: FunctionVersion
    function_arn: str
    event: object
    invocation: Invocation
    destination: str

    def record(self) -> dict[str, Any]:
        """What the destination gets (docs/aws.md#lambda-destinations)."""
        return {
            "version": "1.0",
            "requestContext": {
                "requestId": self.invocation.request_id,
                "functionArn": self.function_arn,
                "condition": "RetriesExhausted",
            },
            "requestPayload": self.event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": self.invocation.executed_version,
                "functionError": self.invocation.function_error,
            },
            "responsePayload": self.invocation.payload,
        }


class QueuedInvocations:
    """The events of one account and Region that wait for their functions. ``on_exhausted`` takes those given up."""

    def __init__(self, functions: Functions) -> None:
        self.settings: dict[tuple[str, str], AsyncSettings] = {}
        self.on_exhausted: Callable[[Exhausted], None] = lambda _: None
        self._functions = functions

    def send(self, name: str, event: object, qualifier: str | None) -> None:
        """Have a function invoked as soon as the clock moves on.

        Raises:
            ResourceNotFoundError: there is no such function, or it has no such qualifier.

        """
        if not self._functions.has(name, qualifier):
            raise ResourceNotFoundError(f"Function not found: {self._functions.arn(name, qualifier)}")
        now, settings = self._functions.now, self.settings.get((name, qualifier or LATEST), AsyncSettings())
        waits, sent = iter(RETRY_AFTER_SECONDS[: settings.retries]), now()

        def attempt() -> None:
            if not self._functions.has(name, qualifier):
                return
            invocation = self._functions.invoke(name, event, qualifier=qualifier)
            wait = next(waits, None)
            if not invocation.function_error:
                return
            if wait is not None and now() + wait <= sent + settings.age_seconds:
                self._functions.call_at(now() + wait, attempt, name=f"retry {name}")
            elif settings.on_failure:
                self._give_up(name, qualifier, event, invocation, settings.on_failure)

        self._functions.call_at(now(), attempt, name=f"invoke {name}")

    def forget(self, name: str) -> None:
        """The function was deleted, and its settings with it."""
        self.settings = {key: settings for key, settings in self.settings.items() if key[0] != name}

    def _give_up(self, name: str, qualifier: str | None, event: object, invocation: Invocation, destination: str) -> None:
        version = self._functions.version(name, invocation.executed_version)
        arn = self._functions.arn(name, qualifier or LATEST)
        self.on_exhausted(Exhausted(version, arn, event, invocation, destination))
