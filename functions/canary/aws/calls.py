"""Makes the AWS calls that a rollout depends on, and words the error when AWS refuses one."""

from __future__ import annotations

from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from canary.aws.errors import AwsRefusedError, AwsThrottledError, ControllerError, ReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


GONE = {"NotFoundException", "ResourceNotFoundException", "ParameterNotFound"}
THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
"""How API Gateway and Lambda, Step Functions, and CloudWatch throttle (docs/aws.md#error-shapes)."""

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

NOT_TAKEN = {"InvalidParameterValueException", "ValidationException"}


@contextmanager
def refusals(what: str, kind: type[ControllerError] = AwsRefusedError) -> Iterator[None]:
    """Turn an AWS error, or a missing answer, into an error of `kind` that names the AWS CLI command that was tried.

    A throttled call has a kind of its own, because the state machine waits longer for it.
    """
    try:
        yield
    except ClientError as error:
        detail = error.response["Error"]
        if kind is AwsRefusedError and detail["Code"] in THROTTLED:
            kind = AwsThrottledError
        raise kind(f"AWS refused `{what}`: {detail['Code']}: {detail['Message']}") from error
    except BotoCoreError as error:
        raise kind(f"AWS did not answer `{what}`: {error}") from error


def is_of_what_is_gone(error: ControllerError) -> bool:
    """Whether AWS refused because the thing that the call names does not exist."""
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in GONE


def is_denied(error: ControllerError) -> bool:
    """Whether AWS refused because the caller has no permission for the call."""
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in DENIED


def is_of_a_value(error: ControllerError) -> bool:
    """Whether AWS refused because of an invalid value in the call."""
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in NOT_TAKEN


def code_of(error: ClientError) -> str:
    """AWS's own error code."""
    return str(error.response["Error"]["Code"])


def never_write() -> None:
    """The check before each write to a target that is only read.

    Raises:
        ReadOnlyError: always.

    """
    raise ReadOnlyError("this target is only read, and the controller was about to write to it; report this as a bug")


def answered_at(answer: Mapping[str, Any]) -> float:
    """When AWS answered, by its own clock, in epoch seconds."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
