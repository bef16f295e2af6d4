"""Calls to AWS that wait while they are throttled, and report every refusal in the same way.

botocore tries once. This module decides what is retried and for how long, because the waits must be injectable. It does not
know what is called or what a refusal means to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from verify.account.clock import Clock

    Connect = Callable[[str], Any]

PATIENCE_SECONDS = 300.0
BELIEF_SECONDS = 120.0
"""How long to wait until the other services know a new IAM role."""

_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
_LONGEST_WAIT = 30.0  # DeleteRestApi is allowed once in this time
_PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "RequestLimitExceeded",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "NoConnection",
    }
)
_ABSENT = frozenset({"NoSuchEntity", "NotFoundException", "ResourceNotFoundException", "StateMachineDoesNotExist"})
_ABSENT |= {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound"}
_JUDGED = frozenset(
    {"BadRequestException", "ConflictException", "NotFoundException", "SerializationException", "ValidationException"}
)


class RefusedError(Exception):
    """AWS did not carry out a call."""

    def __init__(self, code: str, message: str, *, wait_seconds: float = 0.0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.wait_seconds = wait_seconds

    @property
    def is_passing(self) -> bool:
        """Whether the same call is likely to succeed a little later (docs/aws.md#control-plane-limits)."""
        return self.code in _PASSING or (self.code == "LimitExceededException" and self.wait_seconds > 0)

    @property
    def is_absence(self) -> bool:
        """Whether the named resource does not exist."""
        return self.code in _ABSENT or (self.code == "ValidationError" and "does not exist" in self.message)

    @property
    def is_judgement(self) -> bool:
        """Whether AWS understood the request and refused it. That is an answer, unlike a denial, an outage or a 501."""
        return self.code in _JUDGED

    @classmethod
    def of(cls, error: ClientError) -> RefusedError:
        """Made from what botocore raised."""
        found = error.response["Error"]
        wait = str(error.response.get("retryAfterSeconds") or "0")
        return cls(found["Code"], found.get("Message", ""), wait_seconds=float(wait) if wait.isdecimal() else 0.0)


@dataclass(frozen=True, slots=True)
class Place:
    """The account and Region, with their partition."""

    partition: str
    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in this account and Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def domain(self) -> str:
        """The domain of this partition's host names."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


class Aws:
    """One account and Region. ``connect`` makes a service's client, which must not retry anything by itself."""

    def __init__(self, connect: Connect, clock: Clock, place: Place) -> None:
        self._connect = connect
        self.clock = clock
        self.place = place

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        """Make one call, given by boto3's name for it.

        Raises:
            RefusedError: AWS refuses it, or throttles it for longer than `PATIENCE_SECONDS`.
        """
        return self._insist(lambda: self._once(service, operation, arguments), lambda refusal: refusal.is_passing)

    def call_once_believed(self, service: str, operation: str, *, code: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        """Make a call that names a new role. AWS refuses it with ``code`` until all services know the role."""
        end = self.clock.now() + BELIEF_SECONDS
        return self._insist(
            lambda: self.call(service, operation, **arguments),
            lambda refusal: refusal.code == code and self.clock.now() < end,
        )

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:  # noqa: ANN401 - boto3's
        """The items under ``key`` on every page."""
        token: dict[str, str] = {}
        while True:
            page = self.call(service, operation, **arguments, **token)
            yield from page.get(key, ())
            token = {name: page[name] for name in ("position", "nextToken", "NextToken") if page.get(name)}
            if not token:
                return

    def presign(self, service: str, operation: str, headers: Mapping[str, str], *, seconds: int) -> str:
        """The URL of a call that is signed for so many seconds, with these headers among those that are signed."""
        client = self._connect(service)
        name = client.meta.method_to_api_mapping[operation]

        def add(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
            for header, value in headers.items():
                request.headers[header] = value

        event = f"before-sign.{client.meta.service_model.service_id.hyphenize()}.{name}"
        client.meta.events.register(event, add, unique_id=event)
        try:
            url: str = client.generate_presigned_url(operation, ExpiresIn=seconds, HttpMethod="GET")
        finally:
            client.meta.events.unregister(event, unique_id=event)
        return url

    def _insist(self, act: Callable[[], dict[str, Any]], is_passing: Callable[[RefusedError], bool]) -> dict[str, Any]:
        """Try until it succeeds, is refused finally, or the time is up."""
        end = self.clock.now() + PATIENCE_SECONDS
        for wait in chain(_WAITS, repeat(_LONGEST_WAIT)):
            try:
                return act()
            except RefusedError as refusal:
                if not is_passing(refusal) or self.clock.now() >= end:
                    raise
                self.clock.sleep(max(wait, refusal.wait_seconds))
        raise AssertionError("the waits never end")

    def _once(self, service: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            answered: dict[str, Any] = getattr(self._connect(service), operation)(**arguments)
        except ClientError as error:
            raise RefusedError.of(error) from error
        except (ConnectionError, HTTPClientError) as error:
            raise RefusedError("NoConnection", str(error)) from error
        except BotoCoreError as error:
            raise RefusedError(type(error).__name__, str(error)) from error
        return answered
